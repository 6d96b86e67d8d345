"""Passwords as argon2id hashes, in values: an unknown name costs the same time as a known one."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tgd.errors import Incomplete

SHORTEST = 12
"""Characters (CNIL, recommendation 2022-100: 12 with several kinds, or longer)."""
LONGEST = 200
"""Longer ones would only make the hash expensive."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's least argon2id: 19 MiB, 2 passes, 1 lane; 25 to 45 ms on a small machine."""
_NOBODYS = _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """The hash to be kept. Raises Incomplete for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Incomplete(f"A password has {SHORTEST} to {LONGEST} characters.")
    return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one of the hash; without a hash the same work is done in vain."""
    try:
        right = _HASHER.verify(password_hash or _NOBODYS, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None
