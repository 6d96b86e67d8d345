"""While the record is away, what is in the spool is told; when it is back, nothing is told as new.

Real processes, a record that is killed and stays dead, presses by MQTT, the platform's own ledger.
"""

import asyncio
import json
import os
import signal
import time
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from gateway.fresh import FRESH
from simulators.sms_provider import Person
from tests import promises
from tests.acceptance.blind_ground import (
    SUPERVISOR,
    armed,
    bring_back,
    frozen_record,
    kill_part,
    kill_record,
    openings,
    policy,
    pressing,
    provider,
)
from tests.acceptance.running import Service, named_ports, service, until

FORBIDDEN = ("person", "position", "outcome")


async def told_of(running: Service, count: int, seconds: float = 15) -> list[dict[str, object]]:
    """What the platform was told as new, once there are so many."""
    await until(lambda: len(openings(running)) >= count, seconds)
    return openings(running)


@pytest.mark.timeout(180)
async def test_ana_is_told_of_while_the_record_is_dead_and_never_twice_as_new(
    open_folder: Path,
) -> None:
    """Ana presses without a record; the platform hears within 15 s, and of no other alert later."""
    async with service(open_folder) as running:
        (ana,) = running.cards(1)
        async with pressing(running, ana) as handset:
            await kill_record(running)
            pressed = time.monotonic()
            trigger = await handset.press()
            (told,) = await told_of(running, 1)
            assert time.monotonic() - pressed < 15, "the goal R8 of the outage"
            event = told["cloudevent"]
            assert event["data"]["labels"] == ["told_from_spool"]
            assert [event["data"][name] for name in FORBIDDEN] == [None] * 3
            assert event["data"]["handset"] == ana.handset
            await bring_back(running)
            await until(lambda: running.rows("SELECT 1 FROM delivery WHERE topic = 'updated'"))
            await until(lambda: len(running.kept_at_platform()) == 2)
        (row,) = running.rows("SELECT id FROM alert")
        assert (str(row.id), event["id"]) == (told["alert"], f"{row.id}:opened:0:platform")
        promises.keep(running.evidence({trigger}))
        rest = running.kept_at_platform()[1]["cloudevent"]
        assert rest["data"]["person"], "what could not be said before is said now"
        (line,) = running.rows("SELECT detail FROM journal WHERE act = 'DeliveryToldBlind'")
        assert (line.detail["state"], line.detail["destination"]) == ("received", "platform")
        assert (running.folder / "spool/blind/told.ledger").read_bytes() == b""


@pytest.mark.timeout(180)
async def test_a_record_that_hangs_is_away_too(open_folder: Path) -> None:
    """PostgreSQL is stopped, not dead: Ana is told of within 15 s, and not as new afterwards."""
    async with service(open_folder) as running:
        (ana,) = running.cards(1)
        async with pressing(running, ana) as handset:
            with frozen_record(running):
                trigger = await handset.press()
                (told,) = await told_of(running, 1)
            await bring_back(running)
            await until(lambda: running.rows("SELECT 1 FROM delivery WHERE state = 'received'"))
            await asyncio.sleep(3)
        assert [line["alert"] for line in openings(running)] == [told["alert"]]
        promises.keep(running.evidence({trigger}))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", ["blind_before_told:1", "blind_after_told:1"])
async def test_dispatch_is_killed_in_the_middle_of_it(open_folder: Path, point: str) -> None:
    """Killed before and after the words left: the next life tells under the same key."""
    async with service(open_folder) as running:
        (ana,) = running.cards(1)
        async with pressing(running, ana) as handset:
            await kill_record(running)
            with armed(running, "dispatch", point):
                await kill_part(running, "dispatch")
            doomed = running.host.parts["dispatch"].process
            assert doomed is not None
            trigger = await handset.press()
            await asyncio.wait_for(doomed.wait(), 30)
            (told,) = await told_of(running, 1, 30)
            await kill_part(running, "dispatch")  # and once more, after the answer
            await bring_back(running)
            await until(lambda: running.rows("SELECT 1 FROM delivery WHERE state = 'received'"))
        assert [line["alert"] for line in openings(running)] == [told["alert"]]
        promises.keep(running.evidence({trigger}))


