"""The description of the HTTP API (OpenAPI 3.1), made of the tables of acts."""

from collections.abc import Iterable
from typing import Any

from tgd.casework.census_form import POOL, SEEN, WORDS, counted_field
from tgd.casework.delegation_form import FIELDS as DELEGATION_FIELDS
from tgd.casework.fields import Field, Kind, word
from tgd.casework.file_acts import FILE_ACTS
from tgd.casework.stock_acts import (
    ACCEPT_FIELDS,
    ORDER_FIELDS,
    RECALL_FIELDS,
    REFILL_FIELDS,
    STOCK_ACTS,
)
from tgd.casework.term_form import AGREE_FIELDS, CLEAR_FIELDS
from tgd.casework.transfer_form import FIELDS as TRANSFER_FIELDS

REFERRAL = (
    Field("court", word("Court")), Field("name", word("Name of the person in danger")),
    Field("words", word("What is known of the danger"), Kind.WORDS),
    Field("source", word("Who reports"), required=False),
    Field("contact", word("How she, or who reports, can be reached safely"), required=False),
    Field("urgent", word("It is urgent."), Kind.TICK),
)  # fmt: skip
"""What a referral says, on every form."""

REPORTED = tuple(field for field in REFERRAL if field.name != "source")
"""What a partner's software says; its source is the partner."""

_KEYS = [
    {"name": "X-Form-Token", "in": "header", "required": True, "schema": {"type": "string"},
     "description": "`form_token` of `GET /api/session`"},
    {"name": "Idempotency-Key", "in": "header", "required": False, "schema":
     {"type": "string", "maxLength": 100}, "description": "done once, answered alike each time"},
]  # fmt: skip
_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "the version that was seen (ETag); another one is answered by 412",
}  # fmt: skip
ON_ANY_VERSION = frozenset(
    {"report-incident", "report-found", "follow-up", "acknowledge", "acknowledge-sheet"}
)
"""What befell somebody, or what somebody has seen, is so on every version: no If-Match."""
_REFUSALS = {
    "401": "nobody is signed in", "403": "not a form of this session",
    "404": "not there for this person: outside the role or the scope",
    "409": "somebody was faster, or the state forbids it: `sentence` says which",
    "412": "not the version of If-Match",
    "413": "too long", "422": "something is missing: `missing` lists it", "503": "no record",
}  # fmt: skip


def document() -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Allocation of emergency handsets", "version": "1",
            "description": "Sign in by POST /login; the cookie carries the session. What lies"
            " outside a person's scope does not exist (404). Refusals are"
            " {error, sentence, missing}.",
        },
        "paths": {**_files(), **_partners(), **_stock(), **_delegations(), **_census(),
                  **_deadlines(), **_transfers(), **_terms("clearances", CLEAR_FIELDS),
                  **_terms("agreements", AGREE_FIELDS)},
        "components": {"securitySchemes": {
            "session": {"type": "apiKey", "in": "cookie", "name": "__Host-tgd"},
            "partner": {"type": "http", "scheme": "bearer",
                        "description": "printed once by `tgd partner add`"},
        }},
        "security": [{"session": []}],
    }  # fmt: skip


def _files() -> dict[str, Any]:
    one = [_path_of("file_id", "uuid")]
    paths: dict[str, Any] = {
        "/api/v1/files": {
            "get": _read("The lists of case files", [_asked("list"), _asked("page")]),
            "post": _act("Report a situation", REFERRAL, [], created=True),
        },
        "/api/v1/files/{file_id}": {"get": _read("One case file", one)},
        "/api/v1/files/{file_id}/papers/{name}": {
            "get": _read("A paper as PDF/A: decision-{id}.pdf, and those that `papers` of the file"
                         " lists",
                         [*one, _path_of("name")], "application/pdf"),
        },
    }  # fmt: skip
    for act in FILE_ACTS:
        address = f"/api/v1/files/{{file_id}}/{act.name}"
        paths[address] = {"post": _act(act.title, act.fields, [*one, *_match(act.name)])}
    return paths


def _partners() -> dict[str, Any]:
    """What a token does: report, without a session."""
    said = _act("A partner's software reports a situation", REPORTED, [], created=True)
    said["parameters"] = [one for one in said["parameters"] if one["name"] != "X-Form-Token"]
    said["security"] = [{"partner": []}]
    for code in ("403", "404", "409", "412"):
        del said["responses"][code]
    said["responses"]["201"] = {"description": "kept; `referral` is its receipt, and reads nothing"}
    said["responses"]["401"] = {"description": "no token, or one that was revoked"}
    said["responses"]["429"] = {"description": "too many came at once: 20 in ten minutes"}
    return {"/api/v1/referrals": {"post": said}}


