"""The fleet counts honestly: what was pressed, acknowledged, confirmed, and what was lost."""

import json
from pathlib import Path

import pytest
from counterparts import PostOffice

from simulators.fleet import Fleet, Plan, read_cards
from simulators.fleet_member import Address
from simulators.fleet_noise import KINDS
from simulators.handset_words import Card

CARDS = [Card(f"h-{n:04d}", f"secret-{n}", "00" * 16) for n in range(60)]


def at(post_office: PostOffice) -> Address:
    return Address(port=post_office.port)


async def test_all_press_at_once(post_office: PostOffice, tmp_path: Path) -> None:
    """Sixty handsets connect in a storm, press ninety times, and every press is confirmed."""
    fleet = Fleet(CARDS, at(post_office), Plan(presses=90), ledger=tmp_path / "fleet.jsonl")
    summary = await fleet.run()
    assert (summary["handsets"], summary["connected"]) == (60, 60)
    assert (summary["pressed"], summary["acknowledged"], summary["receipted"]) == (90, 90, 90)
    assert summary["lost"] == 0
    assert summary["puback_ms"]["p50"] <= summary["puback_ms"]["p99"]
    assert {a["trigger"] for a in post_office.on("alert")} == {
        line["trigger"] for line in fleet.ledger_book.of("receipt")
    }
    on_disk = [json.loads(line) for line in (tmp_path / "fleet.jsonl").read_text().splitlines()]
    assert on_disk == fleet.ledger
    assert post_office.wills == []


def test_the_last_presses_are_the_last_that_were_made(post_office: PostOffice) -> None:
    """Whoever asks for those since an outage must not be given the presses of the last handset."""
    fleet = Fleet(CARDS[:3], at(post_office), Plan(presses=0))
    made = [fleet.members[n].press() for n in (2, 0, 1, 0, 2)]
    assert fleet.cries == made
    assert fleet.cries[3:] == made[3:]


async def test_puback_without_receipt_is_lost(post_office: PostOffice) -> None:
    """A listener that acknowledges and confirms nothing is reported as losing all."""
    post_office.sends_receipts = False
    plan = Plan(presses=10, wait_s=2.5, repeat_s=1)
    summary = await Fleet(CARDS[:10], at(post_office), plan).run()
    assert (summary["acknowledged"], summary["receipted"], summary["lost"]) == (10, 0, 10)
    assert summary["attempts"] > 10
    assert summary["receipt_ms"] is None


async def test_reconnects_and_repeats(post_office: PostOffice) -> None:
    """The listener falls silent and cuts everybody: they come back with the same ids."""
    post_office.sends_receipts = False
    fleet = Fleet(CARDS[:5], at(post_office), Plan(presses=5, wait_s=15))
    healed = False

    def cut_once(progress: dict[str, object]) -> None:
        nonlocal healed
        if not healed and progress.get("puback") == 5:
            healed, post_office.sends_receipts = True, True
            for member in fleet.members:
                member.cut()

    fleet._progress = cut_once
    summary = await fleet.run()
    assert healed
    assert (summary["disconnected"], summary["lost"]) == (5, 0)
    assert len({a["trigger"] for a in post_office.on("alert")}) == 5
    assert len(post_office.wills) == 5


async def test_keeps_within_receive_maximum(post_office: PostOffice) -> None:
    """A listener that takes three at a time never has more than two alerts waiting from one."""
    post_office.receive_max = 3
    post_office.sends_pubacks = False
    plan = Plan(presses=10, wait_s=1, repeat_s=60)
    await Fleet(CARDS[:1], at(post_office), plan).run()
    assert len(post_office.on("alert")) == 2
    post_office.sends_pubacks = True
    summary = await Fleet(CARDS[:1], at(post_office), plan).run()
    assert (summary["acknowledged"], summary["lost"]) == (10, 0)


async def test_wrong_secret_is_counted(post_office: PostOffice) -> None:
    """One of three has a wrong secret: it never connects, and its press is lost."""
    post_office.secrets = {c.handset: c.mqtt_secret.encode() for c in CARDS[:3]}
    strange = [*CARDS[:2], Card("h-0002", "not-it", "00")]
    summary = await Fleet(strange, at(post_office), Plan(presses=3, wait_s=1)).run()
    assert (summary["receipted"], summary["lost"]) == (2, 1)
    assert summary["not_connected"] >= 1


@pytest.mark.parametrize("seed", [1, 2])
async def test_noise_beside_disturbs_nobody(post_office: PostOffice, seed: int) -> None:
    """Bad messages of every kind go out beside; the good ones are confirmed all the same."""
    plan = Plan(presses=20, press_within_s=1.5, bad_per_s=50, heartbeat_s=1)
    fleet = Fleet(CARDS[:6], at(post_office), plan, seed=seed)
    summary = await fleet.run()
    assert (summary["handsets"], summary["lost"]) == (5, 0)
    assert summary["bad"] > 0
    assert fleet._noise
    for kind in KINDS:
        assert fleet._noise._words(kind)


async def test_noise_is_as_loud_as_asked(post_office: PostOffice) -> None:
    """Each bad message waits for an answer; the next ones do not wait for it."""
    plan = Plan(presses=1, bad_per_s=100, wait_s=10, stay_s=2)
    summary = await Fleet(CARDS[:3], at(post_office), plan, seed=3).run()
    assert summary["bad"] >= 30, "six at most, if each waited for the one before"


def test_enrolments_are_read(tmp_path: Path) -> None:
    """One JSON object a line, with or without a number."""
    path = tmp_path / "cards.jsonl"
    path.write_text(
        '{"handset": "a", "mqtt_secret": "b", "sms_key": "00", "new": 1}\n\n'
        '{"handset": "c", "mqtt_secret": "d", "sms_key": "01", "number": "+33639980002"}\n'
    )
    assert [card.handset for card in read_cards(path)] == ["a", "c"]
    assert read_cards(path)[1].number == "+33639980002"
