"""docs/wire.openapi.yaml is valid, has our addresses, and says what we read and send."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest
import schemathesis
import yaml
from fastapi.routing import APIRoute
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from sqlalchemy import create_engine

from dispatch.answers import make_app
from dispatch.blind_facts import LABEL as SPOOLED
from dispatch.formats import cloudevents
from dispatch.formats.answers_in import STATES, AnswerSaid, NotReached, read_answer
from dispatch.policy import read_policy
from dispatch.proving import Telephony
from dispatch.telling import Noticed, Telling, Topic
from gateway.formats import READERS
from gateway.heard import Form, Heard, Kept, Receipt
from gateway.sms import SmsAccount, sms_router
from gateway.web import devices_router
from tests.tidy.house import ROOT
from tgd.rules.alert import AlertState, Lane, Outcome, Verified
from tgd.rules.doubt import Label
from tgd.rules.notice import NoticeKind
from tgd.rules.trigger import Method, Position, PositionReport, Trigger
from tgd.serving import health_app

DOCUMENT = yaml.safe_load((ROOT / "docs" / "wire.openapi.yaml").read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
SECRET = "whsec_cmVwbGFjZSB0aGlzIHNlY3JldCBiZWZvcmUgdXNlIQ=="
POLICY = (
    f'[[destination]]\nname = "platform"\nkind = "webhook"\nurl = "https://platform.example/a"\n'
    f'secret = "{SECRET}"\n[[step]]\nafter_s = 0\ntell = ["platform"]\n'
)
ALERT = "0190b2c4-7d11-7c3e-9a52-1f0e6b8d4a10"
AT = datetime(2026, 11, 23, 21, 40, 5, tzinfo=UTC)
BODIES = [
    (path, content)
    for path, operations in DOCUMENT["paths"].items()
    for operation in operations.values()
    for content in operation.get("requestBody", {}).get("content", {}).values()
]


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """With the document as the place where references point."""
    registry = Registry().with_resource("urn:us", DRAFT202012.create_resource(DOCUMENT))
    within = json.loads(json.dumps(schema).replace('"#/', '"urn:us#/'))
    return jsonschema.Draft202012Validator(within, registry=registry)


def examples(path: str, method: str = "post") -> dict[str, Any]:
    """The examples of the body of one operation, by name."""
    ((_, content),) = DOCUMENT["paths"][path][method]["requestBody"]["content"].items()
    return {name: one["value"] for name, one in content["examples"].items()}


async def hears(_: Heard) -> Receipt:
    return Receipt(Kept.RECORD, None)


async def proves(_: str, __: str) -> bool:
    return False


async def ready() -> None:
    return None


def served() -> set[tuple[str, str]]:
    """All addresses of gateway, dispatch and health; no request is made, nothing is connected."""
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    account = SmsAccount("AC", "t", (), "https://x.example")
    answers = make_app(engine, read_policy(POLICY), Telephony("AC", "t", "https://x.example"))
    routes = [
        *devices_router(hears, proves).routes,
        *sms_router(hears, engine, account).routes,
        *answers.routes,
        *health_app(ready).routes,
    ]
    found = [r for r in routes if isinstance(r, APIRoute) and r.include_in_schema]
    assert len(found) >= 11
    return {(route.path, method.lower()) for route in found for method in route.methods}


def test_the_document_is_valid_openapi() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    with pytest.raises(Exception, match="responses"):
        schemathesis.openapi.from_dict(
            DOCUMENT | {"paths": {"/x": {"get": {"responses": "none"}}}}
        ).validate()


def test_the_addresses_of_the_document_are_those_of_the_code() -> None:
    written = {(path, method) for path, one in DOCUMENT["paths"].items() for method in one}
    assert written == served()


@pytest.mark.parametrize(("path", "content"), BODIES, ids=[path for path, _ in BODIES])
def test_every_example_fits_and_an_empty_body_does_not(path: str, content: Any) -> None:
    checks = validator(content["schema"])
    for one in content.get("examples", {}).values():
        checks.validate(one["value"])
    assert not checks.is_valid({}), path


def test_our_readers_understand_what_devices_say() -> None:
    means = {"sos": Trigger, "position": PositionReport, "byHand": Trigger}
    for path, form in (("/devices/osmand", Form.OSMAND), ("/devices/owntracks", Form.OWNTRACKS)):
        for name, said in examples(path).items():
            raw = urlencode(said) if form is Form.OSMAND else json.dumps(said)
            assert isinstance(READERS[form](raw.encode()), means[name]), (path, name)


def test_our_readers_understand_what_destinations_say() -> None:
    for said in examples("/answers/v1/{destination}").values():
        meaning = read_answer("webhook", json.dumps(said).encode())
        assert isinstance(meaning, AnswerSaid)
        assert (meaning.state, meaning.by, meaning.outcome) == (
            said["state"], said["by"], said.get("outcome"),
        )  # fmt: skip
    key = f"{ALERT}:opened:0:duty"
    (pressed,) = examples("/answers/v1/{destination}/keypad").values()
    taken = read_answer("keypad", urlencode(pressed).encode(), key=key)
    assert isinstance(taken, AnswerSaid)
    assert taken.state == "taken"
    for name, kind in (("delivered", AnswerSaid), ("busy", NotReached)):
        said = examples("/answers/v1/{destination}/status")[name]
        assert isinstance(read_answer("status", urlencode(said).encode(), key=key), kind)


def telling(topic: Topic, **more: Any) -> Telling:
    facts: dict[str, Any] = {
        "key": f"{ALERT}:{topic}:0:platform", "topic": topic, "alert": ALERT,
        "reference": "AL-000042", "lane": "real", "state": "open", "labels": (), "opened_at": AT,
        "told_at": AT, "presses": 1, "position": None, "handset": "h-7f3a",
        "handset_number": None, "person": None,
    }  # fmt: skip
    return Telling(**facts | more)


@pytest.mark.parametrize("topic", Topic)
def test_what_a_platform_is_told_fits(topic: Topic) -> None:
    content = DOCUMENT["webhooks"][topic.value]["post"]["requestBody"]["content"]
    checks = validator(content["application/cloudevents+json"]["schema"])
    fix = Position(48.89, 2.2, 12.0, Method.GNSS, AT)
    labels = tuple(str(label) for label in (*Label, SPOOLED))
    for told in (
        telling(topic),
        telling(topic, position=fix, person="p-91c0", labels=labels, merges=(ALERT,)),
        *(telling(topic, state=state.value) for state in AlertState),
        *(telling(topic, outcome=outcome.value) for outcome in Outcome),
        *(telling(topic, lane=lane.value) for lane in Lane if lane is not Lane.CANARY),
    ):
        event = json.loads(cloudevents.compose(told))
        checks.validate(event)
        assert event["id"] == told.key
    assert not checks.is_valid(event | {"data": event["data"] | {"name": "Ana"}})
    assert not checks.is_valid(event | {"type": "org.tgd.notice.handset.v1"})


@pytest.mark.parametrize("kind", NoticeKind)
def test_what_a_platform_is_told_of_files_and_handsets_fits(kind: NoticeKind) -> None:
    content = DOCUMENT["webhooks"]["notice"]["post"]["requestBody"]["content"]
    checks = validator(content["application/cloudevents+json"]["schema"])
    noticed = Noticed("n:1:platform", "n1", kind, "lost", "stock", None, "h-7f3a", AT, AT)
    checks.validate(json.loads(cloudevents.compose_notice(noticed)))
    assert not checks.is_valid(json.loads(cloudevents.compose(telling(Topic.OPENED))))


def test_the_words_of_the_document_are_the_words_of_the_code() -> None:
    data = SCHEMAS["alertEvent"]["properties"]["data"]["properties"]
    for written, words in (
        (SCHEMAS["label"]["enum"], [*Label, SPOOLED]),
        (SCHEMAS["outcome"]["enum"], Outcome),
        (SCHEMAS["verified"]["enum"], Verified),
        (SCHEMAS["answer"]["properties"]["state"]["enum"], STATES),
        (SCHEMAS["position"]["properties"]["method"]["enum"], Method),
        (data["state"]["enum"], AlertState),
        (data["lane"]["enum"], set(Lane) - {Lane.CANARY}),
        (set(DOCUMENT["webhooks"]) - {"notice"}, Topic),
    ):
        assert set(written) == {str(word) for word in words}
