"""The stock in the browser: the board, and acts on a handset."""

from typing import Any

import pytest

from tests.walking import OTHER_POOL, POOL
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tgd.allocation import stock


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
