"""Hundreds of requests made of the OpenAPI of each application: none is a fault of ours.

The seed is another each time, and so is the third person; `TGD_TEST_SEED` repeats them.
`TGD_TEST_REQUESTS=200 .venv/bin/pytest tests/hostile/test_openapi.py` makes a night of it, as every
role.
The applications read bytes by themselves, so their documents name no fields: they are added here,
for a generator that knows the words gets further in.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from standardwebhooks import Webhook

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
    SECRET,
    STAFF,
    TOKEN,
    Ground,
)
from tests.hostile.test_signatures import signed_bytes
from tgd import clock
from tgd.serving import bare_app
from tgd.settings import Settings
from tgd.web.acting import ACTS
from tgd.web.app import make_app as console_app
from tgd.web.casework import BY_NAME as OF_FILES
from tgd.web.console import Console
from tgd.web.stock import BY_NAME as OF_STOCK

EACH = int(os.environ.get("TGD_TEST_REQUESTS", "6"))
"""Requests per operation; 5 of the gateway, 6 of the answers, some 130 of the console."""
SEED = int(os.environ.get("TGD_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
ALWAYS = ("Bruno", "Camille")
OTHERS = sorted(set(STAFF) - set(ALWAYS))
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
SAID = ("Idempotency-Key", "If-Match")
"""Headers by which a script says that it repeats itself, and what it has seen."""
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
    if name != "console":
        texts["properties"] |= {"AccountSid": {"enum": [ACCOUNT]}}  # type: ignore[index,operator]
        texts["required"] = ["AccountSid"]
    for operations in said["paths"].values():
        for method, operation in operations.items():
            for part in operation.get("parameters", []):
                if part["name"] in known:
                    there: dict[str, Any] = {"enum": known[part["name"]]}
                    other = {"anyOf": [there, {"type": "string"}]}
                    part["schema"] = there if name == "answers" else other
            operation["parameters"] = operation.get("parameters", []) + [
                {"name": asked, "in": "query", "schema": {"type": "string"}}
                for asked in sorted(ASKED)
            ]
            operation["parameters"] += [
                {"name": header, "in": "header", "schema": {
                    "anyOf": [{"enum": known[header]}, {"type": "string", "maxLength": 60}]}}
                for header in SAID
            ]  # fmt: skip
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
        print(f"TGD_TEST_SEED={SEED}")
        headers = {"Authorization": f"Bearer {ROOM_TOKEN}"} if name == "answers" else {}
        await asyncio.to_thread(ask_all, ground, name, headers=headers)


@pytest.mark.parametrize("person", [*ALWAYS, *(OTHERS if EACH > 6 else ["another"])])
@pytest.mark.timeout(300 + 60 * EACH)
async def test_no_request_of_a_signed_in_person_is_a_fault(ground: Ground, person: str) -> None:
    """Somebody's browser, gone mad: with the session and the token of its forms."""
    who = random.Random(SEED).choice(OTHERS) if person == "another" else person
    print(f"TGD_TEST_SEED={SEED}, {who}")
    async with ground.attacked():
        await asyncio.to_thread(ask_all, ground, "console", person=who)


def names_there(ground: Ground) -> dict[str, list[str]]:
    alerts = [str(row.id) for row in ground.rows("SELECT id FROM alert LIMIT 3")]
    return {
        "alert_id": alerts or ["none"],
        "handset": [ground.cora.handset],
        "name": [*ACTS, *OF_FILES, *OF_STOCK],
        "destination": ["platform", "room", "duty"],
        "conversation": [str(uuid4())],
        "what": ["operator", "handset", "recording"],
        "If-Match": ['"1"', '"0"', "*", 'W/"1"', '"' + "9" * 50 + '"'],
        "Idempotency-Key": ["the same", "another"],
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
    else:
        print(seen)
        assert seen[400] + seen[422] > 3, f"nobody came through the signature: {seen}"


class Signed(AuthBase):
    """Everybody who is asked for a signature of the bytes has the right one."""

    def __init__(self, public_url: str) -> None:
        self._url = public_url

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        body = prepared.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        asked = urlsplit(str(prepared.url))
        url = self._url + asked.path + (f"?{asked.query}" if asked.query else "")
        at, said = clock.now(), raw.decode("utf-8", "replace")
        prepared.headers.update({
            "webhook-id": "m", "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(SECRET).sign("m", at, said),
            "x-twilio-signature": signed_bytes(url, raw),
        })  # fmt: skip
        return prepared


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

    @seed(SEED)
    @settings(
        max_examples=EACH * (5 if operation.path.startswith("/answers") else 1),
        deadline=None, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        ours = PUBLIC_URL if operation.path.startswith("/sms") else ANSWERS_URL
        reply = case.call(
            base_url=url, session=session, headers=headers, timeout=30, allow_redirects=False,
            auth=Signed(ours),
        )  # fmt: skip
        seen[reply.status_code] += 1
        assert "server" not in {name.lower() for name in reply.headers}
        case.validate_response(reply, checks=[not_a_server_error])

    each()
    return seen
