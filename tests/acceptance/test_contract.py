"""The wire contract, told by programs that know nothing but the contract.

One service, started by `tgd up`; handsets, texts and applications written with plain clients.
"""

import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import trustme

from simulators.handset_words import Press, sms_text
from tests.acceptance.contract_console import Desk
from tests.acceptance.contract_device import HERE, Device
from tests.acceptance.contract_ground import OUR_NUMBER, Ground, Up, ground, until
from tests.acceptance.running import named_ports
from tests.conftest import reachable_folder
from tgd import clock

ANAS_NUMBER = "+33639980001"
BAD_CREDENTIALS_ARE_HEARD = 0
NOT_AUTHORIZED = 0x87
RETAINED_IS_REFUSED = 0x83


@dataclass
class Scene:
    """The service, Bruno at his desk, Ana's and Bella's cards."""

    place: Ground
    up: Up
    bruno: Desk
    ana: dict[str, str]
    bella: dict[str, str]

    def device(
        self, card: dict[str, str], secret: str | None = "", *, will: bool = False
    ) -> Device:
        said = card.get("mqtt_secret") if secret == "" else secret
        return Device(card["handset"], said, self.up.port("mqtt"), will=will)

    def heard(self, speak: Callable[[], object]) -> dict[str, object]:
        """Exactly one new alert after this was said; its sheet as Bruno sees it."""
        before = {x["id"] for x in self.bruno.open_alerts()}
        speak()
        return self.bruno.new_alert(before)

    def text(self, body: str, sender: str = ANAS_NUMBER) -> None:
        words = {"from": sender, "to": OUR_NUMBER, "body": body}
        self.place.make("provider", "inbound", **words)

    def form(self, path: str, card: dict[str, str], **sent: object) -> httpx.Response:
        proof = {"authorization": f"Bearer {card['mqtt_secret']}"}
        return httpx.post(self.up.url("gateway") + path, headers=proof, timeout=20, **sent)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with reachable_folder() as folder, ground(folder) as place:
        _own_certificate(place)
        up = place.up().wait()
        ana = place.told("handset", "enroll", "--number", ANAS_NUMBER)
        place.told("handset", "give", ana["handset"], "--name", "Ana FICTIVE", "--geolocation",
                   "--place", "3 rue des Exemples;Nanterre;92050")  # fmt: skip
        bella = place.told("handset", "enroll", "--number", "+33639980002")
        bruno = Desk(place, up, "Bruno", "operator")
        yield Scene(place, up, bruno, ana, bella)
        bruno.leaves()


def _own_certificate(place: Ground) -> None:
    """A server's certificate; the devices' authority is made by the first enrolment of one."""
    folder = place.folder / "tls"
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    paper = authority.issue_cert("localhost")
    paper.private_key_pem.write_to_path(str(folder / "key.pem"))
    paper.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    card = place.told("handset", "enroll", "--certificate")
    (place.folder / "card.json").write_text(json.dumps(card))
    port = named_ports("mqtts")["mqtts"]
    place.settings |= {
        "TGD_MQTT_TLS_LISTEN": f"127.0.0.1:{port}",
        "TGD_MQTT_TLS_CERT_FILE": str(folder / "certificate.pem"),
        "TGD_MQTT_TLS_KEY_FILE": str(folder / "key.pem"),
        "TGD_MQTT_TLS_CLIENT_CA_FILE": place.settings["TGD_DATA_DIR"] + "/device-ca/ca.pem",
    }


