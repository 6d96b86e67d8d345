"""A telemonitoring platform: takes signed CloudEvents, keeps incidents, lets an agent answer."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from simulators.answering import Back, Voice, answer_words
from simulators.ledger import utc_now
from simulators.serving import Server, hang_up, keep_silent, read_object


class Mode(StrEnum):
    """How the platform can misbehave."""

    OK = "ok"
    DEAF = "deaf"
    SLOW = "slow"
    REFUSE = "refuse"
    HTTP_500 = "http_500"
    HTTP_400 = "http_400"
    LYING_200 = "lying_200"
    RESET = "reset"
    REDIRECT = "redirect"
    KEEP_THEN_RESET = "keep_then_reset"
    WRONG_CERTIFICATE = "wrong_certificate"
    ANSWER_TWICE = "answer_twice"
    OUT_OF_ORDER = "out_of_order"


ERASURE = "org.tgd.notice.erasure.v1"


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody at a desk there; None: she does nothing by herself."""

    takes_after_s: float | None = None
    closes_after_s: float | None = None
    name: str = "agent-7"
    outcome: str = "made_safe"
    reason: str = "Patrouille sur place"
    erases_after_s: float | None = None
    """A copy of a case sheet that is to be erased is, after so long."""


@dataclass(slots=True)
class Incident:
    """What the platform knows of one alert."""

    number: str
    alert: str
    key: str
    """The first message about it: what the agent answers to."""
    state: str = "new"


