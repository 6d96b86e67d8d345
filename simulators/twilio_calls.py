"""A telephone call: it rings, a simulated person answers or not, TwiML speaks, keys are pressed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from simulators.ledger import Ledger
from simulators.twilio_conferences import Conference, Participant, Recording
from simulators.twilio_posting import Postman
from simulators.twilio_resources import VERSION, Call, rfc2822

MAX_DOCUMENTS = 20
"""A document that redirects for ever is ended here."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is behind a number, and what she does when it rings."""

    number: str
    answers: bool = False
    after_s: float = 1.0
    digits: str | None = None
    """Keys pressed at each `<Gather>`; None: a mailbox, or somebody who does not press."""
    busy: bool = False
    says: str = ""
    """What she says in a conference: the others hear it, unless she is muted."""
    talks_s: float = 0.5
    """How long she stays in a conference."""
    sms_error: int | None = None
    """Error code with which every SMS to this number ends undelivered."""

    @classmethod
    def read(cls, said: dict[str, Any]) -> "Person":
        """From POST /simulate/person; raises ValueError with a sentence."""
        number, digits = said.get("number"), said.get("digits")
        if not isinstance(number, str) or not number.startswith("+"):
            raise ValueError("number must be an E.164 number")
        error = said.get("sms_error")
        return cls(
            number=number,
            answers=bool(said.get("answers", False)),
            after_s=float(said.get("after_s", 1.0)),
            digits=None if digits is None else str(digits),
            busy=bool(said.get("busy", False)),
            says=str(said.get("says", "")),
            talks_s=float(said.get("talks_s", 0.5)),
            sms_error=None if error is None else int(error),
        )


