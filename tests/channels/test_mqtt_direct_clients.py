"""The own MQTT listener with clients that are not ours: paho, mosquitto, mqtt.js, and over TLS."""

import asyncio
import json
import shutil
import ssl
import subprocess
import threading
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import trustme
from mqtt5 import ConnAckPacket, ConnectPacket, PubAckPacket
from mqtt_house import ANA, PATIENCE_S, RECEIPT, SECRETS, House, Wire, alert, house
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.heard import Form
from gateway.mqtt_direct import Limits

ALERT = f"tgd/v1/{ANA}/alert"
STATE = f"tgd/v1/{ANA}/state"
PRESS = '{"trigger": "t1", "kind": "press"}'


class PahoHandset:
    """Ana's handset, as somebody would write it with paho; its calls block."""

    def __init__(self, port: int, password: bytes = SECRETS[ANA]) -> None:
        self.receipts: list[dict[str, str]] = []
        self.reasons: list[int] = []
        self.ready = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, ANA, protocol=paho.MQTTv5)
        self.client.username_pw_set(ANA, password.decode())
        self.client.on_connect = lambda *args: self.client.subscribe(RECEIPT, 1)
        self.client.on_subscribe = lambda *args: self.ready.set()
        self.client.on_message = lambda c, u, m: self.receipts.append(json.loads(m.payload))
        self.client.on_publish = lambda c, u, mid, reason, p: self.reasons.append(reason.value)
        self._port = port

    def __enter__(self) -> "PahoHandset":
        self.client.connect("127.0.0.1", self._port, keepalive=30)
        self.client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def press(self, topic: str = ALERT, **more: object) -> None:
        self.client.publish(topic, PRESS, qos=1, **more).wait_for_publish(PATIENCE_S)


async def test_paho_presses_and_reads_its_receipt():
    async with house() as h:
        with PahoHandset(h.port) as handset:
            await h.door.until(handset.ready.is_set)
            assert h.listener.connected() == {ANA}
            await asyncio.to_thread(handset.press)
            await h.door.until(lambda: len(handset.receipts) == 1)
            assert handset.receipts[0]["trigger"] == "t1"
            assert handset.reasons == [0]
            await asyncio.to_thread(handset.press, "tgd/v1/somebody/alert")
            assert handset.reasons == [0, 0x87]
        await h.door.until(lambda: not h.listener.connected())
        assert len(h.door.heard) == 1


async def test_paho_as_a_stranger_is_heard():
    async with house() as h:
        with PahoHandset(h.port, b"a guess") as handset:
            await h.door.until(handset.ready.is_set)
            await asyncio.to_thread(handset.press)
            await h.door.until(lambda: len(handset.receipts) == 1)
        assert [heard.verified for heard in h.door.heard] == [False]


async def test_paho_sends_again_what_was_not_acknowledged():
    async with house() as h:
        kept = asyncio.Event()
        h.door.hold = lambda heard: kept
        with PahoHandset(h.port) as handset:
            await h.door.until(handset.ready.is_set)
            assert h.listener.connected() == {ANA}
            pressing = asyncio.create_task(asyncio.to_thread(handset.press))
            await h.door.until(lambda: len(h.door.heard) == 1)
            h.listener._registry.trusted[ANA].line.cut()
            kept.set()
            await pressing
            await h.door.until(lambda: len(handset.receipts) >= 1)
        assert {heard.raw for heard in h.door.heard} == {PRESS.encode()}
        assert len(h.door.heard) == 2


async def test_paho_pours_hundreds_of_alerts_within_the_window():
    async with house() as h:
        with PahoHandset(h.port) as handset:
            await h.door.until(handset.ready.is_set)
            assert h.listener.connected() == {ANA}
            for number in range(500):
                handset.client.publish(ALERT, json.dumps({"trigger": f"t{number}"}), qos=1)
            await h.door.until(lambda: len(handset.receipts) == 500 == len(handset.reasons))
        assert {receipt["trigger"] for receipt in handset.receipts} == {
            f"t{number}" for number in range(500)
        }


