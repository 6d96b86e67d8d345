"""Reads what destinations answer: plain JSON, RC-REF in EDXL-DE, a pressed key, a status.

White. An answer that cannot be read changes nothing: the delivery stays unacknowledged and the
escalation goes on, which is the safe side; so everything doubtful is Unintelligible.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from dispatch.formats.delivery_id import alert_of, is_key, to_key
from dispatch.formats.form import fields_once
from dispatch.formats.words import KEY_TO_PRESS
from tgd.rules.alert import Verified
from tgd.rules.delivery import MessageStatus, message_status
from tgd.unseen import is_unseen

Kind = Literal["webhook", "cisu", "keypad", "status"]
STATES = ("received", "taken", "on_the_way", "on_scene", "closed")
MOST_MINUTES = 600
"""A patrol that is further away is no answer to a call for help."""
LONGEST = 64 * 1024
_LIMITS = {
    "id": 200,
    "key": 200,
    "alert": 64,
    "by": 120,
    "outcome": 64,
    "reason": 2000,
    "verified": 32,
}
_INTEGRATED = (None, "RECU", "INTEGRE", "CONSULTE")
"""Steps of RC-REF that say that the room has the message; ERREUR and SUPPRIME do not."""


@dataclass(frozen=True, slots=True)
class AnswerSaid:
    """What a destination says about one telling or one alert."""

    id: str
    """Identity of the answer itself: the same answer twice has the same id."""
    key: str | None
    """Key of the telling that it answers; None when the peer only names the alert."""
    alert: str
    state: str
    """`received`, `taken`, `on_the_way`, `on_scene` or `closed`."""
    by: str | None = None
    at: datetime | None = None
    """When the peer says that it happened: evidence, never our clock."""
    outcome: str | None = None
    reason: str | None = None
    verified: str | None = None
    """What their removal of doubt found, in the words of tgd.rules.alert.Verified."""
    minutes: int | None = None
    """In how many minutes they expect the patrol there."""


HUB_ERROR = "hub_error"
REFUSED_BY_ROOM = "refused_by_room"


@dataclass(frozen=True, slots=True)
class NotReached:
    """The destination itself says that the telling did not arrive or was refused: do not wait."""

    id: str
    key: str
    alert: str
    why: str

    @property
    def is_refusal(self) -> bool:
        """They say no to what they got, which a repetition in an instant will not change."""
        return self.why in (HUB_ERROR, REFUSED_BY_ROOM)


@dataclass(frozen=True, slots=True)
class NoNews:
    """Well formed, and says nothing that matters (a call that rings, another key pressed)."""

    why: str


@dataclass(frozen=True, slots=True)
class Unintelligible:
    """Cannot be read; `why` is a sentence for the peer and holds nothing of what it sent."""

    why: str


Meaning = AnswerSaid | NotReached | NoNews | Unintelligible


class _Unclear(Exception):
    """Carries the sentence out of a reader; never leaves this file."""


def read_answer(kind: Kind, raw: bytes, *, key: str | None = None) -> Meaning:
    """The meaning of one answer.

    `webhook` takes JSON `{"id","key","alert","state","by","at","outcome","reason","minutes"}`;
    `cisu` the same or an EDXL-DE Ack with RC-REF; `keypad` and `status` the provider's form, with
    the `key` that stood in the query of the URL. Never raises.
    """
    if len(raw) > LONGEST:
        return Unintelligible(f"The answer is longer than {LONGEST} bytes.")
    try:
        if kind == "keypad":
            return _keypad(_form(raw), _checked_key(key))
        if kind == "status":
            return _status(_form(raw), _checked_key(key))
        said = _json(raw)
        is_edxl = kind == "cisu" and "distributionKind" in said
        return _edxl(said) if is_edxl else _plain(_with_our_key(said, kind), raw)
    except _Unclear as unclear:
        return Unintelligible(str(unclear))


def _json(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw.decode(), object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        raise _Unclear("The answer is not JSON in UTF-8.") from None
    if not isinstance(said, dict):
        raise _Unclear("The answer must be a JSON object.")
    return said


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Unclear("A key stands twice in the answer: send it once.")
    return found


def _with_our_key(said: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """A control room names our message by its distributionID and the case by our reference."""
    key = said.get("key")
    ours = to_key(key) if kind == "cisu" and isinstance(key, str) else None
    return said if ours is None else {**said, "key": ours, "alert": None}


def _plain(said: dict[str, Any], raw: bytes) -> AnswerSaid:
    text = {name: _text(said, name, limit) for name, limit in _LIMITS.items()}
    state = said.get("state")
    if state not in STATES:
        raise _Unclear(f'"state" must be one of {", ".join(STATES)}.')
    key, alert = text["key"], text["alert"]
    if key is not None:
        _checked_key(key)
        if alert not in (None, alert_of(key)):
            raise _Unclear('"key" and "alert" speak of two alerts.')
        alert = alert_of(key)
    if alert is None:
        raise _Unclear('Name the alert: give "key" or "alert".')
    return AnswerSaid(
        id=text["id"] or _identity(raw), key=key, alert=alert, state=state, by=text["by"],
        at=_moment(said), outcome=text["outcome"], reason=text["reason"],
        verified=_verified(text["verified"]), minutes=_minutes(said),
    )  # fmt: skip


def _minutes(said: dict[str, Any]) -> int | None:
    value = said.get("minutes")
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MOST_MINUTES:
        raise _Unclear(f'"minutes" must be a whole number from 0 to {MOST_MINUTES}.')
    return value


def _verified(word: str | None) -> str | None:
    if word is not None and word not in tuple(Verified):
        raise _Unclear(f'"verified" must be one of {", ".join(Verified)}.')
    return word


def _text(said: dict[str, Any], name: str, limit: int) -> str | None:
    value = said.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > limit:
        raise _Unclear(f'"{name}" must be text of at most {limit} characters.')
    if any(is_unseen(one) for one in value):
        raise _Unclear(f'"{name}" holds a character that cannot be kept.')
    return value


def _moment(said: dict[str, Any]) -> datetime | None:
    value = said.get("at")
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Unclear('"at" must be a time such as 2026-11-23T22:40:05Z.') from None
    if at.tzinfo is None:
        raise _Unclear('"at" needs its offset, such as 2026-11-23T22:40:05Z.')
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise _Unclear('"at" is outside the calendar.') from None


def _checked_key(key: str | None) -> str:
    if key is None or not is_key(key):
        raise _Unclear('"key" is not one that we gave.')
    return key


def _identity(raw: bytes) -> str:
    """For a peer that gives its answers no id: the same bytes are the same answer."""
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def _edxl(said: dict[str, Any]) -> Meaning:
    """`reference.distributionID` is the id that we gave, and gives the key back."""
    own = _text(said, "distributionID", _LIMITS["id"])
    if own is None:
        raise _Unclear('"distributionID" is missing.')
    kind = said["distributionKind"]
    if kind not in ("Ack", "Error"):
        return NoNews(f"A {kind if kind in ('Report', 'Update', 'Cancel') else 'message'}.")
    message = _message(said)
    if kind == "Error":
        told = _inner(message, "error").get("referencedDistributionID")
        return _refused(own, _key_of(told), HUB_ERROR)
    reference = _inner(message, "reference")
    key = _key_of(reference.get("distributionID"))
    if reference.get("refused") is True or reference.get("step") not in _INTEGRATED:
        return _refused(own, key, REFUSED_BY_ROOM)
    by = _text(said, "senderID", _LIMITS["by"])
    at = _moment({"at": said.get("dateTimeSent")})
    return AnswerSaid(id=own, key=key, alert=alert_of(key), state="received", by=by, at=at)


def _refused(own: str, key: str, why: str) -> NotReached:
    return NotReached(id=own, key=key, alert=alert_of(key), why=why)


def _message(said: dict[str, Any]) -> dict[str, Any]:
    try:
        message = said["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]
    except (LookupError, TypeError):
        message = None
    if not isinstance(message, dict):
        raise _Unclear("The envelope holds no message.")
    return message


def _inner(message: dict[str, Any], name: str) -> dict[str, Any]:
    found = message.get(name)
    if not isinstance(found, dict):
        raise _Unclear(f'The message holds no "{name}".')
    return found


def _key_of(distribution_id: Any) -> str:
    key = to_key(distribution_id) if isinstance(distribution_id, str) else None
    if key is None:
        raise _Unclear("The referenced distributionID is not one that we gave.")
    return key


def _form(raw: bytes) -> dict[str, str]:
    try:
        return fields_once(raw)
    except ValueError:
        raise _Unclear("The answer is no form.") from None


def _keypad(form: dict[str, str], key: str) -> Meaning:
    sid = _text(form, "CallSid", _LIMITS["id"])
    if sid is None:
        raise _Unclear('"CallSid" is missing.')
    if form.get("Digits") != KEY_TO_PRESS:
        return NoNews("another_key")
    return AnswerSaid(id=f"keypad:{sid}", key=key, alert=alert_of(key), state="taken")


def _status(form: dict[str, str], key: str) -> Meaning:
    """An SMS that arrived is received; a call that was answered proves nothing: a machine may."""
    sid = _text(form, "MessageSid", 100) or _text(form, "CallSid", 100)
    word = form.get("MessageStatus") or form.get("CallStatus") or ""
    status = message_status(word)
    if sid is None or status is None:
        raise _Unclear("A sid or a known status is missing.")
    own = f"status:{sid}:{word}"
    if status is MessageStatus.DELIVERED:
        return AnswerSaid(id=own, key=key, alert=alert_of(key), state="received")
    if status in (MessageStatus.UNDELIVERED, MessageStatus.FAILED):
        return _refused(own, key, word)
    return NoNews(word)
