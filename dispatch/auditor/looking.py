"""One look at everything: the record, the policy file, the spool, the health of the parts."""

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from prometheus_client import Gauge
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch.policy import read_policy
from dispatch.policy_warnings import holes
from tgd import clock
from tgd.database import transaction
from tgd.errors import Misconfigured, RecordAway
from tgd.rules.auditing import (
    LONGEST_ANSWER_S,
    Finding,
    PolicySeen,
    RecordSeen,
    Wrong,
    of_canaries,
    of_parts,
    of_policy,
    of_record,
    of_room,
    of_spool,
)
from tgd.rules.canary import CanaryWatch, age_of
from tgd.store import auditing as store
from tgd.store import canaries

MACHINES = frozenset({"webhook", "cisu"})
"""Kinds that say by themselves that they have it; a telephone that nobody answers is no fault."""
canary_age = Gauge(
    "tgd_canary_age_seconds", "Since the last canary that a channel has brought", ["channel"]
)


class Looking:
    """What one auditor looks at; nothing is changed by it."""

    def __init__(
        self, engine: Engine, policy: Path | None, spool: Path, parts: Mapping[str, str],
        consoles: int, canaries: CanaryWatch, accepted: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        """`parts` are the addresses of health listeners, by name; `accepted` the holes of the
        policy that somebody has decided to leave."""
        self._engine, self._policy, self._spool = engine, policy, spool
        self._parts, self._consoles, self._canaries = parts, consoles, canaries
        self._accepted = accepted

    async def look(self, http: aiohttp.ClientSession) -> set[Finding]:
        """Everything that is wrong now. What cannot be looked at is a finding itself."""
        record, parts = await asyncio.gather(
            asyncio.to_thread(self._look_inside), self._look_at_parts(http)
        )
        return record | parts

    def _look_inside(self) -> set[Finding]:
        now = clock.now()
        around = of_room(self._room()) | of_spool(None, self._unreadable(), now)
        try:
            with transaction(self._engine) as session:
                seen = store.seen(session, now)
                pressed = canaries.pressed_last(session, self._canaries.handsets.values())
        except (RecordAway, SQLAlchemyError):
            return {Finding(Wrong.RECORD_AWAY)} | around | of_policy(self._policy_seen())
        self._show_age(pressed, now)
        found = self._judged(seen, now) | of_canaries(pressed, self._canaries, now)
        return found | around | of_spool(self._oldest(), [], now)

    def _unreadable(self) -> list[str]:
        return [path.stem for path in self._spool.glob("*/*.damaged")]

    def _room(self) -> dict[str, int]:
        """What is free for a process like ours; nothing is said of a folder that is not there."""
        try:
            there = os.statvfs(self._spool)
        except OSError:
            return {}
        return {"spool": there.f_bavail * there.f_frsize}

    def _show_age(self, pressed: Mapping[str, datetime], now: datetime) -> None:
        for channel, handset in self._canaries.handsets.items():
            age = age_of(pressed.get(handset), self._canaries, now)
            canary_age.labels(channel).set(age.total_seconds())

    def _judged(self, seen: RecordSeen, now: datetime) -> set[Finding]:
        return of_record(seen, self._policy_seen(), self._consoles, now)

    def _policy_seen(self) -> PolicySeen | None:
        """Read anew at each look: who breaks the file learns it before the next start."""
        if self._policy is None:
            return PolicySeen(frozenset(), 0)
        try:
            text = self._policy.read_text(encoding="utf-8")
            policy = read_policy(text, self._policy.parent, lambda p: p.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, Misconfigured):
            return None
        named = policy.destinations
        return PolicySeen(
            frozenset(d.name for d in named), len(policy.steps),
            frozenset(d.name for d in named if d.kind in MACHINES), holes(policy) - self._accepted,
        )  # fmt: skip

    def _oldest(self) -> datetime | None:
        """When the oldest waiting batch was written; one may be gone at any moment."""
        found = []
        for path in self._spool.glob("*/*.spool"):
            try:
                found.append(path.stat().st_mtime)
            except FileNotFoundError:
                continue
        return datetime.fromtimestamp(min(found), UTC) if found else None

    async def _look_at_parts(self, http: aiohttp.ClientSession) -> set[Finding]:
        names = list(self._parts)
        said = await asyncio.gather(*(_ask(http, self._parts[name]) for name in names))
        return of_parts(dict(zip(names, said, strict=True)))


async def _ask(http: aiohttp.ClientSession, address: str) -> str | None:
    """Its readiness: "" when ready, its words when not, None when it does not answer in time."""
    try:
        async with asyncio.timeout(LONGEST_ANSWER_S):
            async with http.get(f"http://{address}/health/ready") as reply:
                if reply.status == 200:
                    return ""
                return (
                    f"status_{reply.status} {(await reply.read())[:500].decode(errors='replace')}"
                )
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None
