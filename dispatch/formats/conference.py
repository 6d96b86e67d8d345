"""The TwiML that joins a leg to its conversation, and what the provider says back of both.

White. Nothing here is heard by anybody: no words, no music, no tone. A handset that speaks or
hums where she hides gives her away.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from dispatch.formats.form import fields_once
from tgd.rules.calling import LegState, Party, leg_state

_SID = re.compile(r"(CA|CF|RE)[0-9a-f]{32}")
LONGEST_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class LegSaid:
    """What became of one call."""

    sid: str
    state: LegState


@dataclass(frozen=True, slots=True)
class RecordingSaid:
    """A recording that the provider keeps; `duration_s` is None when none came about."""

    reference: str
    conference: str
    duration_s: int | None


@dataclass(frozen=True, slots=True)
class NotSaid:
    """A form that says nothing that we understand, and why."""

    why: str


def conference_twiml(
    conversation: str, party: Party, *, listen_only: bool, recording_url: str | None
) -> str:
    """`recording_url`: where the provider says that the recording is there; None: none is made."""
    is_muted = listen_only and party is Party.OPERATOR
    how = {
        "muted": "true" if is_muted else "false",
        "beep": "false",
        "waitUrl": "",
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "true",
        "maxParticipants": "2",
        "participantLabel": party.value,
    }
    if recording_url:
        how |= {
            "record": "record-from-start",
            "recordingStatusCallback": recording_url,
            "recordingStatusCallbackMethod": "POST",
            "recordingStatusCallbackEvent": "completed absent",
        }
    response = ET.Element("Response")
    ET.SubElement(ET.SubElement(response, "Dial"), "Conference", how).text = conversation
    return ET.tostring(response, encoding="unicode")


def read_leg(raw: bytes) -> LegSaid | NotSaid:
    """A status callback of a call; never raises."""
    form = _form(raw)
    sid, state = _sid(form, "CallSid", "CA"), leg_state(form.get("CallStatus", ""))
    if sid is None or state is None:
        return NotSaid("A CallSid or a known CallStatus is missing.")
    return LegSaid(sid, state)


def read_recording(raw: bytes) -> RecordingSaid | NotSaid:
    """A status callback of a recording; never raises."""
    form = _form(raw)
    reference, conference = _sid(form, "RecordingSid", "RE"), _sid(form, "ConferenceSid", "CF")
    if reference is None or conference is None:
        return NotSaid("A RecordingSid or a ConferenceSid is missing.")
    status, lasts = form.get("RecordingStatus", ""), form.get("RecordingDuration", "")
    if status in ("absent", "failed"):
        return RecordingSaid(reference, conference, None)
    is_number = lasts.isascii() and lasts.isdigit() and len(lasts) < 9
    if status != "completed" or not is_number:
        return NotSaid("No completed recording with its duration.")
    return RecordingSaid(reference, conference, min(int(lasts), LONGEST_S))


def _form(raw: bytes) -> dict[str, str]:
    try:
        return fields_once(raw)
    except ValueError:
        return {}


def _sid(form: dict[str, str], name: str, prefix: str) -> str | None:
    said = form.get(name, "")
    return said if said.startswith(prefix) and _SID.fullmatch(said) else None
