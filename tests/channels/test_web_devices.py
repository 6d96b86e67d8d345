"""Ana has an app on an ordinary telephone: its SOS is an alert, whatever version it is."""

import base64
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from channel_ground import BrokenDoor, Caller, open_door, served

from gateway.heard import Kept, Receipt
from gateway.identities import Identities
from gateway.web import devices_router
from tgd.errors import NotKept
from tgd.records import Handset
from tgd.rules.doubt import Trust

FORM = "application/x-www-form-urlencoded"
SOS = "lat=48.89234&lon=2.20711&timestamp=1795473605&accuracy=12.0&batt=63.0&alarm=sos"


@pytest.fixture
async def line(record_url, engine, tmp_path, keys) -> AsyncIterator[Caller]:
    async with open_door(record_url, tmp_path, keys) as door:
        identities = Identities(engine)
        async with served(devices_router(door.hear, identities.proves)) as caller:
            yield caller


@pytest.fixture
def ana(world, session):
    carried = world.give("Ana")
    session.commit()
    return carried


def basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


async def osmand(line: Caller, said: str, **headers: str) -> int:
    headers.setdefault("Content_Type", FORM)
    return (await line.call("POST", "/devices/osmand", said.encode(), **headers))[0]


async def test_the_sos_of_the_app_is_an_alert(line, ana, world):
    assert await osmand(line, f"id={ana.handset}&{SOS}") == 200
    alert = world.only_alert()
    assert (alert.handset, alert.trust) == (ana.handset, Trust.UNVERIFIED)
    assert await osmand(line, f"id={ana.handset}&{SOS}") == 200
    assert world.only_alert().presses == 1, "the app's retry is no second press"


@pytest.mark.parametrize("how", ["bearer", "basic"])
async def test_with_the_secret_it_is_believed(line, ana, world, how):
    proof = f"Bearer {ana.secret}" if how == "bearer" else basic("any", ana.secret)
    assert await osmand(line, f"id={ana.handset}&{SOS}", Authorization=proof) == 200
    assert world.only_alert().trust == Trust.VERIFIED


async def test_a_wrong_or_broken_secret_lowers_trust_and_refuses_nothing(line, ana, world):
    for proof in ("Bearer guess", basic(ana.handset, "guess"), "Basic %%%", "Digest x", "Bearer"):
        assert await osmand(line, f"id={ana.handset}&{SOS}", Authorization=proof) == 200
    assert world.only_alert().trust == Trust.UNVERIFIED


async def test_a_secret_proves_its_own_handset_only(line, ana, world, session):
    dora = world.give("Dora", number="+33639980099")
    session.commit()
    said = f"id={ana.handset}&{SOS}"
    assert await osmand(line, said, Authorization=f"Bearer {dora.secret}") == 200
    assert world.only_alert().trust == Trust.UNVERIFIED


async def test_an_unknown_device_is_heard_all_the_same(line, world):
    assert await osmand(line, f"id=123456&{SOS}") == 200
    assert world.only_alert().source == "http:123456"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_older_clients_say_it_in_the_address(line, ana, world, method):
    status, _ = await line.call(method, f"/devices/osmand?id={ana.handset}&{SOS}")
    assert status == 200
    assert world.only_alert().handset == ana.handset


async def test_the_json_of_the_newer_app_is_read(line, ana, world):
    said = {
        "device_id": ana.handset,
        "location": {
            "timestamp": "2026-11-23T22:40:05.862Z",
            "coords": {"latitude": 48.89234, "longitude": 2.20711, "accuracy": 12, "heading": -1},
            "battery": {"level": 0.63, "is_charging": False},
            "alarm": "sos",
        },
    }
    assert await osmand(line, json.dumps(said), Content_Type="application/json") == 200
    assert world.only_alert().handset == ana.handset


async def test_old_positions_are_answered_well_so_that_the_sos_behind_them_comes(line, ana, world):
    assert await osmand(line, f"id={ana.handset}&lat=48.8&lon=2.2&timestamp=1500000000") == 200
    assert await osmand(line, f"id={ana.handset}&timestamp=1500000000&batt=50") == 200
    assert await osmand(line, f"id={ana.handset}&{SOS}") == 200
    assert world.only_alert().presses == 1


