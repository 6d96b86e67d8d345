"""Bodies too large, too deep, no text or no JSON: a clear status, or an alert with a label.

On the devices' addresses whatever may be a cry for help is heard; elsewhere doubt is refused.
"""

import base64
import gzip
import hashlib
import hmac
import json

import pytest

from tests.hostile.ground import ROOM_TOKEN, SECRET, Ground
from tests.hostile.http_wire import Reply, request, talk
from tgd import clock

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

DEVICES: dict[str, tuple[bytes, int]] = {
    "nan": (b'{"_type":"location","lat":NaN,"lon":Infinity,"tst":1}', 200),
    "1e400": (b'{"_type":"location","lat":1e400,"lon":-1e400,"tst":1}', 200),
    "out-of-range": (b'{"_type":"location","lat":9999,"lon":true,"tst":1}', 200),
    "5000-digits": (b'{"_type":"location","lat":' + b"9" * 5000 + b"}", 200),
    "deep": (b"[" * 16_000, 400),
    "deep-sos": (b'{"sos":' + b"[" * 8_000, 200),
    "no-json": (b"{nonsense", 400),
    "nul": (b"\x00" * 100, 400),
    "nul-inside": (b'{"_type":"location","lat":1,"lon":2,"tid":"\\u0000"}', 200),
    "lone-surrogate": (b'{"_type":"location","lat":1,"lon":2,"tid":"\\ud800"}', 200),
    "duplicate-keys": (b'{"_type":"location","lat":1,"lat":2,"lon":2}', 200),
    "bom": (b"\xef\xbb\xbf" + b'{"_type":"location","lat":1,"lon":2,"tst":1}', 200),
    "utf-16": ('{"_type":"location"}'.encode("utf-16"), 400),
    "compressed": (gzip.compress(b'{"_type":"location","lat":1,"lon":2}'), 400),
    "zip-bomb": (gzip.compress(b"\x00" * 10_000_000), 400),
    "too-large": (b'{"_type":"location","x":"' + b"a" * 16_384 + b'"}', 413),
    "10-megabytes": (b"a" * 10_000_000, 413),
}


@pytest.mark.parametrize("path", ["/devices/owntracks", "/devices/osmand"])
async def test_a_device_may_send_anything(ground: Ground, path: str) -> None:
    async with ground.attacked():
        for what, (body, status) in DEVICES.items():
            for kind in (JSON, FORM, "application/octet-stream", "text/plain; charset=utf-7", ""):
                sent = request("POST", path, body, Content_Type=kind, Content_Encoding="gzip")
                reply = (await talk(ground.ports["gateway"], sent)).is_bare()
                expected = {status} if "owntracks" in path else {200, 400, 413}
                assert reply.status in expected, (what, kind, reply)


async def test_a_type_that_nobody_reads_is_refused_unless_it_cries(ground: Ground) -> None:
    async with ground.attacked():
        for kind in ("image/png", "multipart/form-data; boundary=x", "a" * 500, "\xe9/\xff"):
            for body, status in ((b"id=1&lat=1&lon=2", 415), (b"id=1&alarm=sos", 200)):
                sent = request("POST", "/devices/osmand", body, Content_Type=kind)
                reply = (await talk(ground.ports["gateway"], sent)).is_bare()
                assert reply.status == status, (kind, body)


async def test_names_and_secrets_in_headers_may_be_anything(ground: Ground) -> None:
    """An id of 5,000 characters, a secret that is no Base64: heard in doubt, refused by nobody."""
    names = (
        "a" * 5000,
        "\x80\xff\xe9",
        "../../etc/passwd",
        "' OR 1=1 --",
        "<script>",
        "\t \t",
        "%00",
    )
    secrets = ("Basic !!!", "Basic /w==", "Bearer " + "x" * 5000, "Basic", "Digest a=b", "\xff")
    async with ground.attacked():
        for name in names:
            for secret in secrets:
                sent = request(
                    "POST", "/devices/owntracks", b'{"_type":"transition","event":"enter"'
                    b',"desc":"SOS"}', X_Limit_D=name, X_Limit_U=name, Authorization=secret,
                )  # fmt: skip
                reply = (await talk(ground.ports["gateway"], sent)).is_bare()
                assert (reply.status, reply.body) == (200, b"[]"), (name, secret)
    sources = ground.rows("SELECT DISTINCT source FROM sighting WHERE channel = 'http'")
    for row in sources:
        assert row.source.isprintable()
        assert len(row.source) <= 140


