"""The control room takes what a hub would carry; acknowledged comes later than sent, or never."""

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from counterparts import Customer, until

from simulators.answering import Back
from simulators.control_room import ControlRoom, Watch

TOKEN = "token-of-the-hub"
BACK = "/answers/v1/cic"
STANDARDS = Path(__file__).parents[2].parent / "shared" / "standards"
KEY = "fr.justice.tgd_a-opened-1"


def envelope(key: str = KEY) -> dict[str, Any]:
    sent = "2026-11-23T22:40:06+01:00"
    message = {
        "messageId": key,
        "sender": {"name": "tgd", "URI": "hubex:fr.justice.tgd"},
        "sentAt": sent,
        "status": "Exercise",
        "kind": "Report",
        "recipient": [{"name": "cic92", "URI": "hubex:fr.police.cic92"}],
        "createCase": {"caseId": "fr.justice.tgd.AL-000042", "senderCaseId": "alert-42"},
    }
    return {
        "distributionID": key,
        "senderID": "fr.justice.tgd",
        "dateTimeSent": sent,
        "dateTimeExpires": "2026-11-24T22:40:06+01:00",
        "distributionStatus": "Exercise",
        "distributionKind": "Report",
        "descriptor": {
            "language": "fr-FR",
            "explicitAddress": {
                "explicitAddressScheme": "hubex",
                "explicitAddressValue": "fr.police.cic92",
            },
        },
        "content": [{"jsonContent": {"embeddedJsonContent": {"message": message}}}],
    }


async def tell(url: str, said: Any, token: str | None = TOKEN) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    patience = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(timeout=patience) as http:
        async with http.post(f"{url}/edxl", json=said, headers=headers) as reply:
            return reply.status, await reply.json()


@pytest.fixture
async def room(customer: Customer) -> AsyncIterator[ControlRoom]:
    one = ControlRoom(TOKEN, back=Back(customer.url, "cic", pause_s=0.01), watch=Watch(0.01))
    await one.start()
    yield one
    await one.stop()


def acknowledged(customer: Customer) -> list[str]:
    acks = [h.json for h in customer.at(BACK) if h.json.get("distributionKind") == "Ack"]
    return [message(ack)["reference"]["distributionID"] for ack in acks]


