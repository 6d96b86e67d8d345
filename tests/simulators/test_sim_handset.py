"""A handset repeats the same id, by every way it has, until a receipt comes."""

import base64
import hashlib
import hmac
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from counterparts import Customer, PostOffice, until

from simulators.handset import Handset, Misbehaviour, Settings, Tls, Ways
from simulators.handset_words import Card, Fix, Press, sms_text
from simulators.sms_provider import Account, SmsProvider

CARD = Card("h-0001", "secret-of-ana", "00112233445566778899aabbccddeeff", "+33639980001")
FIX = Fix(48.89, 2.2, 12, "gnss", datetime(2026, 11, 23, 22, 40, 3, tzinfo=UTC))


def quick(post_office: PostOffice, **more: object) -> Settings:
    return Settings(**{"mqtt_port": post_office.port, "repeat_s": 0.05, **more})  # type: ignore[arg-type]


async def test_press_is_confirmed(post_office: PostOffice) -> None:
    """Ana presses; the receipt comes; nothing is repeated any more."""
    ana = Handset(CARD, quick(post_office))
    ana.fix = FIX
    await ana.start()
    trigger = await ana.press()
    assert await ana.receipt_of(trigger) == "received"
    alert = post_office.on("alert")[0]
    assert alert["trigger"] == trigger
    assert (alert["counter"], alert["kind"], alert["battery_pct"]) == (1, "press", 63)
    assert alert["position"]["lat"] == 48.89
    assert alert["position"]["at"] == "2026-11-23T22:40:03Z"
    datetime.strptime(alert["at"], "%Y-%m-%dT%H:%M:%SZ")
    await until(lambda: ana.ledger_book.of("puback"))
    await ana.stop()
    events = [line["event"] for line in ana.ledger]
    assert events.index("pressed") < events.index("sent") < events.index("receipt")


async def test_connects_as_the_contract_says(post_office: PostOffice) -> None:
    """Client id and user name are the handset, the Will and the birth share a session number."""
    ana = Handset(CARD, quick(post_office))
    await ana.start()
    await until(lambda: post_office.on("state"))
    hello = post_office.connects[0]
    assert (hello.client_id, hello.username, hello.password) == (
        "h-0001",
        "h-0001",
        b"secret-of-ana",
    )
    assert not hello.clean_start
    assert hello.session_expiry_interval >= 86400
    assert hello.will
    assert hello.will.topic == "tgd/v1/h-0001/state"
    assert hello.will.retain
    will, birth = json.loads(hello.will.payload or b""), post_office.on("state")[0]
    assert (will["state"], birth["state"]) == ("lost", "online")
    assert will["session"] == birth["session"]
    await ana.stop()
    assert post_office.wills == []


async def test_it_says_its_sim_card_and_another_one_when_that_was_changed(
    post_office: PostOffice,
) -> None:
    """Ana's handset comes back with the card of somebody else in it."""
    for number, sim in enumerate((None, "89330000000000000017"), 1):
        ana = Handset(CARD, quick(post_office, sim=sim))
        await ana.start()
        await until(lambda births=number: len(post_office.on("state")) == births)
        await ana.stop()
    said = [birth["sim"] for birth in post_office.on("state")]
    assert said == ["sim-of-h-0001", "89330000000000000017"]


async def test_lost_connection_lets_the_will_speak(post_office: PostOffice) -> None:
    """The battery is torn out: the listener learns it from the Will."""
    ana = Handset(CARD, quick(post_office))
    await ana.start()
    await ana.connected()
    await ana.stop(politely=False)
    await until(lambda: post_office.wills)


async def test_same_id_again_without_receipt(post_office: PostOffice) -> None:
    """A PUBACK alone convinces nobody: the same id comes again, until the receipt."""
    post_office.sends_receipts = False
    ana = Handset(CARD, quick(post_office))
    await ana.start()
    trigger = await ana.press()
    await until(lambda: len(post_office.on("alert")) >= 3)
    assert {alert["trigger"] for alert in post_office.on("alert")} == {trigger}
    post_office.tell("h-0001", "another-trigger", "received")
    post_office.tell("h-0001", trigger, "received")
    await ana.receipt_of(trigger)
    await until(lambda: not ana._acts)
    await ana.stop()


