"""A file goes to another court in the browser and for scripts."""

import pytest

from tests.walking import EXAMPLE, OTHER_POOL, POOL
from tests.web.casework_ground import OFFICERS, Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import PEOPLE
from tests.web.test_casework import LONG
from tgd.rules.access import Act, Role, may

EVERYBODY = [*OFFICERS, "Sami", "Corg", "Dpo", "Root"]


def role(name: str) -> Role:
    return OFFICERS[name][0] if name in OFFICERS else PEOPLE[name]


async def asked(court: Court, last: str = "hand_over") -> tuple[str, str]:
    """Camille asks the other court for it; the file's address and the transfer's id."""
    at = court.walked(last)
    camille = await court.browser("Camille")
    reply = await camille.post(f"{at}/ask-transfer", court=EXAMPLE, reasons=LONG)
    assert reply.status_code == 303, reply.text
    return at, str(court.house.ask("SELECT id FROM file_transfer")[0].id)


@pytest.mark.parametrize("name", EVERYBODY)
async def test_the_page_is_the_courts_and_only_the_one_asked_answers(
    court: Court, name: str
) -> None:
    _, one = await asked(court)
    browser = await court.browser(name)
    there = 200 if may(role(name), Act.OPEN_FILE) else 404
    page = await browser.get("/transfers")
    assert page.status_code == there
    assert (await browser.get("/api/v1/transfers")).status_code == there
    assert ("Ana FICTIVE" in page.text) is (name in ("Paul", "Rosa"))
    for how in ("accept", "refuse"):
        for path in (f"/transfers/{one}/{how}", f"/api/v1/transfers/{one}/{how}"):
            if name != "Paul":
                reply = await browser.post(path, json="api" in path, pool=POOL, reasons=LONG)
                assert reply.status_code == 404, path
    assert court.house.ask("SELECT court FROM case_file")[0].court == "TJ-NANTERRE"


async def test_paul_takes_it_over_and_camille_finds_a_number(court: Court) -> None:
    at, one = await asked(court)
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    assert "TJ-EXEMPLE" in (await camille.get(at)).text
    assert (await paul.get(at)).status_code == 404
    for wrong in ({}, {"pool": POOL, "reasons": LONG}, {"pool": OTHER_POOL, "reasons": "oui"}):
        reply = await paul.post(f"/transfers/{one}/accept", **wrong)
        assert reply.status_code == 422, wrong
        assert 'role="alert"' in reply.text
    done = await paul.post(f"/transfers/{one}/accept", pool=OTHER_POOL, reasons=LONG)
    assert done.headers["location"] == "/transfers"
    assert (await camille.get(at)).status_code == 404
    listed = (await camille.get("/transfers")).text
    assert "repris" in listed
    assert "Ana" not in listed
    page = (await paul.get(at)).text
    for words in ("Repris de", "a déménagé", "repris par un autre tribunal"):
        assert words in page, words
    assert at in (await paul.get("/transfers")).text


async def test_the_file_says_who_was_asked_and_takes_it_back(court: Court) -> None:
    at, one = await asked(court)
    camille, greta = await court.browser("Camille"), await court.browser("Greta")
    page = (await camille.get(at)).text
    assert "act-withdraw-transfer" in page
    assert "act-ask-transfer" not in page
    assert "act-withdraw-transfer" not in (await greta.get(at)).text
    assert (await camille.post(f"{at}/withdraw-transfer")).status_code == 303
    assert "act-ask-transfer" in (await camille.get(at)).text
    paul = await court.browser("Paul")
    assert "Ana" not in (await paul.get("/transfers")).text
    late = await paul.post(f"/transfers/{one}/refuse", reasons=LONG)
    assert late.status_code == 409


async def test_scripts_ask_and_answer_alike(court: Court) -> None:
    at = court.walked("grant")
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    made = await camille.post(f"/api/v1{at}/ask-transfer", json=True, court=EXAMPLE, reasons=LONG)
    assert made.json()["file"]["transfer"]["to_court"] == EXAMPLE
    (waiting,) = (await paul.json("/api/v1/transfers"))["waiting"]
    due = (await paul.json("/api/v1/deadlines"))["deadlines"]
    (mine,) = [d for d in due if d["kind"] == "transfer_waiting"]
    assert mine["may_acknowledge"]
    refused = await paul.post(f"/api/v1/transfers/{waiting['id']}/refuse", json=True, reasons=LONG)
    assert refused.json() == {"transfer": waiting["id"], "answered": "refuse"}
    (line,) = (await camille.json("/api/v1/transfers"))["listed"]
    assert (line["outcome"], line["answer"]) == ("refused", LONG)
