"""Who stands in the door of the listener: a crowd never keeps a newcomer out."""

import asyncio

import pytest

from gateway.mqtt_direct.limits import Limits
from gateway.mqtt_direct.threshold import Threshold, source_of


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_who_counts_as_one(address: str, counted: str) -> None:
    assert source_of(address) == counted


async def forever() -> None:
    await asyncio.Event().wait()


async def test_dora_calls_from_many_addresses_and_ana_comes_in() -> None:
    """The door is full of fresh ones, four from each of Dora's lines; Ana is alone on hers."""
    said: list[str] = []
    door = Threshold(Limits(half_open=12, half_open_per_source=4), said.append)
    crowd = [asyncio.create_task(forever()) for _ in range(12)]
    for n, task in enumerate(crowd):
        source = source_of(f"2001:db8:0:{n // 4}::{n}")
        assert door.has_room(source)
        door.enter(task, source)

    assert not door.has_room(source_of("2001:db8:0:1::99"))  # hers are as many as may be
    assert door.has_room("192.0.2.1")  # Ana
    ana = asyncio.create_task(forever())
    door.enter(ana, "192.0.2.1")
    await asyncio.sleep(0)

    assert sum(task.cancelled() or task.cancelling() > 0 for task in crowd) == 1
    assert not ana.cancelling()
    assert "half_open_full" in said
    for task in (*crowd, ana):
        task.cancel()


async def test_when_all_stand_alone_nobody_is_sent_away_before_the_grace() -> None:
    door = Threshold(Limits(half_open=3), lambda _: None)
    handsets = [asyncio.create_task(forever()) for _ in range(3)]
    for n, task in enumerate(handsets):
        door.enter(task, f"192.0.2.{n}")
    assert not door.has_room("192.0.2.9")
    assert not any(task.cancelling() for task in handsets)
    for task in handsets:
        task.cancel()


async def test_who_needs_long_is_not_pushed_out_by_a_crowd() -> None:
    """A TLS handshake of two seconds on a slow radio, while Dora's lines call again and again."""
    door = Threshold(Limits(half_open=12, half_open_grace_s=0.0), lambda _: None)
    ana, *crowd = [asyncio.create_task(forever()) for _ in range(41)]
    door.enter(ana, "192.0.2.1")
    for n, task in enumerate(crowd):
        source = f"203.0.113.{n % 3}"
        await asyncio.sleep(0.001)
        if door.has_room(source):
            door.enter(task, source)
    await asyncio.sleep(0)

    assert not ana.cancelling()
    assert not ana.cancelled()
    assert len(door) == 12
    assert sum(task.cancelled() for task in crowd) == 29
    for task in (ana, *crowd):
        task.cancel()


@pytest.mark.parametrize(
    ("per_source", "half_open"), [(16, 1024), (256, 1024), (257, 1028), (5_000, 20_000)]
)
def test_a_fleet_behind_one_address_never_fills_the_whole_door(
    per_source: int, half_open: int
) -> None:
    limits = Limits.at_the_door(per_source, strangers=False)
    assert (limits.half_open_per_source, limits.half_open) == (per_source, half_open)
    assert not limits.strangers
    assert Limits.at_the_door(256, strangers=True) == Limits()
