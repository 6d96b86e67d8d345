"""The stock in the browser: the board, acts on a handset, lists that come and go as CSV."""

import csv
import io
import string
from typing import Any

import httpx
import pytest

from tests.walking import OTHER_POOL, POOL
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import Browser
from tgd.allocation import stock
from tgd.casework.csv_list import safe_cell
from tgd.casework.imei import imei_in, is_imei

HEAD = "pool,model,battery,radio,number,imei\n"
GOOD = f"{POOL},Modele A,B1,volte,+33639980031,490154203237518\n"


async def upload(browser: Browser, raw: bytes, *, dry_run: str = "yes") -> httpx.Response:
    return await browser.client.post(
        "/stock/import", files={"file": ("stock.csv", raw, "text/csv")},
        data={"form_token": browser.form_token, "dry_run": dry_run},
        headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip


def handsets(court: Court) -> list[Any]:
    return court.house.ask("SELECT id, state, pool FROM handset ORDER BY enrolled_at")


async def test_the_board_says_who_waits_and_what_is_below_the_reserve(court: Court) -> None:
    court.walked("grant")
    sofia = await court.browser("Sofia")
    page = (await sofia.get("/stock")).text
    assert "sous la réserve de 1" in page
    assert "TGD-000001" in page
    assert "Ana" not in page
    made = court.house.do(lambda s: court_order(court, s))
    version = court.house.ask("SELECT version FROM case_file")[0].version
    reply = await sofia.post(
        f"/files/{court.walk.file_id}/reserve", handset=made, version=str(version)
    )
    assert reply.headers["location"] == "/stock"
    assert "TGD-000001" not in (await sofia.get("/stock")).text


def court_order(court: Court, session: Any) -> str:
    court.walk.world = court.house.world(session)
    return court.walk.order()


async def test_keys_are_shown_once_and_kept_nowhere(court: Court) -> None:
    court.walked("reserve")
    sofia = await court.browser("Sofia")
    at = f"/stock/{court.walk.handset}"
    page = (await sofia.post(f"{at}/provision")).text
    assert "mqtt_secret" in page
    secret = page.split("mqtt_secret</dt><dd")[1].split(">")[1].split("<")[0]
    assert len(secret) > 30
    assert secret not in (await sofia.get(at)).text
    assert secret not in str(court.house.ask("SELECT secret_hash FROM handset"))


async def test_a_handset_goes_from_the_order_to_the_other_court(court: Court) -> None:
    sofia, sacha = await court.browser("Sofia"), await court.browser("Sacha")
    await sofia.post("/stock/order", pool=POOL, model="Modele A", imei="490154203237518")
    (one,) = handsets(court)
    assert (one.state, one.pool) == ("ordered", POOL)
    at = f"/stock/{one.id}"
    assert (await sofia.post(f"{at}/receive")).status_code == 303
    assert (await sofia.post(f"{at}/transfer", to_pool=OTHER_POOL)).status_code == 303
    assert (await sofia.get(at)).status_code == 404
    assert "en chemin" in (await sacha.get("/stock")).text
    assert (await sacha.post(f"{at}/receive")).status_code == 303
    assert handsets(court)[0].pool == OTHER_POOL


async def test_a_recall_sets_aside_what_lies_in_the_stock(court: Court) -> None:
    court.walked("reserve")
    sofia = await court.browser("Sofia")
    bad = await sofia.post("/stock/recall", criterion="colour", value="red", reasons="gonfle")
    assert bad.status_code == 422
    reply = await sofia.post("/stock/recall", criterion="battery", value="B1", reasons="gonfle")
    assert reply.status_code == 303
    assert handsets(court)[0].state == "quarantined"


BAD_LINES = {
    f"{POOL},{'x' * 61},,4g,,\n": "60 caractères",
    f"{POOL},Modele A,,4g,,35\x00\n": "60 caractères",
    f"{POOL},Modele\x07A,,4g,,\n": "60 caractères",
    f"{POOL},A,B,volte,+33639980031,490154203237519\n": "bonne clé",
    f"{POOL},A,B,volte,12,\n": "numéro de téléphone",
    "NOWHERE,A,B,volte,,\n": "tel stock",
    f"{OTHER_POOL},A,B,volte,,\n": "tel stock",
    f'{POOL},"=cmd|/c calc",B,volte,,\n': "formule",
    f"{POOL},@SUM(A1),B,volte,,\n": "formule",
    f"{POOL},A,B,volte\n": "cellules",
}


async def test_a_dry_run_names_every_bad_line_and_changes_nothing(court: Court) -> None:
    sofia = await court.browser("Sofia")
    raw = (HEAD + GOOD + "".join(BAD_LINES) + GOOD).encode()
    for dry_run in ("yes", "no"):
        reply = await upload(sofia, raw, dry_run=dry_run)
        assert reply.status_code == 422
        for n, said in enumerate(BAD_LINES.values(), 3):
            assert f"Ligne {n}" in reply.text
            assert said in reply.text
        assert f"Ligne {3 + len(BAD_LINES)}" in reply.text, "the number stands twice"
        assert "Ligne 2 " not in reply.text
        assert handsets(court) == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("modèle;é\n".encode("latin-1"), 422), (b"", 422), (b"a,b\n1,2\n", 422),
        (HEAD.encode(), 422), (b"\x00" * 1000, 422), (HEAD.encode() + b"x" * 10_000_000, 413),
    ],
    ids=["latin-1", "empty", "other columns", "no line", "no text", "10 MB"],
)  # fmt: skip
async def test_a_file_that_is_no_list_gets_a_sentence(
    court: Court, raw: bytes, status: int
) -> None:
    sofia = await court.browser("Sofia")
    reply = await upload(sofia, raw)
    assert reply.status_code == status
    assert 'role="alert"' in reply.text
    assert handsets(court) == []


