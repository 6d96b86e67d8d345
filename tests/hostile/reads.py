"""Every reader of bytes that somebody outside writes, called as the service calls it.

A reader may refuse, in its own words, and never raise anything else; what it gives can be kept.
"""

import asyncio
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from structlog.testing import capture_logs

from dispatch import blind_ledger
from dispatch.answers import _is_proven
from dispatch.blind_facts import BlindAlert
from dispatch.destinations.posting import Reply
from dispatch.destinations.webhook import WebhookCarrier
from dispatch.formats.answers_in import AnswerSaid, NoNews, NotReached, Unintelligible, read_answer
from dispatch.formats.conference import (
    LONGEST_S,
    LegSaid,
    NotSaid,
    RecordingSaid,
    read_leg,
    read_recording,
)
from dispatch.formats.erased_in import LONGEST_KEY, LONGEST_NAME, ErasedSaid, read_erased
from dispatch.formats.texts_in import TextSaid, read_text_status
from dispatch.policy import Policy, WebhookDestination, read_policy
from dispatch.proving import Telephony
from dispatch.proving import is_signed as is_signed_for_dispatch
from dispatch.telling import Later, Received, Sent
from gateway.canary.pressing import _trigger_of
from gateway.formats import READERS
from gateway.heard import Form
from gateway.mqtt_direct.wire import Frames, Offence, decode
from gateway.sms import _Refused as SmsRefused
from gateway.sms import form_pairs, is_signed
from gateway.web import _credentials
from tests.formats.test_never_raises import assert_can_be_kept
from tests.hostile.fuzzing import KEY, case
from tests.hostile.ground import POLICY, ROOM_TOKEN, SECRET
from tgd.casework import csv_list
from tgd.errors import Misconfigured
from tgd.rules.retry_after import retry_after_s
from tgd.rules.sms_list import read_page
from tgd.rules.territory import read_areas
from tgd.rules.trigger import Nothing, PositionReport, StateReport, Trigger, Unreadable
from tgd.seal import Keys
from tgd.spool import Spool, SpoolView
from tgd.web import door, pmtiles

Read = Callable[[bytes], None]
KEYS = Keys(bytes(range(32)))
SPOOLED = "fuzzed"
"""The name of the batch in the corpus: it is sealed under its name."""
NEVER_SILENT = {"spool_not_understood", "spool_file_damaged"}
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
_PROVIDER_SID = re.compile(r"(CA|CF|RE|SM|MM)[0-9a-f]{32}")


def _device(form: Form) -> Read:
    def read(raw: bytes) -> None:
        meaning = READERS[form](raw)
        assert isinstance(meaning, Trigger | PositionReport | StateReport | Nothing | Unreadable)
        assert_can_be_kept(meaning)

    return read


def _answer(kind: Any) -> Read:
    def read(raw: bytes) -> None:
        meaning = read_answer(kind, raw, key=KEY)
        assert isinstance(meaning, AnswerSaid | NotReached | NoNews | Unintelligible)
        assert_can_be_kept(meaning)

    return read


def _sms_form(raw: bytes) -> None:
    try:
        pairs = form_pairs(raw)
    except SmsRefused:
        return
    signed = is_signed("token", "https://tgd.example/sms/twilio", pairs, "c2lnbmF0dXJl")
    assert signed is False
    FormData([(n.decode("utf-8", "replace"), v.decode("utf-8", "replace")) for n, v in pairs])


def _sms_list(raw: bytes) -> None:
    page = read_page(raw)
    for one in page.messages if page else ():
        assert re.fullmatch(r"(SM|MM)[0-9a-fA-F]{32}|list:[0-9a-f]{32}", one.sid)
        assert one.sent_at is None or one.sent_at.tzinfo is UTC
        one.body.encode("utf-8", "surrogatepass")


def _mqtt(raw: bytes) -> None:
    frames = Frames(8192)
    frames.feed(raw)
    try:
        while (frame := frames.cut()) is not None:
            decode(frame)
    except Offence:
        return


def _leg(raw: bytes) -> None:
    said = read_leg(raw)
    assert isinstance(said, LegSaid | NotSaid)
    assert isinstance(said, NotSaid) or _PROVIDER_SID.fullmatch(said.sid)


def _recording(raw: bytes) -> None:
    said = read_recording(raw)
    assert isinstance(said, RecordingSaid | NotSaid)
    if isinstance(said, RecordingSaid):
        assert _PROVIDER_SID.fullmatch(said.reference)
        assert _PROVIDER_SID.fullmatch(said.conference)
        assert said.duration_s is None or 0 <= said.duration_s <= LONGEST_S


def _text_status(raw: bytes) -> None:
    said = read_text_status(raw)
    assert said is None or isinstance(said, TextSaid)
    if said is not None:
        assert _PROVIDER_SID.fullmatch(said.sid)
        assert said.error is None or said.error.isdigit()


def _signed_form(raw: bytes) -> None:
    scope = _scope([(b"x-twilio-signature", raw[:200])], b"/answers/v1/duty/status", raw[:300])
    assert not is_signed_for_dispatch(Telephony("AC1", "token", "https://x"), Request(scope), raw)


def _scope(headers: list[tuple[bytes, bytes]], path: bytes, query: bytes = b"") -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": path.decode(), "raw_path": path,
            "query_string": query, "headers": headers}  # fmt: skip


