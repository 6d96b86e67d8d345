"""Every page and act of case files and stocks, asked by every role: a table made of the rules."""

from uuid import uuid4

import pytest

from tests.walking import EXAMPLE
from tests.web.casework_ground import OFFICERS, Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import PEOPLE
from tgd.casework.file_acts import FILE_ACTS
from tgd.casework.stock_acts import STOCK_ACTS
from tgd.rules.access import Act, Role, may

OTHERS = {"Sami": Role.SUPERVISOR, "Corg": Role.CONTROL_ROOM, "Dpo": Role.AUDITOR,
          "Root": Role.ADMIN, "Bruno": Role.OPERATOR}  # fmt: skip
IN_SCOPE = ("Camille", "Greta", "Lea", "Sofia")
OUT_OF_SCOPE = ("Paul", "Rosa", "Noa", "Sacha", *OTHERS)
PAGES = ("", "/hand-over", "/sheet", "/assess")


def role(name: str) -> Role:
    return OFFICERS[name][0] if name in OFFICERS else PEOPLE[name]


@pytest.mark.parametrize("name", [*IN_SCOPE, *OUT_OF_SCOPE])
async def test_each_page_is_there_for_those_of_the_file_alone(court: Court, name: str) -> None:
    at = court.walked("reserve")
    browser = await court.browser(name)
    sees = name in IN_SCOPE and name != "Sofia"
    for page in PAGES:
        assert (await browser.get(at + page)).status_code == (200 if sees else 404), page
    assert (await browser.get("/api/v1" + at)).status_code == (200 if sees else 404)
    listed = await browser.get("/files")
    assert listed.status_code == (200 if may(role(name), Act.SEE_FILES) else 404)
    assert ("Ana FICTIVE" in listed.text) is sees


@pytest.mark.parametrize("name", [*IN_SCOPE, *OUT_OF_SCOPE])
async def test_each_act_is_there_for_those_who_may_and_changes_nothing_for_others(
    court: Court, name: str
) -> None:
    at = court.walked("reserve")
    browser = await court.browser(name)
    before = court.house.ask("SELECT version FROM case_file")
    for act in FILE_ACTS:
        allowed = name in IN_SCOPE and may(role(name), act.act)
        for where in (at, "/api/v1" + at):
            if allowed:
                continue
            reply = await browser.post(f"{where}/{act.name}", json=where != at)
            assert reply.status_code == 404, (act.name, where)
    assert court.house.ask("SELECT version FROM case_file") == before


@pytest.mark.parametrize("name", [*IN_SCOPE, *OUT_OF_SCOPE])
async def test_each_handset_is_there_for_those_of_its_stock_alone(court: Court, name: str) -> None:
    court.walked("reserve")
    handset = court.walk.handset
    browser = await court.browser(name)
    works = may(role(name), Act.SEE_STOCK)
    own = works and (name not in OFFICERS or OFFICERS[name][1] != EXAMPLE)
    for page in ("/stock", "/stock.csv", "/stock/census", "/api/v1/stock"):
        reply = await browser.get(page)
        assert reply.status_code == (200 if works else 404), page
        assert (handset in reply.text) is (own and page != "/stock/census"), page
        assert "Ana" not in reply.text
    assert (await browser.get(f"/stock/{handset}")).status_code == (200 if own else 404)
    before = court.house.ask("SELECT state, version FROM handset")
    for act in STOCK_ACTS:
        if not (own and may(role(name), act.act)):
            reply = await browser.post(f"/stock/{handset}/{act.name}")
            assert reply.status_code == 404, act.name
    assert court.house.ask("SELECT state, version FROM handset") == before


@pytest.mark.parametrize("path", ["/files", "/files/new", "/stock", "/stock/import"])
async def test_who_has_not_signed_in_is_sent_to_the_door(court: Court, path: str) -> None:
    stranger = court.house.browser()
    assert (await stranger.get(path)).headers["location"] == "/login"
    assert (await stranger.client.get("/api/v1/files")).status_code == 401


async def test_a_handset_with_an_impossible_id_is_not_there(court: Court) -> None:
    sofia = await court.browser("Sofia")
    paper = f"papers/receipt-{uuid4()}.pdf"
    for path in ("/stock/%00", f"/stock/a%00/{paper}", "/api/v1/stock/%00"):
        assert (await sofia.get(path)).status_code == 404, path
    for path in ("/stock/%00/report-incident", "/api/v1/stock/%00/report-incident"):
        assert (await sofia.post(path, json=True)).status_code == 404, path
