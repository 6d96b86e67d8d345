"""Clearances, agreements and the list of deadlines in the browser and for scripts."""

from datetime import timedelta

import pytest

from tests.walking import LEAD, NANTERRE
from tests.web.casework_ground import OFFICERS, Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import PEOPLE
from tgd import clock
from tgd.rules.access import Act, Role, may

EVERYBODY = [*OFFICERS, "Sami", "Corg", "Dpo", "Root"]


def role(name: str) -> Role:
    return OFFICERS[name][0] if name in OFFICERS else PEOPLE[name]


def day(days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


def agreement(days: int = 400) -> dict[str, str]:
    return {"court": NANTERRE, "association": LEAD, "reference": "convention 2026/4",
            "last_day": day(days)}  # fmt: skip


@pytest.mark.parametrize("name", EVERYBODY)
async def test_pages_and_acts_are_there_for_those_who_may(court: Court, name: str) -> None:
    browser = await court.browser(name)
    for page, act in (
        ("/deadlines", Act.ACKNOWLEDGE_DEADLINE), ("/clearances", Act.SEE_CLEARANCES),
    ):  # fmt: skip
        there = 200 if may(role(name), act) else 404
        assert (await browser.get(page)).status_code == there, page
        assert (await browser.get(f"/api/v1{page}")).status_code == there, page
    menu = (await browser.get("/")).text
    assert ('href="/deadlines"' in menu) is may(role(name), Act.ACKNOWLEDGE_DEADLINE)
    before = court.house.ask("SELECT count(*) AS n FROM clearance")[0].n
    for path in ("/clearances", "/agreements", "/api/v1/clearances", "/api/v1/agreements"):
        reply = await browser.post(path, json="api" in path, **agreement())
        wanted = (422, 303, 201) if role(name) is Role.PROSECUTOR else (404,)
        assert reply.status_code in wanted, path
    assert court.house.ask("SELECT count(*) AS n FROM clearance")[0].n == before
    made = court.house.ask("SELECT count(*) AS n FROM partnership_agreement")[0].n
    assert made == (2 if name in ("Camille", "Cyril") else 0)


async def test_camille_records_an_agreement_clears_an_agent_and_revokes(court: Court) -> None:
    camille = await court.browser("Camille")
    said = {"account": "Noa", "association": LEAD, "last_day": day(100)}
    refused = await camille.post("/clearances", **said)
    assert refused.status_code == 422
    assert "convention en cours" in refused.text
    done = await camille.post("/agreements", **agreement())
    assert done.headers["location"] == "/clearances"
    assert (await camille.post("/clearances", **said)).status_code == 303
    page = (await camille.get("/clearances")).text
    assert "convention 2026/4" in page
    one = court.house.ask("SELECT id FROM clearance WHERE account = 'Noa' AND ends_at < now()"
                          " + interval '200 days'")[0].id  # fmt: skip
    assert f"/clearances/{one}/revoke" in page
    assert (await camille.post(f"/clearances/{one}/revoke")).status_code == 303
    assert "il y a été mis fin" in (await camille.get("/clearances")).text
    assert (await camille.post(f"/clearances/{one}/revoke")).status_code == 422
    greta = await court.browser("Greta")
    seen = (await greta.get("/clearances")).text
    assert "convention 2026/4" in seen
    assert "/revoke" not in seen


@pytest.mark.parametrize(
    "wrong",
    [{}, {"account": "Noa"}, {"account": "nobody", "court": NANTERRE, "last_day": day(9)},
     {"account": "Greta", "court": "TJ-NOWHERE", "last_day": day(9)},
     {"account": "Greta", "court": NANTERRE, "last_day": day(-9)},
     {"account": "Greta", "last_day": day(9)},
     {"account": "Camille", "court": NANTERRE, "last_day": day(9)}],
)  # fmt: skip
async def test_a_bad_form_gets_a_sentence(court: Court, wrong: dict[str, str]) -> None:
    camille = await court.browser("Camille")
    reply = await camille.post("/clearances", **wrong)
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text


async def test_what_is_near_is_seen_once_and_stays_on_the_list(court: Court) -> None:
    at = court.walked("hand_over")
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    await camille.post("/agreements", **agreement(days=30))
    page = (await camille.get("/deadlines")).text
    assert "Fin d’une convention" in page
    assert at in page, "the end of the allocation is one of hers"
    assert "Ana" not in page
    (mine,) = [d for d in (await camille.json("/api/v1/deadlines"))["deadlines"]
               if d["may_acknowledge"]]  # fmt: skip
    assert (mine["kind"], mine["is_near"], mine["court"]) == ("agreement_end", True, NANTERRE)
    assert (await paul.post(f"/deadlines/{mine['id']}/acknowledge")).status_code == 404
    assert (await camille.post(f"/deadlines/{mine['id']}/acknowledge")).status_code == 303
    after = (await camille.get("/deadlines")).text
    assert f"/deadlines/{mine['id']}/acknowledge" not in after
    assert "vu par <bdi>Camille</bdi>" in after


async def test_scripts_see_clear_and_revoke_alike(court: Court) -> None:
    camille = await court.browser("Camille")
    made = await camille.post("/api/v1/clearances", json=True, account="Paul", court=NANTERRE,
                              last_day=day(20))  # fmt: skip
    assert made.status_code == 201
    one = made.json()["clearance"]
    listed = (await camille.json("/api/v1/clearances"))["clearances"]
    assert next(c for c in listed if c["id"] == one)["is_near"] is True
    near = (await camille.json("/api/v1/deadlines"))["deadlines"]
    (due,) = [d for d in near if d["account"] == "Paul"]
    seen = await camille.post(f"/api/v1/deadlines/{due['id']}/acknowledge", json=True)
    assert seen.json() == {"deadline": due["id"]}
    ended = await camille.post(f"/api/v1/clearances/{one}/revoke", json=True)
    assert next(c for c in ended.json()["clearances"] if c["id"] == one)["standing"] == "ended"
    made = await camille.post("/api/v1/agreements", json=True, **agreement())
    ended = await camille.post(f"/api/v1/agreements/{made.json()['agreement']}/revoke", json=True)
    assert [a["standing"] for a in ended.json()["agreements"]] == ["ended"]
