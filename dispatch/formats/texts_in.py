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
    sid, status = form.get("MessageSid", ""), message_status(form.get("MessageStatus", ""))
    if not _SID.fullmatch(sid) or status is None:
        return None
    error = form.get("ErrorCode", "")
    return TextSaid(sid, status, error if _CODE.fullmatch(error) else None)
