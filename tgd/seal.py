"""Sealing of raw bytes at rest: AES-256-GCM under a key that comes from the master key.

What was heard may hold a position or words about a person, so it is never kept in clear, neither
in the record nor in the spool (DESIGN 5). The name of the row is bound to the bytes.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tgd.errors import Misconfigured, TgdError


class CannotUnseal(TgdError):
    """These bytes were sealed with another key, for another row, or were changed."""


@dataclass(frozen=True)
class Keys:
    """The master key and what is derived from it."""

    master: bytes

    @classmethod
    def from_hex(cls, text: str) -> "Keys":
        """64 hexadecimal digits; raises Misconfigured with a sentence."""
        try:
            master = bytes.fromhex(text)
        except ValueError:
            master = b""
        if len(master) != 32:
            raise Misconfigured("TGD_MASTER_KEY: must be 64 hexadecimal digits.")
        return cls(master)

    def seal(self, raw: bytes, name: str) -> bytes:
        """Bytes that only this key and this name open."""
        nonce = secrets.token_bytes(12)
        return nonce + self._box().encrypt(nonce, raw, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """The bytes back; raises CannotUnseal, also for what is forgotten."""
        if not sealed:
            raise CannotUnseal
        try:
            return self._box().decrypt(sealed[:12], sealed[12:], name.encode())
        except InvalidTag:
            raise CannotUnseal from None

    def _box(self) -> AESGCM:
        return AESGCM(hmac.digest(self.master, b"tgd raw messages v1", hashlib.sha256))