def _webhook_headers(raw: bytes) -> None:
    """One header per line; the signature is over other bytes, whatever they say."""
    lines = (line.partition(b":") for line in raw.split(b"\n"))
    headers = [(name.strip().lower(), value.strip()) for name, _, value in lines]
    request = Request(_scope(headers, b"/answers/v1/platform"))
    told = _policy_of_the_ground()
    for name in ("platform", "room"):
        destination = told.destination(name)
        assert destination is not None
        assert not _is_proven(destination, request, b"{}"), name  # type: ignore[arg-type]


@cache
def _policy_of_the_ground() -> Policy:
    return read_policy(POLICY)


def _webhook_reply(raw: bytes) -> None:
    told = _policy_of_the_ground().destination("platform")
    assert isinstance(told, WebhookDestination)
    for status in (200, 202):
        answer = _carrier(told)._meaning(Reply(status, raw), KEY)
        assert isinstance(answer, Received | Sent | Later)
        assert_can_be_kept(getattr(answer, "reference", None))


@cache
def _carrier(told: WebhookDestination) -> WebhookCarrier:
    return WebhookCarrier(told)


def _policy(raw: bytes) -> None:
    """A policy, or one sentence that says what to do and quotes no secret."""
    sentence = ""
    try:
        made = read_policy(raw.decode("utf-8", "replace"), Path("/nowhere"), _no_file)
        assert any(step.since == "opening" and step.after_s == 0 for step in made.steps)
    except Misconfigured as refusal:
        sentence = str(refusal)
    assert not sentence or sentence.startswith("Policy: ")
    assert not [one for one in ("\n", SECRET, ROOM_TOKEN) if one in sentence], sentence


def _no_file(path: Path) -> str:
    raise FileNotFoundError(path)


def _ledger(raw: bytes) -> None:
    with capture_logs() as said:
        found = blind_ledger._read(raw)
    for name, alert in found.items():
        assert isinstance(alert, BlindAlert)
        assert alert.id == name
    assert len(said) <= 1


def _spool(raw: bytes) -> None:
    """Read as it was written, or put aside; and whoever only looks is not stopped by it."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "gateway-1", KEYS)
        spool.open()
        path = Path(folder) / "gateway-1" / f"{SPOOLED}.spool"
        path.write_bytes(raw)
        view = SpoolView(Path(folder), KEYS)
        with capture_logs() as said:
            calls = view.new_calls()
            found = spool.read(path)
        assert {one["event"] for one in said} == (set() if found else NEVER_SILENT)
        assert (found == []) == (spool.damaged() == 1)
        assert path.exists() == bool(found)
        assert view.unreadable == (not found)
        assert bool(calls) == bool(found)
        spool.close()


def _csv(raw: bytes) -> None:
    try:
        table = csv_list.read(raw)
    except csv_list.NotAList:
        return
    for row in table.rows:
        assert row.problem or len(row.cells) == len(table.heading)


def _console_form(kind: bytes) -> Read:
    def read(raw: bytes) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        request = Request(_scope([(b"content-type", kind)], b"/login"), receive)
        try:
            form = asyncio.run(door.form_of(request))
        except door.Rejected:
            return
        for text in (*form, *form.values()):
            assert isinstance(text, str)
        for value in form.values():
            assert_can_be_kept(value)

    return read


def _areas(raw: bytes) -> None:
    try:
        assert read_areas(raw)
    except ValueError:
        return


def _erased(raw: bytes) -> None:
    said = read_erased(raw)
    assert said is None or isinstance(said, ErasedSaid)
    if said is not None:
        assert 0 < len(said.key) <= LONGEST_KEY
        assert said.key.isprintable()
        assert 0 < len(said.by) <= LONGEST_NAME


def _map(raw: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(raw)
        try:
            tiles = pmtiles.Tiles(Path(file.name))
        except Misconfigured:
            return
        for place in ((0, 0, 0), (14, 8285, 5892), (14, 0, 0)):
            found = tiles.tile(*place)
            assert found is None or len(found) <= pmtiles.LARGEST_BYTES
        tiles.close()


def _authorization(raw: bytes) -> None:
    user, secret = _credentials(Request(_scope([(b"authorization", raw[:4000])], b"/")))
    assert user is None or secret is None or user + secret


def _canary(raw: bytes) -> None:
    assert isinstance(_trigger_of(raw), str)


def _retry_after(raw: bytes) -> None:
    wait_s = retry_after_s(raw.decode("latin-1"), NOW)
    assert wait_s is None or 0 <= wait_s <= 60


READS: dict[str, Read] = {
    **{form.value: _device(form) for form in Form},
    **{f"answer-{kind}": _answer(kind) for kind in ("webhook", "cisu", "keypad", "status")},
    "sms-form": _sms_form, "sms-list": _sms_list, "mqtt": _mqtt, "authorization": _authorization,
    "canary": _canary, "leg": _leg, "recording": _recording, "text-status": _text_status,
    "erased": _erased,
    "signed-form": _signed_form, "webhook-headers": _webhook_headers,
    "webhook-reply": _webhook_reply, "retry-after": _retry_after, "policy": _policy,
    "ledger": _ledger, "spool": _spool, "csv": _csv, "areas": _areas, "map": _map,
    "console-form": _console_form(b"application/x-www-form-urlencoded"),
    "console-json": _console_form(b"application/json"),
}  # fmt: skip
"""Every format that comes from outside, and its reader."""


def try_one(name: str, seed: int, number: int) -> None:
    """Read one case; AssertionError says how to see it again."""
    raw = case(name, seed, number)
    try:
        READS[name](raw)
    except BaseException as error:
        again = f"python -m tests.hostile --replay {name}:{seed}:{number}"
        raise AssertionError(f"{again}   {type(error).__name__}: {raw[:200]!r}") from error
