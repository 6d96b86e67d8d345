"""A text sent from a telephone is an alert once; what somebody else posts there is nothing."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import pytest
from channel_ground import (
    ACCOUNT,
    OUR_NUMBER,
    PUBLIC_URL,
    TOKEN,
    BrokenDoor,
    Caller,
    counted,
    open_door,
    served,
    signature,
    spoken,
)
from starlette.datastructures import FormData

from gateway.heard import Kept, Receipt
from gateway.sms import SmsAccount, sms_router
from tgd.database import transaction
from tgd.errors import NotKept
from tgd.rules.delivery import MessageStatus
from tgd.seal import Keys
from tgd.store.telephony import status_of
from tgd.telephone import signed_by_twilio

ANA = "+33639980001"
FORM = "application/x-www-form-urlencoded"
SMS_ACCOUNT = SmsAccount(ACCOUNT, TOKEN, (OUR_NUMBER,), PUBLIC_URL)


def sid(kind: str = "SM") -> str:
    return kind + uuid4().hex


def text_from(sender: str = ANA, body: str = "aidez moi", **more: str) -> list[tuple[str, str]]:
    """The fields that the provider posts, empty ones and unknown ones too."""
    said = {"MessageSid": sid(), "From": sender, "To": OUR_NUMBER, "Body": body}
    said |= {"AccountSid": ACCOUNT, "FromCity": "", "NumMedia": "0", "SomethingNew": "1"}
    return list((said | more).items())


@pytest.fixture
async def line(record_url, engine, tmp_path, keys: Keys) -> AsyncIterator[Caller]:
    async with open_door(record_url, tmp_path, keys) as door:
        async with served(sms_router(door.hear, engine, SMS_ACCOUNT)) as caller:
            yield caller


async def post(
    line: Caller, pairs: list[tuple[str, str]], signed: str | None = None, path: str = "/sms/twilio"
) -> int:
    signed = signature(FormData(pairs), path) if signed is None else signed
    status, _ = await line.call(
        "POST", path, spoken(pairs), Content_Type=FORM, X_Twilio_Signature=signed
    )
    return status


async def test_a_text_is_an_alert_before_the_provider_hears_200(line, world):
    pairs = text_from()
    status, body = await line.call(
        "POST", "/sms/twilio", spoken(pairs), Content_Type=FORM + "; charset=UTF-8",
        X_Twilio_Signature=signature(FormData(pairs)),
    )  # fmt: skip
    assert (status, body) == (200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>')
    assert world.only_alert().source == f"sms:{ANA}"


async def test_an_empty_text_is_an_alert_too(line, world):
    assert await post(line, text_from(body="")) == 200
    assert world.only_alert().presses == 1


async def test_the_same_text_posted_again_is_the_same_alert(line, world, engine):
    pairs = text_from()
    assert [await post(line, pairs), await post(line, pairs)] == [200, 200]
    assert world.only_alert().presses == 1
    assert counted(engine, "sighting") == 1


async def test_the_signature_is_over_the_public_address_with_its_query(line, world):
    pairs = text_from()
    right = signature(FormData(pairs), "/sms/twilio?site=b")
    assert await post(line, pairs, right, "/sms/twilio?site=b") == 200
    assert await post(line, pairs, right, "/sms/twilio?site=a") == 403
    assert world.only_alert().presses == 1


async def test_the_host_header_changes_nothing(line, world):
    pairs = text_from()
    status, _ = await line.call(
        "POST", "/sms/twilio", spoken(pairs), Content_Type=FORM, Host="dora.example",
        X_Forwarded_Host="dora.example",
        X_Twilio_Signature=signature(FormData(pairs), url="https://dora.example/sms/twilio"),
    )  # fmt: skip
    assert status == 403
    assert world.alerts() == []


@pytest.mark.parametrize(
    "forged",
    ["", "AAAA", "é", signature(FormData(text_from()))],
    ids=["none", "short", "accent", "of another text"],
)
async def test_without_a_good_signature_nothing_is_kept(line, world, forged):
    assert await post(line, text_from(), forged) == 403
    assert world.alerts() == []


async def test_a_signature_by_another_token_is_none(line, world):
    pairs = text_from()
    assert await post(line, pairs, signature(FormData(pairs), token="dora's")) == 403
    assert world.alerts() == []


async def test_fields_moved_into_each_other_are_refused_though_the_signature_is_good(line, world):
    """The provider signs names and values in one string without separators."""
    true = {
        "Body": "SOS",
        "From": ANA,
        "MessageSid": sid(),
        "To": OUR_NUMBER,
        "AccountSid": ACCOUNT,
    }
    shifted = {k: v for k, v in true.items() if k not in ("From", "MessageSid")}
    shifted["Body"] = f"SOSFrom{ANA}MessageSid{true['MessageSid']}"
    assert signed_by_twilio(TOKEN, PUBLIC_URL + "/sms/twilio", FormData(shifted), signature(true))
    assert await post(line, list(shifted.items()), signature(true)) == 400
    assert world.alerts() == []


@pytest.mark.parametrize("name", ["MessageSid", "From", "To", "Body", "AccountSid"])
async def test_each_field_is_there_exactly_once(line, world, name):
    pairs = text_from()
    without = [pair for pair in pairs if pair[0] != name]
    twice = [*pairs, (name, dict(pairs)[name])]
    two_answers = [*pairs, (name, "+33639980099")]
    assert [await post(line, one) for one in (without, twice, two_answers)] == [400, 400, 400]
    assert world.alerts() == []


async def test_a_second_sender_does_not_slip_under_a_good_signature(line, world):
    pairs = text_from()
    assert await post(line, [*pairs, ("From", "+33639980099")], signature(dict(pairs))) == 403
    assert await post(line, [*pairs, ("From", ANA)], signature(FormData(pairs))) == 400
    assert world.alerts() == []


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"AccountSid": "AC" + "f" * 32}, 403),
        ({"To": "+33199000099"}, 403),
        ({"MessageSid": "SM1"}, 400),
        ({"MessageSid": "CA" + "0" * 32}, 400),
        ({"MessageSid": "SM" + "0" * 32 + "\n"}, 400),
    ],
)
async def test_what_is_not_for_us_is_refused(line, world, wrong, status):
    assert await post(line, text_from(**wrong)) == status
    assert world.alerts() == []


async def test_a_text_that_is_no_utf8_keeps_its_bytes(record_url, engine, world):
    door = BrokenDoor(Receipt(Kept.RECORD, None))
    raw = b"\xff\xfe SOS \x80"
    fields = dict(text_from())
    body = b"&".join(
        [f"{k}={quote_plus(v)}".encode() for k, v in fields.items() if k != "Body"]
        + [b"Body=" + quote_plus(raw).encode()]
    )
    as_replaced = signature(fields | {"Body": raw.decode("utf-8", "replace")})
    async with served(sms_router(door.hear, engine, SMS_ACCOUNT)) as line:
        status, _ = await line.call(
            "POST", "/sms/twilio", body, Content_Type=FORM, X_Twilio_Signature=as_replaced
        )
    assert status == 200
    assert door.heard[0].raw == raw


async def test_other_methods_types_and_sizes_are_refused_by_name(line, world):
    pairs = text_from()
    signed = signature(FormData(pairs))
    json_type = await line.call(
        "POST", "/sms/twilio", b"{}", Content_Type="application/json", X_Twilio_Signature=signed
    )
    assert json_type[0] == 415
    assert (await line.call("GET", "/sms/twilio"))[0] == 405
    assert await post(line, text_from(body="x" * 17_000)) == 413
    assert await post(line, [*pairs, *[(f"n{i}", "") for i in range(300)]]) == 400
    assert world.alerts() == []


@pytest.mark.parametrize("answer", [NotKept(), Receipt(Kept.NOWHERE, None)])
async def test_what_nobody_could_keep_is_not_answered_for(engine, world, answer):
    door = BrokenDoor(answer)
    async with served(sms_router(door.hear, engine, SMS_ACCOUNT)) as line:
        assert await post(line, text_from()) == 503


# What becomes of our own messages


def callback(of: str, status: str, **more: str) -> list[tuple[str, str]]:
    said = {"MessageSid": of, "MessageStatus": status, "AccountSid": ACCOUNT,
            "To": "+33639980005", "From": OUR_NUMBER}  # fmt: skip
    return list((said | more).items())


async def told(line: Caller, *arguments: Any, **more: str) -> int:
    return await post(line, callback(*arguments, **more), path="/sms/twilio/status")


def kept_status(engine: Any, of: str) -> Any:
    with transaction(engine) as session:
        return status_of(session, of)


async def test_statuses_out_of_order_never_go_back(line, engine, world):
    ours = sid()
    for status in ("sent", "delivered", "queued", "sent", "sent"):
        assert await told(line, ours, status) == 200
    assert kept_status(engine, ours) == (MessageStatus.DELIVERED, None)


async def test_a_failure_is_kept_with_its_code_before_anybody_knows_the_message(
    line, engine, world
):
    ours = sid()
    assert await told(line, ours, "undelivered", ErrorCode="30005") == 200
    assert await told(line, ours, "sent") == 200
    assert kept_status(engine, ours) == (MessageStatus.UNDELIVERED, "30005")


async def test_an_unknown_word_changes_nothing_and_is_not_posted_for_ever(line, engine, world):
    ours = sid()
    assert await told(line, ours, "teleported") == 200
    assert kept_status(engine, ours) is None


async def test_a_status_is_proven_like_a_text(line, engine, world):
    ours = sid()
    pairs = callback(ours, "delivered")
    assert await post(line, pairs, "forged", "/sms/twilio/status") == 403
    assert await told(line, "SM1", "delivered") == 400
    assert await told(line, ours, "delivered", AccountSid="AC" + "f" * 32) == 403
    twice = [*pairs, ("MessageStatus", "failed")]
    assert await post(line, twice, path="/sms/twilio/status") == 400
    assert kept_status(engine, ours) is None
