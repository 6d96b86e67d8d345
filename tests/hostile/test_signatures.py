"""What was rightly signed once, bent: moved, doubled, replayed, sent to another address.

The provider's signature has no separators, no time and no nonce; what it lacks is checked by us.
"""

import base64
import hashlib
import hmac
from urllib.parse import quote, unquote_to_bytes, urlencode
from uuid import uuid4

from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from tests.hostile.ground import ACCOUNT, ANSWERS_URL, OUR_NUMBER, PUBLIC_URL, TOKEN, Ground
from tests.hostile.http_wire import Reply, request, talk

FORM = "application/x-www-form-urlencoded"
Pairs = list[tuple[str, str]]


def signed(url: str, pairs: Pairs) -> str:
    return RequestValidator(TOKEN).compute_signature(url, FormData(pairs))


def signed_bytes(url: str, raw: bytes) -> str:
    """Over the bytes of a form that may be no UTF-8, as a provider would that does not care."""
    pairs = {
        (unquote_to_bytes(name.replace(b"+", b" ")), unquote_to_bytes(value.replace(b"+", b" ")))
        for name, _, value in (part.partition(b"=") for part in raw.split(b"&") if part)
    }
    said = url.encode() + b"".join(name + value for name, value in sorted(pairs))
    return base64.b64encode(hmac.digest(TOKEN.encode(), said, hashlib.sha1)).decode()


def text(body: str = "SOS", sender: str = "+33639980060") -> Pairs:
    return [
        ("MessageSid", "SM" + uuid4().hex), ("From", sender), ("To", OUR_NUMBER),
        ("Body", body), ("AccountSid", ACCOUNT),
    ]  # fmt: skip


async def post(
    ground: Ground, listener: str, path: str, pairs: Pairs | bytes, signature: str, **headers: str
) -> Reply:
    raw = pairs if isinstance(pairs, bytes) else urlencode(pairs).encode()
    more = {"Content_Type": FORM, "X_Twilio_Signature": signature} | headers
    return (await talk(ground.ports[listener], request("POST", path, raw, **more))).is_bare()


async def sms(ground: Ground, pairs: Pairs | bytes, signature: str, **headers: str) -> int:
    return (await post(ground, "gateway", "/sms/twilio", pairs, signature, **headers)).status


def texts(ground: Ground) -> int:
    return int(ground.rows("SELECT count(*) AS n FROM sighting WHERE channel = 'sms'")[0].n)


async def test_a_text_is_heard_once_however_its_signature_is_bent(ground: Ground) -> None:
    before, pairs = texts(ground), text()
    good, said = signed(PUBLIC_URL + "/sms/twilio", pairs), dict(pairs)
    sid, sender = said["MessageSid"], said["From"]
    rest = [("AccountSid", ACCOUNT), ("To", OUR_NUMBER)]
    bent: dict[str, Pairs] = {
        "moved-into-the-name": [("B", "odySOS"), ("From", sender), ("MessageSid", sid), *rest],
        "moved-into-the-value": [("Body", f"SOSFrom{sender}MessageSid{sid}"), *rest],
        "a-second-sender-before": [("From", "+33639980061"), *pairs],
        "a-second-sender-behind": [*pairs, ("From", "+33639980061")],
        "the-same-sender-twice": [*pairs, ("From", sender)],
        "a-second-body": [*pairs, ("Body", "TEST")],
        "another-body": [p if p[0] != "Body" else ("Body", "TEST") for p in pairs],
        "one-field-more": [*pairs, ("Extra", "")],
        "one-field-less": pairs[1:],
    }
    async with ground.attacked():
        assert await sms(ground, pairs, good) == 200
        assert texts(ground) == before + 1
        for what, form in bent.items():
            assert await sms(ground, form, good) in (400, 403), what
        for host in ("evil.example", "tgd.example", "["):
            elsewhere = signed(f"https://{host}/sms/twilio", pairs)
            forwarded = {"X_Forwarded_Host": host, "X_Forwarded_Proto": "https"}
            assert await sms(ground, pairs, elsewhere, **forwarded) == 403
        for signature in ("", "=", "A" * 5000, "\xff", good.lower(), good[:-1], good + "="):
            assert await sms(ground, pairs, signature) in (403,), signature[:20]
        for _ in range(50):
            assert await sms(ground, pairs, good) == 200
    assert texts(ground) == before + 1


async def test_two_signatures_of_which_one_is_good_are_one_too_many(ground: Ground) -> None:
    pairs = text()
    raw = urlencode(pairs).encode()
    good = signed(PUBLIC_URL + "/sms/twilio", pairs)
    head = request("POST", "/sms/twilio", raw, Content_Type=FORM, X_Twilio_Signature="bad")
    twice = head.replace(b"\r\n\r\n", f"\r\nX-Twilio-Signature: {good}\r\n\r\n".encode(), 1)
    assert (await talk(ground.ports["gateway"], twice)).status == 403


async def test_a_key_that_was_signed_for_one_call_opens_no_other_address(ground: Ground) -> None:
    alert, other = str(uuid4()), str(uuid4())
    pairs = [("AccountSid", ACCOUNT), ("CallSid", "CA" + "0" * 32), ("Digits", "1")]

    def address(name: str, of: str) -> str:
        return f"/answers/v1/{name}?key={quote(f'{of}:opened:0:duty')}"

    good = signed(ANSWERS_URL + address("duty/keypad", alert), pairs)
    proven = await post(ground, "answers", address("duty/keypad", alert), pairs, good)
    assert proven.status == 200  # proven, although nobody told such a thing: the call says so
    tricks = {
        address("duty/keypad", other): "tgd.example",
        address("duty/status", alert): "tgd.example",
        address("duty/keypad", alert) + "&key=x": "tgd.example",
        address("duty/keypad", other) + "#": f"x{address('duty/keypad', alert)}#",
        address("duty%2Fkeypad", alert): "tgd.example",
        address("%64uty/keypad", alert): "tgd.example",
        address("duty//keypad", alert): "tgd.example",
        address("duty/./keypad", alert): "tgd.example",
    }
    async with ground.attacked():
        for path, host in tricks.items():
            reply = await post(ground, "answers", path, pairs, good, host=host)
            assert reply.status in (403, 404), path
    assert ground.rows("SELECT 1 FROM alert WHERE owner LIKE 'duty%'") == []