async def test_a_quote_that_is_never_closed_is_named_by_its_line(court: Court) -> None:
    sofia = await court.browser("Sofia")
    reply = await upload(sofia, (HEAD + GOOD + '"' + "x" * 200_000).encode(), dry_run="no")
    assert reply.status_code == 422
    assert "Ligne 3 – À partir de cette ligne" in reply.text
    assert handsets(court) == []


async def test_a_sound_list_is_judged_then_ordered_once(court: Court) -> None:
    sofia = await court.browser("Sofia")
    raw = (HEAD + GOOD + f"{POOL},Modele B,,4g,,\n").encode("utf-8-sig")
    assert "rien n’a encore été changé" in (await upload(sofia, raw)).text
    assert handsets(court) == []
    assert "2 terminaux sont commandés" in (await upload(sofia, raw, dry_run="no")).text
    assert len(handsets(court)) == 2
    again = await upload(sofia, raw, dry_run="no")
    assert "a déjà ce numéro" in again.text
    assert len(handsets(court)) == 2


async def test_a_list_is_for_the_stock_manager_alone(court: Court) -> None:
    greta = await court.browser("Greta")
    assert (await upload(greta, (HEAD + GOOD).encode(), dry_run="no")).status_code == 404
    assert handsets(court) == []


async def test_the_export_is_safe_for_spreadsheets_and_comes_back(court: Court) -> None:
    sofia = await court.browser("Sofia")
    await sofia.post("/stock/order", pool=POOL, model="-2+3", number="+33639980031")
    raw = (await sofia.get("/stock.csv")).content
    (row,) = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert row["model"] == "'-2+3"
    assert row["number"] == "'+33639980031"


def test_no_cell_that_is_written_begins_a_formula() -> None:
    for evil in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1"):
        assert safe_cell(evil) == "'" + evil
    assert safe_cell("plain") == "plain"


def test_the_check_digit_of_an_imei_finds_every_single_mistyped_digit() -> None:
    right = "490154203237518"
    assert is_imei(right)
    for place in range(15):
        for digit in string.digits:
            if digit != right[place]:
                assert not is_imei(right[:place] + digit + right[place + 1 :])
    assert not is_imei("49015420323751")
    assert not is_imei("４９０154203237518")