ANSWERS: dict[str, bytes] = {
    "empty": b"", "nul": b"\x00" * 100, "no-json": b"{", "no-object": b"[]", "number": b"1e400",
    "deep": b"[" * 60_000, "deep-object": b'{"a":' * 10_000,
    "nan": b'{"key":NaN,"state":"taken"}', "5000-digits": b'{"at":' + b"9" * 5000 + b"}",
    "utf-16": '{"key":"x"}'.encode("utf-16"), "bom": b"\xef\xbb\xbf{}", "latin-1": b'{"by":"\xe9"}',
    "lone-surrogate": b'{"by":"\\ud800","alert":"a","state":"taken"}',
    "nul-inside": b'{"by":"\\u0000","alert":"a","state":"taken"}',
    "escape-inside": b'{"by":"\\u001b[2J","alert":"a","state":"taken"}',
    "c1-inside": b'{"by":"\\u009b2J","alert":"a","state":"taken"}',
    "direction-inside": b'{"by":"\\u202egnol","alert":"a","state":"taken"}',
    "duplicate-keys": b'{"state":"received","state":"taken","alert":"a"}',
    "compressed": gzip.compress(b"{}"),
}  # fmt: skip


NO_TEXT = ("utf-16", "latin-1", "compressed")
"""The library that proves a platform proves only UTF-8: these are 401 there and 400 elsewhere."""


async def answered(ground: Ground, body: bytes, to: str = "platform", **headers: str) -> Reply:
    """Rightly signed: here it is the words that are hostile, not the hand."""
    said = {"Authorization": f"Bearer {ROOM_TOKEN}"}
    if to == "platform":
        at = str(int(clock.now().timestamp()))
        said = {"webhook-id": "m", "webhook-timestamp": at, "webhook-signature": signed(at, body)}
    sent = request("POST", f"/answers/v1/{to}", body, **(said | headers))
    return (await talk(ground.ports["answers"], sent)).is_bare()


def signed(at: str, body: bytes) -> str:
    """Standard Webhooks over the very bytes; its library signs only what is text."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = hmac.digest(key, f"m.{at}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac).decode()


@pytest.mark.parametrize("to", ["platform", "room"])
async def test_an_answer_that_cannot_be_read_changes_nothing(ground: Ground, to: str) -> None:
    async with ground.attacked():
        for what, body in ANSWERS.items():
            for kind in (JSON, JSON + "; charset=utf-16", "text/html", ""):
                reply = await answered(ground, body, to, Content_Type=kind)
                assert reply.status == 400 or what in NO_TEXT, (what, kind, reply)
                assert reply.status in (400, 401)
                assert json.loads(reply.body)["error"]
        assert (await answered(ground, b"x" * 70_000, to)).status == 413
    assert ground.rows("SELECT 1 FROM alert WHERE owner IS NOT NULL") == []


FORMS: dict[str, tuple[bytes, int]] = {
    "nul": (b"name=Bruno%00&password=x", 403),
    "lone-surrogate": (b"name=%ED%A0%80&password=x", 403),
    "no-utf8": (b"name=\xff&password=x", 400),
    "twice": (b"name=Dora&name=Bruno&password=x", 400),
    "many-fields": (b"a=1&" * 500, 400),
    "too-large": (b"name=" + b"a" * 40_000, 413),
    "empty": (b"", 422),
}
OBJECTS: dict[str, tuple[bytes, int]] = {
    "deep": (b"[" * 20_000, 400),
    "deep-object": (b'{"a":' * 5_000, 400),
    "nan": (b'{"name":NaN}', 400),
    "numbers": (b'{"name":1,"password":1e400}', 400),
    "twice": (b'{"name":"Dora","name":"Bruno","password":"x"}', 400),
    "bom": (b"\xef\xbb\xbf{}", 422),
    "surrogate": (b'{"name":"\\ud800","password":"\\u0000"}', 422),
    "10-megabytes": (b'"' + b"a" * 10_000_000, 413),
}


@pytest.mark.parametrize(("kind", "bodies"), [(FORM, FORMS), (JSON, OBJECTS)])
async def test_the_console_reads_only_forms_of_texts(
    ground: Ground, kind: str, bodies: dict[str, tuple[bytes, int]]
) -> None:
    async with ground.attacked():
        for what, (body, status) in bodies.items():
            for accept in ("text/html", JSON):
                sent = request("POST", "/login", body, Content_Type=kind, Accept=accept)
                reply = (await talk(ground.ports["console"], sent)).is_bare()
                assert reply.status in {status, 429}, (what, reply)
