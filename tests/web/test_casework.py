"""A prosecutor decides, in the browser: what is shown, refused with a sentence, and raced."""

import asyncio
import re
from datetime import timedelta

import pytest

from tests.walking import REASONS
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import BROKEN_RULE, FULL_DISK
from tgd import clock
from tgd.casework import grid
from tgd.store import casework

LONG = "Il est revenu deux fois malgré l’interdiction ; le danger est grave et imminent."


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


async def test_camille_sees_what_is_to_be_decided_and_grants_it(court: Court) -> None:
    at = court.walked("find")
    camille = await court.browser("Camille")
    lists = (await camille.get("/files")).text
    assert "À décider" in lists
    assert "Ana FICTIVE" in lists
    page = (await camille.get(at)).text
    assert "Toutes les conditions sont remplies" in page
    assert "art. 41-3-1 CPP, al. 3 (1°)" in page
    assert "procedure 2026/0001" in page
    reply = await camille.post(f"{at}/grant", reasons=LONG, version=field(page, "version"))
    assert reply.status_code == 303
    assert court.state() == "granted"
    assert "Accordé, non remis" in (await camille.get(at)).text


async def test_against_the_advice_she_may_with_longer_reasons(court: Court) -> None:
    at = court.walked("open")
    camille = await court.browser("Camille")
    short = await camille.post(f"{at}/grant", reasons="Danger grave.")
    assert short.status_code == 422
    assert "40 caractères" in short.text
    assert "Danger grave." in short.text, "what was written is not lost"
    assert court.state() == "decision_pending"
    assert (await camille.post(f"{at}/grant", reasons=LONG)).status_code == 303
    assert "contre l’avis" in (await camille.get(at)).text


async def test_two_decide_at_once_and_the_second_is_told_who_decided(court: Court) -> None:
    at = court.walked("find")
    camille, cyril = await court.browser("Camille"), await court.browser("Cyril")
    version = field((await camille.get(at)).text, "version")
    grant, refuse = await asyncio.gather(
        camille.post(f"{at}/grant", reasons=LONG, version=version),
        cyril.post(f"{at}/refuse", reasons=LONG, version=version),
    )
    assert sorted([grant.status_code, refuse.status_code]) == [303, 409]
    loser, winner = (refuse, "Camille") if refuse.status_code == 409 else (grant, "Cyril")
    assert f"{winner} a décidé entre-temps" in loser.text
    assert "Rien n’a été changé" in loser.text
    assert len(court.house.ask("SELECT 1 FROM decision WHERE kind IN ('grant','refuse')")) == 1


async def test_an_old_page_changes_nothing_and_the_fresh_one_is_shown(court: Court) -> None:
    at = court.walked("find")
    camille = await court.browser("Camille")
    old = field((await camille.get(at)).text, "version")
    assert (await camille.post(f"{at}/entrust", association="Une autre")).status_code == 303
    reply = await camille.post(f"{at}/grant", reasons=LONG, version=old)
    assert reply.status_code == 409
    assert court.state() == "decision_pending"
    assert field(reply.text, "version") != old


@pytest.mark.parametrize(("fault", "status"), [(FULL_DISK, 503), (BROKEN_RULE, 500)])
async def test_a_form_that_met_a_fault_acts_when_it_is_sent_again(
    court: Court, fault: str, status: int
) -> None:
    """Lea writes a note while the record is full; the same form is no act until it was one."""
    at = court.walked("hand_over")
    lea = await court.browser("Lea")
    said = {"words": "Elle va bien.", "once": "abc"}
    with court.house.refusing("follow_up", fault):
        assert (await lea.post(f"{at}/follow-up", **said)).status_code == status
    assert (await lea.post(f"{at}/follow-up", **said)).status_code == 303
    assert len(court.house.ask("SELECT 1 FROM follow_up")) == 1


async def test_a_form_sent_twice_acts_once(court: Court) -> None:
    at = court.walked("hand_over")
    lea = await court.browser("Lea")
    for _ in range(2):
        reply = await lea.post(f"{at}/follow-up", words="Elle va bien.", once="abc")
        assert reply.status_code == 303
    assert len(court.house.ask("SELECT 1 FROM follow_up")) == 1


