"""Reads an SMS: the signed form, AML, or any words; every readable text is a call for help.

`TEST` written by a human is a call for help like any other: only the signed form can say that it
is a test, or the aggressor who holds the phone could make a press vanish by a word.
"""

from gateway.formats import sms_aml, sms_tgd1
from gateway.formats.spelling import Notes, cleaned
from tgd.rules.trigger import Trigger, Unreadable

MAX_CHARS = 1600
"""The longest text that an SMS provider joins from parts, in characters."""


def read(raw: bytes) -> Trigger | Unreadable:
    """The trigger in the UTF-8 text of one SMS; Unreadable only when it is no text at all."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Unreadable("not_text")
    return read_text(text.strip().removeprefix("\ufeff").strip())


def read_text(text: str) -> Trigger:
    """The trigger in a text without spaces around; the header alone chooses how it is read."""
    if not text:
        return Trigger(warnings=("empty",))
    if len(text) <= MAX_CHARS and sms_tgd1.is_tgd1(text):
        return sms_tgd1.read_text(text)
    if len(text) <= MAX_CHARS and sms_aml.is_aml(text):
        return sms_aml.read_text(text)
    notes = Notes("free_text")
    return Trigger(text=cleaned(text, MAX_CHARS, notes), warnings=notes.all())
