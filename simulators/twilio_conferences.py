"""A conference: who is in it, who hears whom, and the recording that is left of it; no socket."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.twilio_resources import VERSION, Call, new_sid, rfc2822

SILENCE = (b"\xff\xfb\x10\xc4" + bytes(100)) * 40
"""The bytes of a recording: forty frames of MP3, a second with nothing to hear."""


@dataclass(slots=True)
class Participant:
    """One call in a conference."""

    call: Call
    label: str
    muted: bool
    ends_all: bool
    says: str = ""


@dataclass(slots=True)
class Conference:
    """One room; it begins with the second who comes in."""

    sid: str
    account: str
    name: str
    created_at: datetime
    participants: dict[str, Participant] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    status: str = "init"
    callback: str | None = None
    """Where it is said that the recording is there; None: nothing is recorded."""
    began_at: datetime | None = None
    ended_at: datetime | None = None

    @classmethod
    def open(cls, account: str, name: str) -> "Conference":
        """A room that nobody has come into."""
        return cls(new_sid("CF"), account, name, datetime.now(UTC))

    def join(self, one: Participant) -> None:
        """Somebody comes in: what those inside say is heard by the others, unless muted."""
        self.participants[one.call.sid] = one
        if len(self.participants) < 2:
            return
        self.status = "in-progress"
        self.began_at = self.began_at or datetime.now(UTC)
        for speaker in self.participants.values():
            self._speak(speaker)

    def mute(self, one: Participant, *, muted: bool) -> None:
        """From now on this one is not heard, or is."""
        was, one.muted = one.muted, muted
        if was and not muted:
            self._speak(one)

    def _speak(self, speaker: Participant) -> None:
        for hearer in self.participants.values():
            if hearer is not speaker and speaker.says and not speaker.muted:
                hearer.call.heard.append(speaker.says)

    def leave(self, sid: str) -> bool:
        """Somebody goes; True when that ends it for all."""
        gone = self.participants.pop(sid)
        if self.over.is_set() or not (gone.ends_all or not self.participants):
            return False
        self.status, self.ended_at = "completed", datetime.now(UTC)
        self.over.set()
        return True

    @property
    def duration_s(self) -> int:
        """Whole seconds of conversation."""
        if self.began_at is None or self.ended_at is None:
            return 0
        return max(1, round((self.ended_at - self.began_at).total_seconds()))

    def resource(self) -> dict[str, Any]:
        """As the API answers it."""
        uri = f"/{VERSION}/Accounts/{self.account}/Conferences/{self.sid}"
        return {
            "account_sid": self.account,
            "api_version": VERSION,
            "call_sid_ending_conference": None,
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.ended_at or self.created_at),
            "friendly_name": self.name,
            "reason_conference_ended": None,
            "region": "ie1",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"participants": f"{uri}/Participants.json"},
            "uri": f"{uri}.json",
        }


@dataclass(slots=True)
class Recording:
    """The sound of one conference."""

    sid: str
    account: str
    conference: str
    duration_s: int
    created_at: datetime
    sound: bytes = SILENCE

    @classmethod
    def of(cls, conference: Conference) -> "Recording":
        """What is left of a conference that has ended."""
        return cls(
            new_sid("RE"), conference.account, conference.sid, conference.duration_s,
            datetime.now(UTC),
        )  # fmt: skip

    def form(self) -> dict[str, str]:
        """The fields of the callback; it names no call and no room, only the conference."""
        return {
            "AccountSid": self.account,
            "ConferenceSid": self.conference,
            "RecordingSid": self.sid,
            "RecordingUrl": f"https://api.twilio.com/{VERSION}/Accounts/{self.account}"
            f"/Recordings/{self.sid}",
            "RecordingStatus": "completed",
            "RecordingDuration": str(self.duration_s),
            "RecordingChannels": "1",
            "RecordingStartTime": rfc2822(self.created_at) or "",
            "RecordingSource": "Conference",
            "RecordingTrack": "both",
        }

    def resource(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "account_sid": self.account,
            "api_version": VERSION,
            "call_sid": None,
            "channels": 1,
            "conference_sid": self.conference,
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.created_at),
            "duration": str(self.duration_s),
            "sid": self.sid,
            "source": "Conference",
            "status": "completed",
            "uri": f"/{VERSION}/Accounts/{self.account}/Recordings/{self.sid}.json",
        }