WITH_IMSI = HEAD.strip() + ",imsi\n"
SIM = "208010000000001"
BAD_SIMS = {
    f"{POOL},A,B,volte,,,2080100000\n": "14 ou 15 chiffres",
    f"{POOL},A,B,volte,,,999010000000001\n": "14 ou 15 chiffres",
    f"{POOL},A,B,volte,,,{SIM}\n": "cet IMSI est deux fois",
    f"{POOL},A,B,volte,,,=1+1\n": "formule",
}


async def test_a_bad_imsi_is_named_by_its_line_and_a_good_one_comes_back(court: Court) -> None:
    sofia = await court.browser("Sofia")
    good = f"{GOOD.strip()},{SIM}\n"
    reply = await upload(sofia, (WITH_IMSI + good + "".join(BAD_SIMS)).encode(), dry_run="no")
    assert reply.status_code == 422
    for n, said in enumerate(BAD_SIMS.values(), 3):
        assert said in reply.text.split(f"Ligne {n} ")[1].split("</li>")[0]
    assert handsets(court) == []
    assert (await upload(sofia, (WITH_IMSI + good).encode(), dry_run="no")).status_code == 200
    other = f"{POOL},A,B,volte,+33639980032,,{SIM}\n"
    assert "cet IMEI ou cet IMSI" in (await upload(sofia, (WITH_IMSI + other).encode())).text
    raw = (await sofia.get("/stock.csv")).content
    (row,) = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert (row["imei"], row["imsi"]) == ("490154203237518", SIM)
    assert tuple(row)[:7] == tuple(WITH_IMSI.strip().split(","))


async def test_an_order_names_its_sim_card_or_is_refused(court: Court) -> None:
    sofia = await court.browser("Sofia")
    page = (await sofia.get("/stock")).text
    assert 'name="imsi"' in page.split('action="/stock/order"')[1].split("</form>")[0]
    for wrong in ("12", "999010000000001", SIM + "1"):
        reply = await sofia.post("/stock/order", pool=POOL, imsi=wrong)
        assert reply.status_code == 422
        assert "14 ou 15 chiffres" in reply.text
    assert (await sofia.post("/stock/order", pool=POOL, imsi=SIM)).status_code == 303
    twice = await sofia.post("/stock/order", pool=POOL, imsi=SIM)
    assert "cet IMEI ou cet IMSI" in twice.text
    ((known,),) = court.house.ask("SELECT imsi FROM handset")
    assert known == SIM
    found = await sofia.post("/stock/search", words=SIM)
    assert found.headers["location"] == f"/stock/{handsets(court)[0].id}"


async def test_what_is_on_its_way_is_not_free(court: Court) -> None:
    """The reserve of Exemple is short until Sacha holds what Sofia has sent."""
    made = court.house.do(lambda s: court_order(court, s))
    sofia, sacha = await court.browser("Sofia"), await court.browser("Sacha")
    assert (await sofia.post(f"/stock/{made}/transfer", to_pool=OTHER_POOL)).status_code == 303
    assert (await sacha.json("/api/v1/stock"))["pools"][0]["free"] == 0
    assert "sous la réserve de 1" in (await sacha.get("/stock")).text
    assert (await sacha.post(f"/stock/{made}/receive")).status_code == 303
    assert (await sacha.json("/api/v1/stock"))["pools"][0]["free"] == 1
    assert "sous la réserve de 1" not in (await sacha.get("/stock")).text


@pytest.mark.parametrize("part", ["model", "battery", "radio", "number", "imei", "imsi"])
async def test_what_is_too_long_to_be_kept_is_a_sentence(court: Court, part: str) -> None:
    sofia = await court.browser("Sofia")
    reply = await sofia.post(
        "/stock/order", pool=POOL, **{part: "x" * (201 if part == "imei" else 61)}
    )
    assert reply.status_code == 422
    assert "C’est trop long." in reply.text
    assert handsets(court) == []