async def test_sms_after_a_while(post_office: PostOffice, customer: Customer) -> None:
    """No receipt on MQTT: the same id leaves by SMS too, signed."""
    post_office.sends_receipts = False
    provider = SmsProvider(Account(webhook=f"{customer.url}/sms"))
    await provider.start()
    ana = Handset(CARD, quick(post_office, sms_url=provider.url, sms_after_s=0.1))
    await ana.start()
    trigger = await ana.press("duress")
    await until(lambda: customer.at("/sms"))
    text = customer.at("/sms")[0].form["Body"]
    assert text.startswith("TGD1;h-0001;1;D;lt=+00.00000;lg=+000.00000;rd=N;pm=N;")
    assert f";id={trigger};" in text
    assert customer.at("/sms")[0].form["From"] == "+33639980001"
    post_office.tell("h-0001", trigger, "taken")
    assert await ana.receipt_of(trigger) == "taken"
    await ana.stop()
    await provider.stop()


async def test_no_network_at_all_is_survived(customer: Customer) -> None:
    """Neither MQTT nor SMS answers: the handset goes on, and finds the SMS network later."""
    ana = Handset(
        CARD, Settings(mqtt_port=1, sms_url="http://127.0.0.1:1", sms_after_s=0, ways=Ways.BOTH)
    )
    await ana.start()
    await ana.press()
    await until(lambda: ana.ledger_book.of("not_sent"))
    await ana.stop()


async def test_restart_repeats_what_nobody_confirmed(
    post_office: PostOffice, tmp_path: Path
) -> None:
    """The handset dies before the receipt; switched on again it sends the same id and counter."""
    post_office.sends_receipts = False
    state, ledger = tmp_path / "h.json", tmp_path / "h.jsonl"
    ana = Handset(CARD, quick(post_office), state=state, ledger=ledger)
    ana.fix = FIX
    await ana.start()
    trigger = await ana.press()
    await until(lambda: post_office.on("alert"))
    await ana.stop(politely=False)
    post_office.sends_receipts = True
    again = Handset(CARD, quick(post_office), state=state, ledger=ledger)
    await again.start()
    await again.receipt_of(trigger)
    assert post_office.on("alert")[-1] == post_office.on("alert")[0]
    assert (await again.press()) != trigger
    await until(lambda: post_office.on("alert")[-1]["counter"] == 2)
    assert post_office.on("state")[-1]["session"] > post_office.on("state")[0]["session"]
    await until(lambda: not json.loads(state.read_text())["pending"])
    await again.stop()
    assert [json.loads(x)["event"] for x in ledger.read_text().splitlines()].count("pressed") == 2


async def test_survives_the_listener_restarting(post_office: PostOffice) -> None:
    """The listener goes away in the middle; the handset comes back, with a new session."""
    post_office.sends_receipts = False
    ana = Handset(CARD, quick(post_office))
    await ana.start()
    trigger = await ana.press()
    await until(lambda: post_office.on("alert"))
    await post_office.stop()
    await until(lambda: ana.ledger_book.of("disconnected"))
    post_office.sends_receipts = True
    await post_office.start()
    await ana.receipt_of(trigger)
    sessions = [json.loads(c.will.payload)["session"] for c in post_office.connects if c.will]
    assert len(set(sessions)) == len(sessions) > 1
    await ana.stop()


