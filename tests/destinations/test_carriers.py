"""One contract for every way of carrying: whatever the peer does is an answer, in time."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import trustme
from destination_peers import (
    KINDS,
    SECRET,
    Peer,
    carrying,
    policy_text,
    running,
    telling,
)
from standardwebhooks import Webhook

from dispatch.destinations import build
from dispatch.policy import read_policy
from dispatch.telling import Answer, Later, Received, Refused, Sent
from tgd.errors import Misconfigured
from tgd.ports import free_port
from tgd.rules.retry_after import retry_after_s

pytestmark = pytest.mark.parametrize("kind", KINDS)


async def told(kind: str, peer: Peer, **changes: str) -> Answer:
    async with running(peer), carrying(kind, peer.url) as carrier:
        return await carrier.tell(telling(kind, **changes))


async def test_a_peer_that_takes_it_is_believed_as_far_as_its_protocol_says(kind: str) -> None:
    answer = await told(kind, Peer(status=201 if kind in ("voice", "sms") else 200))
    expected = Received if kind == "webhook" else Sent
    assert isinstance(answer, expected)


@pytest.mark.parametrize("mode", ["deaf", "slow"])
async def test_a_deaf_peer_costs_its_time_limit_and_no_more(kind: str, mode: str) -> None:
    async with asyncio.timeout(10):  # the policy says 0.4 s; without it nothing would end
        assert await told(kind, Peer(mode)) == Later("timeout")


async def test_a_closed_door_may_open_again(kind: str) -> None:
    async with carrying(kind, f"http://127.0.0.1:{free_port()}") as carrier:
        assert await carrier.tell(telling(kind)) == Later("connect")


@pytest.mark.parametrize("mode", ["reset", "garbage"])
async def test_a_broken_connection_may_be_mended(kind: str, mode: str) -> None:
    answer = await told(kind, Peer(mode))
    assert isinstance(answer, Later)


@pytest.mark.parametrize("status", [500, 502, 503, 408, 425, 429])
async def test_trouble_that_passes_is_tried_again(kind: str, status: int) -> None:
    answer = await told(kind, Peer("status", status=status, headers={"Retry-After": "7"}))
    assert answer == Later(f"status_{status}", 7.0)


async def test_no_peer_can_keep_an_alert_waiting_for_an_hour(kind: str) -> None:
    answer = await told(kind, Peer("status", status=429, headers={"Retry-After": "3600"}))
    assert answer == Later("status_429", 60.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 415, 422])
async def test_a_no_is_a_refusal(kind: str, status: int) -> None:
    assert await told(kind, Peer("status", status=status)) == Refused(f"status_{status}")


async def test_a_redirect_is_not_followed(kind: str) -> None:
    peer = Peer("status", status=307, headers={"Location": "/elsewhere"})
    assert isinstance(await told(kind, peer), Refused)
    assert len(peer.heard) == 1


async def test_an_empty_200_is_no_acknowledgement(kind: str) -> None:
    answer = await told(kind, Peer("lying"))
    if kind in ("voice", "sms"):
        assert answer == Later("bad_reply"), "without a sid nobody is rung"
    else:
        assert isinstance(answer, Sent)
        assert answer.acknowledge_within_s == (10 if kind == "webhook" else 20)


async def test_an_endless_answer_is_not_read_to_its_end(kind: str) -> None:
    answer = await told(kind, Peer("huge"))
    if kind in ("voice", "sms"):
        assert isinstance(answer, Later)
    else:
        assert isinstance(answer, Sent)


async def test_every_attempt_carries_the_same_key(kind: str) -> None:
    peer = Peer("status", status=500)
    async with running(peer), carrying(kind, peer.url) as carrier:
        for _ in range(3):
            await carrier.tell(telling(kind))
    keys = {_key_in(kind, one.headers, one.body, one.form) for one in peer.heard}
    assert len(peer.heard) == 3
    assert len(keys) == 1
    assert "opened" in keys.pop()


def _key_in(kind: str, headers: dict[str, str], body: bytes, form: dict[str, str]) -> str:
    if kind == "webhook":
        return headers["webhook-id"]
    if kind in ("voice", "sms"):
        return form["StatusCallback"]
    mark = b"<identifier>" if kind == "cap" else b'"distributionID":"'
    return body.partition(mark)[2][:80].decode()


async def test_a_test_alert_rings_no_control_room_and_no_telephone(kind: str) -> None:
    peer = Peer(status=201)
    answer = await told(kind, peer, lane="test")
    if kind == "webhook":
        assert isinstance(answer, Received)
    else:
        assert answer == Refused("test_never_told")
        assert peer.heard == []


async def test_an_exercise_is_told_as_one_where_the_policy_says_so_and_rings_nobody(
    kind: str,
) -> None:
    peer = Peer(status=201)
    more = "" if kind in ("voice", "sms") else "lane_exercise = true"
    async with running(peer), carrying(kind, peer.url, more) as carrier:
        answer = await carrier.tell(telling(kind, lane="exercise"))
    if kind in ("voice", "sms"):
        assert isinstance(answer, Refused)
        assert peer.heard == []
        return
    assert isinstance(answer, Received | Sent)
    (heard,) = peer.heard
    assert b"exercise" in heard.body.lower()
    assert b"Actual" not in heard.body


async def test_a_room_that_takes_no_exercise_is_told_of_none(kind: str) -> None:
    if kind not in ("cisu", "cap"):
        return
    peer = Peer()
    assert await told(kind, peer, lane="exercise") == Refused("exercise_not_told")
    assert await told(kind, peer, lane="canary") == Refused("test_never_told")
    assert peer.heard == []


def _server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def test_a_wrong_certificate_gets_nothing(kind: str) -> None:
    peer = Peer()
    async with running(peer, _server_tls(trustme.CA())), carrying(kind, peer.url) as carrier:
        assert await carrier.tell(telling(kind)) == Later("tls")
    assert peer.heard == []


async def test_a_pinned_authority_is_trusted_and_no_other(kind: str, tmp_path: Path) -> None:
    if kind in ("voice", "sms"):
        return  # the provider is known by the system's authorities only
    ours, other = trustme.CA(), trustme.CA()
    for authority, good in ((ours, True), (other, False)):
        path = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(path)
        peer = Peer()
        async with (
            running(peer, _server_tls(ours)),
            carrying(kind, peer.url, f'ca_file = "{path}"') as carrier,
        ):
            answer = await carrier.tell(telling(kind))
        assert isinstance(answer, Received | Sent) is good
        assert bool(peer.heard) is good


async def test_mutual_tls_shows_our_certificate(kind: str, tmp_path: Path) -> None:
    if kind in ("voice", "sms"):
        return
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine = authority.issue_cert("tgd.example")
    mine.private_key_and_cert_chain_pem.write_to_path(tmp_path / "mine.pem")
    tls = _server_tls(authority)
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    files = f'ca_file = "{tmp_path}/ca.pem"\n'
    both = f'client_cert = "{tmp_path}/mine.pem"\nclient_key = "{tmp_path}/mine.pem"\n'
    for more, good in ((files + both, True), (files, False)):
        peer = Peer()
        async with running(peer, tls), carrying(kind, peer.url, more) as carrier:
            answer = await carrier.tell(telling(kind))
        assert isinstance(answer, Received | Sent) is good


def test_what_is_missing_is_said_before_the_night(kind: str) -> None:
    policy = read_policy(policy_text(kind, "http://127.0.0.1:9"))
    if kind in ("voice", "sms"):
        with pytest.raises(Misconfigured, match="TGD_TWILIO_ACCOUNT_SID"):
            build(policy, None, "https://tgd.example")
    else:
        assert set(build(policy, None, "")) == {kind}
        absent = policy_text(kind, "http://127.0.0.1:9", 'ca_file = "/nowhere/ca.pem"')
        with pytest.raises(Misconfigured, match="ca_file"):
            build(read_policy(absent), None, "")


async def test_what_each_peer_is_given(kind: str) -> None:
    peer = Peer(status=201)
    await told(kind, peer)
    (heard,) = peer.heard
    types = {
        "webhook": "application/cloudevents+json",
        "cisu": "application/json",
        "cap": "application/cap+xml",
    }
    if kind == "webhook":
        Webhook(SECRET).verify(heard.body, heard.headers)
    if kind == "cisu":
        assert heard.headers["Authorization"] == "Bearer t0k"
    if kind in types:
        assert heard.headers["Content-Type"].startswith(types[kind])
        return
    assert heard.headers["Authorization"].startswith("Basic ")
    assert (heard.form["To"], heard.form["From"]) == ("+33639980101", "+33199000010")
    assert f"/answers/v1/{kind}/status?key=" in heard.form["StatusCallback"]
    if kind == "sms":
        assert (heard.form["ContentRetention"], heard.form["AddressRetention"]) == (
            "discard", "obfuscate",
        )  # fmt: skip
    else:
        action = ET.fromstring(heard.form["Twiml"])[0].get("action") or ""
        assert action.startswith("https://tgd.example/answers/v1/voice/keypad?key=")
        assert action.endswith(":opened:1:voice")


async def test_only_the_word_received_is_believed(kind: str) -> None:
    if kind != "webhook":
        return
    for said, status, expected in (
        ({"received": True, "reference": "INC-7"}, 200, Received("received", "INC-7")),
        ({"received": True, "incident": "INC-7"}, 201, Received("received", "INC-7")),
        ({"received": True, "reference": "a\nb"}, 200, Received("received", None)),
        ({"received": "true"}, 200, Sent(10, "unconfirmed")),
        ({"ok": True}, 200, Sent(10, "unconfirmed")),
        ({"received": True, "key": "of another"}, 200, Sent(10, "other_key")),
        ({"received": True}, 202, Sent(10, "accepted")),
        ({"received": False}, 200, Later("says_not_received")),
    ):
        assert await told(kind, Peer(said=said, status=status)) == expected


def test_retry_after_is_seconds_or_a_date_or_nothing(kind: str) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    date = format_datetime(now + timedelta(seconds=20), usegmt=True)
    for header, expected in (
        (None, None), ("", None), ("soon", None), ("-3", None), ("٣", None), ("0", 0.0),
        ("7", 7.0), ("9" * 400, 60.0), (date, 20.0),
        (format_datetime(now - timedelta(days=9)), 0.0),
    ):  # fmt: skip
        assert retry_after_s(header, now) == expected
