"""By which numbers a handset is told from another: IMEI, IMSI, telephone; typed or scanned."""

import string
from typing import Any

import pytest

from tests.walking import POOL
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.test_stock import court_order, handsets
from tgd.allocation import stock
from tgd.casework.imei import imei_in, is_imei

SIM = "208010000000001"


def test_the_check_digit_of_an_imei_finds_every_single_mistyped_digit() -> None:
    right = "490154203237518"
    assert is_imei(right)
    for place in range(15):
        for digit in string.digits:
            if digit != right[place]:
                assert not is_imei(right[:place] + digit + right[place + 1 :])
    assert not is_imei("49015420323751")
    assert not is_imei("４９０154203237518")


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
