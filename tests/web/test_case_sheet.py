"""Lea writes with Ana what must be known; Bruno reads all of it when she presses, and only then."""

import json

from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import LAT, LON

SAID = {
    "name": "Ana FICTIVE", "speech_or_disability": "oui, mais elle entend mal",
    "telephones": "06 39 98 00 12\n06 39 98 00 13", "contacts": "sa sœur, 06 39 98 00 11",
    "children": "Milo, école des Exemples", "pets": "un chat",
    "code_word": "géranium", "duress_word": "tournesol",
    "places": f"3 rue des Exemples; Nanterre; 92050; {LAT}; {LON}\nBureau; Nanterre; 92050",
}  # fmt: skip


async def handed_over(court: Court) -> str:
    """Her file from the sheet that Lea writes in the browser to the hand-over."""
    at = court.walked("consent")
    lea = await court.browser("Lea")
    assert (await lea.post(f"{at}/write-sheet", **SAID)).status_code == 303
    court.go_on("tell_nobody", "press", "test", "hand_over")
    return at


def pressed(court: Court, kind: str = "press") -> str:
    """She presses where she is: at home, within twelve metres."""
    place = {"lat": float(LAT), "lon": float(LON), "radius_m": 12, "method": "gnss"}
    body = {"trigger": "t1", "kind": kind, "position": place}
    house, handset = court.house, court.walk.handset
    house.do(lambda s: house.world(s).hear(house.world(s).mqtt(handset, json.dumps(body).encode())))
    return f"/alerts/{house.newest()}"


async def test_bruno_reads_the_whole_sheet_in_his_language(court: Court) -> None:
    at = await handed_over(court)
    alert = pressed(court)
    bruno = await court.browser("Bruno")
    page = (await bruno.get(alert)).text
    for words in (
        "Peut-elle parler et entendre\u202f?", "oui, mais elle entend mal", "Ses autres numéros",
        "06 39 98 00 13", "Personnes à prévenir", "sa sœur, 06 39 98 00 11", "Milo, école",
        "Animaux", "3 rue des Exemples, Nanterre", "dans le cercle", f'data-lat="{LAT}"',
    ):  # fmt: skip
        assert words in page, words
    for raw in ("speech_or_disability", "pets:", "[&#39;", "['"):
        assert raw not in page, raw
    sheet = (await bruno.json(f"/api{alert}"))["person"]
    assert [place["inside"] for place in sheet["places"]] == [True, None]
    assert f'href="{at}"' in page
    assert (await bruno.get(at)).status_code == 200


async def test_who_reads_the_sheet_only_where_the_alert_lets_them(court: Court) -> None:
    """Her court and those who answer; not another court, not before the doubt is removed, and
    operators not after the closing."""
    at = await handed_over(court)
    alert = pressed(court)
    bruno, camille = await court.browser("Bruno"), await court.browser("Camille")
    paul = await court.browser("Paul")
    assert "sa sœur" in (await camille.get(alert)).text
    assert (await paul.get(alert)).status_code == 404
    court.house.ask("UPDATE alert SET trust = 'unverified' RETURNING 1")
    assert "sa sœur" not in (await bruno.get(alert)).text
    await bruno.post(f"{alert}/take")
    await bruno.post(f"{alert}/verify", found="danger")
    assert "sa sœur" in (await bruno.get(alert)).text
    court.house.ask(
        "UPDATE alert SET state = 'closed', outcome = 'other', reason = 'x', closed_by = 'x',"
        " closed_at = now(), look_again_at = NULL RETURNING 1"
    )
    assert "sa sœur" not in (await bruno.get(alert)).text
    assert (await bruno.get(at)).status_code == 404


