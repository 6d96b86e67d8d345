"""The API: the same acts and the same access as the pages, once per key, on the version seen."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.walking import POOL
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import Browser
from tests.web.test_casework import LONG
from tgd.casework.openapi import document
from tgd.web.app import make_app

PAPER = Path(__file__).parents[2] / "docs" / "openapi.json"


async def send(browser: Browser, path: str, body: Any, **headers: str) -> httpx.Response:
    known = {"x-form-token": browser.form_token, "content-type": "application/json"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await browser.client.post(path, content=json.dumps(body), headers=known | named)


def test_the_description_in_the_documents_is_the_one_that_is_served() -> None:
    assert json.loads(PAPER.read_text(encoding="utf-8")) == document()


async def test_every_address_that_is_described_is_there_and_no_other(court: Court) -> None:
    app = make_app(court.house.console)
    served = {
        (route.path, method.lower())
        for route in app.routes
        if str(getattr(route, "path", "")).startswith("/api/v1")
        for method in route.methods  # type: ignore[attr-defined]
        if method in ("GET", "POST")
    }
    generic = {"/api/v1/files/{file_id}/{name}", "/api/v1/stock/{handset}/{name}",
               "/api/v1/stock/{name}"}  # fmt: skip
    described = {
        (path, method) for path, methods in document()["paths"].items() for method in methods
    }
    assert {one for one in served if one[0] not in generic} - described == {
        ("/api/v1/openapi.json", "get")
    }
    camille = await court.browser("Camille")
    assert (await camille.get("/api/v1/openapi.json")).json() == document()
    at = "/api/v1" + court.walked("refer")
    for path, _ in described:
        if path.startswith("/api/v1/files/{file_id}/") and "papers" not in path:
            name = path.rpartition("/")[2]
            answer = await send(camille, f"{at}/{name}", {"unknown": "x"})
            known = answer.status_code in (200, 409, 422)
            assert known or answer.status_code == 404, (name, answer.status_code)


async def test_a_grant_by_the_api_gives_the_new_version(court: Court) -> None:
    at = "/api/v1" + court.walked("find")
    camille = await court.browser("Camille")
    seen = await camille.get(at)
    answer = await send(camille, f"{at}/grant", {"reasons": LONG}, if_match=seen.headers["etag"])
    assert answer.status_code == 200
    assert answer.json()["file"]["state"] == "granted"
    assert answer.headers["etag"] != seen.headers["etag"]
    late = await send(camille, f"{at}/entrust", {"association": "X"}, if_match=seen.headers["etag"])
    assert late.status_code == 412
    assert late.json()["file"]["version"] == answer.json()["file"]["version"]


async def test_the_same_request_under_one_key_is_done_once(court: Court) -> None:
    at = "/api/v1" + court.walked("hand_over")
    lea = await court.browser("Lea")
    first, second = [
        await send(lea, f"{at}/follow-up", {"words": "Elle va bien."}, idempotency_key="k1")
        for _ in range(2)
    ]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert second.headers["idempotent-replay"] == "true"
    other = await send(lea, f"{at}/follow-up", {"words": "Autre."}, idempotency_key="k1")
    assert other.status_code == 422
    assert len(court.house.ask("SELECT 1 FROM follow_up")) == 1
    noa = await court.browser("Noa")
    strange = await send(noa, f"{at}/follow-up", {"words": "Elle va bien."}, idempotency_key="k1")
    assert strange.status_code == 404, "a key opens nothing for another person"


async def test_a_console_that_knows_nothing_of_a_key_asks_the_record(court: Court) -> None:
    """The console died after the commit; another one gets the same requests."""
    at = "/api/v1" + court.walked("hand_over")
    lea = await court.browser("Lea")
    said = {"words": "Elle va bien."}
    assert (await send(lea, f"{at}/follow-up", said, idempotency_key="k1")).status_code == 200
    another = Browser("Lea", other_console(court, lea), lea.form_token)
    again = await send(another, f"{at}/follow-up", said, idempotency_key="k1")
    assert (again.status_code, again.json()["file"]["id"]) == (200, str(court.walk.id))
    assert len(court.house.ask("SELECT 1 FROM follow_up")) == 1
    other = await send(another, f"{at}/follow-up", {"words": "Autre."}, idempotency_key="k1")
    assert other.status_code == 422
    await send(another, f"{at}/follow-up", said, idempotency_key="k2")
    assert len(court.house.ask("SELECT 1 FROM follow_up")) == 2


async def test_what_was_refused_may_be_sent_again_under_its_key(court: Court) -> None:
    at = "/api/v1" + court.walked("describe")
    greta = await court.browser("Greta")
    said = {"identity_checked": "yes"}
    missing = await send(greta, f"{at}/hand-over", said, idempotency_key="k1")
    assert missing.status_code == 422
    court.go_on("press", "test")
    another = Browser("Greta", other_console(court, greta), greta.form_token)
    assert (await send(another, f"{at}/hand-over", said, idempotency_key="k1")).status_code == 200
    assert court.state() == "active"


async def test_what_was_created_before_is_not_created_again(court: Court) -> None:
    sofia = await court.browser("Sofia")
    said = {"pool": POOL, "model": "Modele A"}
    first = await send(sofia, "/api/v1/stock/order", said, idempotency_key="k1")
    assert first.json()["handset"]
    another = Browser("Sofia", other_console(court, sofia), sofia.form_token)
    again = await send(another, "/api/v1/stock/order", said, idempotency_key="k1")
    assert (again.status_code, again.json()) == (200, {"done": True})
    assert len(court.house.ask("SELECT 1 FROM handset")) == 1


def other_console(court: Court, browser: Browser) -> httpx.AsyncClient:
    """The same person's session at a console that was started a moment ago."""
    cookie = "; ".join(f"{one.name}={one.value}" for one in browser.client.cookies.jar)
    reached = httpx.ASGITransport(app=make_app(court.house.console))
    return httpx.AsyncClient(
        transport=reached, base_url=str(browser.client.base_url), headers={"cookie": cookie}
    )


async def test_what_is_missing_comes_as_a_list_and_the_winner_by_name(court: Court) -> None:
    at = "/api/v1" + court.walked("find")
    camille, cyril = await court.browser("Camille"), await court.browser("Cyril")
    short = await send(camille, f"{at}/grant", {"reasons": "x"})
    assert short.status_code == 422
    assert short.json()["missing"] == ["Dites pourquoi en 10 caractères au moins."]
    assert (await send(camille, f"{at}/grant", {"reasons": LONG})).status_code == 200
    lost = await send(cyril, f"{at}/refuse", {"reasons": LONG})
    assert lost.status_code == 409
    assert "Camille a décidé entre-temps" in lost.json()["sentence"]


async def test_without_the_session_s_token_nothing_is_done(court: Court) -> None:
    at = "/api/v1" + court.walked("find")
    camille = await court.browser("Camille")
    answer = await camille.client.post(f"{at}/grant", json={"reasons": LONG})
    assert answer.status_code == 403
    stranger = court.house.browser()
    assert (await stranger.client.post(f"{at}/grant", json={"reasons": LONG})).status_code == 401
    for wrong in ([], {"reasons": 1}, "text", {"reasons": {"a": 1}}):
        assert (await send(camille, f"{at}/grant", wrong)).status_code == 400
    huge = await send(camille, f"{at}/grant", {"reasons": "x" * 40_000})
    assert huge.status_code == 413
    assert court.state() == "decision_pending"