def _match(name: str) -> list[dict[str, Any]]:
    return [] if name in ON_ANY_VERSION else [_MATCH]


def _stock() -> dict[str, Any]:
    one = [_path_of("handset")]
    paths: dict[str, Any] = {
        "/api/v1/stock": {
            "get": _read("Stocks, a page of handsets, files that wait for one", [_asked("page")])
        },
        "/api/v1/stock/order": {"post": _act("Order a handset", ORDER_FIELDS, [], created=True)},
        "/api/v1/stock/refill": {
            "post": _act("Order what the reserve lacks", REFILL_FIELDS, [], created=True)
        },
        "/api/v1/stock/recall": {
            "post": _act("Recall a model, a battery or a radio", RECALL_FIELDS, [])
        },
        "/api/v1/stock/accept-model": {
            "post": _act("A model was tried and may be given", ACCEPT_FIELDS, [], created=True)
        },
        "/api/v1/stock/{handset}": {"get": _read("One handset", one)},
        "/api/v1/stock/{handset}/papers/{name}": {
            "get": _read(
                "A paper as PDF/A that `papers` of the handset lists",
                [*one, _path_of("name")],
                "application/pdf",
            ),
        },
    }
    for act in STOCK_ACTS:
        address = f"/api/v1/stock/{{handset}}/{act.name}"
        paths[address] = {"post": _act(act.title, act.fields, [*one, *_match(act.name)])}
    return paths


def _delegations() -> dict[str, Any]:
    one = [_path_of("delegation", "uuid")]
    return {
        "/api/v1/delegations": {
            "get": _read("Who is on call for one's own courts"),
            "post": _act("Delegate to a prosecutor on call", DELEGATION_FIELDS, [], created=True),
        },
        "/api/v1/delegations/{delegation}/end": {"post": _act("End a delegation", (), one)},
    }


def _deadlines() -> dict[str, Any]:
    one = [_path_of("deadline", "uuid")]
    return {
        "/api/v1/deadlines": {
            "get": _read("What this role must not forget, the nearest day first", [_asked("page")])
        },
        "/api/v1/deadlines/{deadline}/acknowledge": {"post": _act("Seen", (), one)},
    }


def _transfers() -> dict[str, Any]:
    one = [_path_of("transfer", "uuid")]
    titles = {"accept": "Take the file over", "refuse": "Leave it where it is"}
    return {
        "/api/v1/transfers": {"get": _read("Files that go from one court to another")},
    } | {
        f"/api/v1/transfers/{{transfer}}/{how}": {"post": _act(titles[how], fields, one)}
        for how, fields in TRANSFER_FIELDS.items()
    }


def _terms(kind: str, fields: tuple[Field, ...]) -> dict[str, Any]:
    one = [_path_of("term", "uuid")]
    return {
        f"/api/v1/{kind}": {
            "get": _read(f"The {kind} of one's own courts"),
            "post": _act(f"One more of the {kind}", fields, [], created=True),
        },
        f"/api/v1/{kind}/{{term}}/revoke": {"post": _act("It ends now", (), one)},
    }


def _census() -> dict[str, Any]:
    """The lines are numbered as the answer of GET shows them."""
    asked = (POOL, SEEN, counted_field(0), WORDS)
    return {
        "/api/v1/census": {
            "get": _read("What lies in each stock, and what was counted before"),
            "post": _act("Keep what was counted: counted-0, counted-1, …", asked, [], created=True),
        }
    }


def _path_of(name: str, format_: str | None = None) -> dict[str, Any]:
    schema = {"type": "string"} | ({"format": format_} if format_ else {})
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _asked(name: str) -> dict[str, Any]:
    said = {
        "list": "one list only, by its name",
        "page": "from 1; `totals` and `size` say how many",
    }
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"},
            "description": said[name]}  # fmt: skip


def _read(
    title: str, parameters: Iterable[dict[str, Any]] = (), kind: str = "application/json"
) -> dict[str, Any]:
    good = {"200": {"description": "as this person may see it", "content": {kind: {}}}}
    bad = {code: {"description": _REFUSALS[code]} for code in ("401", "404", "503")}
    return {"summary": title, "parameters": list(parameters), "responses": good | bad}


def _act(
    title: str, fields: tuple[Field, ...], parameters: list[dict[str, Any]], *,
    created: bool = False,
) -> dict[str, Any]:  # fmt: skip
    schema = {
        "type": "object", "properties": {f.name: f.schema() for f in fields},
        "required": [f.name for f in fields if f.required and f.kind is not Kind.TICK],
    }  # fmt: skip
    good = {"201" if created else "200": {"description": "done; what it is now"}}
    bad = {code: {"description": said} for code, said in _REFUSALS.items()}
    return {
        "summary": title, "parameters": [*parameters, *_KEYS],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": good | bad,
    }  # fmt: skip