class Platform(Server):
    """`POST /alerts`; `.incidents` by alert; `await answer(alert, "taken")` by hand."""

    Mode = Mode

    def __init__(
        self,
        secret: str,
        *,
        back: Back | None = None,
        agent: Agent | None = None,
        port: int = 0,
        control_port: int = 0,
        ledger: Path | None = None,
    ) -> None:
        super().__init__(port=port, control_port=control_port, ledger=ledger)
        self._webhook = Webhook(secret)
        self._agent = agent or Agent()
        self.voice = Voice(back, lambda: self.ledger_book, self._sign)
        self.incidents: dict[str, Incident] = {}
        self.notices: dict[str, dict[str, Any]] = {}
        self._seen: dict[str, str] = {}
        self._remember()

    def _remember(self) -> None:
        """A platform that restarts still knows its incidents."""
        for line in self.ledger_book.of("kept"):
            alert, key, number = line["alert"], line["key"], line["incident"]
            self._seen[key] = alert
            self.incidents.setdefault(alert, Incident(number, alert, key))

    async def start(self) -> None:
        """Open the doors and the way back."""
        await self.voice.open()
        await super().start()

    async def stop(self) -> None:
        """Agents go home in the middle of what they do."""
        await super().stop()
        await self.voice.close()

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/alerts", self._hear)]

    def control_routes(self) -> list[web.RouteDef]:
        return [*super().control_routes(), web.post("/simulate/answer", self._answer_by_hand)]

    # -- what comes in

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if fault := await self._misbehave_at(request):
            return fault
        try:
            self._webhook.verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as refused:
            self.ledger_book.write("bad_signature", why=str(refused))
            return web.json_response({"error": "signature"}, status=401)
        if wrong := _what_is_wrong(request, body):
            self.ledger_book.write("bad_event", why=wrong, body=body.decode(errors="replace"))
            return web.json_response({"error": wrong}, status=400)
        event = json.loads(body)
        if ".notice." in event["type"]:
            self._keep_notice(request.headers["webhook-id"], event)
            return web.json_response({"received": True})
        incident = self._keep(request.headers["webhook-id"], event)
        if self.misbehaviour.strike("keep_then_reset"):
            return hang_up(request)
        if slow := self.misbehaviour.strike("slow"):
            await asyncio.sleep(slow.seconds)
        return web.json_response({"received": True, "incident": incident.number})

    async def _misbehave_at(self, request: web.Request) -> web.StreamResponse | None:
        """The answer of a platform that keeps nothing; None when it is well."""
        strike = self.misbehaviour.strike
        fault: web.StreamResponse | None = None
        if strike("deaf"):
            self.ledger_book.write("not_kept", mode="deaf")
            return await keep_silent(self, request)
        if strike("reset"):
            fault = hang_up(request)
        elif strike("http_500"):
            fault = web.json_response({"error": "internal"}, status=500)
        elif strike("http_400"):
            fault = web.json_response({"error": "bad request"}, status=400)
        elif strike("lying_200"):
            fault = web.Response(status=200)
        elif strike("redirect"):
            fault = web.Response(status=307, headers={"Location": f"{self.url}/elsewhere"})
        if fault is not None:
            self.ledger_book.write("not_kept", status=fault.status)
        return fault

    def _keep_notice(self, key: str, event: dict[str, Any]) -> None:
        """What is no alert opens no incident; somebody reads it in the morning."""
        kind = "notice_again" if key in self.notices else "notice"
        self.ledger_book.write(kind, key=key, cloudevent=event)
        self.notices[key] = event
        if event["type"] == ERASURE and self._agent.erases_after_s is not None:
            self.spawn(self._erase(key, event["data"]["file"]))

    async def _erase(self, key: str, file: str) -> None:
        """Somebody there deletes what they had of the file, and says so."""
        await asyncio.sleep(self._agent.erases_after_s or 0.0)
        self.ledger_book.write("erased", key=key, file=file)
        said = {"key": key, "erased": True, "by": self._agent.name, "at": utc_now()}
        await self.voice.say(f"erased-{key}"[:200], said, to="/erased")

    def _keep(self, key: str, event: dict[str, Any]) -> Incident:
        """Once per webhook-id; the ledger is on the disk before the 200."""
        if key in self._seen:
            incident = self.incidents[self._seen[key]]
            self.ledger_book.write("duplicate", key=key, incident=incident.number)
            return incident
        alert = str(event["subject"])
        incident = self.incidents.get(alert) or Incident(self._next_number(), alert, key)
        facts = {"key": key, "alert": alert, "incident": incident.number, "type": event["type"]}
        self.ledger_book.write("kept", **facts, cloudevent=event)
        self._seen[key] = alert
        if event["type"].endswith("closed"):
            incident.state = "closed"
        self._merge(event, incident)
        if alert not in self.incidents:
            self.incidents[alert] = incident
            self.spawn(self._work_on(incident))
        return incident

    def _merge(self, event: dict[str, Any], into: Incident) -> None:
        """Alerts told while the service had no record turn out to be this one."""
        for other in event.get("data", {}).get("merges", ()):
            merged = self.incidents.get(other)
            if merged is not None and merged is not into and merged.state != "merged":
                merged.state = "merged"
                self.ledger_book.write("merged", incident=merged.number, into=into.number)

    def _next_number(self) -> str:
        return f"INC-{len(self.incidents) + 1:06d}"

    # -- what the agent says

    async def _work_on(self, incident: Incident) -> None:
        agent = self._agent
        if self.misbehaviour.strike("out_of_order"):
            await self.answer(incident.alert, "closed", agent.outcome, agent.reason)
            await self.answer(incident.alert, "taken")
            return
        if agent.takes_after_s is not None:
            await asyncio.sleep(agent.takes_after_s)
            if incident.state == "new":
                await self.answer(incident.alert, "taken")
        if agent.closes_after_s is not None:
            await self._end_it(incident, agent.closes_after_s)

    async def _end_it(self, incident: Incident, within_s: float) -> None:
        """The patrol first: without one, and without her voice, the service asks for a second
        person before an end."""
        for state, words in (
            ("on_scene", ()),
            ("closed", (self._agent.outcome, self._agent.reason)),
        ):
            await asyncio.sleep(within_s / 2)
            if incident.state != "closed":
                await self.answer(incident.alert, state, *words)

    async def answer(
        self, alert: str, state: str, outcome: str = "", reason: str = "", by: str | None = None
    ) -> int | None:
        """An agent's answer, signed; returns the status the service gave, None if out of reach.

        Raises KeyError for an alert that was never kept here.
        """
        incident = self.incidents[alert]
        id = str(uuid.uuid4())
        agent = by or self._agent.name
        said = answer_words(id, incident.key, alert, state, agent, outcome, reason)
        status = await self.voice.say(id, said)
        if self.misbehaviour.strike("answer_twice"):
            status = await self.voice.say(id, said)
        if status is not None and status < 300:
            incident.state = state
        return status

    async def _answer_by_hand(self, request: web.Request) -> web.Response:
        try:
            asked = await read_object(request)
            words = {
                name: str(asked[name]) for name in ("outcome", "reason", "by") if name in asked
            }
            status = await self.answer(str(asked["alert"]), str(asked["state"]), **words)
        except (KeyError, ValueError) as refused:
            return web.json_response({"error": f"unknown or missing: {refused}"}, status=400)
        return web.json_response({"status": status})

    def _sign(self, id: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(id, now, body),
        }


def _what_is_wrong(request: web.Request, body: bytes) -> str | None:
    """Why this is not a CloudEvents 1.0 event in structured JSON about an alert; None if it is."""
    if request.content_type != "application/cloudevents+json":
        return "content type is not application/cloudevents+json"
    try:
        event = json.loads(body)
    except ValueError:
        return "not JSON"
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        return "specversion is not 1.0"
    for name in ("id", "source", "type", "subject"):
        if not isinstance(event.get(name), str) or not event[name]:
            return f"{name} is missing"
    if "time" in event:
        try:
            if datetime.fromisoformat(event["time"]).tzinfo is None:
                return "time has no zone"
        except (TypeError, ValueError):
            return "time is not RFC 3339"
    return None