@pytest.mark.parametrize("noise", ["", "  ", "hello", "a=1&b=2", "{", "[1]", "\x00\x01"])
async def test_what_nobody_can_read_is_refused_with_a_reason(line, world, noise):
    status, body = await line.call("POST", "/devices/osmand", noise.encode(), Content_Type=FORM)
    assert status == 400
    assert json.loads(body)["error"]
    assert world.alerts() == []


@pytest.mark.parametrize("cry", ["{broken alarm=1", '{"alarm":"SOS"', "xx&ALARM=help", "%ff SoS"])
async def test_but_never_when_it_may_be_a_cry_for_help(line, world, cry):
    assert await osmand(line, cry) == 200
    assert world.only_alert().source == "http:nobody"


async def test_types_sizes_and_methods_are_refused_by_name(line, ana, world):
    plain = f"id={ana.handset}&lat=48.8&lon=2.2"
    assert await osmand(line, plain, Content_Type="multipart/form-data; boundary=x") == 415
    assert await osmand(line, "id=1&x=" + "a" * 17_000) == 413
    assert (await line.call("PUT", "/devices/osmand", b"x"))[0] == 405
    assert (await line.call("GET", "/devices/owntracks"))[0] == 405
    assert await osmand(line, f"id={ana.handset}&{SOS}", Content_Type="image/png") == 200
    assert world.only_alert().handset == ana.handset


async def test_what_nobody_keeps_is_not_answered_for_but_a_position_holds_up_no_sos():
    async def proves(handset: str, secret: str) -> bool:
        return False

    for answer, sos, position in (
        (NotKept(), 503, 503),
        (Receipt(Kept.NOWHERE, None), 503, 202),
        (Receipt(Kept.SPOOL, None), 200, 200),
    ):
        async with served(devices_router(BrokenDoor(answer).hear, proves)) as line:
            assert await osmand(line, f"id=1&{SOS}") == sos
            assert await osmand(line, "id=1&lat=48.8&lon=2.2") == position


# OwnTracks


async def owntracks(line: Caller, said: object, **headers: str) -> SimpleNamespace:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    headers.setdefault("Content_Type", "application/json")
    status, body = await line.call("POST", "/devices/owntracks", raw, **headers)
    return SimpleNamespace(status=status, body=body)


SOS_REGION = {"_type": "transition", "event": "enter", "desc": "SOS", "acc": 12, "tid": "an"}
SOS_REGION |= {"lat": 48.89234, "lon": 2.20711, "tst": 1795473605, "wtst": 1795000000}


async def test_entering_the_region_sos_is_an_alert_in_the_name_of_the_login(line, ana, world):
    proof = basic(ana.handset, ana.secret)
    answer = await owntracks(line, SOS_REGION, Authorization=proof)
    assert (answer.status, answer.body) == (200, b"[]")
    alert = world.only_alert()
    assert (alert.handset, alert.trust) == (ana.handset, Trust.VERIFIED)


async def test_the_headers_name_the_device_and_prove_nothing(line, ana, world):
    said = await owntracks(line, SOS_REGION, X_Limit_U="ana", X_Limit_D=ana.handset)
    assert said.status == 200
    alert = world.only_alert()
    assert (alert.handset, alert.trust) == (ana.handset, Trust.UNVERIFIED)


async def test_a_manual_publish_is_a_press_on_a_test_device_only(line, ana, world, session):
    publish = {"_type": "location", "t": "u", "lat": 48.9, "lon": 2.2, "tst": 1795473605,
               "tid": "an"}  # fmt: skip
    proof = basic(ana.handset, ana.secret)
    assert (await owntracks(line, publish, Authorization=proof)).status == 200
    assert world.alerts() == []
    session.get_one(Handset, ana.handset).is_test_device = True
    session.commit()
    assert (await owntracks(line, publish, Authorization=proof)).status == 200
    assert world.only_alert().handset == ana.handset


async def test_empty_and_uninteresting_messages_are_answered_well(line, world):
    for said in (b"", b"  ", {"_type": "waypoint"}, {"_type": "lwt", "tst": 1}, {"_type": "new"}):
        answer = await owntracks(line, said)
        assert (answer.status, answer.body) == (200, b"[]")
    assert (await owntracks(line, b"{")).status == 400
    assert (await owntracks(line, {"no": "type"})).status == 400
    assert world.alerts() == []
