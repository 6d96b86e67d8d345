"""Whose alert it is: a prosecutor reads those of her courts, a control room those of its area."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.walking import EXAMPLE, OTHER_POOL
from tests.web.casework_ground import OTHER_ROOM, Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import Browser, hash_once
from tests.web.test_access import everything
from tests.web.test_casework import LONG
from tgd import accounts, clock
from tgd.allocation import courts
from tgd.rules.access import Role

NAME, HOME, SISTER = "Ana FICTIVE", "3 rue des Exemples", "her sister"
OF_HER = (NAME, HOME, SISTER)
AT_HOME, IN_FICTIGNY, AT_SEA = (48.89, 2.2), (45.07, 2.05), (30.0, -40.0)
"""In the area of Corg's room, in that of the other one, and in nobody's."""
with_areas = pytest.mark.parametrize("house", [{"demonstration": True}], indirect=True)


def pressed(court: Court, at: tuple[float, float] | None = None) -> UUID:
    """Ana, who carries a handset by now, presses; there, if her handset says where."""
    if court.walk.file_id is None:
        court.walked("hand_over")
    body: dict[str, Any] = {"trigger": f"t{clock.now().timestamp()}", "kind": "press"}
    if at is not None:
        place = dict(zip(("lat", "lon"), at, strict=True))
        body["position"] = place | {"radius_m": 12, "method": "gnss"}
    raw = json.dumps(body).encode()
    court.house.do(
        lambda s: court.house.world(s).hear(court.house.world(s).mqtt(court.walk.handset, raw))
    )
    return court.house.newest()


def cleared(court: Court, name: str, room: str | None) -> None:
    """Somebody of a control room, who is cleared for it or not yet."""

    def made(session: Any) -> None:
        now = clock.now()
        accounts.make_account(session, name, Role.CONTROL_ROOM, hash_once(), now)
        if room:
            courts.clear(session, None, name, now + timedelta(days=9), now, control_room=room)

    court.house.do(made)


async def is_there(browser: Browser, alert: UUID) -> bool:
    """Whether the alert exists for this person: everywhere or nowhere."""
    pages = {(await browser.get(f"{at}/alerts/{alert}")).status_code == 200 for at in ("", "/api")}
    pages.add(str(alert) in (await browser.get("/")).text)
    pages.add(str(alert) in (await browser.get("/api/alerts")).text)
    rows = (await browser.json("/sync?since=1"))["rows"]
    listed = {row["list"] for row in rows if row["id"] == str(alert)}
    pages.add(listed != {"gone"} if listed else pages == {True})
    assert len(pages) == 1, pages
    return pages.pop()


async def test_another_court_finds_nothing_of_her_alert_open_or_closed(court: Court) -> None:
    alert = pressed(court, AT_HOME)
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    for moment in ("open", "closed"):
        assert await is_there(camille, alert), moment
        assert not await is_there(paul, alert), moment
        sent = await everything(paul, alert)
        assert not [words for words in (*OF_HER, "48.89", f'alerts/{alert}"') if words in sent], (
            moment
        )
        court.house.close(alert) if moment == "open" else None
    for act in ("note", "take", "keep-evidence"):
        assert (await paul.post(f"/alerts/{alert}/{act}", reason="x")).status_code == 404
    refused = court.house.ask("SELECT who, alert FROM journal WHERE act = 'AccessRefused'")
    assert {(x.who, x.alert) for x in refused if x.alert} == {("Paul", alert)}


async def test_her_alerts_go_with_her_file_to_another_court(court: Court) -> None:
    at = court.walked("hand_over")
    alert = pressed(court)
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    await camille.post(f"{at}/ask-transfer", court=EXAMPLE, reasons=LONG)
    one = court.house.ask("SELECT id FROM file_transfer")[0].id
    assert not await is_there(paul, alert), "who is asked reads the file's number"
    await paul.post(f"/transfers/{one}/accept", pool=OTHER_POOL, reasons=LONG)
    assert await is_there(paul, alert)
    assert not await is_there(camille, alert)
    assert NAME not in await everything(camille, alert)


async def test_what_nobody_has_a_file_of_is_any_prosecutor_s(court: Court) -> None:
    alert = court.house.text("+33639980099", "au secours")
    for name in ("Camille", "Paul"):
        assert await is_there(await court.browser(name), alert), name


@with_areas
async def test_a_room_finds_those_of_its_area_and_reads_her_file(court: Court) -> None:
    """Where she lives, where she is: each room that may have to go there."""
    cleared(court, "Corinne", OTHER_ROOM)
    cleared(court, "Cosme", "control-room-75")
    corg, corinne, cosme = [await court.browser(n) for n in ("Corg", "Corinne", "Cosme")]
    alert, file = pressed(court, AT_HOME), f"/files/{court.walk.file_id}"
    for browser, theirs in ((corg, True), (corinne, False), (cosme, False)):
        assert await is_there(browser, alert) is theirs, browser.name
        assert (await browser.get(file)).status_code == (200 if theirs else 404), browser.name
        assert (NAME in await everything(browser, alert)) is theirs, browser.name
    note = await corinne.post(f"/alerts/{alert}/note", words="nobody asked this room")
    assert note.status_code == 404
    assert court.house.ask("SELECT 1 FROM note") == []
    assert pressed(court, IN_FICTIGNY) == alert, "she has gone on"
    for browser, theirs in ((corg, True), (corinne, True), (cosme, False)):
        assert await is_there(browser, alert) is theirs, browser.name


@with_areas
async def test_without_a_place_all_rooms_of_her_court_see_it_while_it_is_open(court: Court) -> None:
    cleared(court, "Corinne", OTHER_ROOM)
    cleared(court, "Cosme", "control-room-75")
    cleared(court, "Cathy", None)
    browsers = {n: await court.browser(n) for n in ("Corg", "Corinne", "Cosme", "Cathy")}
    alert = pressed(court, AT_SEA)
    court.house.ask("UPDATE case_sheet SET control_room = NULL RETURNING 1")
    found = {name for name, browser in browsers.items() if await is_there(browser, alert)}
    assert found == {"Corg", "Corinne"}
    court.house.close(alert)
    assert not [name for name, browser in browsers.items() if await is_there(browser, alert)]


async def test_of_whom_nothing_is_known_every_room_sees_it_while_it_is_open(court: Court) -> None:
    cleared(court, "Cosme", "control-room-75")
    cleared(court, "Cathy", None)
    alert = court.house.text("+33639980099", "au secours")
    for name in ("Corg", "Cosme", "Cathy"):
        assert await is_there(await court.browser(name), alert), name
    court.house.close(alert)
    for name in ("Corg", "Cosme", "Cathy"):
        assert not await is_there(await court.browser(name), alert), name


async def test_a_room_that_was_told_finds_it_wherever_she_lives(court: Court) -> None:
    cleared(court, "Cosme", "control-room-75")
    alert, cosme = pressed(court), await court.browser("Cosme")
    assert not await is_there(cosme, alert)
    court.house.ask(
        "INSERT INTO delivery (id, key, alert, destination, topic, round, state, attempts,"
        " lease_token, made_at) VALUES (gen_random_uuid(), 'told', :a, 'control-room-75',"
        " 'opened', 0, 'sent', 1, 0, now()) RETURNING 1", a=alert,
    )  # fmt: skip
    assert await is_there(cosme, alert)
    court.house.close(alert)
    assert await is_there(cosme, alert), "what it wrote and heard of it stays its own"
    assert NAME not in await everything(cosme, alert)


async def test_a_screen_takes_away_what_is_not_its_own_any_more(court: Court) -> None:
    """The live row of an alert that goes out of reach says so, and nothing else of it."""
    alert, paul = pressed(court), await court.browser("Paul")
    (row,) = [r for r in (await paul.json("/sync?since=0"))["rows"] if r["id"] == str(alert)]
    said = {name: value for name, value in row.items() if value}
    assert said == {"id": str(alert), "list": "gone", "mark": row["mark"]}


async def test_a_recording_is_of_the_court_too(court: Court) -> None:
    alert, paul = pressed(court), await court.browser("Paul")
    one = court.house.ask(
        "WITH held AS (INSERT INTO conversation (id, alert, wanted_by, wanted_at, listen_only)"
        " VALUES (gen_random_uuid(), :a, 'Bruno', now(), false) RETURNING id)"
        " INSERT INTO recording (id, alert, conversation, reference, duration_s, kept_at, erase_at)"
        " SELECT gen_random_uuid(), :a, id, 'RE1', 9, now(), now() + interval '9 days' FROM held"
        " RETURNING id",
        a=alert,
    )[0].id  # fmt: skip
    camille = await court.browser("Camille")
    assert (await paul.get(f"/recordings/{one}")).status_code == 404
    assert (await camille.get(f"/recordings/{one}")).status_code == 503, "no provider in this house"
    assert not court.house.ask("SELECT 1 FROM journal WHERE act = 'RecordingHeard'")


async def test_a_prosecutor_clears_for_a_room_of_her_area_alone(court: Court) -> None:
    cleared(court, "Corinne", None)
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    day = (clock.now() + timedelta(days=90)).date().isoformat()
    said = {"account": "Corinne", "last_day": day}
    assert OTHER_ROOM in (await camille.get("/clearances")).text
    for by, wrong in (
        (camille, {"control_room": "control-room-75"}), (camille, {"court": "TJ-NANTERRE"}),
        (paul, {"control_room": "control-room-92"}),
        (camille, {"account": "Greta", "control_room": OTHER_ROOM}),
    ):  # fmt: skip
        assert (await by.post("/clearances", **(said | wrong))).status_code == 422, wrong
    assert (await camille.post("/clearances", **said, control_room=OTHER_ROOM)).status_code == 303
    page = (await paul.get("/clearances")).text
    assert "Corinne" in page, "the room is sent somewhere in the area of this court too"
