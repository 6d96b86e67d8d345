"""The keys of handsets: derived as the standard says, compared whatever the maker understood."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.keys import hkdf, is_authentic, mac_of, secret_hash, sms_key
from tgd.rules.trigger import Trigger

MASTER = bytes(range(32))
TEXT = b"TGD1;h-1;17;P;bt=63;"


def signed_by(key: bytes, text: bytes) -> str:
    """A handset's own signature, made here with nothing of ours."""
    return base64.b32encode(hmac.new(key, text, hashlib.sha256).digest()[:10]).decode()


def test_derivation_gives_the_vectors_of_rfc_5869() -> None:
    # RFC 5869 A.1
    made = hkdf(
        bytes.fromhex("0b" * 22),
        salt=bytes(range(13)),
        info=bytes(range(0xF0, 0xFA)),
        length=42,
    )
    assert made.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    # RFC 5869 A.3: no salt, no info
    made = hkdf(bytes.fromhex("0b" * 22), salt=b"", info=b"", length=42)
    assert made.hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


@given(st.binary(min_size=1), st.binary(), st.binary(), st.integers(1, 255))
def test_derivation_agrees_with_another_library(s: bytes, salt: bytes, i: bytes, n: int) -> None:
    assert hkdf(s, salt=salt, info=i, length=n) == HKDF(SHA256(), n, salt, i).derive(s)


def test_each_handset_and_each_generation_has_its_key() -> None:
    keys = {sms_key(MASTER, h, g) for h in ("h-1", "h-2", "1/h-1", "") for g in (1, 2, 11)}
    assert len(keys) == 12
    assert {len(key) for key in keys} == {32}
    assert sms_key(MASTER, "h-1", 1) == sms_key(MASTER, "h-1", 1)


def test_a_short_master_is_refused() -> None:
    with pytest.raises(ValueError, match="128 bits"):
        sms_key(b"short", "h-1", 1)


def test_a_signature_is_sixteen_letters_of_base32() -> None:
    assert mac_of(MASTER, TEXT) == signed_by(MASTER, TEXT)
    assert len(mac_of(MASTER, TEXT)) == 16


@pytest.mark.parametrize("key", [MASTER, MASTER.hex().encode()])
@pytest.mark.parametrize("text", [TEXT, TEXT[:-1]])
@pytest.mark.parametrize("spell", [str.upper, str.lower])
def test_every_reading_of_the_contract_is_authentic(key: bytes, text: bytes, spell) -> None:
    trigger = Trigger(signed_text=TEXT, mac=spell(signed_by(key, text)))
    assert is_authentic(trigger, MASTER)


@pytest.mark.parametrize(
    "trigger",
    [
        Trigger(),
        Trigger(signed_text=TEXT),
        Trigger(mac=signed_by(MASTER, TEXT)),
        Trigger(signed_text=TEXT, mac=""),
        Trigger(signed_text=TEXT, mac="é\ud800" * 8),
        Trigger(signed_text=TEXT, mac=signed_by(MASTER, TEXT)[:-1]),
        Trigger(signed_text=TEXT, mac=signed_by(MASTER, TEXT) + "A"),
        Trigger(signed_text=TEXT.replace(b"P", b"T"), mac=signed_by(MASTER, TEXT)),
        Trigger(signed_text=TEXT + b";", mac=signed_by(MASTER, TEXT[:-1])),
        Trigger(signed_text=TEXT, mac=signed_by(bytes(32), TEXT)),
        Trigger(signed_text=TEXT, mac="A" * 16),
    ],
)
def test_anything_else_is_not(trigger: Trigger) -> None:
    assert not is_authentic(trigger, MASTER)


@given(st.integers(0, 79))
def test_one_wrong_bit_is_not_authentic(bit: int) -> None:
    good = base64.b32decode(signed_by(MASTER, TEXT))
    forged = bytes(b ^ (1 << (bit % 8)) if i == bit // 8 else b for i, b in enumerate(good))
    assert not is_authentic(
        Trigger(signed_text=TEXT, mac=base64.b32encode(forged).decode()), MASTER
    )


def test_a_secret_is_remembered_by_its_digest() -> None:
    assert secret_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(secret_hash("\udcff")) == 64