async def test_paho_leaves_a_will():
    async with house() as h:
        handset = PahoHandset(h.port)
        delay = Properties(PacketTypes.WILLMESSAGE)
        delay.WillDelayInterval = 0
        handset.client.will_set(STATE, b'{"state":"lost"}', 1, True, properties=delay)
        with handset:
            await h.door.until(lambda: h.listener.connected() == {ANA})
            h.listener._registry.trusted[ANA].line.cut()
            await h.door.until(lambda: h.door.raws(Form.STATE) == [b'{"state":"lost"}'])


# Programs


async def run(*command: str) -> tuple[int, str]:
    program = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    async with asyncio.timeout(30):
        said, _ = await program.communicate()
    return program.returncode or 0, said.decode()


def as_ana(program: str, h: House, *more: str) -> list[str]:
    who = ["-V", "5", "-i", ANA, "-u", ANA, "-P", SECRETS[ANA].decode()]
    return [program, "-h", "127.0.0.1", "-p", str(h.port), *who, *more]


@pytest.mark.parametrize("qos", ["0", "1"])
@pytest.mark.needs_system_package
@pytest.mark.usefixtures("mosquitto")
async def test_mosquitto_pub_is_heard(qos):
    async with house() as h:
        code, said = await run(*as_ana("mosquitto_pub", h, "-t", ALERT, "-m", PRESS, "-q", qos))
        assert (code, said) == (0, "")
        await h.door.until(lambda: h.door.raws() == [PRESS.encode()])
        assert h.door.heard[0].verified


@pytest.mark.needs_system_package
@pytest.mark.usefixtures("mosquitto")
async def test_mosquitto_pub_is_told_what_it_may_not():
    async with house() as h:
        elsewhere = as_ana("mosquitto_pub", h, "-d", "-q", "1", "-t", "elsewhere", "-m", "x")
        _, said = await run(*elsewhere)
        assert "Not authorized" in said or "RC:135" in said, said
        assert not h.door.heard


@pytest.mark.needs_system_package
@pytest.mark.usefixtures("mosquitto")
async def test_mosquitto_sub_reads_what_is_told():
    async with house() as h:
        reading = asyncio.create_task(
            run(*as_ana("mosquitto_sub", h, "-t", RECEIPT, "-q", "1", "-C", "1", "-W", "20"))
        )
        async with asyncio.timeout(PATIENCE_S):
            while not await h.listener.tell(ANA, b'{"state":"taken"}'):
                await asyncio.sleep(0.02)
        assert await reading == (0, '{"state":"taken"}\n')


@pytest.mark.needs_system_package
@pytest.mark.usefixtures("mosquitto")
async def test_mosquitto_of_the_old_version_is_told_so():
    async with house() as h:
        command = as_ana("mosquitto_pub", h, "-t", ALERT, "-m", PRESS, "-q", "1")
        command[command.index("5")] = "311"
        code, said = await run(*command)
        assert code != 0
        assert "protocol version" in said


MQTT_JS = """
const mqtt = require(process.argv[2] + '/node_modules/mqtt')
const [port, id, password] = process.argv.slice(3)
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
  protocolVersion: 5, clientId: id, username: id, password: password, keepalive: 30,
  will: {topic: `tgd/v1/${id}/state`, payload: '{"state":"lost"}', qos: 1, retain: true},
})
client.on('error', error => { console.error(String(error)); process.exit(1) })
client.on('message', (topic, payload) => {
  console.log(JSON.stringify({topic, receipt: JSON.parse(payload)}))
  client.end(false, {}, () => process.exit(0))
})
client.on('connect', () => client.subscribe(`tgd/v1/${id}/receipt`, {qos: 1}, () =>
  client.publish(`tgd/v1/${id}/alert`, '{"trigger": "js", "kind": "press"}', {qos: 1})))
"""


@pytest.fixture
def mosquitto() -> None:
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto_pub is missing: install the package mosquitto-clients")


