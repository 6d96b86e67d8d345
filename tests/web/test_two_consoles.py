"""F2 at two consoles, each a process of its own: the record decides, not the process."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.browser.served import Served
from tests.web.conftest import Browser, House
from tests.web.test_ownership import press_f2_together

ROUNDS = 50


@pytest.fixture
async def people(house: House, record_url: str) -> AsyncIterator[list[Browser]]:
    """Bruno at one console, Berthe at the other."""
    consoles = [Served(record_url), Served(record_url)]
    try:
        for one in consoles:
            await asyncio.to_thread(one.start)
        made = [
            Browser(name, httpx.AsyncClient(base_url=one.url, timeout=15))
            for name, one in zip(("Bruno", "Berthe"), consoles, strict=True)
        ]
        for person in made:
            assert (await person.sign_in()).status_code == 303
        yield made
        for person in made:
            await person.client.aclose()
    finally:
        for one in consoles:
            one.kill()


async def test_two_operators_at_two_consoles_press_f2_together(
    house: House, people: list[Browser]
) -> None:
    await press_f2_together(house, people, ROUNDS)
