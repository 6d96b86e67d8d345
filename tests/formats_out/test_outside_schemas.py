"""What we emit is valid for the schemas of others, for every kind of alert."""

import json
from typing import Any

import pytest
import referencing
import xmlschema
from jsonschema import Draft7Validator, FormatChecker
from telling_samples import standards, telling, variants

from dispatch.formats import cap, cisu, cloudevents


@pytest.fixture(scope="module")
def envelope_schema() -> Draft7Validator:
    folder = standards("cisu/json-schema")
    resources = []
    for path in folder.glob("*.json"):
        schema = json.loads(path.read_text())
        schema.pop("$id", None)  # all of them carry the same one
        made = referencing.Resource(schema, referencing.jsonschema.DRAFT7)
        resources.append((path.name, made))
    registry: Any = referencing.Registry().with_resources(resources)
    return Draft7Validator({"$ref": "EDXL-DE-full.schema.json"}, registry=registry)


@pytest.fixture(scope="module")
def case_schema(envelope_schema: Draft7Validator) -> Draft7Validator:
    return envelope_schema.evolve(schema={"$ref": "RC-EDA.schema.json"})


def case_of(body: bytes) -> Any:
    content = json.loads(body)["content"][0]["jsonContent"]["embeddedJsonContent"]
    return {"createCase": content["message"]["createCase"]}["createCase"]


def test_the_hub_would_accept_every_envelope(
    envelope_schema: Draft7Validator, case_schema: Draft7Validator
) -> None:
    for one in variants():
        body = cisu.compose(one, recipient="fr.police.cic92")
        assert [e.message for e in envelope_schema.iter_errors(json.loads(body))] == []
        assert [e.message for e in case_schema.iter_errors(case_of(body))] == []


def test_the_schemas_really_look(
    envelope_schema: Draft7Validator, case_schema: Draft7Validator
) -> None:
    case = case_of(cisu.compose(telling(), recipient="fr.police.cic92"))
    assert not case_schema.is_valid({**case, "creation": "2026-11-23T21:40:05Z"})
    assert not case_schema.is_valid({**case, "colour": "red"})
    envelope = json.loads(cisu.compose(telling(), recipient="fr.police.cic92"))
    assert not envelope_schema.is_valid({**envelope, "distributionKind": "Shout"})


def test_a_cap_reader_would_accept_every_message() -> None:
    schema = xmlschema.XMLSchema(str(standards("cap/CAP-v1.2.xsd")))
    for one in variants():
        body = cap.compose(one, recipient="fr.police.cic92").decode()
        assert [str(e) for e in schema.iter_errors(body)] == []


def test_a_platform_would_accept_every_event() -> None:
    path = standards("cloudevents/cloudevents.schema.json")
    schema = Draft7Validator(json.loads(path.read_text()), format_checker=FormatChecker())
    for one in variants():
        assert schema.is_valid(json.loads(cloudevents.compose(one)))