def test_a_press_is_received_taken_and_closed(scene: Scene) -> None:
    """Ana presses; her handset may believe the receipt; Bruno takes it and closes it."""
    ana = scene.device(scene.ana)
    assert (ana.welcome, ana.listens()) == (0, 1)
    pressed: list[str] = []
    sheet = scene.heard(lambda: pressed.append(ana.presses(position=HERE)))
    assert ana.code == 0
    receipt = ana.receipt(pressed[0])
    assert set(receipt) == {"trigger", "state", "at"}
    assert datetime.strptime(receipt["at"], "%Y-%m-%dT%H:%M:%SZ")
    assert ana.read[0][0] == f"tgd/v1/{ana.handset}/receipt"
    assert (sheet["trust"], sheet["lane"]) == ("verified", "real")
    assert sheet["person"]["name"] == "Ana FICTIVE"
    assert ana.presses(pressed[0]) == pressed[0]
    assert ana.code == 0, "the same id again is the same press, and has its receipt again"
    assert scene.bruno.sheet(sheet["id"])["presses"] == 1
    until(lambda: [x for x in scene.place.ledger("platform", "kept") if x["alert"] == sheet["id"]])
    scene.bruno.does(sheet["id"], "take")
    ana.receipt(pressed[0], "taken")
    scene.bruno.closes(sheet["id"])
    ana.receipt(pressed[0], "closed")
    ana.leaves()


def test_a_position_is_kept_only_while_the_alert_is_open(scene: Scene) -> None:
    """Before and after: refused before anything is stored. During: it is what Bruno sees."""
    ana = scene.device(scene.ana)
    assert ana.reports("before", lat=40.00001) == NOT_AUTHORIZED
    pressed: list[str] = []
    sheet = scene.heard(lambda: pressed.append(ana.presses()))
    assert sheet["position"] is None, "what was said before is not there"
    assert ana.reports(pressed[0], lat=48.9) == 0
    assert until(lambda: scene.bruno.sheet(sheet["id"])["position"])["lat"] == 48.9
    scene.bruno.closes(sheet["id"])
    assert ana.reports(pressed[0], lat=41.00001) == NOT_AUTHORIZED
    ana.leaves()


def test_a_handset_without_its_agreement_gives_no_position(scene: Scene) -> None:
    """Bella's handset was given to nobody: it is heard, and where it is is not kept."""
    bella = scene.device(scene.bella)
    sheet = scene.heard(lambda: bella.presses(position=HERE))
    assert bella.code == 0
    assert sheet["position"] is None
    scene.bruno.closes(sheet["id"])
    bella.leaves()


def test_a_wrong_secret_is_heard_and_not_believed(scene: Scene) -> None:
    """Dora says that she is Ana's handset: a human sees it, and learns nothing through it."""
    dora = scene.device(scene.ana, "a guess of hers")
    assert dora.welcome == BAD_CREDENTIALS_ARE_HEARD
    assert dora.listens() == 1
    ana = scene.device(scene.ana)
    ana.listens()
    pressed: list[str] = []
    sheet = scene.heard(lambda: pressed.append(dora.presses(position=HERE)))
    dora.receipt(pressed[0])
    assert sheet["trust"] != "verified"
    assert sheet["person"] is None
    own = ana.presses()
    ana.receipt(own)
    proven = until(
        lambda: scene.bruno.sheet(str(sheet["id"]))["trust"] == "verified", what="for Ana"
    )
    assert proven, "her own press joins the one open alert of her handset, and proves it"
    scene.bruno.does(str(sheet["id"]), "take")
    ana.receipt(own, "taken")
    assert {(said["trigger"], said["state"]) for _, said in dora.read} == {(pressed[0], "received")}
    scene.bruno.closes(str(sheet["id"]))
    dora.leaves()
    ana.leaves()


def test_an_unknown_handset_has_the_same_answer(scene: Scene) -> None:
    """A receipt says nothing of whether an id is known."""
    nobody = Device("hnobody" + uuid4().hex[:8], "x", scene.up.port("mqtt"))
    assert (nobody.welcome, nobody.listens()) == (0, 1)
    pressed: list[str] = []
    sheet = scene.heard(lambda: pressed.append(nobody.presses()))
    assert set(nobody.receipt(pressed[0])) == {"trigger", "state", "at"}
    assert sheet["trust"] != "verified"
    scene.bruno.closes(str(sheet["id"]))
    nobody.leaves()


