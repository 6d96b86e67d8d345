"""Telling from the spool, piece by piece: files that vanish, a torn ledger, two dispatchers."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from dispatch.blind import Blind
from dispatch.blind_facts import BlindAlert, BlindAnswer, BlindDelivery
from dispatch.blind_ledger import (
    NAME,
    BlindLedger,
    alert_line,
    answer_line,
    delivery_line,
    done_line,
)
from dispatch.destinations import build
from dispatch.formats.answers_in import AnswerSaid, NotReached
from dispatch.policy import read_policy
from tests.conftest import NOW
from tests.destinations.destination_peers import Peer, policy_text, running
from tgd import clock
from tgd.rules.delivery import DeliveryState
from tgd.seal import Keys
from tgd.spool import Spool, SpoolView

KEYS = Keys(bytes(range(32)))


def entry(name: UUID, **more: Any) -> dict[str, Any]:
    """One call as the door spools it."""
    said = {"channel": "mqtt", "raw": b"sealed", "received_at": clock.now().isoformat(),
            "alert": str(name), "handset": "hana000000000", "kind": "press",
            "lane": "real"}  # fmt: skip
    return said | more


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    opened = Spool(tmp_path / "spool" / "gateway-1", KEYS)
    opened.open()
    return opened


@asynccontextmanager
async def blind(
    folder: Path, peer: Peer, away: Callable[[], bool] = lambda: True
) -> AsyncIterator[Blind]:
    """What tells, running, as in a dispatcher whose record is away, to a real platform."""
    policy = read_policy(policy_text("webhook", peer.url))
    destinations = build(policy, None, "")
    view = SpoolView(folder / "spool", KEYS)
    one = Blind(view, BlindLedger(folder / "spool" / "blind"), policy, destinations)
    await one.open(away)
    try:
        yield one
    finally:
        await one.close()
        await destinations["webhook"].close()


def told(peer: Peer) -> list[dict[str, Any]]:
    """The events that it was told, in their order."""
    return [json.loads(heard.body) for heard in peer.heard]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.05)


def test_a_batch_that_is_drained_while_it_is_read_is_no_fault(spool: Spool, tmp_path: Path) -> None:
    first, second = uuid4(), uuid4()
    spool.append([entry(first)])
    spool.append([entry(second)])
    view = SpoolView(tmp_path / "spool", KEYS)
    listed = view.waiting()

    class Stale(SpoolView):
        """Lists what was there a moment ago."""

        def waiting(self) -> list[Path]:
            return listed

    stale = Stale(tmp_path / "spool", KEYS)
    spool.forget(listed[0])
    assert [call.alert for call in stale.new_calls()] == [first]
    assert stale.unreadable == 0


def test_each_batch_is_read_once_and_only_read(spool: Spool, tmp_path: Path) -> None:
    spool.append([entry(uuid4()), entry(uuid4(), alert=None)])
    view = SpoolView(tmp_path / "spool", KEYS)
    assert len(view.new_calls()) == 1
    assert view.new_calls() == []
    assert len(spool.waiting()) == 1


@pytest.mark.parametrize("keys", [Keys(bytes(32)), KEYS])
def test_what_cannot_be_opened_is_counted_and_left_for_its_owner(
    spool: Spool, tmp_path: Path, keys: Keys
) -> None:
    spool.append([entry(uuid4())])
    (path,) = spool.waiting()
    if keys == KEYS:
        path.write_bytes(path.read_bytes()[:-8])
    view = SpoolView(tmp_path / "spool", keys)
    assert view.new_calls() == []
    assert (view.unreadable, spool.waiting()) == (1, [path])


def test_a_ledger_reads_back_what_was_written_and_a_torn_line_is_nothing(tmp_path: Path) -> None:
    alert = BlindAlert(uuid4(), "hana000000000", "mqtt", "press", NOW)
    delivery = BlindDelivery(f"{alert.id}:opened:0:webhook", "platform", 0,
                             DeliveryState.SENT, 2, NOW, NOW, "sent", "R1")  # fmt: skip
    said = {"id": "a", "key": delivery.key, "alert": str(alert.id), "state": "taken"}
    answer = BlindAnswer("platform", "webhook", said)
    ledger = BlindLedger(tmp_path)
    assert ledger.take() == {}
    ledger.write([alert_line(alert), delivery_line(alert.id, delivery)])
    ledger.write([answer_line(alert.id, answer)])
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"of": "' + str(alert.id).encode())
    ledger.write([delivery_line(uuid4(), delivery)])  # of an alert whose line was lost
    ledger.close()
    again = BlindLedger(tmp_path)
    assert again.take() == {alert.id: alert.told(delivery).heard(answer)}
    again.write([done_line(alert.id)])
    again.close()
    assert BlindLedger(tmp_path).take() == {}


def test_only_one_dispatcher_of_a_host_holds_the_ledger(tmp_path: Path) -> None:
    first, second = BlindLedger(tmp_path), BlindLedger(tmp_path)
    assert first.take() == {}
    assert second.take() is None
    first.close()
    assert second.take() == {}


async def test_it_is_told_once_and_its_answer_is_written_down(spool: Spool, tmp_path: Path) -> None:
    name = uuid4()
    spool.append([entry(name), entry(name)])
    async with running(Peer()) as peer, blind(tmp_path, peer) as one:
        await until(lambda: one.told())
        await asyncio.sleep(1.2)
        (event,) = told(peer)
        assert (event["id"], event["data"]["presses"]) == (f"{name}:opened:0:webhook", 2)
    written = (tmp_path / "spool" / "blind" / NAME).read_text()
    states = [json.loads(x).get("state") for x in written.splitlines() if x]
    assert states == [None, "pending", "received"]


async def test_while_the_record_turns_nothing_is_told_before_it_is_stuck(
    spool: Spool, tmp_path: Path
) -> None:
    spool.append([entry(uuid4())])
    async with running(Peer()) as peer, blind(tmp_path, peer, away=lambda: False):
        await asyncio.sleep(1.5)
        assert peer.heard == []
        stuck = uuid4()
        spool.append([entry(stuck, received_at="2026-01-01T00:00:00+00:00")])
        await until(lambda: peer.heard)
        assert [event["subject"] for event in told(peer)] == [str(stuck)]


async def test_a_ledger_that_cannot_be_written_stops_no_telling(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(Peer()) as peer, blind(tmp_path, peer) as one:
        await until(lambda: one._holds)
        ledger = one._ledger
        full = os.open("/dev/full", os.O_WRONLY)
        monkeypatch.setattr(ledger, "_file", full)
        name = uuid4()
        spool.append([entry(name)])
        await until(lambda: peer.heard)
        key = f"{name}:opened:0:webhook"
        assert await one.hear("webhook", AnswerSaid("a", key, str(name), "taken")) == "later"
        monkeypatch.undo()
        os.close(full)


async def test_one_that_cannot_be_planned_holds_no_other(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are told, and what was claimed beside it is not busy for ever."""
    poison, fine = uuid4(), uuid4()
    right = Blind._planned

    def planned(self: Blind, alert: BlindAlert, now: Any) -> Any:
        if alert.id == poison:
            raise ValueError("a fact that nobody foresaw")
        return right(self, alert, now)

    monkeypatch.setattr(Blind, "_planned", planned)
    spool.append([entry(poison), entry(fine)])
    async with running(Peer()) as peer, blind(tmp_path, peer) as one:
        await until(lambda: told(peer))
        await until(lambda: not one.busy())
    assert {event["subject"] for event in told(peer)} == {str(fine)}


