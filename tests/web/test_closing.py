"""Nobody closes away a press that the page did not show, and nothing that was written is lost."""

import re
from uuid import UUID

import pytest

from tests.web.conftest import Browser, House
from tests.world import Carried

WHY = "Elle a appuyé dans son sac, elle le dit elle-même."
AGAIN = "Elle a appuyé de nouveau depuis que vous avez regardé"


def presses_in(page: str, act: str) -> str:
    """How many presses this form says that its page showed."""
    (form,) = re.findall(rf'<form [^>]*id="act-{act}".*?</form>', page, re.S)
    (said,) = re.findall(r'name="presses" value="(\d+)"', form)
    return str(said)


async def taken(house: House) -> tuple[Browser, Carried, UUID]:
    bruno, ana = await house.signed_in("Bruno"), house.give()
    alert = house.press(ana)
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/verify", found="safe_voice")
    return bruno, ana, alert


async def test_a_press_that_the_page_did_not_show_is_not_closed_away(house: House) -> None:
    """She presses while he writes why he closes: he reads it first, then the same words close."""
    bruno, ana, alert = await taken(house)
    seen = presses_in((await bruno.get(f"/alerts/{alert}")).text, "close")
    house.press(ana)
    await bruno.post(f"/alerts/{alert}/verify", found="safe_voice")
    said = {"outcome": "accidental", "reason": WHY, "presses": seen}
    reply = await bruno.post(f"/alerts/{alert}/close", **said)
    assert reply.status_code == 409
    assert AGAIN in reply.text
    assert f">{WHY}</textarea>" in reply.text
    assert '<option value="accidental" selected>' in reply.text
    assert house.ask("SELECT state FROM alert")[0].state != "closed"
    fresh = presses_in(reply.text, "close")
    assert (seen, fresh) == ("1", "2")
    assert (await bruno.post(f"/alerts/{alert}/close", **said | {"presses": fresh})).is_redirect
    assert house.ask("SELECT state FROM alert")[0].state == "closed"


async def test_nor_is_a_voice_taken_for_an_answer_to_it(house: House) -> None:
    """The page that was pressed on showed one press: “safe” is said again over two."""
    bruno, ana, alert = await taken(house)
    seen = presses_in((await bruno.get(f"/alerts/{alert}")).text, "verify")
    house.press(ana)
    reply = await bruno.post(f"/alerts/{alert}/verify", found="safe_voice", presses=seen)
    assert reply.status_code == 409
    assert "ce que vous avez entendu est peut-être plus ancien" in reply.text
    assert (await bruno.json(f"/api/alerts/{alert}"))["needs_second"] is True
    fresh = presses_in(reply.text, "verify")
    safe = await bruno.post(f"/alerts/{alert}/verify", found="safe_voice", presses=fresh)
    assert safe.is_redirect
    assert (await bruno.json(f"/api/alerts/{alert}"))["needs_second"] is False
    house.press(ana)
    danger = await bruno.post(f"/alerts/{alert}/verify", found="danger", presses=fresh)
    assert danger.is_redirect


async def test_nor_is_a_proposal_countersigned_over_it(house: House) -> None:
    bruno, sami, ana = await house.signed_in("Bruno"), await house.signed_in("Sami"), house.give()
    alert = house.press(ana)
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/close", outcome="accidental", reason=WHY)
    seen = presses_in((await sami.get(f"/alerts/{alert}")).text, "countersign")
    house.press(ana)  # which takes the proposal back
    await bruno.post(f"/alerts/{alert}/close", outcome="accidental", reason=WHY)
    reply = await sami.post(f"/alerts/{alert}/countersign", presses=seen)
    assert (reply.status_code, AGAIN in reply.text) == (409, True)
    fresh = presses_in(reply.text, "countersign")
    assert (await sami.post(f"/alerts/{alert}/countersign", presses=fresh)).is_redirect
    assert house.ask("SELECT state FROM alert")[0].state == "closed"


async def test_scripts_are_told_with_the_fresh_sheet(house: House) -> None:
    bruno, _, alert = await taken(house)
    said = {"outcome": "accidental", "reason": WHY, "presses": "0"}
    reply = await bruno.post(f"/alerts/{alert}/close", json=True, **said)
    assert (reply.status_code, reply.json()["alert"]["presses"]) == (409, 1)
    for nonsense in ("-1", "many", "9" * 12):
        refused = await bruno.post(f"/alerts/{alert}/close", **said | {"presses": nonsense})
        assert refused.status_code == 400
    del said["presses"]
    assert (await bruno.post(f"/alerts/{alert}/close", json=True, **said)).status_code == 200


@pytest.mark.parametrize(
    ("act", "fields", "kept"),
    [
        ("close", {"outcome": "", "reason": WHY}, f">{WHY}</textarea>"),
        ("close", {"outcome": "other", "reason": "court"}, ">court</textarea>"),
        ("close", {"outcome": "other", "reason": "court"}, '<option value="other" selected>'),
    ],
)
async def test_what_was_refused_stands_in_its_form_again(
    house: House, act: str, fields: dict[str, str], kept: str
) -> None:
    bruno, _, alert = await taken(house)
    reply = await bruno.post(f"/alerts/{alert}/{act}", **fields)
    assert reply.status_code == 422
    assert kept in reply.text


async def test_the_reason_of_a_take_over_is_kept_too(house: House) -> None:
    _, _, alert = await taken(house)
    sonia = await house.signed_in("Sonia")
    said = {"over": "Berthe", "reason": "Bruno est parti."}
    reply = await sonia.post(f"/alerts/{alert}/take", **said)
    assert reply.status_code == 409
    assert 'value="Bruno est parti."' in reply.text
