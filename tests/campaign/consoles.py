"""The console is killed while operators take, verify, ask and close by it.

What an operator was told is done stays done; what was sent once is done once; and the alert path
(handset to platform) does not notice. Who got no answer looks at the sheet and sends again what is
not there, or sends the same form again without looking, as a browser does.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlmodel import Session

from simulators.fleet_member import Cry
from tests.acceptance.running import until
from tests.campaign.crowd import Crowd
from tests.campaign.outcome import Outcome, Say
from tests.campaign.town import Town, inhabited, town
from tgd import accounts, clock, passwords
from tgd.cli.children import Part
from tgd.rules.access import Role
from tgd.settings import as_environment

PASSWORD = "correct horse battery staple"
LINES = {
    "note": ("NoteWritten",), "verify": ("VerificationDone",),
    "request": ("InterventionRequested",), "close": ("AlertClosed", "ClosingProposed"),
}  # fmt: skip
"""What each act leaves in the log."""
AGAIN_S = 0.2
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Size:
    """Deaths of the console, one in five during its start; who works at it, and who presses."""

    kills: int = 20
    operators: int = 4
    handsets: int = 40
    rate_per_s: float = 4.0
    calm_s: float = 5.0


class Operator:
    """Takes the next alert and goes all the way with it, again and again."""

    def __init__(self, url: str, name: str, chance: random.Random) -> None:
        self.name, self._chance = name, chance
        self._http = httpx.AsyncClient(
            base_url=url, timeout=10, headers={"accept": "application/json"}
        )
        self._token = ""
        self.sent: Counter[tuple[str, str]] = Counter()
        self.told: Counter[tuple[str, str]] = Counter()
        self.notes: dict[str, bool] = {}
        """What was written, and whether the console said or showed that it has it."""
        self.unanswered = 0

    async def sign_in(self) -> None:
        form = {"name": self.name, "password": PASSWORD}
        reply = await self._http.post("/login", data=form)
        assert reply.json() == {"signed_in": True}, reply.text
        self._token = (await self._get("/api/session"))["form_token"]

    def seat(self) -> tuple[str, str]:
        """The cookie of this session and the token of its forms: for whoever has taken it over."""
        return self._http.cookies["tgd"], self._token

    async def leave(self) -> None:
        await self._http.aclose()

    async def work(self, ending: asyncio.Event) -> None:
        """One alert after the other, each to its end."""
        while not ending.is_set():
            alert = await self._take()
            if alert is None:
                await asyncio.sleep(AGAIN_S)
                continue
            words = f"Elle parle bas. {uuid4().hex}"
            self.notes[words] = False
            self.notes[words] = await self._do(alert, "note", words=words)
            await self._do(alert, "verify", found="safe_code_word")
            await self._do(alert, "request")
            await self._close(alert)

    async def _take(self) -> str | None:
        reply = await self._send("/take-next", {})
        if reply is None:  # taken or not: the list says whose it is
            found = (await self._get("/api/alerts"))["alerts"]
            mine = [x["id"] for x in found if x["owner"] == self.name and x["state"] != "closed"]
            assert len(mine) <= 1, "two alerts in one hand"
            return mine[0] if mine else None
        taken = reply.json().get("alert")
        if taken:
            self.told[taken, "take"] += 1
        return str(taken) if taken else None

    async def _close(self, alert: str) -> None:
        """Who presses again after the call is called again: then it is not closed by one alone."""
        for _ in range(10):
            await self._do(alert, "close", outcome="accidental", reason="Mot convenu entendu.")
            if (await self._get(f"/api/alerts/{alert}"))["state"] == "closed":
                return
            await self._do(alert, "verify", found="safe_code_word")
        await self._send(f"/alerts/{alert}/release", {})

    async def _do(self, alert: str, act: str, **fields: str) -> bool:
        """Until it is told or seen to be done, or refused."""
        before = await self._written(alert, act)
        form = {"once": uuid4().hex} | fields
        self.sent[alert, act] += 1
        reply = await self._send(f"/alerts/{alert}/{act}", form)
        while reply is None:
            if self._chance.random() < 0.5 and await self._written(alert, act) > before:
                break
            reply = await self._send(f"/alerts/{alert}/{act}", form)
        is_done = reply is None or reply.status_code == 200
        self.told[alert, act] += is_done
        return is_done

    async def _written(self, alert: str, act: str) -> int:
        """How often the log says that this person did this."""
        sheet = await self._get(f"/api/alerts/{alert}")
        timeline = (sheet["record"] or {}).get("timeline", [])
        return sum(x["who"] == self.name and x["act"] in LINES[act] for x in timeline)

    async def _send(self, path: str, form: dict[str, str]) -> httpx.Response | None:
        """None when nobody knows whether it was done."""
        try:
            reply = await self._http.post(path, data={"form_token": self._token} | form)
        except httpx.TransportError:
            reply = None
        if reply is not None and reply.status_code < 500:
            return reply
        self.unanswered += 1
        return None

    async def _get(self, path: str) -> Any:
        """What the console shows, as soon as there is one."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    reply = await self._http.get(path)
                except httpx.TransportError:
                    await asyncio.sleep(AGAIN_S)
                    continue
                if reply.status_code == 200:
                    return reply.json()
                assert reply.status_code >= 500, f"{path}: {reply.status_code}"
                await asyncio.sleep(AGAIN_S)