@pytest.fixture(scope="module")
def mqtt_js(tmp_path_factory) -> Path:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are missing: install them to see mqtt.js talk to us")
    folder = tmp_path_factory.mktemp("mqtt-js")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "mqtt@5"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    if done.returncode:
        pytest.skip("npm could not install mqtt: is there a package registry?")
    (folder / "handset.cjs").write_text(MQTT_JS)
    return folder


@pytest.mark.needs_system_package
async def test_mqtt_js_presses_and_reads_its_receipt(mqtt_js):
    async with house() as h:
        script = str(mqtt_js / "handset.cjs")
        code, said = await run(
            "node", script, str(mqtt_js), str(h.port), ANA, SECRETS[ANA].decode()
        )
        assert code == 0, said
        assert json.loads(said)["receipt"]["trigger"] == "js"
        assert [heard.form for heard in h.door.heard] == [Form.ALERT]


# TLS


AUTHORITY = trustme.CA()


def our_side(asks_certificate: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL if asks_certificate else ssl.CERT_NONE
    return context


def her_side(common_name: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if common_name is not None:
        certificate = AUTHORITY.issue_cert("handset.invalid", common_name=common_name)
        certificate.configure_cert(context)
    return context


async def call_tls(h: House, common_name: str | None, connect: ConnectPacket) -> Wire:
    reader, writer = await asyncio.open_connection("127.0.0.1", h.port, ssl=her_side(common_name))
    wire = Wire(reader, writer)
    h.wires.append(wire)
    wire.say(connect)
    wire.welcome = await wire.hears(ConnAckPacket)
    return wire


@pytest.mark.parametrize("client_id", [ANA, ""])
async def test_a_certificate_is_proof_without_a_secret(client_id):
    async with house(context=our_side(asks_certificate=True)) as h:
        ana = await call_tls(h, ANA, ConnectPacket(client_id))
        ana.say(alert())
        assert (await ana.hears(PubAckPacket)).reason_code == 0
        assert (h.door.heard[0].source, h.door.heard[0].verified) == (ANA, True)


async def test_a_certificate_of_somebody_else_proves_nothing():
    async with house(context=our_side(asks_certificate=True)) as h:
        dora = await call_tls(h, "hdora000000000", ConnectPacket(ANA))
        dora.say(alert())
        assert (await dora.hears(PubAckPacket)).reason_code == 0
        assert not h.door.heard[0].verified


async def test_a_secret_over_tls_is_proof_without_a_certificate():
    async with house(context=our_side(asks_certificate=True)) as h:
        await call_tls(h, None, ConnectPacket(ANA, password=SECRETS[ANA]))
        assert h.listener.connected() == {ANA}


async def test_the_last_word_over_tls_arrives():
    async with house(context=our_side(asks_certificate=False)) as h:
        first = await call_tls(h, None, ConnectPacket(ANA, password=SECRETS[ANA]))
        await call_tls(h, None, ConnectPacket(ANA, password=SECRETS[ANA]))
        assert await first.is_sent_away() == 0x8E


async def test_a_handshake_that_does_not_come_is_closed_and_disturbs_nobody():
    limits = Limits(connect_s=0.3, stop_s=1)
    async with house(limits, our_side(asks_certificate=False)) as h:
        silent, rude = await h.call(), await h.call()
        rude.say(b"\x16\x03\x01" + b"\xff" * 200)
        ana = await call_tls(h, None, ConnectPacket(ANA, password=SECRETS[ANA]))
        assert await rude.reader.read() is not None
        assert await silent.next() is None
        assert await ana.still_talks()


async def test_tls_and_plain_are_served_side_by_side():
    async with house() as h:
        secure = House(
            h.door,
            h.listener,
            await h.listener.start("127.0.0.1", 0, our_side(asks_certificate=False)),
        )
        await call_tls(secure, None, ConnectPacket(ANA, password=SECRETS[ANA]))
        dora = await h.call_as("hdora000000000", b"dora's secret")
        assert await dora.still_talks()
        assert h.listener.connected() == {ANA, "hdora000000000"}
        secure.wires[0].hang_up()