def message(said: Any) -> Any:
    return said["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]


async def test_sent_then_acknowledged(room: ControlRoom, customer: Customer) -> None:
    """202 says only that the hub has it; the RC-REF that counts comes later, with the token."""
    status, said = await tell(room.url, envelope())
    assert (status, said) == (202, {"accepted": KEY})
    await until(lambda: acknowledged(customer) == [KEY])
    heard = customer.at(BACK)[0]
    assert heard.headers["Authorization"] == f"Bearer {TOKEN}"
    ack = heard.json
    assert ack["senderID"] == "fr.police.cic92"
    assert ack["descriptor"]["explicitAddress"]["explicitAddressValue"] == "fr.justice.tgd"
    assert message(ack)["messageId"] == ack["distributionID"]
    assert ack["distributionID"].startswith("fr.police.cic92_")


async def test_acknowledgement_is_what_the_hub_carries(
    room: ControlRoom, customer: Customer
) -> None:
    """Our acknowledgement passes the public schemas of the hub."""
    schemas = STANDARDS / "cisu" / "json-schema"
    if not schemas.is_dir():
        pytest.skip(f"no public schemas at {schemas}: the acknowledgement was NOT validated")
    from jsonschema import Draft7Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT7

    registry: Any = Registry()
    for path in schemas.glob("*.json"):
        schema = json.loads(path.read_text())
        schema.pop("$id", None)
        registry = registry.with_resource(path.name, Resource(schema, DRAFT7))
    await tell(room.url, envelope())
    await until(lambda: customer.at(BACK))
    ack = customer.at(BACK)[0].json
    bodies = {
        "EDXL-DE-full.schema.json": ack,
        "RC-DE.schema.json": message(ack),
        "RC-REF.schema.json": message(ack)["reference"],
    }
    for name, said in bodies.items():
        errors = list(Draft7Validator({"$ref": name}, registry=registry).iter_errors(said))
        assert errors == []


async def test_the_token_is_needed(room: ControlRoom) -> None:
    """Without the token, or with another: 401 and no case."""
    assert (await tell(room.url, envelope(), None))[0] == 401
    assert (await tell(room.url, envelope(), "other"))[0] == 401
    assert room.cases == {}


WAYS = [
    "zulu",
    "sender",
    "message id",
    "two bodies",
    "no body",
    "no content",
    "kind",
    "no case id",
    "no recipient",
]


def broken(way: str) -> dict[str, Any]:
    said = copy.deepcopy(envelope())
    match way:
        case "zulu":
            said["dateTimeSent"] = "2026-11-23T21:40:06Z"
        case "sender":
            said["senderID"] = "fr.justice.other"
        case "message id":
            message(said)["messageId"] = "other"
        case "two bodies":
            message(said)["reference"] = {"distributionID": "x"}
        case "no body":
            del message(said)["createCase"]
        case "no content":
            said["content"] = []
        case "kind":
            said["distributionKind"] = "Alert"
        case "no case id":
            message(said)["createCase"] = {}
        case "no recipient":
            del message(said)["recipient"]
    return said


@pytest.mark.parametrize("way", WAYS)
async def test_refuses_what_no_hub_carries(room: ControlRoom, way: str) -> None:
    """An envelope that the hub would return as an error is 400 with a reason."""
    status, said = await tell(room.url, broken(way))
    assert status == 400
    assert said["error"]
    assert room.cases == {}


async def test_example_of_the_standard_passes(room: ControlRoom) -> None:
    """A full envelope that is valid against the public schemas is taken."""
    example = STANDARDS / "examples" / "rc-eda-tgd.example.json"
    if not example.is_file():
        pytest.skip(f"no example at {example}: a full envelope was NOT tried")
    assert (await tell(room.url, json.loads(example.read_text())))[0] == 202
    assert next(iter(room.cases.values())).alert == "AL20261123000042"


async def test_repeated_is_one_case(room: ControlRoom, customer: Customer) -> None:
    """The same distributionID twice is one case, acknowledged each time."""
    await tell(room.url, envelope())
    await tell(room.url, envelope())
    await until(lambda: acknowledged(customer) == [KEY, KEY])
    assert (len(room.ledger_book.of("case")), len(room.ledger_book.of("duplicate"))) == (1, 1)


async def test_the_patrol(customer: Customer) -> None:
    """After the acknowledgement: taken, on scene, closed, in this order, about that alert."""
    watch = Watch(0.01, 0.01, 0.01, 0.01)
    room = ControlRoom(TOKEN, back=Back(customer.url, "cic"), watch=watch)
    await room.start()
    await tell(room.url, envelope())
    await until(lambda: len(customer.at(BACK)) == 4)
    said = [h.json for h in customer.at(BACK)][1:]
    assert [one["state"] for one in said] == ["taken", "on_scene", "closed"]
    assert {(one["key"], one["alert"]) for one in said} == {(KEY, "alert-42")}
    assert len({one["id"] for one in said}) == 3
    assert said[2]["outcome"]
    assert said[0]["outcome"] is None
    await room.stop()


async def test_acknowledgement_faults(room: ControlRoom, customer: Customer) -> None:
    """Twice, about something never sent, before the 202, or never."""
    await room.become("ack_twice", times=1)
    await tell(room.url, envelope())
    await until(lambda: acknowledged(customer) == [KEY, KEY])
    first, second = (h.json for h in customer.at(BACK))
    assert first == second
    await room.become("ack_wrong_id", times=1)
    await tell(room.url, envelope("fr.justice.tgd_2"))
    await until(lambda: len(acknowledged(customer)) == 3)
    assert acknowledged(customer)[2] == "fr.justice.tgd_never-sent"
    await room.become("ack_before_response", times=1)
    await tell(room.url, envelope("fr.justice.tgd_3"))
    assert acknowledged(customer)[3] == "fr.justice.tgd_3"
    await room.become("never_ack", times=1)
    await tell(room.url, envelope("fr.justice.tgd_4"))
    await until(lambda: not room._tasks)
    assert len(acknowledged(customer)) == 4
    await room.become("http_500", times=1)
    assert (await tell(room.url, envelope("fr.justice.tgd_5")))[0] == 500
    await room.become("deaf", times=1)
    with pytest.raises(TimeoutError):
        await tell(room.url, envelope("fr.justice.tgd_6"))
    await room.become("lying_200", times=1)
    assert (await tell(room.url, envelope("fr.justice.tgd_7")))[0] == 200
    await room.become("slow", seconds=30, times=1)
    with pytest.raises(TimeoutError):
        await tell(room.url, envelope("fr.justice.tgd_8"))
    assert "fr.justice.tgd_7" not in room.cases
    assert "fr.justice.tgd_8" in room.cases, "kept, and the sender cannot know"


async def test_its_patrol_is_there_before_anybody_took_the_case(customer: Customer) -> None:
    watch = Watch(ack_after_s=0, taken_after_s=0, on_scene_after_s=0, closed_after_s=0)
    room = ControlRoom(TOKEN, back=Back(customer.url, "cic"), watch=watch)
    await room.start()
    await room.become("out_of_order", times=1)
    await tell(room.url, envelope())
    await until(lambda: len(customer.at(BACK)) == 4)
    said = [one.json.get("state") for one in customer.at(BACK)]
    assert said == [None, "closed", "on_scene", "taken"]
    await room.stop()


async def test_its_patrol_sets_out_and_says_how_long_it_takes(customer: Customer) -> None:
    watch = Watch(ack_after_s=0, taken_after_s=0, on_the_way_after_s=0, minutes=4)
    room = ControlRoom(TOKEN, back=Back(customer.url, "cic"), watch=watch)
    await room.start()
    await tell(room.url, envelope())
    await until(lambda: len(customer.at(BACK)) == 3)
    said = [(one.json.get("state"), one.json.get("minutes")) for one in customer.at(BACK)]
    assert said == [(None, None), ("taken", None), ("on_the_way", 4)]
    await room.stop()


async def test_wrong_certificate(room: ControlRoom) -> None:
    """It shows a certificate of its own making for another name; then it is well again."""
    await room.become("wrong_certificate")
    assert room.url.startswith("https://")
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await tell(room.url, envelope())
    await room.become("ok")
    assert (await tell(room.url, envelope()))[0] == 202
