"""F2 at two consoles, each a process of its own: the record decides, not the process."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from tests.browser.served import Served
from tests.web.conftest import Browser, House
from tests.web.test_ownership import owner_of

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
    """Always two different alerts, or one winner and nobody twice; never none."""
    carried = [house.give("Ana"), house.give("Eve", number="+33639980002")]
    for round_ in range(ROUNDS):
        waiting = [house.press(one) for one in carried[: 1 + round_ % 2]]
        replies = await asyncio.gather(*(p.post("/take-next", json=True) for p in people))
        taken = [r.json()["alert"] for r in replies]
        assert sorted(t for t in taken if t) == sorted(str(w) for w in waiting)
        for person, alert in zip(people, taken, strict=True):
            assert alert is None or owner_of(house, UUID(alert)) == person.name
        house.ask(
            "UPDATE alert SET state = 'closed', outcome = 'other', closed_by = owner, reason = 'x',"
            " closed_at = now(), look_again_at = NULL, owner = NULL WHERE state <> 'closed'"
            " RETURNING 1"
        )
