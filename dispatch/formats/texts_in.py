"""Reads what the provider says of one text message; white, and never raises."""

import re
from dataclasses import dataclass

from dispatch.formats.form import fields_once
from tgd.rules.delivery import MessageStatus, message_status

_SID = re.compile(r"(SM|MM)[0-9a-f]{32}")
_CODE = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class TextSaid:
    """What became of one text."""

    sid: str
    status: MessageStatus
    error: str | None = None

    @property
    def has_failed(self) -> bool:
        """True when it did not arrive and does not arrive any more."""
        return self.status in (MessageStatus.UNDELIVERED, MessageStatus.FAILED)


def read_text_status(raw: bytes) -> TextSaid | None:
    """None when no text and no status that we know are named."""
    try:
        form = fields_once(raw)
    except ValueError:
        return None
    return text_said(
        form.get("MessageSid", ""), form.get("MessageStatus", ""), form.get("ErrorCode", "")
    )


def text_said(sid: str, word: str, error: str) -> TextSaid | None:
    """The same from single words, wherever they were read; None when they name nothing."""
    status = message_status(word)
    if not _SID.fullmatch(sid) or status is None:
        return None
    return TextSaid(sid, status, error if _CODE.fullmatch(error) else None)
