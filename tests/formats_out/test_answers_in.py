"""What destinations answer is read exactly, and anything doubtful changes nothing."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling_samples import ALERT

from dispatch.formats.answers_in import (
    AnswerSaid,
    Kind,
    NoNews,
    NotReached,
    Unintelligible,
    read_answer,
)
from dispatch.formats.delivery_id import to_distribution_id

KEY = f"{ALERT}:opened:1:control-room-92"
TAKEN = {"id": "a-1", "key": KEY, "alert": ALERT, "state": "taken", "by": "agent-7"}


def said(kind: Kind = "webhook", **changes: Any) -> Any:
    return read_answer(kind, json.dumps({**TAKEN, **changes}).encode())


def ack(kind: str = "Ack", **reference: Any) -> bytes:
    told = to_distribution_id(KEY, "fr.justice.tgd")
    message = {
        "reference": {"distributionID": told, **reference},
        "error": {"referencedDistributionID": told},
    }
    return json.dumps(
        {
            "distributionID": "fr.police.cic92_77",
            "senderID": "fr.police.cic92",
            "dateTimeSent": "2026-11-23T22:40:09+01:00",
            "distributionKind": kind,
            "content": [{"jsonContent": {"embeddedJsonContent": {"message": message}}}],
        }
    ).encode()


def test_a_platform_says_that_its_agent_takes_the_alert() -> None:
    answer = said(at="2026-11-23T22:41:00+01:00", reason="Camille est prévenue")
    assert answer == AnswerSaid(
        id="a-1", key=KEY, alert=ALERT, state="taken", by="agent-7",
        at=datetime(2026, 11, 23, 21, 41, tzinfo=UTC), reason="Camille est prévenue",
    )  # fmt: skip


def test_a_platform_may_name_the_alert_alone_and_give_no_id() -> None:
    first, second = said(key=None, id=None), said(key=None, id=None)
    assert (first.key, first.alert) == (None, ALERT)
    assert first.id == second.id, "the same bytes are the same answer"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"state": "maybe"}, "state"),
        ({"state": ["taken"]}, "state"),
        ({"key": "nonsense"}, "key"),
        ({"alert": "another"}, "two alerts"),
        ({"key": None, "alert": None}, "alert"),
        ({"by": "x" * 121}, "by"),
        ({"by": 7}, "by"),
        ({"reason": "a\u0000b"}, "reason"),
        ({"reason": "a\ud800b"}, "reason"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-11-23T22:41:00"}, "offset"),
        ({"at": "0001-01-01T00:00:00+23:59"}, "calendar"),
        ({"at": 17}, "at"),
    ],
)
def test_what_is_wrong_is_said_to_the_peer(changes: dict[str, Any], word: str) -> None:
    answer = said(**changes)
    assert isinstance(answer, Unintelligible)
    assert word in answer.why


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"\xff", b"{", b"[" * 60_000, b"{}" + b" " * 70_000, b'{"id":"1","id":"2"}'],
)
def test_bytes_that_are_no_answer_are_refused(raw: bytes) -> None:
    assert isinstance(read_answer("webhook", raw), Unintelligible)
    assert isinstance(read_answer("cisu", raw), Unintelligible)


def test_a_control_room_acknowledges_by_our_distribution_id() -> None:
    answer = read_answer("cisu", ack())
    assert isinstance(answer, AnswerSaid)
    assert (answer.key, answer.alert, answer.state) == (KEY, ALERT, "received")
    assert answer.id == "fr.police.cic92_77"


def test_a_control_room_that_refuses_is_not_taken_for_an_acknowledgement() -> None:
    for raw in (ack(refused=True), ack(step="ERREUR"), ack(step=["RECU"]), ack("Error")):
        answer = read_answer("cisu", raw)
        assert isinstance(answer, NotReached)
        assert answer.key == KEY


def test_an_acknowledgement_of_somebody_elses_message_is_none_of_ours() -> None:
    answer = read_answer("cisu", ack(distributionID="fr.justice.tgd_never-sent"))
    assert isinstance(answer, Unintelligible)
    assert isinstance(read_answer("cisu", ack("Report")), NoNews)


def test_a_control_room_answers_in_plain_words_about_our_message() -> None:
    told = to_distribution_id(KEY, "fr.justice.tgd")
    answer = said("cisu", key=told, alert="AL-000042", state="on_scene")
    assert (answer.key, answer.alert, answer.state) == (KEY, ALERT, "on_scene")


def test_a_room_says_in_how_many_minutes_its_patrol_is_there() -> None:
    told = to_distribution_id(KEY, "fr.justice.tgd")
    assert said("cisu", key=told, state="on_the_way", minutes=7).minutes == 7
    assert said("webhook", key=KEY, state="on_the_way").minutes is None
    for wrong in (-1, 601, 7.5, "7", True, [7]):
        body = json.dumps({"key": KEY, "state": "on_the_way", "minutes": wrong}).encode()
        assert isinstance(read_answer("webhook", body), Unintelligible), wrong


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def test_bruno_presses_1_and_has_the_alert() -> None:
    answer = read_answer("keypad", form(Digits="1", CallSid="CA1"), key=KEY)
    assert isinstance(answer, AnswerSaid)
    assert (answer.id, answer.key, answer.state) == ("keypad:CA1", KEY, "taken")


def test_another_key_no_key_or_two_keys_take_nothing() -> None:
    for raw in (
        form(Digits="2", CallSid="CA1"),
        form(CallSid="CA1"),
        b"CallSid=CA1&Digits=2&Digits=1",
    ):
        assert isinstance(read_answer("keypad", raw, key=KEY), NoNews)
    assert isinstance(read_answer("keypad", form(Digits="1"), key=KEY), Unintelligible)
    assert isinstance(read_answer("keypad", form(Digits="1", CallSid="CA1")), Unintelligible)


def test_an_sms_that_arrived_is_received_and_an_answered_call_is_nothing() -> None:
    arrived = read_answer("status", form(MessageSid="SM1", MessageStatus="delivered"), key=KEY)
    assert isinstance(arrived, AnswerSaid)
    assert arrived.state == "received"
    lost = read_answer("status", form(MessageSid="SM1", MessageStatus="undelivered"), key=KEY)
    assert isinstance(lost, NotReached)
    for word in ("completed", "ringing"):
        call = read_answer("status", form(CallSid="CA1", CallStatus=word), key=KEY)
        assert isinstance(call, NoNews)
    busy = read_answer("status", form(CallSid="CA1", CallStatus="busy"), key=KEY)
    assert isinstance(busy, NotReached)
    odd = read_answer("status", form(CallSid="CA1", CallStatus="strange"), key=KEY)
    assert isinstance(odd, Unintelligible)


@given(st.binary(max_size=300), st.sampled_from(["webhook", "cisu", "keypad", "status"]))
def test_no_bytes_make_the_reader_fall(raw: bytes, kind: Kind) -> None:
    read_answer(kind, raw, key=KEY)


@given(
    st.dictionaries(
        st.sampled_from([*TAKEN, "at", "outcome", "reason", "distributionKind", "content"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.just(KEY),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["jsonContent", "message"]), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    ),
    st.sampled_from(["webhook", "cisu"]),
)
def test_no_json_makes_the_reader_fall(answer: dict[str, Any], kind: Kind) -> None:
    read_answer(kind, json.dumps(answer).encode())