@asynccontextmanager
async def staffed(made: Town, count: int) -> AsyncIterator[list[Operator]]:
    """A console beside the service, and so many people signed in at it."""
    read = made.host.settings
    part = Part("console", "tgd.web", listeners=("console", "console-health"))
    part.environment = as_environment(read) | {"TGD_DATABASE_URL": made.host.record_url}
    made.host.parts["console"] = await made.host.children.start(part)
    names = [f"Bruno{n}" for n in range(count)]
    hashed = passwords.hashed(PASSWORD)
    with Session(made.engine) as session:
        for name in names:
            accounts.make_account(session, name, Role.OPERATOR, hashed, clock.now())
        session.commit()
    staff = [
        Operator(f"http://127.0.0.1:{made.ports['console']}", name, made.chance) for name in names
    ]
    try:
        for one in staff:
            await one.sign_in()
        yield staff
    finally:
        for one in staff:
            await one.leave()


async def kill_console(made: Town, count: int, say: Say) -> None:
    """While it answers, and each fifth time while it starts."""
    for n in range(1, count + 1):
        if n % 5:
            await _answers(made)
            await asyncio.sleep(made.chance.uniform(0.0, 2.0))
        else:
            await until(lambda: made.is_alive("console"))
            await asyncio.sleep(made.chance.uniform(0.0, 1.5))
        before = made.part("console").process
        made.kill("console")
        await made.next_life("console", before)
        say(f"console {n}/{count}")
    await _answers(made)


async def _answers(made: Town) -> None:
    url = f"http://127.0.0.1:{made.ports['console']}/login"
    async with httpx.AsyncClient() as http, asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await http.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


def nothing_is_lost_or_doubled(made: Town, staff: list[Operator]) -> int:
    """Each act that was told done is in the journal, and none more often than it was sent; gives
    how many acts were judged."""
    rows = made.rows(
        "SELECT alert, who, act, count(*) AS n FROM journal"
        " WHERE alert IS NOT NULL GROUP BY alert, who, act"
    )
    lines = {(str(r.alert), r.who, r.act): r.n for r in rows}
    for one in staff:
        for (alert, act), told in one.told.items():
            acts = LINES.get(act, ("AlertAcknowledged", "AlertKept"))
            done = sum(lines.get((alert, one.name, a), 0) for a in acts)
            assert done >= told, f"{act} of {alert}: told {told}, done {done}"
            if act in LINES:
                assert done <= one.sent[alert, act], f"{act} of {alert} was done {done} times"
    _each_alert_once(made)
    _notes_once(made, staff)
    return sum(sum(one.told.values()) for one in staff)


def _each_alert_once(made: Town) -> None:
    """Nobody took what another had, no room was asked twice, nothing was closed twice."""
    twice = made.rows(
        "SELECT alert FROM journal WHERE alert IS NOT NULL GROUP BY alert HAVING"
        " count(*) FILTER (WHERE act = 'AlertClosed') > 1"
        " OR count(*) FILTER (WHERE act = 'InterventionRequested') >"
        " 1 + count(*) FILTER (WHERE act IN ('OwnershipLapsed', 'AlertReleased'))"
        " OR count(*) FILTER (WHERE act = 'AlertAcknowledged') >"
        " 1 + count(*) FILTER (WHERE act IN ('OwnershipLapsed', 'AlertReleased'))"
    )
    assert not twice, f"done twice: {twice}"


def _notes_once(made: Town, staff: list[Operator]) -> None:
    rows = made.rows("SELECT words, count(*) AS n FROM note GROUP BY words")
    kept = {row.words: row.n for row in rows}
    for one in staff:
        for words, was_told in one.notes.items():
            assert kept.get(words, 0) <= 1, "a note was written twice"
            assert kept.get(words) or not was_told, "a note was lost"


def p99_s(cries: list[Cry]) -> float:
    """Within so long 99 of 100 presses had their receipt."""
    waited = sorted(c.receipt_s - c.pressed_s for c in cries if c.receipt_s is not None)
    return waited[int(len(waited) * 0.99)] if waited else 0.0


async def _worked(
    made: Town, crowd: Crowd, staff: list[Operator], size: Size, say: Say
) -> tuple[float, float]:
    """Calm, then kills; gives the 99th hundredth of the seconds to a receipt in each."""
    ending = asyncio.Event()
    async with crowd.press_on(size.rate_per_s), asyncio.TaskGroup() as working:
        for one in staff:
            working.create_task(one.work(ending))
        await asyncio.sleep(size.calm_s)
        calm = len(crowd.fleet.cries)
        try:
            await kill_console(made, size.kills, say)
        finally:
            ending.set()
    await crowd.settle()
    cries = list(crowd.fleet.cries)
    return p99_s(cries[:calm]), p99_s(cries[calm:])


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """Operators and handsets beside each other; both are judged at the end."""
    outcome = Outcome("–", "console killed", seed, size.kills)
    async with town(folder, seed) as made:
        async with staffed(made, size.operators) as staff:
            path = {name: made.pid(name) for name in ("gateway", "dispatch")}
            began_s = time.monotonic()
            async with inhabited(made, size.handsets) as crowd:
                before_s, under_s = await _worked(made, crowd, staff, size, say)
                await made.judge(outcome)
            assert path == {name: made.pid(name) for name in path}, "the alert path has noticed"
            acts = nothing_is_lost_or_doubled(made, staff)
    assert acts, "nobody did anything"
    outcome.facts |= {
        "acts told done": acts, "sendings without an answer": sum(x.unanswered for x in staff),
        "p99 s to a receipt, calm": before_s, "under kills": under_s,
        "s in all": time.monotonic() - began_s,
    }  # fmt: skip
    return [outcome]