@pytest.mark.timeout(180)
async def test_the_supervisor_is_rung_and_her_key_is_kept(open_folder: Path) -> None:
    """The platform is deaf: the supervisor is rung from the spool, presses 1, is not rung again;
    the record learns that she took it."""
    ports = named_ports("mqtt", "gateway", "answers", "console", "provider", "platform")
    async with service(open_folder, policy=policy(ports), ports=ports) as running:
        (ana,) = running.cards(1)
        salima = Person(SUPERVISOR, answers=True, after_s=0.2, digits="1")
        assert running.platform is not None
        await running.platform.become("deaf")
        async with provider(running, salima) as network, pressing(running, ana) as handset:
            await kill_record(running)
            await handset.press()
            await until(lambda: network.calls and network.calls[0].status == "completed")
            await kill_part(running, "dispatch")  # her key outlives the process
            await asyncio.sleep(6)
            await running.platform.become("ok")
            await bring_back(running)
            await until(lambda: running.rows("SELECT 1 FROM alert WHERE owner = 'supervisor'"))
            assert len(network.calls) == 1
        (row,) = running.rows("SELECT id, state FROM alert")
        assert row.state == "taken"


@pytest.mark.timeout(180)
async def test_a_press_that_joins_an_open_alert_is_merged_at_the_platform(
    open_folder: Path,
) -> None:
    """Ana's alert is open before the outage: the press told meanwhile is named as the same one."""
    async with service(open_folder) as running:
        (ana,) = running.cards(1)
        async with pressing(running, ana) as handset:
            first = await handset.press()
            (before,) = await told_of(running, 1)
            await asyncio.sleep(FRESH.total_seconds() + 1)  # before, it would be the same alert
            await kill_record(running)
            second = await handset.press()
            _, blind = await told_of(running, 2)
            await bring_back(running)
            platform = running.platform
            assert platform is not None
            await until(lambda: platform.ledger_book.of("merged"))
        incident = platform.incidents[str(blind["alert"])]
        assert incident.state == "merged"
        (row,) = running.rows("SELECT id, presses FROM alert")
        assert (str(row.id), row.presses) == (before["alert"], 2)
        promises.every_receipt_is_on_record(running.evidence({first, second}))
        answered = await platform.answer(str(blind["alert"]), "taken")
        assert answered == 200, "who took it under the other name has taken this one"
        (row,) = running.rows("SELECT owner FROM alert")
        assert row.owner == "platform/agent-7"


@pytest.mark.timeout(180)
async def test_the_record_dies_after_the_receipt_and_before_anybody_was_told(
    open_folder: Path,
) -> None:
    """Dispatch hangs, Ana has her receipt, the record dies, dispatch goes on: she is told of."""
    async with service(open_folder) as running:
        (ana,) = running.cards(1)
        async with pressing(running, ana) as handset:
            os.kill(running.pid("dispatch"), signal.SIGSTOP)
            trigger = await handset.press()
            await handset.receipt_of(trigger)
            (row,) = running.rows("SELECT id FROM alert")
            await kill_record(running)
            os.kill(running.pid("dispatch"), signal.SIGCONT)
            (told,) = await told_of(running, 1)
            assert told["alert"] == str(row.id)
            await bring_back(running)
            await until(lambda: running.rows("SELECT 1 FROM delivery WHERE state = 'received'"))
            await asyncio.sleep(3)
        assert len(openings(running)) == 1
        promises.keep(running.evidence({trigger}))


@pytest.mark.timeout(180)
async def test_what_was_told_and_not_taken_goes_on_without_the_record(open_folder: Path) -> None:
    """The platform has it and nobody there takes it; the record dies: the supervisor is rung all
    the same, takes it, and is not rung again when the record is back."""
    ports = named_ports("mqtt", "gateway", "answers", "console", "provider", "platform")
    slow = policy(ports, supervisor_after_s=25)
    async with service(open_folder, policy=slow, ports=ports) as running:
        (ana,) = running.cards(1)
        salima = Person(SUPERVISOR, answers=True, after_s=0.2, digits="1")
        async with provider(running, salima) as network, pressing(running, ana) as handset:
            await handset.press()
            (told,) = await told_of(running, 1)
            await until(lambda: running.rows("SELECT 1 FROM delivery WHERE state = 'received'"))
            await asyncio.sleep(FRESH.total_seconds() + 1)  # no gateway keeps it again
            await kill_record(running)
            await until(lambda: network.calls and network.calls[0].status == "completed", 40)
            await kill_part(running, "dispatch")  # her key outlives the process
            await asyncio.sleep(3)
            await bring_back(running)
            await until(lambda: running.rows("SELECT 1 FROM alert WHERE owner = 'supervisor'"))
            await asyncio.sleep(3)
            assert len(network.calls) == 1
        assert [line["alert"] for line in openings(running)] == [told["alert"]]


