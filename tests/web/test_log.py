"""The whole log of an alert on one page to print; the sheet says how many lines it leaves out."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from tests.web.conftest import NAME, House
from tgd import clock, journal
from tgd.journal import Line
from tgd.store.console import MOST_LINES
from tgd.web import timeline

NUMBERS = re.compile(r"n° (\d+)</span>")


def press_much(house: House, alert: UUID, times: int) -> None:
    """A button that is stuck: each press is a line."""
    now = clock.now()
    lines = [Line(now + timedelta(milliseconds=n), "gateway", "TriggerJoined", alert)
             for n in range(times)]  # fmt: skip
    house.do(lambda session: journal.write(session, lines))


async def test_a_stuck_button_pushes_nothing_out_of_sight(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    assert "lignes plus anciennes" not in (await bruno.get(f"/alerts/{alert}")).text
    press_much(house, alert, MOST_LINES)
    await bruno.post(f"/alerts/{alert}/note", words="Elle parle bas.")
    sheet = (await bruno.get(f"/alerts/{alert}")).text
    count = house.ask("SELECT count(*) AS n FROM journal WHERE alert = :a AND act NOT IN"
                      " ('AccessLogged', 'AccessRefused')", a=alert)[0].n  # fmt: skip
    left_out = count - MOST_LINES
    assert f"<b>{left_out}</b> lignes plus anciennes ne sont pas sur cette fiche." in sheet
    assert "Alerte reçue" not in sheet
    page = (await bruno.get(f"/alerts/{alert}/log")).text
    for words in ("Alerte reçue", "Alerte prise", "Elle parle bas."):
        assert words in page
    numbers = [int(n) for n in NUMBERS.findall(page)]
    assert len(numbers) == len(set(numbers)) == count, "each once"
    first = [page.index(f"<b>{x}") for x in ("Alerte reçue", "Alerte prise", "Nouvel appui")]
    assert first == sorted(first), "the oldest first"
    assert NAME not in page


async def test_a_long_log_is_turned_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "LINES_A_PAGE", 10)
    alert = house.press(house.give())
    press_much(house, alert, 25)
    camille = await house.signed_in("Camille")
    found: list[int] = []
    for page in (1, 2, 3):
        reply = await camille.get(f"/alerts/{alert}/log?page={page}")
        assert reply.status_code == 200
        found += [int(n) for n in NUMBERS.findall(reply.text)]
    assert len(found) == len(set(found))
    for page in ("4", "0", "x", "-1"):
        assert (await camille.get(f"/alerts/{alert}/log?page={page}")).status_code == 404


async def test_a_log_is_a_look_and_who_looked_is_for_those_who_may_know(house: House) -> None:
    alert = house.press(house.give())
    bruno, camille = await house.signed_in("Bruno"), await house.signed_in("Camille")
    assert "Consultée</b>" not in (await bruno.get(f"/alerts/{alert}/log")).text
    (look,) = house.ask("SELECT who, detail FROM journal WHERE act = 'AccessLogged'")
    assert (look.who, look.detail["groups"]) == ("Bruno", ["IV"])
    assert "Consultée</b>" in (await camille.get(f"/alerts/{alert}/log")).text


@pytest.mark.parametrize("name", ["Lise", "Stock", "Dpo", "Root"])
async def test_there_is_none_for_who_sees_no_alert(house: House, name: str) -> None:
    alert = house.press(house.give())
    who = await house.signed_in(name)
    assert (await who.get(f"/alerts/{alert}/log")).status_code == 404


async def test_a_locked_screen_shows_none_and_a_forgotten_note_leaves_its_line(
    house: House,
) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/note", words="Elle parle bas.")
    house.ask("DELETE FROM note RETURNING 1")
    page = (await bruno.get(f"/alerts/{alert}/log")).text
    assert ("Note écrite" in page, "parle bas" in page) == (True, False)
    house.idle("Bruno", minutes=20)
    assert (await bruno.get(f"/alerts/{alert}/log")).headers["location"].startswith("/")
