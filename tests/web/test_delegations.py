"""On-call duty in the browser and for scripts: who sees the page, delegates, ends, and then not."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.walking import NANTERRE
from tests.web.casework_ground import OFFICERS, Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import PEOPLE
from tests.web.test_casework import LONG
from tgd import clock
from tgd.rules.access import Role


def night(court: str = NANTERRE, account: str = "Paul") -> dict[str, str]:
    """From an hour ago for twelve hours, by the clock of Nanterre."""
    now = clock.now().astimezone(ZoneInfo("Europe/Paris"))
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=11)
    return {"account": account, "court": court, "begins": f"{begins:%Y-%m-%dT%H:%M}",
            "ends": f"{ends:%Y-%m-%dT%H:%M}"}  # fmt: skip


@pytest.mark.parametrize("name", [*OFFICERS, "Sami", "Corg", "Dpo", "Root"])
async def test_the_page_and_its_acts_are_there_for_prosecutors_alone(
    court: Court, name: str
) -> None:
    browser = await court.browser(name)
    role = OFFICERS[name][0] if name in OFFICERS else PEOPLE[name]
    there = role is Role.PROSECUTOR
    assert (await browser.get("/delegations")).status_code == (200 if there else 404)
    assert (await browser.get("/api/v1/delegations")).status_code == (200 if there else 404)
    for path in ("/delegations", "/api/v1/delegations"):
        reply = await browser.post(path, json=path != "/delegations", **night())
        if not there:
            assert reply.status_code == 404
    made = court.house.ask("SELECT count(*) AS n FROM clearance WHERE kind = 'on_call'")[0].n
    assert made == (1 if name in ("Camille", "Cyril") else 0)


async def test_camille_delegates_paul_opens_the_file_and_it_is_404_when_she_ends_it(
    court: Court,
) -> None:
    at = court.walked("find")
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    assert (await paul.get(at)).status_code == 404
    assert (await camille.post("/delegations", **night())).headers["location"] == "/delegations"
    page = (await camille.get("/delegations")).text
    assert "de permanence" in page
    assert "Paul" in page
    assert "Ana FICTIVE" in (await paul.get(at)).text
    assert "/hold" not in (await paul.get(at)).text
    assert (await paul.post(f"{at}/ask-for-more", reasons=LONG)).status_code == 303
    one = court.house.ask("SELECT id FROM clearance WHERE kind = 'on_call'")[0].id
    assert (await camille.post(f"/delegations/{one}/end")).status_code == 303
    for path in (at, "/api/v1" + at):
        assert (await paul.get(path)).status_code == 404
    assert (await paul.post(f"{at}/open")).status_code == 404
    assert "interrompue" in (await camille.get("/delegations")).text
    assert (await camille.post(f"/delegations/{one}/end")).status_code == 409


async def test_scripts_delegate_and_end_alike(court: Court) -> None:
    camille = await court.browser("Camille")
    made = await camille.post("/api/v1/delegations", json=True, **night())
    assert made.status_code == 201
    one = made.json()["delegation"]
    (said,) = (await camille.get("/api/v1/delegations")).json()["delegations"]
    assert (said["id"], said["account"], said["standing"]) == (one, "Paul", "running")
    ended = await camille.post(f"/api/v1/delegations/{one}/end", json=True)
    assert ended.json()["delegations"][0]["standing"] == "ended"
    wrong = night() | {"ends": "tomorrow"}
    refused = await camille.post("/api/v1/delegations", json=True, **wrong)
    assert refused.status_code == 422
    paul = await court.browser("Paul")
    assert (await paul.post(f"/api/v1/delegations/{one}/end", json=True)).status_code == 404
