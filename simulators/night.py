"""Plays the scripted night once, prints the timeline of each alert, and says how each ended."""

import asyncio
import json
import sys
from datetime import datetime
from typing import Any

from simulators.court_stories import COURT_STORIES
from simulators.operator import Operator, Refused
from simulators.stories import STORIES, Night, NotAsItShould, Story
from simulators.town import Map, Town, town


async def play(map_: Map, *, as_json: bool) -> bool:
    """True when every story ended as it should."""
    async with town(map_) as everybody:
        account = map_.accounts["operator"]
        bruno = Operator(map_.console, account["name"], account["password"])
        await bruno.sign_in()
        try:
            before = {alert["id"] for alert in await bruno.alerts()}
            night = Night(everybody, bruno, before)
            ends = [
                await _tell(story, night, as_json=as_json) for story in (*STORIES, *COURT_STORIES)
            ]
        finally:
            await bruno.leave()
    _say_the_end(ends, as_json=as_json)
    return all(ends)


async def _tell(story: Story, night: Night, *, as_json: bool) -> bool:
    if not as_json:
        _print(f"\n● {story.name}\n  {story.sentence}")
    alert, why = None, None
    try:
        async with asyncio.timeout(120):
            alert = await story.tell(night)
    except (NotAsItShould, Refused, TimeoutError, KeyError) as wrong:
        why = str(wrong) or type(wrong).__name__
    seen = await night.bruno.alert(alert) if alert else None
    if seen is not None and seen["state"] != "closed":
        why = f"it ended {seen['state']}"
    _say_story(story, seen, why, as_json=as_json)
    return why is None


def _say_story(
    story: Story, alert: dict[str, Any] | None, why: str | None, *, as_json: bool
) -> None:
    if as_json:
        line = {"story": story.name, "ok": why is None, "why": why}
        facts = ("reference", "lane", "state", "labels", "presses", "outcome")
        line |= {k: alert[k] for k in facts} if alert else {}
        _print(json.dumps(line | {"timeline": alert["timeline"] if alert else []}))
        return
    for row in _rows(alert):
        _print(f"  {row}")
    if alert:
        _print(f"  {alert['reference']} {alert['state']} ({alert['outcome']})")
    _print("  ended as it should" if why is None else f"  NOT as it should: {why}")


def _rows(alert: dict[str, Any] | None) -> list[str]:
    """Clock time, seconds since the first line, who, what."""
    timeline = alert["timeline"] if alert else []
    if not timeline:
        return []
    first = datetime.fromisoformat(timeline[0]["at"])
    rows = []
    for line in timeline:
        at = datetime.fromisoformat(line["at"])
        since = (at - first).total_seconds()
        what = f"{line['act']} {_details(line['detail'])}".strip()
        rows.append(
            f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {since:+8.3f} s  {line['who']:24} {what}"
        )
    return rows


def _details(detail: dict[str, Any]) -> str:
    """What a line says besides, without identifiers."""
    shown = {
        k: v for k, v in detail.items() if k not in ("trigger", "step") and v not in (None, [])
    }
    return " ".join(f"{k}={','.join(v) if isinstance(v, list) else v}" for k, v in shown.items())


def _say_the_end(ends: list[bool], *, as_json: bool) -> None:
    good = sum(ends)
    if as_json:
        _print(json.dumps({"stories": len(ends), "ok": good, "failed": len(ends) - good}))
        return
    _print(f"\n{good} of {len(ends)} stories ended as they should.")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def live_on(map_: Map, every_s: float) -> None:
    """The town around a service that somebody looks at: a press now and then, for ever."""
    names = [card["name"] for card in map_.cards]
    async with town(map_) as everybody:
        turn = 0
        while True:
            await _somebody_presses(everybody, names[turn % len(names)])
            turn += 1
            await asyncio.sleep(every_s)


async def _somebody_presses(everybody: Town, name: str) -> None:
    phone = everybody.handset(name)
    await phone.start()
    try:
        trigger = await phone.press()
        await phone.receipt_of(trigger, timeout_s=60)
        await asyncio.sleep(5)
    except TimeoutError:
        _print(f"{name} had no receipt within a minute.")
    finally:
        await phone.stop()
