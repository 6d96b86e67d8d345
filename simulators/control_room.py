"""A control room behind a hub: takes createCase, acknowledges later, sends a patrol."""

import asyncio
import hmac
import ssl
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.answering import Back, Voice, answer_words
from simulators.edxl import Envelope, EnvelopeError, acknowledgement, read_envelope
from simulators.serving import Server, keep_silent, read_object


class Mode(StrEnum):
    """How the control room, or the hub before it, can misbehave."""

    OK = "ok"
    DEAF = "deaf"
    SLOW = "slow"
    LYING_200 = "lying_200"
    OUT_OF_ORDER = "out_of_order"
    NEVER_ACK = "never_ack"
    ACK_TWICE = "ack_twice"
    ACK_BEFORE_RESPONSE = "ack_before_response"
    ACK_WRONG_ID = "ack_wrong_id"
    HTTP_500 = "http_500"
    REFUSE = "refuse"
    WRONG_CERTIFICATE = "wrong_certificate"


@dataclass(frozen=True, slots=True)
class Watch:
    """What the people there do with a case: seconds after the step before, None for never."""

    ack_after_s: float = 0.2
    taken_after_s: float | None = None
    on_scene_after_s: float | None = None
    closed_after_s: float | None = None
    by: str = "cic-operator-3"
    outcome: str = "apprehended"
    reason: str = "Equipage engage"
    on_the_way_after_s: float | None = None
    minutes: int = 8
    """In how long the patrol will be there, as the room says when it sets out."""


class ControlRoom(Server):
    """`POST {path}` takes EDXL-DE JSON with createCase; 202 means sent and nothing more."""

    Mode = Mode

    def __init__(
        self,
        token: str,
        *,
        back: Back | None = None,
        watch: Watch | None = None,
        path: str = "/edxl",
        port: int = 0,
        control_port: int = 0,
        ledger: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(port=port, control_port=control_port, ledger=ledger, tls=tls)
        self._token = token
        self._path = path
        self._watch = watch or Watch()
        self.voice = Voice(back, lambda: self.ledger_book, self._bearer)
        self.cases: dict[str, Envelope] = {}
        """By distributionID."""
        self._known = {line["distribution"] for line in self.ledger_book.of("case")}

    async def start(self) -> None:
        """Open the doors and the way back."""
        await self.voice.open()
        await super().start()

    async def stop(self) -> None:
        """The room goes dark in the middle of what it does."""
        await super().stop()
        await self.voice.close()

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self._path, self._hear)]

    def control_routes(self) -> list[web.RouteDef]:
        return [*super().control_routes(), web.post("/simulate/answer", self._answer_by_hand)]

    def _bearer(self, id: str, body: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        if self.misbehaviour.strike("deaf"):
            self.ledger_book.write("not_kept", mode="deaf")
            return await keep_silent(self, request)
        if self.misbehaviour.strike("http_500"):
            self.ledger_book.write("not_kept", status=500)
            return web.json_response({"error": "internal"}, status=500)
        if self.misbehaviour.strike("lying_200"):
            self.ledger_book.write("not_kept", status=200)
            return web.json_response({"accepted": "said without looking"})
        said = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(said, f"Bearer {self._token}".encode()):
            self.ledger_book.write("unauthorized")
            return web.json_response({"error": "token"}, status=401)
        try:
            heard = self._read(request, await read_object(request))
        except ValueError as refused:
            self.ledger_book.write("bad_envelope", why=str(refused))
            return web.json_response({"error": str(refused)}, status=400)
        await self._keep(heard)
        if slow := self.misbehaviour.strike("slow"):
            await asyncio.sleep(slow.seconds)
        return web.json_response({"accepted": heard.distribution}, status=202)

    def _read(self, request: web.Request, said: dict[str, Any]) -> Envelope:
        if request.content_type != "application/json":
            raise EnvelopeError("101 NOT_ALLOWED_CONTENT_TYPE")
        heard = read_envelope(said)
        if heard.body_name != "createCase":
            raise EnvelopeError(f"102 UNRECOGNIZED_MESSAGE_FORMAT: {heard.body_name}")
        if not heard.alert:
            raise EnvelopeError("300 INVALID_MESSAGE: no caseId")
        return heard

    async def _keep(self, heard: Envelope) -> None:
        """Once per distributionID; a repeated one is acknowledged again, as a hub would."""
        first = heard.distribution not in self._known
        facts = {"distribution": heard.distribution, "alert": heard.alert, "kind": heard.kind}
        self.ledger_book.write("case" if first else "duplicate", **facts, status=heard.status)
        self._known.add(heard.distribution)
        self.cases[heard.distribution] = heard
        if self.misbehaviour.strike("ack_before_response"):
            await self._acknowledge(heard)
            self.spawn(self._work_on(heard, acknowledged=True, first=first))
        else:
            self.spawn(self._work_on(heard, acknowledged=False, first=first))

    # -- what it says

    async def _work_on(self, heard: Envelope, *, acknowledged: bool, first: bool) -> None:
        watch = self._watch
        if not acknowledged:
            await asyncio.sleep(watch.ack_after_s)
            if self.misbehaviour.strike("never_ack"):
                return
            await self._acknowledge(heard)
        if not first or heard.kind != "Report":
            return
        steps = (
            ("taken", watch.taken_after_s),
            ("on_the_way", watch.on_the_way_after_s),
            ("on_scene", watch.on_scene_after_s),
            ("closed", watch.closed_after_s),
        )
        if self.misbehaviour.strike("out_of_order"):
            steps = steps[::-1]
        for state, after_s in steps:
            if after_s is not None:
                await asyncio.sleep(after_s)
                await self.answer(heard.distribution, state)

    async def _acknowledge(self, heard: Envelope) -> None:
        about = f"{heard.sender}_never-sent" if self.misbehaviour.strike("ack_wrong_id") else None
        ack = acknowledgement(heard, str(uuid.uuid4()), datetime.now(UTC), about)
        times = 2 if self.misbehaviour.strike("ack_twice") else 1
        for _ in range(times):
            await self.voice.say(ack["distributionID"], ack)

    async def answer(self, distribution: str, state: str, **words: str) -> int | None:
        """`taken`, `on_the_way`, `on_scene` or `closed` for a case; returns the service's status.

        Raises KeyError for a distributionID that never came in this life.
        """
        heard = self.cases[distribution]
        id = str(uuid.uuid4())
        ending = {"outcome": self._watch.outcome, "reason": self._watch.reason}
        said = {"by": self._watch.by} | (ending if state == "closed" else {}) | words
        answer = answer_words(id, heard.distribution, heard.alert, state, **said)
        if state == "on_the_way":
            answer["minutes"] = self._watch.minutes
        return await self.voice.say(id, answer)

    async def _answer_by_hand(self, request: web.Request) -> web.Response:
        try:
            asked = await read_object(request)
            words = {
                name: str(asked[name]) for name in ("outcome", "reason", "by") if name in asked
            }
            status = await self.answer(str(asked["key"]), str(asked["state"]), **words)
        except (KeyError, ValueError) as refused:
            return web.json_response({"error": f"unknown or missing: {refused}"}, status=400)
        return web.json_response({"status": status})