async def test_what_is_being_told_now_waits_with_its_adoption(spool: Spool, tmp_path: Path) -> None:
    name = uuid4()
    spool.append([entry(name)])
    async with running(Peer("deaf")) as peer, blind(tmp_path, peer) as one:
        await until(lambda: one.busy() or one.told())
        assert (one.busy(), one.told()) == ({name}, {})
        peer.mode = "accept"
        await until(lambda: one.told())
        assert one.busy() == frozenset()


async def test_what_destinations_say(spool: Spool, tmp_path: Path) -> None:
    name = uuid4()
    spool.append([entry(name)])
    key = f"{name}:opened:0:webhook"
    async with running(Peer("reset")) as peer, blind(tmp_path, peer) as one:
        await until(lambda: one.told())
        for asked, expected in [
            (AnswerSaid("1", key, str(name), "received"), "kept"),
            (AnswerSaid("2", None, str(name), "taken", by="agent-7"), "kept"),
            (AnswerSaid("2", None, str(name), "taken", by="agent-7"), "kept"),
            (AnswerSaid("3", key, str(name), "closed"), "later"),
            (AnswerSaid("4", None, str(uuid4()), "taken"), None),
            (AnswerSaid("5", None, "AL-000042", "taken"), None),
            (AnswerSaid("6", f"{name}:closed:0:webhook", str(name), "taken"), None),
        ]:
            assert await one.hear("webhook", asked) == expected, asked
        assert await one.hear("stranger", AnswerSaid("7", None, str(name), "taken")) is None
        assert len(one.told()[name].answers) == 2
        failed = NotReached("8", key, str(name), "busy")
        assert await one.hear("webhook", failed) == "kept"


async def test_what_reaches_nobody_is_told_again_at_once_and_then_with_pauses(
    spool: Spool, tmp_path: Path
) -> None:
    name = uuid4()
    spool.append([entry(name)])
    key = f"{name}:opened:0:webhook"
    async with running(Peer("lying")) as peer, blind(tmp_path, peer) as one:
        for attempts in (1, 2):
            await until(lambda n=attempts: len(peer.heard) == n and name in one.told())
            assert one.told()[name].deliveries[key].state == "sent"
            refused = NotReached(str(attempts), key, str(name), "refused_by_room")
            assert await one.hear("webhook", refused) == "kept"
        waits_until = one.told()[name].deliveries[key].next_try_at
        assert waits_until is not None
        assert timedelta(seconds=25) < waits_until - clock.now() <= timedelta(seconds=30)
        received = AnswerSaid("3", key, str(name), "received")
        assert await one.hear("webhook", received) == "kept"


async def test_a_fresh_press_goes_before_a_flood_of_old_ones(spool: Spool, tmp_path: Path) -> None:
    fresh = uuid4()
    old = [entry(uuid4(), received_at="2026-11-27T03:00:00+00:00") for _ in range(300)]
    spool.append(old)
    spool.append([entry(fresh)])
    ledger = tmp_path / "spool" / "blind" / NAME
    async with running(Peer()) as peer, blind(tmp_path, peer):
        await until(lambda: ledger.exists() and ledger.read_bytes().count(b"\n") > 100)
    lines = [json.loads(line) for line in ledger.read_text().splitlines() if line]
    assert lines[0]["alert"] == str(fresh)
    assert len({line["alert"] for line in lines if "alert" in line}) >= 100