def test_nobody_reads_or_writes_anothers_topics(scene: Scene) -> None:
    ana = scene.device(scene.ana)
    other = scene.bella["handset"]
    before = {x["id"] for x in scene.bruno.open_alerts()}
    for topic in (f"tgd/v1/{other}/receipt", "tgd/v1/+/receipt", "#", f"tgd/v1/{other}/alert"):
        assert ana.listens(topic) >= 0x80
    for last in ("alert", "position", "state", "receipt"):
        assert ana.writes(f"tgd/v1/{other}/{last}", {"trigger": "x"}) == NOT_AUTHORIZED
    assert ana.writes(f"tgd/v1/{ana.handset}/receipt", {"trigger": "x"}) == NOT_AUTHORIZED
    assert {x["id"] for x in scene.bruno.open_alerts()} == before
    ana.leaves()


def test_a_retained_alert_is_heard_and_corrected(scene: Scene) -> None:
    """The device's fault shows in the code, and does not cost the cry."""
    ana = scene.device(scene.ana)
    ana.listens()
    pressed: list[str] = []
    sheet = scene.heard(lambda: pressed.append(ana.presses(retain=True)))
    assert ana.code == RETAINED_IS_REFUSED
    ana.receipt(pressed[0])
    ana.leaves()
    again = scene.device(scene.ana)
    again.listens()
    scene.bruno.closes(str(sheet["id"]))
    again.receipt(pressed[0], "closed")
    assert all("kind" not in said for _, said in again.read), "an old cry is not given to anybody"
    again.leaves()


def test_garbage_on_the_alert_topic_is_an_alert(scene: Scene) -> None:
    ana = scene.device(scene.ana)
    topic = f"tgd/v1/{ana.handset}/alert"
    codes: list[int] = []
    sheet = scene.heard(lambda: codes.append(ana.writes(topic, b"\xff\x00 no JSON")))
    assert codes == [0]
    assert "undecodable" in str(sheet["labels"])
    scene.bruno.closes(str(sheet["id"]))
    ana.leaves()


def test_a_lost_connection_is_a_state_and_no_alert(scene: Scene) -> None:
    """The Will of a trusted handset is heard; retained states are taken; no alert is made."""
    before = {x["id"] for x in scene.bruno.open_alerts()}
    ana = scene.device(scene.ana, will=True)
    born = {"state": "online", "session": 1, "battery_pct": 63, "radio": "4g", "version": "1"}
    assert ana.writes(f"tgd/v1/{ana.handset}/state", born, retain=True) == 0
    states = 'tgd_gateway_received_total{channel="mqtt",form="state"}'
    heard = _figure(scene, "gateway", states)
    ana.is_cut_off()
    until(lambda: _figure(scene, "gateway", states) == heard + 1, what="for the Will")
    assert {x["id"] for x in scene.bruno.open_alerts()} == before


def test_texts_are_alerts(scene: Scene) -> None:
    """The signed form is her handset; AML gives a place; any other words are a cry too."""
    key = bytes.fromhex(scene.ana["sms_key"])
    press = Press(uuid4().hex, 17, "press", clock.now(), None)
    signed = scene.heard(lambda: scene.text(sms_text(press, scene.ana["handset"], key)))
    assert signed["trust"] == "verified"
    scene.bruno.closes(str(signed["id"]))
    aml = 'A"ML=1;lt=+48.89234;lg=+002.20711;rd=50;top=20261123224005;lc=95;pm=W;si=0;ei=0;'
    placed = scene.heard(lambda: scene.text(aml, "+33639980003"))
    assert placed["trust"] != "verified"
    free = scene.heard(lambda: scene.text("aidez moi svp", "+33639980004"))
    assert "free_text" in str(free["labels"])
    for one in (placed, free):
        scene.bruno.closes(str(one["id"]))


def test_applications_of_volunteers_are_heard(scene: Scene) -> None:
    """OsmAnd's form and OwnTracks' JSON, by HTTP and by MQTT."""
    card = scene.ana
    form = {"id": card["handset"], "lat": "48.9", "lon": "2.2", "alarm": "sos", "batt": "40",
            "timestamp": str(int(clock.now().timestamp()))}  # fmt: skip
    answers: list[int] = []

    def sends_form() -> None:
        answers.append(scene.form("/devices/osmand", card, data=form).status_code)

    sheet = scene.heard(sends_form)
    assert (answers, sheet["trust"]) == ([200], "verified")
    scene.bruno.closes(str(sheet["id"]))