class Operator:
    """Rings people and executes TwiML: Say, Play, Pause, Gather, Redirect, Dial, Hangup."""

    def __init__(
        self, postman: Postman, ledger: Callable[[], Ledger], ring_scale: float = 1.0
    ) -> None:
        self._postman = postman
        self._ledger = ledger
        self._ring_scale = ring_scale
        self.rooms: dict[str, Conference] = {}
        """Conferences that go on, by the name that the customer gave."""
        self.conferences: list[Conference] = []
        self.recordings: list[Recording] = []

    async def place(self, call: Call, person: Person | None) -> None:
        """The whole call, from ringing to its last status."""
        await self._become(call, "ringing", "ringing")
        if person and person.busy:
            await self._end(call, "busy")
        elif person is None or not person.answers or person.after_s > call.timeout_s:
            ended = await _is_set(call.hung_up, call.timeout_s * self._ring_scale)
            await self._end(call, "canceled" if ended else "no-answer")
        elif await _is_set(call.hung_up, person.after_s):
            await self._end(call, "canceled")
        else:
            call.started_at = datetime.now(UTC)
            await self._become(call, "in-progress", "answered")
            await self._converse(call, person)
            await self._end(call, "completed")

    async def _converse(self, call: Call, person: Person) -> None:
        base, document = call.url or "", call.twiml
        if document is None:
            document = await self._fetch(call, base, {})
        for _ in range(MAX_DOCUMENTS):
            if document is None:
                return
            following = await self._perform(call, person, base, document)
            if following is None:
                return
            base, form = following
            document = await self._fetch(call, base, form)
        self._ledger().write("call_error", sid=call.sid, error_code=12100, why="endless")

    async def _fetch(self, call: Call, url: str, more: dict[str, str]) -> str | None:
        reply = await self._postman.post("twiml", url, self._form(call) | more)
        if reply is None:
            self._ledger().write("call_error", sid=call.sid, error_code=11200)
            return None
        return reply.body

    async def _perform(
        self, call: Call, person: Person, base: str, document: str
    ) -> tuple[str, dict[str, str]] | None:
        """Say what is to be said; returns the next document to fetch, if any."""
        verbs = self._parse(call, document)
        for verb in verbs:
            if verb.tag == "Hangup":
                return None
            if verb.tag == "Redirect":
                return urljoin(base, (verb.text or "").strip()), {}
            if verb.tag == "Gather":
                pressed = self._gather(call, person, verb)
                if pressed is not None:
                    return urljoin(base, verb.get("action") or base), {"Digits": pressed}
            elif verb.tag == "Dial" and (room := verb.find("Conference")) is not None:
                await self._confer(call, person, room)
            else:
                self._speak(call, verb)
        return None

    async def _confer(self, call: Call, person: Person, verb: ElementTree.Element) -> None:
        """In the conference until one of those who end it goes, or the person has talked."""
        name = (verb.text or "").strip()
        room = self.rooms.get(name)
        if room is None or room.over.is_set():
            room = self.rooms[name] = Conference.open(call.account, name)
            self.conferences.append(room)
            if verb.get("record") == "record-from-start":
                room.callback = verb.get("recordingStatusCallback")
        label, muted = verb.get("participantLabel", ""), verb.get("muted") == "true"
        ends_all = verb.get("endConferenceOnExit") == "true"
        room.join(Participant(call, label, muted, ends_all, person.says))
        self._ledger().write("joined", sid=call.sid, conference=room.sid, label=label, muted=muted)
        await _first_of(room.over, call.hung_up, seconds=person.talks_s)
        if room.leave(call.sid):
            await self._record(room)

    async def _record(self, room: Conference) -> None:
        self._ledger().write("conference_over", sid=room.sid, seconds=room.duration_s)
        if room.callback is None:
            return
        form = {"AccountSid": room.account, "ConferenceSid": room.sid,
                "RecordingSid": "RE" + room.sid[2:], "RecordingStatus": "absent"}  # fmt: skip
        if room.began_at is not None:
            kept = Recording.of(room)
            self.recordings.append(kept)
            form = kept.form()
        await self._postman.post("recording", room.callback, form)

    def _parse(self, call: Call, document: str) -> list[ElementTree.Element]:
        try:
            root = ElementTree.fromstring(document)  # noqa: S314 (from our own customer)
        except ElementTree.ParseError:
            root = None
        if root is None or root.tag != "Response":
            self._ledger().write("call_error", sid=call.sid, error_code=12100)
            return []
        return list(root)

    def _gather(self, call: Call, person: Person, verb: ElementTree.Element) -> str | None:
        """What the person presses; None when nothing came, and the next verb is its turn."""
        for inner in verb:
            self._speak(call, inner)
        keys = person.digits or ""
        finish = verb.get("finishOnKey", "#")
        if finish and finish in keys:
            keys = keys[: keys.index(finish)]
        keys = keys[: int(verb.get("numDigits") or len(keys) or 1)]
        self._ledger().write("gathered", sid=call.sid, digits=keys)
        if keys or verb.get("actionOnEmptyResult") == "true":
            return keys
        return None

    def _speak(self, call: Call, verb: ElementTree.Element) -> None:
        if verb.tag in {"Say", "Play"}:
            words = "".join(verb.itertext()).strip()
            call.heard.append(words)
            self._ledger().write("spoke", sid=call.sid, to=call.to, words=words)

    async def _end(self, call: Call, status: str) -> None:
        call.ended_at = datetime.now(UTC)
        await self._become(call, status, "completed")

    async def _become(self, call: Call, status: str, event: str) -> None:
        call.status = status
        self._ledger().write("call", sid=call.sid, to=call.to, status=status)
        if not call.callback or event not in call.callback_events:
            return
        form = self._form(call) | {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.sequence),
            "Timestamp": rfc2822(datetime.now(UTC)) or "",
        }
        if call.ended_at:
            form |= {"CallDuration": str(call.duration_s), "Duration": str(call.duration_s // 60)}
        call.sequence += 1
        await self._postman.post("call_status", call.callback, form)

    def _form(self, call: Call) -> dict[str, str]:
        return {
            "AccountSid": call.account,
            "ApiVersion": VERSION,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.to,
            "Caller": call.sender,
            "Direction": "outbound-api",
            "From": call.sender,
            "To": call.to,
            "CalledCountry": "FR",
            "CallerCity": "",
            "ToCountry": "FR",
        }


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for it, so long at most."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def _first_of(*events: asyncio.Event, seconds: float) -> None:
    """Wait until one of them is set, so long at most."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