async def test_the_agreed_words_are_for_who_answers_her_alone(court: Court) -> None:
    at = await handed_over(court)
    alert = pressed(court)
    bruno, sami = await court.browser("Bruno"), await court.browser("Sami")
    for one in (bruno, sami):
        assert "géranium" not in (await one.get(alert)).text
    await bruno.post(f"{alert}/take")
    mine = (await bruno.get(alert)).text
    assert "géranium" in mine
    assert "tournesol" in mine
    for path in (alert, f"/api{alert}", "/on-paper", at):
        assert "tournesol" not in (await sami.get(path)).text, path
    assert "sa sœur" in (await sami.get(at)).text, "all else of her file is there"
    assert "tournesol" in (await (await court.browser("Lea")).get(at)).text
    assert "tournesol" not in (await bruno.get("/on-paper")).text
    await bruno.post(f"{alert}/release")
    assert "tournesol" not in (await bruno.get(alert)).text


async def test_the_sheet_on_paper_has_it_too(court: Court) -> None:
    await handed_over(court)
    pressed(court)
    sami = await court.browser("Sami")
    page = (await sami.get("/on-paper")).text
    assert "sa sœur, 06 39 98 00 11" in page
    assert "dans le cercle" in page


async def test_a_test_says_what_hinders_the_call_and_no_more_of_her_sheet(court: Court) -> None:
    """Bruno, who closes it, is not to ring a deaf woman in vain; the rest is not needed."""
    at = await handed_over(court)
    bruno, sami, paul = [await court.browser(name) for name in ("Bruno", "Sami", "Paul")]
    before = f"/alerts/{court.house.newest()}"  # the test at the court, when she had no handset yet
    await bruno.post(f"{before}/take")
    await bruno.post(f"{before}/close", outcome="test", reason="Essai reçu : mqtt, en 2 s")
    alert = pressed(court, "test")
    assert alert != before
    for one in (bruno, sami):
        page = (await one.get(alert)).text
        assert "Peut-elle parler et entendre\u202f?" in page
        assert "oui, mais elle entend mal" in page
    await bruno.post(f"{alert}/take")
    for words in ("sa sœur", "Milo, école", "06 39 98 00 13", "un chat", "géranium", at):
        assert words not in (await bruno.get(alert)).text, words
        assert words not in (await bruno.get(f"/api{alert}")).text, words
    assert "entend mal" not in (await paul.get(alert)).text, "another court does not call her"
    court.house.ask("UPDATE alert SET trust = 'unverified' RETURNING 1")
    assert "entend mal" not in (await bruno.get(alert)).text, "who presses is not known any more"
    court.house.ask("UPDATE alert SET trust = 'verified' RETURNING 1")
    await bruno.post(f"{alert}/close", outcome="test", reason="Essai reçu : mqtt, en 2 s")
    assert "entend mal" not in (await bruno.get(alert)).text


async def test_the_file_says_who_may_have_the_sheet_and_lea_acknowledges_it(court: Court) -> None:
    at = court.walked("hand_over")
    lea, greta = await court.browser("Lea"), await court.browser("Greta")
    page = (await greta.get(at)).text
    for words in ("Qui peut la détenir", "Plateforme", "la lit ici", "personne n’a été prévenu"):
        assert words in page, words
    assert "act-acknowledge-sheet" not in page
    assert "Plateforme" not in (await lea.get(at)).text
    assert (await lea.post(f"{at}/acknowledge-sheet")).status_code == 303
    assert "act-acknowledge-sheet" not in (await lea.get(at)).text
    assert "prise en compte par <bdi>Lea</bdi>" in (await greta.get(at)).text
    assert (await lea.post(f"{at}/acknowledge-sheet")).status_code == 409


async def test_who_confirms_that_copies_are_erased_reads_whose(court: Court) -> None:
    at = court.walked("take_back")
    greta = await court.browser("Greta")
    page = (await greta.get(at)).text
    form = page[page.index("Demandez-le à chacun") : page.index('id="act-confirm-erased"')]
    for words in ("Plateforme", "Association Exemple", "à effacer chez eux avant le"):
        assert words in form, words
    assert (await greta.post(f"{at}/confirm-erased")).status_code == 303
    assert "effacée chez eux" in (await greta.get(at)).text
