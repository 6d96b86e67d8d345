"""Hundreds of requests made of the OpenAPI of each application: none is a fault of ours.

The applications read bytes by themselves, so their documents name no fields: they are added here,
for a generator that knows the words gets further in.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from dispatch.answers import make_app as answers_app
from dispatch.policy import read_policy
from dispatch.proving import Telephony
from gateway.sms import SmsAccount, sms_router
from gateway.web import devices_router
from tests.hostile.ground import (
    ACCOUNT,
    ANSWERS_URL,
    OUR_NUMBER,
    PASSWORD,
    POLICY,
    PUBLIC_URL,
    ROOM_TOKEN,
    TOKEN,
    Ground,
)
from tgd.serving import bare_app
from tgd.settings import Settings
from tgd.web.acting import ACTS
from tgd.web.app import make_app as console_app
from tgd.web.casework import BY_NAME as OF_FILES
from tgd.web.console import Console
from tgd.web.stock import BY_NAME as OF_STOCK

EACH = 6
"""Requests per operation; about 50 operations."""
FIELDS = {
    "gateway": ("id", "lat", "lon", "timestamp", "alarm", "MessageSid", "From", "To", "Body"),
    "answers": (
        "id",
        "key",
        "alert",
        "state",
        "by",
        "at",
        "outcome",
        "reason",
        "Digits",
        "CallSid",
    ),
    "console": ("name", "password", "form_token", "once", "found", "outcome", "reason", "words"),
}
ASKED = {"key", "since", "before", "lang", "part"}
NOBODY = cast(Any, None)
"""The documents are made without a record, a door or keys."""


def gateway() -> FastAPI:
    app = bare_app("gateway")
    account = SmsAccount(ACCOUNT, TOKEN, (OUR_NUMBER,), PUBLIC_URL)
    app.include_router(sms_router(NOBODY, NOBODY, account))
    app.include_router(devices_router(NOBODY, NOBODY))
    return app


def answers() -> FastAPI:
    return answers_app(NOBODY, read_policy(POLICY), Telephony(ACCOUNT, TOKEN, ANSWERS_URL))


def console() -> FastAPI:
    return console_app(Console(Settings(console_insecure_http=True), NOBODY, NOBODY, None))


APPLICATIONS = {"gateway": gateway, "answers": answers, "console": console}


def document(name: str, known: dict[str, list[str]]) -> dict[str, Any]:
    """The application's own document, with the fields that its code looks for, and with names
    in its addresses that are there: of an alert, of a handset, of an act."""
    said = APPLICATIONS[name]().openapi()
    any_value: dict[str, Any] = {"anyOf": [{"type": t} for t in ("string", "number", "object")]}
    whole = {"type": "object", "properties": dict.fromkeys(FIELDS[name], any_value)}
    texts = {"type": "object", "properties": {f: {"type": "string"} for f in FIELDS[name]}}
    for operations in said["paths"].values():
        for method, operation in operations.items():
            for part in operation.get("parameters", []):
                if part["name"] in known:
                    part["schema"] = {"anyOf": [{"enum": known[part["name"]]}, {"type": "string"}]}
            operation["parameters"] = operation.get("parameters", []) + [
                {"name": asked, "in": "query", "schema": {"type": "string"}}
                for asked in sorted(ASKED)
            ]
            if method == "post":
                operation["requestBody"] = {
                    "content": {
                        "application/json": {"schema": whole},
                        "application/x-www-form-urlencoded": {"schema": texts},
                        "text/plain": {"schema": {"type": "string"}},
                    }
                }
    return said


def operations(name: str, known: dict[str, list[str]]) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(document(name, known))
    for result in schema.get_all_operations():
        yield result.ok()


@pytest.mark.parametrize("name", ["gateway", "answers"])
async def test_no_request_is_a_fault(ground: Ground, name: str) -> None:
    async with ground.attacked():
        headers = {"Authorization": f"Bearer {ROOM_TOKEN}"} if name == "answers" else {}
        await asyncio.to_thread(ask_all, ground, name, headers=headers)


@pytest.mark.parametrize("person", ["Bruno", "Camille"])
async def test_no_request_of_a_signed_in_person_is_a_fault(ground: Ground, person: str) -> None:
    """Somebody's browser, gone mad: with the session and the token of its forms."""
    async with ground.attacked():
        await asyncio.to_thread(ask_all, ground, "console", person=person)


def names_there(ground: Ground) -> dict[str, list[str]]:
    alerts = [str(row.id) for row in ground.rows("SELECT id FROM alert LIMIT 3")]
    return {
        "alert_id": alerts or ["none"],
        "handset": [ground.cora.handset],
        "name": [*ACTS, *OF_FILES, *OF_STOCK],
        "destination": ["platform", "room", "duty"],
    }


def ask_all(
    ground: Ground, name: str, *, person: str = "", headers: dict[str, str] | None = None
) -> None:
    url, seen = f"http://127.0.0.1:{ground.ports[name]}", Counter[int]()
    with requests.Session() as session:
        for operation in operations(name, names_there(ground)):
            if operation.path in ("/events", "/logout"):
                continue  # one never ends, the other ends what the rest needs
            said = sign_in(session, url, person) if headers is None else headers
            seen += ask(operation, session, url, said)
    assert seen.total() > 2 * EACH
    if name != "answers":  # there, only who names a telling gets further than 404
        assert seen[200], seen


def sign_in(session: requests.Session, url: str, person: str) -> dict[str, str]:
    given_name = {"name": person, "password": PASSWORD}
    if "tgd" not in session.cookies:
        session.post(url + "/login", data=given_name, timeout=30, allow_redirects=False)
    seat = session.get(url + "/api/session", timeout=30).json()
    return {"x-form-token": seat["form_token"], "sec-fetch-site": "same-origin"}


def ask(
    operation: Any, session: requests.Session, url: str, headers: dict[str, str]
) -> Counter[int]:
    seen = Counter[int]()

    @settings(
        max_examples=EACH, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        reply = case.call(
            base_url=url, session=session, headers=headers, timeout=30, allow_redirects=False
        )
        seen[reply.status_code] += 1
        assert "server" not in {name.lower() for name in reply.headers}
        case.validate_response(reply, checks=[not_a_server_error])

    each()
    return seen
