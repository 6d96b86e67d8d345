"""Who answers for an alert: one winner, told to the loser; a gone screen gives it back."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from dispatch.turn import claim
from tests.acts.dispatching import POLICY
from tests.web.conftest import Browser, House
from tests.web.test_live import events, until
from tgd import clock
from tgd.web.once import Once

ROUNDS = int(os.environ.get("TGD_TEST_F2_ROUNDS", "200"))


def owner_of(house: House, alert: UUID) -> str | None:
    return house.ask("SELECT owner FROM alert WHERE id = :a", a=alert)[0].owner


async def press_f2_together(house: House, people: Sequence[Browser], rounds: int) -> None:
    """Always two different alerts, or one winner and nobody twice; never none."""
    carried = [house.give("Ana"), house.give("Eve", number="+33639980002")]
    for round_ in range(rounds):
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


async def test_two_operators_press_f2_together(house: House) -> None:
    people = [await house.signed_in("Bruno"), await house.signed_in("Berthe")]
    await press_f2_together(house, people, ROUNDS)


async def test_f2_waits_for_an_alert_that_is_being_changed(house: House) -> None:
    """She presses again in that very moment: this is no reason to answer that nobody waits."""
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    with house.engine.connect() as held:
        held.execute(text("SELECT id FROM alert WHERE id = :a FOR UPDATE"), {"a": alert})
        asked = asyncio.create_task(bruno.post("/take-next", json=True))
        await asyncio.sleep(0.2)
        held.rollback()
    assert (await asked).json() == {"alert": str(alert)}


async def test_f2_twice_takes_one_alert(house: House) -> None:
    """Sent twice at once, again by another console, and again after an answer: one word, one."""
    for name, number in (("Ana", "+33639980001"), ("Eve", "+33639980002"), ("Ida", "+33639980003")):
        house.press(house.give(name, number=number))
    bruno = await house.signed_in("Bruno")
    replies = await asyncio.gather(
        *(bruno.post("/take-next", json=True, once="abc") for _ in range(4))
    )
    house.console.once = Once()  # one that remembers nothing
    replies.append(await bruno.post("/take-next", json=True, once="abc"))
    assert len({r.json()["alert"] for r in replies}) == 1
    assert len(house.ask("SELECT 1 FROM alert WHERE owner = 'Bruno'")) == 1
    other = (await bruno.post("/take-next", json=True, once="def")).json()["alert"]
    assert other != replies[0].json()["alert"], "another wish takes another alert"
    berthe = await house.signed_in("Berthe")
    assert (await berthe.post("/take-next", json=True, once="abc")).json()["alert"] is not None
    assert len(house.ask("SELECT 1 FROM alert WHERE owner = 'Bruno'")) == 2


async def test_f2_after_the_button_of_the_sheet_is_the_same_wish(house: House) -> None:
    """The word of "Take" goes on to the page that comes: a double click takes one alert."""
    alert = house.press(house.give())
    house.press(house.give("Eve", number="+33639980002"))
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take", once="abc")
    assert (await bruno.post("/take-next", json=True, once="abc")).json() == {"alert": str(alert)}
    assert len(house.ask("SELECT 1 FROM alert WHERE owner = 'Bruno'")) == 1


async def test_a_word_that_found_nobody_may_still_take(house: House) -> None:
    """He presses F2 a moment too early; she presses; F2 again on the same page takes it."""
    bruno = await house.signed_in("Bruno")
    assert (await bruno.post("/take-next", json=True, once="abc")).json() == {"alert": None}
    alert = house.press(house.give())
    assert (await bruno.post("/take-next", json=True, once="abc")).json() == {"alert": str(alert)}


async def test_f2_does_not_wait_for_ever(house: House) -> None:
    """One alert is stuck in somebody's frozen transaction: the next one is taken."""
    stuck = house.press(house.give("Ana"))
    next_ = house.press(house.give("Eve", number="+33639980002"))
    bruno = await house.signed_in("Bruno")
    with house.engine.connect() as held:
        held.execute(text("SELECT id FROM alert WHERE id = :a FOR UPDATE"), {"a": stuck})
        assert (await bruno.post("/take-next", json=True)).json() == {"alert": str(next_)}
        held.rollback()