@pytest.mark.parametrize("spelled", ["id", "imei", "number", "06 39 98 00 21", "+33 6 39980021"])
async def test_a_hand_scanner_finds_the_handset(court: Court, spelled: str) -> None:
    made = court.house.do(lambda s: court_order(court, s))
    known = court.house.ask("SELECT id, imei, number FROM handset")[0]
    sofia, sacha = await court.browser("Sofia"), await court.browser("Sacha")
    words = getattr(known, spelled, spelled)
    reply = await sofia.post("/stock/search", words=words)
    assert (reply.status_code, reply.headers["location"]) == (303, f"/stock/{made}")
    elsewhere = await sacha.post("/stock/search", words=words)
    assert elsewhere.status_code == 200
    assert "Aucun terminal trouvé." in elsewhere.text
    assert f"/stock/{made}" not in elsewhere.text


async def test_another_sim_card_is_written_down_while_she_carries_it(court: Court) -> None:
    """The console rings the number that the handset has now."""
    court.walked("hand_over")
    sofia, at = await court.browser("Sofia"), f"/stock/{court.walk.handset}"
    other = court.house.do(lambda s: court_other(court, s))
    for wrong in ({}, {"number": "17"}, {"number": "+33639980022"}, {"model": "x" * 61}):
        assert (await sofia.post(f"{at}/describe", **wrong)).status_code == 422, wrong
    said = {"number": "06 39 98 00 66", "model": "Modele B"}
    assert (await sofia.post(f"{at}/describe", **said)).status_code == 303
    row = court.house.ask("SELECT * FROM handset WHERE id = :id", id=court.walk.handset)[0]
    assert (row.number, row.model, row.battery) == ("+33639980066", "Modele B", "B1")
    line = court.house.ask("SELECT detail FROM journal WHERE act = 'HandsetDescribed'")[0]
    assert line.detail == {"parts": ["model", "number"]}
    assert other != court.walk.handset


def court_other(court: Court, session: Any) -> str:
    court.walk.world = court.house.world(session)
    return court.walk.order("+33639980022")


async def test_a_recall_is_lifted_with_a_ground(court: Court) -> None:
    made = court.house.do(lambda s: court_order(court, s))
    sofia, at = await court.browser("Sofia"), f"/stock/{made}"
    assert (await sofia.post(f"{at}/lift-recall", why="repaired")).status_code == 409
    assert "Lever son rappel" not in (await sofia.get(at)).text
    recall = {"criterion": "model", "value": "Modele A", "reasons": "La batterie chauffe."}
    assert (await sofia.post("/stock/recall", **recall)).status_code == 303
    assert "Lever son rappel" in (await sofia.get(at)).text
    assert (await sofia.post(f"{at}/lift-recall")).status_code == 422
    assert (await sofia.post(f"{at}/lift-recall", why="repaired")).status_code == 303
    assert "rappelé" not in (await sofia.get(at)).text
    assert court.house.ask("SELECT recall FROM handset")[0].recall is None


async def test_a_recall_is_read_in_her_file_and_on_the_board(court: Court) -> None:
    at = court.walked("hand_over")
    sofia, greta = await court.browser("Sofia"), await court.browser("Greta")
    assert "rappelé" not in (await greta.get(at)).text
    said = {"criterion": "model", "value": "Modele A", "reasons": "La batterie gonfle."}
    assert (await sofia.post("/stock/recall", **said)).status_code == 303
    page = (await greta.get(at)).text
    for words in ("Ce terminal est rappelé.", "La batterie gonfle.", "convenez d’un rendez-vous",
                  "Terminal rappelé à remplacer", "Aucun terminal n’est libre"):  # fmt: skip
        assert words in page, words
    assert "rappelé\u00a0: à remplacer" in (await sofia.get("/stock")).text
    court._do(lambda walk: walk.order("+33639980032"))
    assert "Lui réserver un autre terminal" in (await greta.get(at)).text
    assert "Lui réserver ce terminal" in (await greta.get(f"{at}/hand-over")).text


