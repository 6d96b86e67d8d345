"""`Idempotency-Key`: the same request twice is done once, and the second gets the first's answer.

This process remembers the answers. That something was done is remembered by the record too, in the
act's own transaction and for a day: another console, or this one after its death, does it no more.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from starlette.responses import Response

MOST = 5000
LONGEST_KEY = 100


@dataclass(slots=True)
class Known:
    """What came with a key; `answer` is None while it is being done."""

    fingerprint: bytes
    answer: tuple[int, bytes, dict[str, str]] | None = None


class Replays:
    """The answers given under each person's keys."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Known] = OrderedDict()

    def begin(self, name: str, key: str, path: str, body: bytes) -> Known | None:
        """What is known of this key; None when it is new, and from now on being done."""
        found = self._known.get((name, key))
        if found is None:
            self._known[(name, key)] = Known(fingerprint(path, body))
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return found

    def keep(self, name: str, key: str, answer: Response) -> None:
        """The answer of what was done; one that failed may be sent again."""
        if answer.status_code >= 500:
            self.forget(name, key)
            return
        kept = {k: v for k, v in answer.headers.items() if k in ("etag", "content-type")}
        found = self._known.get((name, key))
        if found is not None:
            found.answer = (answer.status_code, bytes(answer.body), kept)

    def forget(self, name: str, key: str) -> None:
        """It was not done."""
        self._known.pop((name, key), None)


KEY_CHARS = 32
"""So many characters of a word of the record are the key's, the others the request's."""


def word_of(key: str, path: str, body: bytes) -> str:
    """What the record keeps of a request: hashes of its key and of itself."""
    return hashlib.sha256(key.encode()).hexdigest()[:KEY_CHARS] + fingerprint(path, body).hex()[:32]


def fingerprint(path: str, body: bytes) -> bytes:
    """The same for the same request alone."""
    return hashlib.sha256(path.encode() + b"\0" + body).digest()
