"""Which topic means what, and who may write or read it; strings in, values out."""

from gateway.heard import Form

MAX_ID = 64
"""Longest handset id, in characters: a contract of ours, MQTT itself allows 65 535 bytes."""

_WRITTEN = {"alert": Form.ALERT, "position": Form.POSITION, "state": Form.STATE}


def is_fit_id(name: str) -> bool:
    """True when a name can stand inside a topic and a log line without becoming anything else."""
    return 0 < len(name) <= MAX_ID and name.isprintable() and not set("/+#") & set(name)


def receipt_topic(handset: str) -> str:
    """The one topic that a handset may read."""
    return f"tgd/v1/{handset}/receipt"


def state_topic(handset: str) -> str:
    """Where a handset's state and its Will belong."""
    return f"tgd/v1/{handset}/state"


def has_wildcard(topic: str) -> bool:
    """True for what MQTT-3.3.2-2 forbids in the topic of a publication."""
    return "+" in topic or "#" in topic


def form_of(topic: str, handset: str, trusted: bool) -> Form | None:
    """What a publication by this client on this topic is, or None when it may not write there.

    An untrusted client may do one thing: cry for help in the name that it claims.
    """
    form = _form(topic.split("/"), handset)
    return form if trusted or form is Form.ALERT else None


def _form(levels: list[str], handset: str) -> Form | None:
    match levels:
        case ["tgd", "v1", name, last] if name == handset:
            return _WRITTEN.get(last)
        case ["owntracks", user, device] if user and device == handset:
            return Form.OWNTRACKS
    return None


def may_retain(form: Form) -> bool:
    """Only a state is a retained message in our contract: an old cry for help is not a cry."""
    return form is Form.STATE