BAD = {
    "grant": [{}, {"reasons": "court"}, {"reasons": LONG, "begins_on": "31/02/2026"},
              {"reasons": LONG, "begins_on": "0001-01-01"}, {"reasons": "x" * 9000},
              {"reasons": LONG, "begins_on": "2025-01-01"},
              {"reasons": LONG, "begins_on": "2199-12-31"}],
    "record-condition": [{}, {"condition": "love", "evidence": "x"},
                         {"condition": "ban", "evidence": "x"},
                         {"condition": "ban", "evidence": "x", "framework": "conviction"},
                         {"condition": "ban", "evidence": "x", "framework": "conviction",
                          "since": "2026-01-01", "country": "France"},
                         {"condition": "ban", "evidence": "x", "framework": "conviction",
                          "since": "2026-01-02", "until": "2026-01-01"},
                         {"condition": "grave_danger", "met": "maybe", "evidence": "x"},
                         {"condition": "grave_danger", "met": "yes"}],
    "record-consent": [{}, {"scope": "audio", "agreed": "yes"}, {"scope": "device"}],
    "write-sheet": [{}, {"name": "Ana", "places": "3 rue des Exemples"}],
    "expect-release": [{}, {"release_on": "demain"}, {"release_on": "2025-01-01"}],
    "tell-release": [{}, {"how": "by_telephone", "acknowledged": "maybe"},
                     {"how": "by_dove", "acknowledged": "yes"},
                     {"how": "in_person", "acknowledged": "yes", "told": "2199-01-01T10:00"}],
    "acknowledge": [{}],
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_every_bad_form_gets_a_sentence_and_changes_nothing(court: Court, name: str) -> None:
    at = court.walked("find")
    camille = await court.browser("Camille")
    before = court.house.ask("SELECT version, state FROM case_file")
    for form in BAD[name]:
        reply = await camille.post(f"{at}/{name}", **form)
        assert reply.status_code == 422, form
        assert 'role="alert"' in reply.text
        assert court.house.ask("SELECT version, state FROM case_file") == before


async def test_the_association_sees_dates_of_the_ban_and_nothing_else_of_him(court: Court) -> None:
    at = court.walked("hand_over")
    lea, greta = await court.browser("Lea"), await court.browser("Greta")
    assert "Hugo FICTIF" in (await greta.get(at)).text
    page = (await lea.get(at)).text + str(await lea.json(at))
    assert "Hugo" not in page
    assert "contrôle judiciaire" not in page
    assert REASONS not in (await lea.get(at)).text.split("Décision")[-1]
    assert "01/11/2026 → 31/10/2027" in page


async def test_only_those_whom_they_accompany_exist_for_an_association(court: Court) -> None:
    at = court.walked("hand_over")
    noa = await court.browser("Noa")
    assert (await noa.get(at)).status_code == 404
    assert "Ana FICTIVE" not in (await noa.get("/files")).text
    assert (await noa.post(f"{at}/follow-up", words="lu")).status_code == 404
    assert court.house.ask("SELECT 1 FROM follow_up") == []


async def test_an_operator_sees_a_file_only_while_her_alert_is_open(court: Court) -> None:
    at = court.walked("hand_over")
    bruno = await court.browser("Bruno")
    assert (await bruno.get(at)).status_code == 404

    court._do(lambda walk: walk.press("press"))
    page = await bruno.get(at)
    assert page.status_code == 200
    assert "Ana FICTIVE" in page.text
    assert "Hugo" not in page.text
    assert "Il est revenu" not in page.text


async def test_the_hand_over_says_in_words_what_is_missing_until_nothing_is(court: Court) -> None:
    at = court.walked("grant")
    greta = await court.browser("Greta")
    page = (await greta.get(f"{at}/hand-over")).text
    for said in ("Aucun téléphone n’est réservé", "consentement exprès", "appel de test"):
        assert said in page
    refused = await greta.post(f"{at}/hand-over", page="hand-over", identity_checked="yes")
    assert refused.status_code == 422
    assert court.state() == "granted"
    court.go_on("reserve", "provision", "consent", "describe", "press")
    heard = (await greta.get(f"{at}/hand-over")).text
    assert "mqtt" in heard
    assert (await greta.post(f"{at}/test", page="hand-over")).status_code == 303
    assert "Rien ne manque" in (await greta.get(f"{at}/hand-over")).text
    unchecked = await greta.post(f"{at}/hand-over", page="hand-over")
    assert "identité a été vérifiée" in unchecked.text
    done = await greta.post(f"{at}/hand-over", page="hand-over", identity_checked="yes")
    (line,) = court.house.ask("SELECT detail FROM journal WHERE act = 'HandsetHandedOver'")
    assert line.detail["identity_checked"] is True
    assert done.status_code == 303
    assert court.state() == "active"


async def test_a_press_of_another_handset_never_passes_for_hers(court: Court) -> None:
    at = court.walked("describe")
    court._do(lambda walk: walk.press(handset=walk.order(number="+33639980022")))
    greta = await court.browser("Greta")
    reply = await greta.post(f"{at}/test", page="hand-over")
    assert reply.status_code == 422
    assert "appui d’essai" in reply.text


async def test_the_history_of_a_file_names_acts_and_no_looks(court: Court) -> None:
    at = court.walked("grant")
    camille = await court.browser("Camille")
    await camille.get(at)
    page = (await camille.get(at)).text
    assert "Décision signée" in page
    looks = court.house.ask("SELECT detail FROM journal WHERE act = 'AccessLogged'")
    assert looks, "a look is written down"
    lines = court.house.do(lambda s: casework.history(s, court.walk.id))
    assert "AccessLogged" not in {line.act for line in lines}


async def test_the_last_day_of_a_period_is_the_same_everywhere_on_the_page(court: Court) -> None:
    at = court.walked("grant")
    camille = await court.browser("Camille")
    file = await camille.json(at)
    page = (await camille.get(at)).text
    last = court.house.ask(
        "SELECT to_char(ends_at AT TIME ZONE 'Europe/Paris' - interval '1 second', 'DD/MM/YYYY')"
        " AS day FROM case_file"
    )[0].day
    end = next(d for d in file["deadlines"] if d["kind"] == "allocation_end")
    assert end["due_at"] == file["ends_at"]
    assert page.count(last) == 3, "head, deadline and decision"


async def test_a_file_is_found_by_its_number_or_a_part_of_her_name_within_reach_only(
    court: Court,
) -> None:
    court.walked("grant")
    camille, paul = await court.browser("Camille"), await court.browser("Paul")
    for words in ("TGD-000001", "1", "ana fic"):
        assert str(court.walk.id) in (await camille.post("/files/search", words=words)).text
        assert str(court.walk.id) not in (await paul.post("/files/search", words=words)).text
    assert str(court.walk.id) not in (await camille.post("/files/search", words="Dora")).text


async def test_a_long_list_has_pages_and_says_how_long_it_is(court: Court) -> None:
    for _ in range(3):
        court.walked("refer")
    camille = await court.browser("Camille")
    said = await camille.json("/files?list=reported&page=2")
    assert (said["totals"], said["lists"], said["page"]) == ({"reported": 0}, {"reported": []}, 2)
    assert (await camille.json("/files"))["totals"]["reported"] == 3
    for wrong in ("page=0", "page=x", "list=nobodys"):
        assert (await camille.get(f"/files?{wrong}")).status_code == 404


async def test_lea_says_that_ana_knows_of_his_release(court: Court) -> None:
    at = court.walked("hand_over")
    greta, lea = await court.browser("Greta"), await court.browser("Lea")
    assert "act-tell-release" not in (await lea.get(at)).text, "nothing is announced"
    release_on = (clock.now() + timedelta(days=9)).date().isoformat()
    assert (await greta.post(f"{at}/expect-release", release_on=release_on)).status_code == 303
    assert "Elle a été prévenue de sa libération" in (await lea.get(at)).text
    told = await lea.post(f"{at}/tell-release", how="by_telephone", acknowledged="yes")
    assert told.status_code == 303
    assert "act-tell-release" not in (await lea.get(at)).text
    history = (await greta.get(at)).text
    assert "par téléphone" in history


async def test_an_old_assessment_is_shown_with_the_questions_that_it_answered(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(grid.GRIDS, "danger-grid/2020-1", {"dog": "A-t-il un chien dressé ?"})
    at = court.walked("assess")
    court.house.ask(
        "UPDATE assessment SET grid = 'danger-grid/2020-1', answers = '{\"dog\": \"yes\"}'"
        " RETURNING 1"
    )
    lea = await court.browser("Lea")
    assert "A-t-il un chien dressé" in (await lea.get(at)).text
    (one,) = (await lea.get(f"/api/v1{at}")).json()["assessment"]["assessments"]
    assert one["read"] == [["A-t-il un chien dressé ?", "yes"]]