@pytest.mark.parametrize("fault", list(Misbehaviour))
async def test_misbehaviours(post_office: PostOffice, customer: Customer, fault: str) -> None:
    """Each way to be broken or hostile shows on the wire."""
    post_office.secrets = {"h-0001": b"secret-of-ana"}
    provider = SmsProvider(Account(webhook=f"{customer.url}/sms"))
    await provider.start()
    wanted = Misbehaviour(fault)
    settings = quick(
        post_office, sms_url=provider.url, ways=Ways.BOTH, misbehaves={wanted}, foreign="h-0002"
    )
    dora = Handset(CARD, settings)
    await dora.start()
    trigger = await dora.press()
    await until(lambda: customer.at("/sms"))
    text = customer.at("/sms")[0].form["Body"]
    match wanted:
        case Misbehaviour.BAD_SECRET:
            await until(lambda: dora.ledger_book.of("refused"))
            assert not post_office.published
        case Misbehaviour.NEVER_STOP:
            await dora.receipt_of(trigger)
            await until(lambda: len(post_office.on("alert")) > 3)
        case Misbehaviour.WRONG_MAC:
            assert not _is_authentic(text)
        case Misbehaviour.GARBAGE:
            await until(lambda: [p for p in post_office.published if p.topic.endswith("/alert")])
            with pytest.raises(ValueError):
                post_office.on("alert")
            assert not text.startswith("TGD1")
        case Misbehaviour.RETAINED:
            await until(lambda: post_office.on("alert"))
            assert next(p.retain for p in post_office.published if p.topic.endswith("/alert"))
        case Misbehaviour.FOREIGN_TOPIC:
            await until(lambda: post_office.on("alert"))
            assert "tgd/v1/h-0002/alert" in [p.topic for p in post_office.published]
        case Misbehaviour.NO_ID:
            await until(lambda: post_office.on("alert"))
            assert "trigger" not in post_office.on("alert")[0]
            assert ";id=" not in text
    await dora.stop()
    await provider.stop()


async def test_clock_may_be_wrong(post_office: PostOffice) -> None:
    """A handset whose clock is a day late says so without knowing it."""
    ana = Handset(CARD, quick(post_office, clock_offset_s=-86400.0))
    await ana.start()
    await ana.receipt_of(await ana.press())
    said = datetime.fromisoformat(post_office.on("alert")[0]["at"])
    assert 86300 < (datetime.now(UTC) - said).total_seconds() < 86500
    await ana.stop()


# paho leaves the socket of a refused handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_tls_with_a_client_certificate(tmp_path: Path) -> None:
    """Over TLS the handset checks the listener and shows its own certificate."""
    authority, other = trustme.CA(), trustme.CA()
    served = authority.issue_cert("127.0.0.1")
    own = authority.issue_cert("h-0001")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    office = PostOffice(tls=context)
    await office.start()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
    own.private_key_pem.write_to_path(tmp_path / "own.key")
    tls = Tls(tmp_path / "ca.pem", tmp_path / "own.pem", tmp_path / "own.key")
    ana = Handset(CARD, quick(office, tls=tls))
    await ana.start()
    await ana.receipt_of(await ana.press())
    await ana.stop()
    fooled = Handset(CARD, quick(office, tls=Tls(tmp_path / "other.pem", tls.certificate, tls.key)))
    await fooled.start()
    await until(lambda: fooled.ledger_book.of("unreachable"))
    assert not fooled.ledger_book.of("connected")
    await fooled.stop()
    await office.stop()


@pytest.mark.parametrize("fix", [None, FIX, Fix(-12.34567, -123.45678, 25000, "cell", FIX.at)])
@pytest.mark.parametrize("length", [8, 36, 40])
@pytest.mark.parametrize("counter", [1, 4294967295])
def test_sms_is_one_segment(fix: Fix | None, length: int, counter: int) -> None:
    """Whatever the position, ids of up to 40 characters leave in one GSM-7 segment, signed."""
    press = Press("t" * length, counter, "press", FIX.at, fix, battery_pct=100)
    text = sms_text(press, "h" * length, bytes.fromhex(CARD.sms_key))
    assert len(text) <= 160
    assert f"id={'t' * length};" in text
    assert "lt=" in text
    assert "lg=" in text
    assert _is_authentic(text)


def _is_authentic(text: str) -> bool:
    """The signature by hand: base32 of 80 bits over all up to and including the last semicolon."""
    signed, _, mac = text.rpartition(";")
    key = bytes.fromhex(CARD.sms_key)
    digest = hmac.new(key, f"{signed};".encode(), hashlib.sha256).digest()[:10]
    return base64.b32encode(digest).decode() == mac
