"""Papers as PDF/A: they say what was decided, and run nothing of what people wrote."""

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.walking import NANTERRE, OTHER_POOL
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.test_casework import LONG
from tgd import accounts, clock, journal
from tgd.allocation import courts
from tgd.casework.file_acts import CONSENT_WORDING
from tgd.papers.typesetting import pdf

EVIL = '#panic("x") $x^2$ *bold* #import "/etc/passwd" <label> \\ ${7*7} // rien'
SAID = {
    "court": "TJ de Nanterre", "office": "Parquet", "reference": "TGD-000001", "notice": "Note.",
    "demonstration": True, "day": {"year": 2026, "month": 11, "day": 27}, "title": "Décision",
    "facts": [["Dossier", EVIL]], "article": "art. 41-3-1 CPP", "law": EVIL, "conditions": [],
    "wording": [["al. 1", EVIL]],
    "found": [["Interdiction", EVIL]],
    "against_advice": False, "reasons": [EVIL, "Second motif."], "decided": EVIL,
    "proof": [["Approuvé par", EVIL]],
}  # fmt: skip


def words_of(raw: bytes, folder: Path) -> str:
    """What a reader's program sees."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed: the words are not read back")
    path = folder / "paper.pdf"
    path.write_bytes(raw)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_a_paper_is_pdf_a_and_read_aloud() -> None:
    raw = pdf("decision", SAID)
    assert raw.startswith(b"%PDF-1.7")
    assert b"pdfaid:part>2" in raw
    assert b"pdfuaid:part>1" in raw
    assert b"/Lang" in raw


@pytest.mark.needs_system_package
def test_what_people_write_is_words_and_never_markup(tmp_path: Path) -> None:
    seen = words_of(pdf("decision", SAID), tmp_path)
    assert seen.count('#panic("x") $x^2$ *bold*') == 7
    assert "Second motif." in seen


@pytest.mark.needs_system_package
async def test_the_decision_says_what_was_decided_and_by_whom(court: Court, tmp_path: Path) -> None:
    at = court.walked("find")
    camille = await court.browser("Camille")
    assert "votre compte" in (await camille.get(at)).text
    court.house.do(
        lambda s: accounts.describe(
            s, "Camille", clock.now(), full_name="Camille EXEMPLE", capacity="vice-procureure"
        )
    )
    assert "Camille EXEMPLE</bdi>, <bdi>vice-procureure" in (await camille.get(at)).text
    assert (await camille.post(f"{at}/grant", reasons=LONG)).status_code == 303
    one = court.house.ask("SELECT id, content_hash FROM decision")[0]
    reply = await camille.get(f"{at}/papers/decision-{one.id}.pdf")
    assert reply.headers["content-type"] == "application/pdf"
    seen = words_of(reply.content, tmp_path)
    for said in ("Ana FICTIVE", "deux fois malgré", "art. 41-3-1 CPP", "Camille EXEMPLE, vice-",
                 "Hugo FICTIF", "contrôle judiciaire, du 01/11/2026 au 31/10/2027",
                 "ancien conjoint", "procedure 2026/0001", one.content_hash, "est accordée du",
                 "le contenu est celui qui a été approuvé"):  # fmt: skip
        assert said in seen, said
    assert court.house.ask("SELECT 1 FROM journal WHERE act = 'PaperMade'")


@pytest.mark.needs_system_package
async def test_a_withdrawal_says_its_ground_and_what_was_looked_at(
    court: Court, tmp_path: Path
) -> None:
    at = court.walked("hand_over")
    camille = await court.browser("Camille")
    version = str(court.house.ask("SELECT version FROM case_file")[0].version)
    done = await camille.post(
        f"{at}/withdraw", why="restrained_person_detained", reasons=LONG, safety_checked="yes",
        release_checked="yes", release_on="2099-03-01", version=version,
    )  # fmt: skip
    assert done.status_code == 303
    one = court.house.ask("SELECT id FROM decision WHERE kind = 'withdraw'")[0]
    reply = await camille.get(f"{at}/papers/decision-{one.id}.pdf")
    seen = words_of(reply.content, tmp_path)
    for said in ("Détention de la personne visée", "sa sécurité sans le terminal faite",
                 "Consultation du comité non faite", "01/03/2099"):  # fmt: skip
        assert said in seen, said


@pytest.mark.needs_system_package
async def test_hand_over_and_return_have_their_certificates(court: Court, tmp_path: Path) -> None:
    at = court.walked("hand_over")
    greta = await court.browser("Greta")
    assert (await greta.get(f"{at}/papers/return.pdf")).status_code == 404
    reply = await greta.get(f"{at}/papers/hand-over.pdf")
    named = 'inline; filename="TGD-000001-hand-over.pdf"'
    assert reply.headers["content-disposition"] == named
    seen = words_of(reply.content, tmp_path)
    assert court.walk.handset in seen
    assert "Géolocalisation au moment de l’alerte oui" in seen
    court.go_on("withdraw", "take_back")
    seen = words_of((await greta.get(f"{at}/papers/return.pdf")).content, tmp_path)
    assert "Lea, Association Exemple" in seen


async def test_papers_are_for_those_of_the_court(court: Court) -> None:
    at = court.walked("hand_over")
    one = court.house.ask("SELECT id FROM decision")[0].id
    for name in ("Lea", "Sofia", "Paul", "Bruno"):
        browser = await court.browser(name)
        for paper in (f"decision-{one}.pdf", "hand-over.pdf", "return.pdf"):
            assert (await browser.get(f"{at}/papers/{paper}")).status_code == 404, (name, paper)
    camille = await court.browser("Camille")
    for paper in ("other.pdf", "decision-x.pdf", "..%2f..%2fetc", json.dumps({})):
        assert (await camille.get(f"{at}/papers/{paper}")).status_code == 404


async def test_who_decides_on_call_sees_the_file_signs_and_gets_the_paper(court: Court) -> None:
    at = court.walked("find")
    paul = await court.browser("Paul")
    assert (await paul.get(at)).status_code == 404
    now = clock.now()
    court.house.do(
        lambda s: courts.clear(
            s, None, "Paul", now + timedelta(hours=12), now, court=NANTERRE, kind="on_call"
        )
    )
    assert "Ana FICTIVE" in (await paul.get("/files")).text
    assert (await paul.post(f"{at}/grant", reasons=LONG)).status_code == 303
    assert "de permanence" in (await paul.get(at)).text
    one = court.house.ask("SELECT id FROM decision")[0].id
    assert (await paul.get(f"{at}/papers/decision-{one}.pdf")).status_code == 200


async def paper_of(court: Court, name: str, at: str, paper: str, folder: Path) -> str:
    """Its words, as this person is given them."""
    reply = await (await court.browser(name)).get(f"{at}/papers/{paper}")
    assert reply.status_code == 200, (name, paper)
    return words_of(reply.content, folder)


@pytest.mark.needs_system_package
async def test_she_reads_and_signs_before_anything_is_handed_over(
    court: Court, tmp_path: Path
) -> None:
    at = court.walked("find")
    greta = await court.browser("Greta")
    assert (await greta.get(f"{at}/papers/consent.pdf")).status_code == 404
    court.go_on("grant", "reserve")
    seen = await paper_of(court, "Lea", at, "consent.pdf", tmp_path)
    for said in ("Ana FICTIVE", court.walk.handset, CONSENT_WORDING, "Non, je refuse",
                 "J’accepte d’être localisée", "Recueilli par"):  # fmt: skip
        assert said in seen, said
    assert "papers/consent.pdf" in (await greta.get(f"{at}/hand-over")).text


@pytest.mark.needs_system_package
async def test_a_hand_over_is_printed_as_it_was_when_the_handset_has_long_come_back(
    court: Court, tmp_path: Path
) -> None:
    at = court.walked("hand_over")
    (one,) = court.house.ask("SELECT id FROM allocation")
    court.house.ask("UPDATE consent SET withdrawn_at = now() WHERE scope = 'geolocation'"
                    " RETURNING 1")  # fmt: skip
    court.go_on("withdraw", "take_back")
    court.house.ask("UPDATE protected_person SET name = 'Ana AUTRENOM' RETURNING 1")
    for name in ("hand-over.pdf", f"hand-over-{one.id}.pdf"):
        seen = await paper_of(court, "Greta", at, name, tmp_path)
        for said in ("Ana FICTIVE", court.walk.handset, "alerte oui, le", "Rendu ou repris le"):
            assert said in seen, said
    greta = await court.browser("Greta")
    assert f"hand-over-{one.id}.pdf" in (await greta.get(at)).text
    assert (await greta.get(f"{at}/papers/hand-over-{uuid4()}.pdf")).status_code == 404


@pytest.mark.needs_system_package
async def test_the_case_sheet_goes_on_paper_without_the_words_agreed_with_her(
    court: Court, tmp_path: Path
) -> None:
    at = court.walked("describe")
    court.house.ask("UPDATE case_sheet SET sheet = sheet || '{\"duress_word\": \"TOURNESOL\"}'"
                    " RETURNING 1")  # fmt: skip
    seen = await paper_of(court, "Lea", at, "sheet.pdf", tmp_path)
    for said in ("Ana FICTIVE", "3 rue des Exemples, Nanterre", "03/02/1990", "her sister",
                 "Elle est contrainte convenu", "control-room-92"):  # fmt: skip
        assert said in seen, said
    assert "TOURNESOL" not in seen


@pytest.mark.needs_system_package
async def test_report_grid_and_opinion_are_one_paper(court: Court, tmp_path: Path) -> None:
    at = court.walked("advise")
    court.house.ask(
        "UPDATE assessment SET grid = 'danger-grid/2026-1', answers = '{\"weapon\": \"yes\"}'"
        " RETURNING 1"
    )
    seen = await paper_of(court, "Lea", at, "referral.pdf", tmp_path)
    for said in ("She was followed to her work.", "Possède-t-il une arme", "Avis favorable",
                 "He has come back twice"):  # fmt: skip
        assert said in seen, said
    assert "Hugo" not in seen


@pytest.mark.needs_system_package
async def test_a_loss_is_declared_and_signed_by_her(court: Court, tmp_path: Path) -> None:
    at = court.walked("hand_over")
    lea = await court.browser("Lea")
    done = await lea.post(f"{at}/report-incident", kind="lost", words="Dans l’autobus 258.")
    assert done.status_code == 303
    (one,) = court.house.ask("SELECT id FROM handset_incident")
    seen = await paper_of(court, "Lea", at, f"incident-{one.id}.pdf", tmp_path)
    for said in ("Déclaration de perte", "Dans l’autobus 258.", "Ana FICTIVE", "la plateforme",
                 court.walk.handset):  # fmt: skip
        assert said in seen, said
    sofia = await court.browser("Sofia")
    handset = f"/stock/{court.walk.handset}"
    assert "incident-" not in (await sofia.get(handset)).text
    assert (await sofia.get(f"{handset}/papers/incident-{one.id}.pdf")).status_code == 404


@pytest.mark.needs_system_package
async def test_a_journey_and_an_erasure_have_their_papers_with_nobody_s_name(
    court: Court, tmp_path: Path
) -> None:
    court.walked("restock")
    sofia, handset = await court.browser("Sofia"), f"/stock/{court.walk.handset}"
    (wipe,) = court.house.ask("SELECT id FROM wipe_proof")
    seen = await paper_of(court, "Sofia", handset, f"erasure-{wipe.id}.pdf", tmp_path)
    assert "erased by MDM, report 17" in seen
    assert "Ana" not in seen
    done = await sofia.post(f"{handset}/transfer", to_pool=OTHER_POOL)
    assert done.status_code == 303
    (sent,) = court.house.ask("SELECT id FROM handset_transfer")
    seen = await paper_of(court, "Sofia", handset, f"receipt-{sent.id}.pdf", tmp_path)
    for said in ("Parquet de Nanterre", "Parquet d’Exemple", "en cours d’acheminement"):
        assert said in seen.replace("d'", "d’"), said
    assert f"receipt-{sent.id}.pdf" in (await sofia.get("/stock")).text
    sacha = await court.browser("Sacha")
    page = (await sacha.get(handset)).text
    assert f"receipt-{sent.id}.pdf" in page
    assert f"erasure-{wipe.id}.pdf" in page
    assert (await sofia.get(f"{handset}/papers/erasure-{wipe.id}.pdf")).status_code == 404
    assert (await (await court.browser("Lea")).get(f"{handset}/papers/receipt-{sent.id}.pdf")
            ).status_code == 404  # fmt: skip


async def test_the_association_has_its_papers_and_nobody_else(court: Court) -> None:
    at = court.walked("hand_over")
    for name in ("Noa", "Paul", "Bruno", "Sofia"):
        browser = await court.browser(name)
        for paper in ("consent.pdf", "sheet.pdf", "referral.pdf"):
            assert (await browser.get(f"{at}/papers/{paper}")).status_code == 404, (name, paper)
    listed = (await (await court.browser("Lea")).get(f"/api/v1{at}")).json()["papers"]
    assert {one["kind"] for one in listed} == {"referral", "consent", "explanation", "sheet"}


@pytest.mark.needs_system_package
async def test_what_she_takes_home_says_nothing_of_her(court: Court, tmp_path: Path) -> None:
    at = court.walked("reserve")
    seen = await paper_of(court, "Lea", at, "explanation.pdf", tmp_path)
    assert "Appuyez trois fois vite" in seen
    for word in ("Ana", "TGD", "Nanterre", "tribunal", "Parquet", "danger"):
        assert word not in seen, word
    reply = await (await court.browser("Lea")).get(f"{at}/papers/explanation.pdf")
    assert b"Nanterre" not in reply.content


async def test_a_journey_within_a_court_is_nothing_for_another_one(court: Court) -> None:
    court.walked("restock")
    court.house.do(lambda s: courts.make_pool(s, "NANTERRE-2", NANTERRE, "Annexe", clock.now()))
    sofia, handset = await court.browser("Sofia"), f"/stock/{court.walk.handset}"
    assert (await sofia.post(f"{handset}/transfer", to_pool="NANTERRE-2")).status_code == 303
    (sent,) = court.house.ask("SELECT id FROM handset_transfer")
    paper = f"{handset}/papers/receipt-{sent.id}.pdf"
    assert (await sofia.get(paper)).status_code == 200
    assert (await (await court.browser("Sacha")).get(paper)).status_code == 404


@pytest.mark.needs_system_package
async def test_a_procedure_is_given_the_file_line_by_line_with_its_seals(
    court: Court, tmp_path: Path
) -> None:
    at = court.walked("hand_over")
    court.house.do(journal.seal)
    (signed,) = court.house.ask("SELECT place, hash FROM journal WHERE act = 'DecisionSigned'")
    seen = await paper_of(court, "Greta", at, "timeline.pdf", tmp_path)
    for said in ("Signalement reçu", "Décision signée – accordé", "Condition consignée – Grave",
                 "Camille", f"{signed.place} · {bytes(signed.hash).hex()[:12]}"):  # fmt: skip
        assert said in seen, said
    assert "Ana" not in seen
    assert (await (await court.browser("Lea")).get(f"{at}/papers/timeline.pdf")).status_code == 404