@pytest.mark.timeout(180)
async def test_what_the_platform_says_meanwhile_is_kept(open_folder: Path) -> None:
    """The platform's agent takes the alert during the outage: kept durably, heard afterwards."""
    async with service(open_folder) as running:
        (ana,) = running.cards(1)
        async with pressing(running, ana) as handset:
            await kill_record(running)
            await handset.press()
            (told,) = await told_of(running, 1)
            alert, platform = str(told["alert"]), running.platform
            assert platform is not None
            await asyncio.sleep(1)
            assert await platform.answer(alert, "taken") == 200
            assert await platform.answer(alert, "closed", "made_safe", "Vue") == 503
            await kill_part(running, "dispatch")
            await bring_back(running)
            await until(lambda: running.rows("SELECT 1 FROM alert WHERE owner IS NOT NULL"))
        (row,) = running.rows("SELECT owner, state FROM alert")
        assert (row.owner, row.state) == ("platform/agent-7", "taken")


@pytest.mark.timeout(180)
async def test_a_test_is_never_told_blind_and_a_press_beside_it_is(open_folder: Path) -> None:
    """Ana tests her handset and Bella presses, both without a record: only Bella's is told."""
    async with service(open_folder) as running:
        ana, bella = running.cards(2)
        async with pressing(running, ana) as tested, pressing(running, bella) as pressed:
            await kill_record(running)
            tests = [await tested.press("test")]
            tests.append(await pressed.press())
            (told,) = await told_of(running, 1)
            await asyncio.sleep(5)
            assert [x["cloudevent"]["data"]["handset"] for x in openings(running)] == [
                bella.handset
            ]
            await bring_back(running)
            await until(lambda: len(running.rows("SELECT 1 FROM alert")) == 2)
        lanes = {str(r.id): r.lane for r in running.rows("SELECT id, lane FROM alert")}
        assert lanes.pop(str(told["alert"])) == "real"
        assert list(lanes.values()) == ["test"]
        promises.every_receipt_is_on_record(running.evidence(tests))


@pytest.mark.timeout(240)
async def test_many_press_while_the_record_comes_and_goes(open_folder: Path) -> None:
    """40 handsets press over 12 s while the record dies twice and dispatch reads files that are
    being drained: the platform has one opening per handset, and each is an alert on record."""
    async with service(open_folder) as running:
        cards = running.cards(40)
        await kill_record(running)
        presses = asyncio.create_task(_press_all(running, cards))
        await told_of(running, 5, 30)
        await bring_back(running)
        await kill_record(running)
        triggers = await presses
        await told_of(running, 20, 60)  # the others are on record, and it was killed at once
        await bring_back(running)
        await until(lambda: len(running.rows("SELECT 1 FROM alert")) == 40)
        await until(lambda: not _unsettled(running), 40)
        promises.keep(running.evidence(triggers))
        assert len(openings(running)) == 40
        assert all(UUID(str(line["alert"])).version == 7 for line in openings(running))


def _unsettled(running: Service) -> bool:
    rows = running.rows("SELECT 1 FROM delivery WHERE state NOT IN ('received', 'withdrawn')")
    return bool(rows) or bool((running.folder / "spool/blind/told.ledger").read_bytes())


async def _press_all(running: Service, cards: list) -> set[str]:  # type: ignore[type-arg]
    triggers = set()
    for card in cards:
        async with pressing(running, card) as handset:
            trigger = await handset.press()
            await handset.receipt_of(trigger)
            triggers.add(trigger)
        await asyncio.sleep(0.2)
    return triggers


@pytest.mark.timeout(120)
async def test_the_ledger_holds_no_number_and_no_place(open_folder: Path) -> None:
    """What lies on the disk during an outage beside the sealed spool says nothing of Ana."""
    async with service(open_folder) as running:
        (ana,) = running.cards(1)
        async with pressing(running, ana) as handset:
            handset.fix = None
            await kill_record(running)
            await handset.press()
            await told_of(running, 1)
            written = (running.folder / "spool/blind/told.ledger").read_text()
            await bring_back(running)
    lines = [json.loads(line) for line in written.splitlines() if line]
    assert {k for line in lines for k in line} <= {
        "alert", "handset", "channel", "kind", "opened_at", "of", "key", "destination", "step",
        "state", "attempts", "made_at", "next_try_at", "said", "reference", "round",
        "is_on_record", "waiting_since", "waits", "number",
    }  # fmt: skip
    assert ana.number not in written
    assert datetime.fromisoformat(lines[0]["opened_at"]).tzinfo is not None
