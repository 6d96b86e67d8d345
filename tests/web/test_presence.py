"""Who looks at an alert stands in the beats of the others, and goes when the screen is gone."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.web.conftest import Browser, House
from tests.web.test_live import events, until

EARLIER = (
    "UPDATE web_session SET looks_seen_at = looks_seen_at - interval '11 seconds'"
    " WHERE looks_seen_at IS NOT NULL RETURNING pg_notify('tgd_console', '')"
)


async def looks(browser: Browser, *alerts: UUID) -> int:
    said = " ".join(str(alert) for alert in alerts)
    return (await browser.post("/looks", json=True, alerts=said)).status_code


async def beat_that(stream: Any, holds: Any) -> dict[str, list[str]]:
    """What the first beat says of which this is true."""
    while True:
        found: dict[str, list[str]] = (await until(stream, "beat"))["looks"]
        if holds(found):
            return found


async def test_a_colleague_who_opens_the_sheet_is_seen_and_one_who_leaves_is_not(
    house: House,
) -> None:
    alert = house.press(house.give())
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    sami, camille = await house.signed_in("Sami"), await house.signed_in("Camille")
    his, hers = events(bruno), events(berthe)
    assert (await until(hers, "beat"))["looks"] == {}
    assert await looks(bruno, alert) == 200
    assert await looks(sami, alert) == 200
    assert await beat_that(hers, len) == {str(alert): ["Bruno", "Sami"]}
    assert await beat_that(his, len) == {str(alert): ["Sami"]}, "nobody is told of oneself"
    theirs = events(camille)
    assert (await until(theirs, "beat"))["looks"] == {}, "the room alone"
    await looks(bruno)
    await beat_that(hers, lambda found: found == {str(alert): ["Sami"]})
    for stream in (his, hers, theirs):
        await stream.aclose()


async def test_who_answers_for_it_is_named_by_the_row_already(house: House) -> None:
    alert = house.press(house.give())
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    hers = events(berthe)
    await looks(bruno, alert)
    await beat_that(hers, len)
    await bruno.post(f"/alerts/{alert}/take")
    await beat_that(hers, lambda found: not found)
    await hers.aclose()


async def test_a_screen_without_a_stream_is_gone_and_one_with_it_stays(house: House) -> None:
    alert = house.press(house.give())
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    hers, his = events(berthe), events(bruno)
    await looks(bruno, alert)
    await beat_that(hers, len)
    said = "SELECT looks_seen_at AS at FROM web_session WHERE looks_at <> '{}'"
    first = house.ask(said)[0].at
    while house.ask(said)[0].at == first:
        await until(his, "beat")
    await his.aclose()
    house.ask(EARLIER)
    await beat_that(hers, lambda found: not found)
    await hers.aclose()


@pytest.mark.parametrize("end", ["sign out", "lock"])
async def test_nobody_looks_behind_a_lock_or_after_signing_out(house: House, end: str) -> None:
    alert = house.press(house.give())
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    hers = events(berthe)
    await looks(bruno, alert)
    await beat_that(hers, len)
    if end == "sign out":
        await bruno.post("/logout")
    else:
        house.idle("Bruno", minutes=20)
        assert await looks(bruno, alert) == 200
    await beat_that(hers, lambda found: not found)
    await hers.aclose()


async def test_what_a_page_says_by_itself_wakes_nobody_and_is_bounded(house: House) -> None:
    bruno, camille = await house.signed_in("Bruno"), await house.signed_in("Camille")
    house.idle("Bruno", minutes=14)
    assert await looks(bruno, uuid4()) == 200
    house.idle("Bruno", minutes=2)
    assert (await bruno.get("/on-paper")).headers["location"] == "/", "the screen is locked"
    berthe = await house.signed_in("Berthe")
    assert await looks(berthe, *(uuid4() for _ in range(51))) == 422
    assert (await berthe.post("/looks", json=True, alerts="x' OR 1=1")).status_code == 404
    assert await looks(camille, uuid4()) == 404