async def test_sofia_accepts_a_model_that_the_board_says_nobody_has_tried(court: Court) -> None:
    sofia, greta = await court.browser("Sofia"), await court.browser("Greta")
    made = {"pool": POOL, "model": "Modele Z"}
    assert (await sofia.post("/stock/order", **made)).status_code == 303
    page = (await greta.get("/stock")).text
    assert "personne n’a accepté ce modèle" in page
    assert "/stock/accept-model" not in page
    said = {"model": "Modele Z", "test": "Chute et pluie, rapport fictif 12.", "tried": "yes"}
    assert (await greta.post("/stock/accept-model", **said)).status_code == 404
    wrong = await sofia.post("/stock/accept-model", **(said | {"tried": ""}))
    assert wrong.status_code == 422
    assert (await sofia.post("/stock/accept-model", **said)).status_code == 303
    after = (await greta.get("/stock")).text
    assert "personne n’a accepté ce modèle" not in after
    assert "rapport fictif 12" in after
    again = await sofia.post("/api/v1/stock/accept-model", json=True, **said)
    assert (again.status_code, again.json()) == (201, {"model": "Modele Z"})


async def test_the_board_orders_what_the_reserve_lacks_by_one_button(court: Court) -> None:
    sofia, greta = await court.browser("Sofia"), await court.browser("Greta")
    assert "/stock/refill" in (await sofia.get("/stock")).text
    assert "/stock/refill" not in (await greta.get("/stock")).text
    said = {"pool": POOL, "model": "Modele A"}
    assert (await greta.post("/stock/refill", **said)).status_code == 404
    assert (await sofia.post("/stock/refill", **said)).status_code == 303
    page = (await sofia.get("/stock")).text
    assert "en cours d’acheminement\u00a0: 1" in page
    assert "/stock/refill" not in page
    again = await sofia.post("/api/v1/stock/refill", json=True, **said)
    assert again.status_code == 409


async def test_imei_and_imsi_are_corrected_and_a_mistyped_one_is_named(court: Court) -> None:
    court.walked("hand_over")
    sofia, handset = await court.browser("Sofia"), court.walk.handset
    at = f"/stock/{handset}/describe"
    for wrong, why in (
        ({"imei": "490154203237517"}, "dernier chiffre"), ({"imsi": "12"}, "14 ou 15 chiffres"),
        ({"imsi": "999010000000001"}, "14 ou 15 chiffres"), ({}, 'role="alert"'),
    ):  # fmt: skip
        reply = await sofia.post(at, **wrong)
        assert reply.status_code == 422, wrong
        assert why in reply.text
    said = {"imei": "490154203237518", "imsi": "208010000000001"}
    assert (await sofia.post(at, **said)).status_code == 303
    page = (await sofia.get(f"/stock/{handset}")).text
    assert said["imei"] in page
    assert said["imsi"] in page
    court._do(lambda walk: walk.order("+33639980033"))
    (other,) = [one.id for one in handsets(court) if one.id != handset]
    twice = await sofia.post(f"/stock/{other}/describe", **said)
    assert twice.status_code == 422
    assert "déjà ce numéro, cet IMEI" in twice.text


async def test_the_life_of_a_handset_is_read_without_a_person(court: Court) -> None:
    """Ordered, kept, handed over, given back, erased: by whom and when, and nothing of Ana."""
    court.walked("restock")
    at = f"/stock/{court.walk.handset}"
    sofia = await court.browser("Sofia")
    life = (await sofia.json(at))["handset"]["life"]
    assert [line["act"] for line in life][::-1] == [
        "HandsetOrdered", "HandsetReceived", "HandsetReserved", "HandsetProvisioned",
        "HandsetHandedOver", "HandsetReturned", "HandsetWipeBegun", "HandsetWiped",
        "HandsetRestocked",
    ]  # fmt: skip
    page = (await sofia.get(at)).text
    for said in ("Sa vie", "Effacement prouvé", "erased by MDM, report 17", "clés n°", "Greta"):
        assert said in page
    for hidden in ("Ana", "TGD-0", str(court.walk.file_id)):
        assert hidden not in page + str(life)
    assert (await (await court.browser("Sacha")).get(at)).status_code == 404


