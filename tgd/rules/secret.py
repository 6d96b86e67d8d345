"""When a secret protects nothing: one of an example, or one that is soon guessed."""

SHORTEST = 16
FEWEST_SIGNS = 6

_KNOWN = ("changeme", "change-me", "password", "guest", "example", "secret123", "12345678")
_REPLACE_THIS = "cmVwbGFjZSB0aGlz"
"""How the secrets of the shipped example policy begin, in base64."""


def fault_of(secret: str) -> str | None:
    """What is wrong with it, to be said behind its name; None when nothing is. Never quotes it."""
    if _REPLACE_THIS in secret or any(known in secret.lower() for known in _KNOWN):
        return "is a secret of an example"
    if len(secret) < SHORTEST or len(set(secret)) < FEWEST_SIGNS:
        return "is too easy to guess"
    return None
