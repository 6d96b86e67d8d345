"""New identifiers: time-ordered (UUIDv7) for rows, random for handsets and secrets.

Acts take a moment and ask here, so that a simulated night can seed the chance: `seed(n)`.
"""

import base64
import random
import secrets
from datetime import datetime
from uuid import UUID

from tgd.rules.canary import CANARY

_chance: random.Random = random.SystemRandom()


def seed(number: int | None) -> None:
    """Make ids repeatable (simulation only); None brings back the system's randomness."""
    global _chance
    _chance = random.SystemRandom() if number is None else random.Random(number)  # noqa: S311


def new(now: datetime) -> UUID:
    """A UUIDv7 (RFC 9562): ordered by time, so that indexes stay compact."""
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    value = milliseconds << 80 | 0x7 << 76 | _chance.getrandbits(12) << 64
    return UUID(int=value | 0b10 << 62 | _chance.getrandbits(62))


def new_handset() -> str:
    """An opaque handset id: `h` and 12 characters that survive SMS, topics and paper."""
    return "h" + base64.b32encode(_chance.randbytes(8)).decode().lower().rstrip("=")[:12]


def new_canary() -> str:
    """The opaque id of a canary: no handset that somebody carries begins like it."""
    return CANARY + new_handset()[1:]


def new_secret() -> str:
    """256 bits for a device or a session, URL-safe."""
    return secrets.token_urlsafe(32)
