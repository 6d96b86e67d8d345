"""Keys of handsets: how they are derived, what a signature is worth, how a secret is remembered."""

import hashlib
import hmac
from base64 import b32encode
from datetime import timedelta

from tgd.rules.trigger import Trigger

CERTIFIED_EARLIER = timedelta(hours=1)
"""So much before it is made a certificate says that it begins: a handset's clock may be slow."""
KEY_BYTES = 32
_HASH_BYTES = 32
_MAC_BYTES = 10  # 80 bits: 16 characters of base32, no padding
_MIN_MASTER_BYTES = 16


def sms_key(master: bytes, handset: str, generation: int) -> bytes:
    """The 32-byte key with which one handset signs its SMS, for one allocation (`generation`).

    HKDF-SHA256 (RFC 5869): a stolen handset gives away neither the master nor another handset, and
    a new generation silences the key of the one before. Raises ValueError for a master below 128
    bits.
    """
    if len(master) < _MIN_MASTER_BYTES:
        raise ValueError("the master key has fewer than 128 bits")
    # The number comes first, so that no handset id can imitate another generation.
    info = f"tgd/sms/v1/{generation}/{handset}".encode("utf-8", "surrogatepass")
    return hkdf(master, salt=b"", info=info, length=KEY_BYTES)


def hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256: extract then expand (RFC 5869 §2), `length` in bytes."""
    pseudorandom = hmac.digest(salt or bytes(_HASH_BYTES), secret, "sha256")
    block, made = b"", b""
    for number in range(1, -(-length // _HASH_BYTES) + 1):
        block = hmac.digest(pseudorandom, block + info + bytes([number]), "sha256")
        made += block
    return made[:length]


def mac_of(key: bytes, signed_text: bytes) -> str:
    """The signature of a text: base32 of the first 80 bits of HMAC-SHA256, 16 upper-case letters.

    Base32 survives every alphabet of SMS and a person who dictates it; 80 bits cannot be guessed by
    sending messages.
    """
    return b32encode(hmac.digest(key, signed_text, "sha256")[:_MAC_BYTES]).decode("ascii")


def is_authentic(trigger: Trigger, key: bytes) -> bool:
    """True when the trigger's signature was made with this key; False when it carries none.

    Device makers read the contract in four ways: "everything before the signature" with or without
    the last `;`, and the key as its bytes or as the hexadecimal text that they were handed. Each
    reading needs the same secret, and together they cost two of the eighty bits. Every candidate
    is compared, each in constant time, so that the answer's delay tells nothing.
    """
    if trigger.mac is None or trigger.signed_text is None:
        return False
    said = trigger.mac.strip().encode("ascii", "replace").upper()
    keys = (key, key.hex().encode("ascii"))
    texts = (trigger.signed_text, trigger.signed_text.removesuffix(b";"))
    agreed = [hmac.compare_digest(mac_of(k, t).encode(), said) for k in keys for t in texts]
    return any(agreed)


def secret_hash(secret: str) -> str:
    """What the record remembers of a handset's password: SHA-256, hexadecimal.

    No slow hash is needed: the secret is 256 random bits that we drew, not words that a human
    chose, so no list of guesses is short enough; and a slow hash at each connection would let
    anybody stop the door by connecting often.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
