"""The page of a file that is forgotten: an empty shell, without a name, without an act."""

from datetime import timedelta

from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tgd import clock
from tgd.purge import purge


async def test_a_forgotten_file_shows_its_number_and_nothing_of_her(court: Court) -> None:
    at = court.walked("restock")
    greta, camille = await court.browser("Greta"), await court.browser("Camille")
    one = court.house.ask("SELECT id FROM decision WHERE kind = 'grant'")[0].id
    assert "Ana FICTIVE" in (await camille.get(at)).text
    assert 'id="act-confirm-erased"' in (await greta.get(at)).text
    assert (await greta.post(f"{at}/confirm-erased")).status_code == 303
    assert 'id="act-confirm-erased"' not in (await greta.get(at)).text
    court.house.do(lambda session: purge(session, clock.now() + timedelta(days=4)))
    closed = (await camille.get(at)).text
    assert "Ana FICTIVE" in closed
    assert "rue des Exemples" not in closed
    assert court.house.ask("SELECT state FROM case_file")[0].state == "closed"
    court.house.do(lambda session: purge(session, clock.now() + timedelta(days=200)))
    page = await camille.get(at)
    assert page.status_code == 200
    for name in ("Ana", "Hugo", "rue des Exemples"):
        assert name not in page.text, name
    assert "Effacé" in page.text
    assert '<form method="post" action="/files/' not in page.text
    for paper in (f"decision-{one}.pdf", "hand-over.pdf", "return.pdf"):
        assert (await camille.get(f"{at}/papers/{paper}")).status_code == 404, paper
    assert (await camille.get("/api/v1" + at)).json()["person"]["name"] == ""
    assert (await camille.post(f"{at}/hold", procedure="26/1")).status_code == 409
    assert "TGD-000001" not in (await camille.get("/files")).text


async def test_camille_keeps_a_file_for_a_procedure_and_the_page_says_so(court: Court) -> None:
    at = court.walked("restock")
    camille = await court.browser("Camille")
    assert (await camille.post(f"{at}/hold", procedure="procedure 26/1")).status_code == 303
    page = (await camille.get(at)).text
    assert "Rien n’est effacé." in page
    assert 'id="act-hold"' not in page
    assert (await camille.post(f"{at}/end-hold")).status_code == 303
    assert 'id="act-hold"' in (await camille.get(at)).text
