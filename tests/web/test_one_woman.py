"""Somebody like her has a file: it is shown beside hers, and one press makes them one."""

from tests.walking import NANTERRE
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tgd import clock
from tgd.allocation import referring


def reported(court: Court, name: str = "FICTIVE Anna") -> str:
    """A neighbour reports her by the public form."""
    seen = court.house.do(
        lambda session: referring.refer(
            session, None, NANTERRE, name, "Des cris la nuit.", clock.now(), source="voisin"
        )
    )
    return f"/files/{seen.id}"


def number(court: Court, at: str) -> str:
    (row,) = court.house.ask(f"SELECT number FROM case_file WHERE id = '{at.split('/')[-1]}'")
    return f"TGD-{row.number:06d}"


async def test_camille_sees_the_namesake_and_joins_the_two(court: Court) -> None:
    first = court.walked("open")
    second = reported(court)
    camille = await court.browser("Camille")
    page = (await camille.get(second)).text
    assert "Est-elle déjà connue" in page
    assert "Quelqu’un qui porte un nom semblable a un dossier." in page
    assert f'href="{first}"' in page
    hasty = await camille.post(f"{second}/same-person", file=number(court, first))
    assert hasty.status_code == 422
    assert "comparé les deux dossiers" in hasty.text
    reply = await camille.post(f"{second}/same-person", file=number(court, first), compared="yes")
    assert (reply.status_code, reply.headers["location"]) == (303, first)
    page = (await camille.get(first)).text
    assert "Des cris la nuit." in page
    assert "réuni à celui-ci" in page
    gone = (await camille.get(second)).text
    assert "Clos&nbsp;: un autre dossier" in gone or "Clos\u00a0: un autre dossier" in gone
    assert f'<a href="{first}">L’ouvrir</a>' in gone
    assert "/grant" not in gone
    lists = await camille.json("/files")
    assert [one["state"] for one in lists["lists"]["ended"]] == ["merged"]


async def test_a_wrong_number_is_a_sentence_and_the_page_stays(court: Court) -> None:
    court.walked("open")
    second = reported(court, "Bea INVENTEE")
    greta = await court.browser("Greta")
    assert "Personne, parmi les dossiers que vous pouvez voir" in (await greta.get(second)).text
    for said, sentence in [("quarante-deux", "comme TGD-000042"), ("TGD-999999", "à votre portée")]:
        reply = await greta.post(f"{second}/same-person", file=said, compared="yes")
        assert reply.status_code == 422
        assert sentence in reply.text
        assert f'value="{said}"' in reply.text, "what was written is not lost"


async def test_association_and_operator_learn_of_no_namesake(court: Court) -> None:
    at = court.walked("hand_over")
    reported(court)
    lea = await court.browser("Lea")
    said = await lea.json(at)
    assert (said["namesakes"], said["others"]) == ([], [])
    assert "Est-elle déjà connue" not in (await lea.get(at)).text
    assert (await lea.post(f"{at}/same-person", file="TGD-000002")).status_code in (403, 404)


async def test_a_new_report_about_a_refused_woman_leads_to_her_new_file(court: Court) -> None:
    at = court.walked("find")
    camille = await court.browser("Camille")
    why = (
        "Les éléments recueillis ne montrent pas de danger grave à ce jour, malgré le premier avis."
    )
    assert (await camille.post(f"{at}/refuse", reasons=why)).status_code == 303
    assert "Nouveau signalement" in (await camille.get(at)).text
    reply = await camille.post(f"{at}/new-file", words="Il est revenu ce matin.", urgent="yes")
    made = reply.headers["location"]
    assert made != at
    page = (await camille.get(made)).text
    assert "Il est revenu ce matin." in page
    assert f'href="{at}"' in page
    assert f'href="{made}"' in (await camille.get(at)).text