def test_the_finger_on_a_drill_handset_is_a_press(scene: Scene) -> None:
    """OwnTracks' manual publish, by HTTP and by MQTT; on her own handset it is a place alone."""
    drill = scene.place.told("handset", "enroll", "--test-device")
    said = {"_type": "location", "t": "u", "lat": 48.9, "lon": 2.2, "tst": 1795000000}

    def sends_json(card: dict[str, str]) -> None:
        headed = {"x-limit-d": card["handset"], "authorization": f"Bearer {card['mqtt_secret']}"}
        address = scene.up.url("gateway") + "/devices/owntracks"
        reply = httpx.post(address, json=said | {"_id": "a1"}, timeout=20, headers=headed)
        assert (reply.status_code, reply.json()) == (200, [])

    before = {x["id"] for x in scene.bruno.open_alerts()}
    sends_json(scene.ana)
    assert {x["id"] for x in scene.bruno.open_alerts()} == before
    sheet = scene.heard(lambda: sends_json(drill))
    assert (sheet["lane"], sheet["trust"]) == ("real", "verified"), "it rings like any press"
    scene.bruno.closes(str(sheet["id"]))
    app = scene.device(drill)
    topic = f"owntracks/volunteer/{drill['handset']}"
    sheet = scene.heard(lambda: app.writes(topic, said | {"_id": "a2"}))
    scene.bruno.closes(str(sheet["id"]))
    app.leaves()


def test_a_certificate_proves_a_handset(scene: Scene, tmp_path: Path) -> None:
    """MQTT over TLS, the common name instead of a secret; without it the same id is a stranger."""
    card = json.loads((scene.place.folder / "card.json").read_text())
    assert set(card) == {"handset", "certificate", "private_key", "ca", "sms_key"}
    names = {name: tmp_path / f"{name}.pem" for name in ("certificate", "private_key")}
    for name, path in names.items():
        path.write_text(card[name])
    ca = str(scene.place.folder / "tls" / "ca.pem")
    tls = (ca, str(names["certificate"]), str(names["private_key"]))
    device = Device(card["handset"], None, scene.up.port("mqtts"), tls=tls)
    assert (device.welcome, device.listens()) == (0, 1)
    pressed: list[str] = []
    sheet = scene.heard(lambda: pressed.append(device.presses()))
    device.receipt(pressed[0])
    assert sheet["trust"] == "verified"
    scene.bruno.closes(str(sheet["id"]))
    device.leaves()
    assert ssl.HAS_TLSv1_3


def _metrics(scene: Scene, part: str) -> str:
    return httpx.get(scene.up.url(f"{part}-health") + "/metrics", timeout=20).text


def _figure(scene: Scene, part: str, name: str) -> float:
    lines = [x for x in _metrics(scene, part).splitlines() if x.startswith(name + " ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def test_every_process_says_how_it_is(scene: Scene) -> None:
    """Health and figures, each on its own listener; the way of an alert can be followed there."""
    wanted = {
        "gateway": ("tgd_gateway_received_total", "tgd_gateway_kept_total"),
        "dispatch": ("tgd_dispatch_told_total", "tgd_dispatch_plan_late_seconds",
                     "tgd_alerts_oldest_untaken_seconds", "tgd_alerts_open", "tgd_alerts_taken"),
        "console": ("tgd_console_acts_total",),
    }  # fmt: skip
    for part, names in wanted.items():
        base = scene.up.url(f"{part}-health")
        for word in ("live", "ready"):
            reply = httpx.get(f"{base}/health/{word}", timeout=20)
            assert (reply.status_code, reply.json()) == (200, {"status": word})
        figures = _metrics(scene, part)
        assert [name for name in names if f"\n{name}" not in figures] == [], part
    assert _figure(scene, "console", 'tgd_console_acts_total{act="take"}') > 3
    assert httpx.get(scene.up.url("gateway") + "/metrics", timeout=20).status_code == 404


def test_the_journal_is_whole_after_all_this(scene: Scene) -> None:
    done = scene.place.told("journal", "verify")
    assert done["lines"] > 20 if "lines" in done else done
