"""What comes next is shown to those who see the alert, in words, by the server's clock."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dispatch.turn import claim
from tests.rules.night_of_plans import EXAMPLE
from tests.web.conftest import House
from tests.web.test_live import events, until
from tgd import clock
from tgd.web.moments import left

NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)


def plan(house: House) -> None:
    """One turn of dispatch; nobody is told for real."""
    house.do(lambda session: claim(session, EXAMPLE, clock.now(), "w"))


@pytest.mark.parametrize(
    ("seconds", "said"), [(12, "0:12"), (11.01, "0:12"), (0.2, "0:01"), (90, "1:30"), (0, ""),
                          (-3, "")],
)  # fmt: skip
def test_a_begun_second_is_still_to_go_and_nothing_is_below_zero(seconds: float, said: str) -> None:
    assert left(NOW + timedelta(seconds=seconds), NOW) == said


async def test_each_role_that_sees_the_alert_sees_what_comes_and_no_other(house: House) -> None:
    alert = house.press(house.give())
    plan(house)
    for name in ("Bruno", "Sami", "Camille", "Corg"):
        who = await house.signed_in(name)
        said = (await who.json(f"/api/alerts/{alert}"))["next"]
        assert said["tells"] == [{"name": "platform-second", "kind": "webhook"}]
        assert (said["tone"], said["lapse"]) == (0, False)
        assert "platform-second" in (await who.get(f"/alerts/{alert}")).text
    for name in ("Lise", "Stock", "Dpo", "Root"):
        who = await house.signed_in(name)
        reply = await who.get(f"/api/alerts/{alert}", headers={"accept": "application/json"})
        assert reply.status_code == 404
        assert "platform-second" not in reply.text + (await who.get("/")).text


async def test_what_comes_next_reaches_the_list_by_itself_and_only_forwards(house: House) -> None:
    """Each plan is a new mark: what was read before it is never shown after it."""
    stream = events(await house.signed_in("Bruno"))
    await until(stream, "facts")
    alert = house.press(house.give())
    first = (await until(stream, "facts"))["rows"][0]
    assert "data-until" not in first["html"]
    assert first["tones"] == [20, 40, 60]
    plan(house)
    second = (await until(stream, "facts"))["rows"][0]
    assert second["id"] == str(alert)
    assert second["mark"] > first["mark"]
    assert 'Escalade <time datetime="' in second["html"]
    await stream.aclose()


async def test_a_taken_alert_says_in_both_languages_when_it_goes_back(house: House) -> None:
    alert: UUID = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "data-until" not in page, "what was planned before is not shown, and nothing is yet"
    plan(house)
    assert "Remise à tous faute d’acte" in (await bruno.get(f"/alerts/{alert}")).text
    assert "Back to everybody without an act" in (await bruno.get(f"/alerts/{alert}?lang=en")).text