async def test_a_sending_says_from_where_to_where_and_a_recall_why(court: Court) -> None:
    handset = court.house.do(lambda s: court_order(court, s))
    sofia = await court.browser("Sofia")
    await sofia.post(f"/stock/{handset}/transfer", to_pool=OTHER_POOL)
    sacha = await court.browser("Sacha")
    await sacha.post(f"/stock/{handset}/receive")
    page = (await sacha.get(f"/stock/{handset}")).text
    assert f"{POOL} → {OTHER_POOL}" in page
    await sacha.post("/stock/recall", criterion="battery", value="B1", reasons="Elle gonfle.")
    assert "Elle gonfle." in (await sacha.get(f"/stock/{handset}")).text


async def test_a_late_order_stands_among_the_deadlines_of_its_stock_manager(court: Court) -> None:
    def late(session: Any) -> None:
        walk = court.walk
        walk.world = court.house.world(session)
        manager = walk.officer("Sofia")
        walk.world.wait(days=-22)
        stock.order(session, manager, POOL, walk.now, model="Modele A")
        walk.world.wait(days=22)
        walk.chase()

    court.house.do(late)
    sofia = await court.browser("Sofia")
    page = (await sofia.get("/deadlines")).text
    assert "Des terminaux commandés ne sont pas arrivés" in page
    assert "Le stock est à inventorier" in page
    assert "/clearances" not in page.split("<main")[1]
    (one,) = [d for d in (await sofia.json("/deadlines"))["deadlines"] if d["kind"] == "order_late"]
    assert (await sofia.post(f"/deadlines/{one['id']}/acknowledge")).status_code == 303
    assert "Des terminaux" not in (await (await court.browser("Sacha")).get("/deadlines")).text


@pytest.mark.parametrize(
    ("said", "imei"),
    [
        ("490154203237518", "490154203237518"),
        ("49-015420-323751-8", "490154203237518"),
        ("IMEI 1: 490154203237518\nSN: 0012345678", "490154203237518"),
        ("https://example/h?imei=490154203237518&m=A", "490154203237518"),
        ("4901542032375101", "490154203237518"),  # with a version (IMEISV) instead of its digit
        ("490154203237519", None),
        ("49015420323751", None),
        ("SN 12", None),
        ("", None),
    ],
)
def test_of_all_that_a_code_holds_the_imei_is_read(said: str, imei: str | None) -> None:
    assert imei_in(said) == imei


async def test_what_arrives_is_the_box_that_was_ordered(court: Court) -> None:
    known, blank = court.house.do(
        lambda s: (court_order_only(court, s, "490154203237518"), court_order_only(court, s, None))
    )
    sofia = await court.browser("Sofia")
    wrong = await sofia.post(f"/stock/{known}/receive", imei="356938035643809")
    assert wrong.status_code == 422
    assert "c’est un autre appareil" in wrong.text
    assert (await sofia.post(f"/stock/{known}/receive", imei="49 015420 323751 8")).is_redirect
    assert (await sofia.post(f"/stock/{blank}/receive", imei="490154203237518")).status_code == 422
    assert (await sofia.post(f"/stock/{blank}/receive", imei="356938035643809")).is_redirect
    rows = court.house.ask("SELECT state, imei FROM handset ORDER BY imei")
    assert [(row.state, row.imei) for row in rows] == [
        ("in_stock", "356938035643809"), ("in_stock", "490154203237518"),
    ]  # fmt: skip


def court_order_only(court: Court, session: Any, imei: str | None) -> str:
    walk = court.walk
    walk.world = court.house.world(session)
    return stock.order(session, walk.officer("Sofia"), POOL, walk.now, model="Modele A", imei=imei)


async def test_only_pages_that_scan_may_open_a_camera(court: Court) -> None:
    at = court.walked("reserve")
    greta = await court.browser("Greta")
    for path, allowed in [("/stock", True), (f"/stock/{court.walk.handset}", True),
                          (f"{at}/hand-over", True), (at, False), ("/files", False),
                          ("/stock.csv", False)]:  # fmt: skip
        policy = (await greta.get(path)).headers["permissions-policy"]
        assert ("camera=(self)" in policy) is allowed, path
        assert "geolocation=(), " in policy
    page = (await greta.get(f"{at}/hand-over")).text
    assert "IMEI lu sur l’appareil" in page
    assert 'data-scan="Lire avec la caméra"' in page
