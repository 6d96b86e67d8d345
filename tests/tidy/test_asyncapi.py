"""docs/asyncapi.yaml is valid AsyncAPI 3, its examples fit its schemas, and it says what we do."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT7

from gateway.formats import alert_json, position_json, state_json
from gateway.heard import Receipt
from tests.tidy.house import ROOT
from tgd.rules.trigger import MAX_ID, Method, PositionReport, StateReport, Trigger, TriggerKind

DOCUMENT = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text(encoding="utf-8"))
STANDARD = ROOT.parent / "shared" / "standards" / "asyncapi" / "3.0.0.json"
MESSAGES = sorted(DOCUMENT["components"]["messages"])


def examples(message: str) -> list[dict[str, Any]]:
    return [e["payload"] for e in DOCUMENT["components"]["messages"][message]["examples"]]


def validator(message: str) -> jsonschema.Draft7Validator:
    """The schema of one message, with the document as the place where references point."""
    registry = Registry().with_resource("urn:us", DRAFT7.create_resource(DOCUMENT))
    within = DOCUMENT["components"]["messages"][message]["payload"]["$ref"]
    return jsonschema.Draft7Validator({"$ref": f"urn:us{within}"}, registry=registry)


def test_the_document_is_valid_asyncapi():
    if not STANDARD.is_file():
        pytest.skip("SKIPPED: the AsyncAPI 3.0 schema is not beside this repository")
    schema = json.loads(STANDARD.read_text())
    jsonschema.Draft7Validator(schema).validate(DOCUMENT)


@pytest.mark.parametrize("message", MESSAGES)
def test_every_example_fits_its_schema(message):
    assert examples(message)
    for example in examples(message):
        validator(message).validate(example)


@pytest.mark.parametrize("message", MESSAGES)
def test_every_schema_refuses_an_empty_message(message):
    assert not validator(message).is_valid({})


def test_a_state_with_a_position_does_not_fit():
    (birth, _) = examples("state")
    assert not validator("state").is_valid({**birth, "position": {"lat": 48.0, "lon": 2.0}})


READERS = {"alert": alert_json.read, "position": position_json.read, "state": state_json.read}
MEANINGS = {"alert": Trigger, "position": PositionReport, "state": StateReport}


@pytest.mark.parametrize("message", sorted(READERS))
def test_our_own_reader_understands_every_example_without_a_warning(message):
    for example in examples(message):
        meaning = READERS[message](json.dumps(example).encode())
        assert isinstance(meaning, MEANINGS[message])
        assert meaning.warnings == ()


def test_the_words_of_the_document_are_the_words_of_the_code():
    schemas = DOCUMENT["components"]["schemas"]
    assert set(schemas["alert"]["properties"]["kind"]["enum"]) == {str(k) for k in TriggerKind}
    methods = {str(m) for m in Method} - {str(Method.UNKNOWN)}
    assert set(schemas["position"]["properties"]["method"]["enum"]) == methods
    assert schemas["trigger"]["maxLength"] == MAX_ID
    assert (
        Receipt.__dataclass_fields__["state"].default
        in (schemas["receipt"]["properties"]["state"]["enum"])
    )


def test_only_the_state_is_retained():
    retained = {
        name: operation["bindings"]["mqtt"]["retain"]
        for name, operation in DOCUMENT["operations"].items()
    }
    assert {name for name, keeps in retained.items() if keeps} == {"hearState"}