async def test_the_loser_is_told_who_has_it(house: House) -> None:
    alert = house.press(house.give())
    people = [await house.signed_in("Bruno"), await house.signed_in("Berthe")]
    replies = await asyncio.gather(*(p.post(f"/alerts/{alert}/take", json=True) for p in people))
    assert sorted(r.status_code for r in replies) == [200, 409]
    (lost,) = [r.json() for r in replies if r.status_code == 409]
    winner = owner_of(house, alert)
    assert lost["sentence"] == f"{winner} a déjà pris cette alerte en charge."
    assert lost["alert"]["owner"] == winner


async def test_a_supervisor_takes_over_with_a_reason_from_whom_she_saw(house: House) -> None:
    alert = house.press(house.give())
    bruno, sami = await house.signed_in("Bruno"), await house.signed_in("Sami")
    await bruno.post(f"/alerts/{alert}/take")
    take = f"/alerts/{alert}/take"
    assert (await sami.post(take, json=True, over="Bruno")).status_code == 422
    why = "Bruno est parti en pause."
    gone = await sami.post(take, json=True, over="Berthe", reason=why)
    assert (gone.status_code, owner_of(house, alert)) == (409, "Bruno")
    assert (await sami.post(take, json=True, over="Bruno", reason=why)).status_code == 200
    assert owner_of(house, alert) == "Sami"
    page = (await sami.get(f"/alerts/{alert}")).text
    assert why in page
    assert "jusque-là <bdi>Bruno</bdi>" in page


TAKEN: tuple[tuple[str, dict[str, str]], ...] = ()
VERIFIED = (*TAKEN, ("verify", {"found": "safe_voice"}))
REQUESTED = (*TAKEN, ("verify", {"found": "danger"}), ("request", {}))


@pytest.mark.parametrize("done", [TAKEN, VERIFIED, REQUESTED], ids=["taken", "verified", "asked"])
async def test_an_owner_whose_screen_is_gone_loses_the_alert(
    house: House, done: tuple[tuple[str, dict[str, str]], ...]
) -> None:
    """While it gives signs she keeps it; then it rings again, and the timeline says why."""
    alert = house.press(house.give())
    bruno, sami = await house.signed_in("Bruno"), await house.signed_in("Sami")
    stream = events(bruno)
    await bruno.post(f"/alerts/{alert}/take")
    for act, form in done:
        assert (await bruno.post(f"/alerts/{alert}/{act}", json=True, **form)).status_code == 200
    async with asyncio.timeout(10):
        while not house.ask("SELECT owner_seen_at FROM alert")[0].owner_seen_at:
            await until(stream, "beat")
    house.do(lambda s: claim(s, POLICY, clock.now(), "one"))
    assert owner_of(house, alert) == "Bruno"
    await stream.aclose()
    assert "plus d’écran depuis" not in (await sami.get("/supervision")).text
    house.ask(
        "UPDATE alert SET owner_seen_at = owner_seen_at - interval '11 s',"
        " acted_at = acted_at - interval '11 s' RETURNING 1"
    )
    assert "plus d’écran depuis" in (await sami.get("/supervision")).text
    later = clock.now() + timedelta(seconds=POLICY.ownership.screen_s + 1)
    house.do(lambda s: claim(s, POLICY, later, "one"))
    assert owner_of(house, alert) is None
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "l’écran de cette personne ne donnait plus signe" in page


@pytest.mark.parametrize("way", ["take-next", "alerts/{alert}/take"])
async def test_a_screen_is_there_from_the_moment_of_the_take(house: House, way: str) -> None:
    """A computer that dies before its next beat is missed like any other; a script has none."""
    first = house.press(house.give())
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    stream = events(bruno)
    await until(stream, "beat")
    await bruno.post("/" + way.format(alert=first), once="a-word")
    await stream.aclose()
    (row,) = house.ask("SELECT owner, owner_seen_at, taken_at FROM alert")
    assert row.owner == "Bruno"
    assert row.owner_seen_at == row.taken_at
    later = clock.now() + timedelta(seconds=POLICY.ownership.screen_s + 1)
    house.do(lambda s: claim(s, POLICY, later, "one"))
    assert owner_of(house, first) is None
    await berthe.post("/" + way.format(alert=first), once="another")
    assert house.ask("SELECT owner_seen_at FROM alert")[0].owner_seen_at is None
