"""A test press is closed in seconds, with what was measured."""

from tests.web.conftest import House


async def test_a_test_press_says_what_it_has_shown_and_is_closed_without_writing(
    house: House,
) -> None:
    alert = house.press(house.give(), kind="test")
    bruno = await house.signed_in("Bruno")
    measured = (await bruno.json(f"/api/alerts/{alert}"))["record"]["test"]
    assert measured["channels"] == ["mqtt"]
    assert measured["kept_after_s"] >= 0
    await bruno.post(f"/alerts/{alert}/take")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "Ce que l’essai a montré" in page
    assert "± 12\u00a0m (satellites)" in page
    assert '<textarea name="reason"' not in page
    reason = page.split('name="reason" value="')[1].split('"')[0]
    assert reason.startswith("Essai reçu\u00a0: mqtt")
    assert reason.endswith("± 12\u00a0m")
    await bruno.post(f"/alerts/{alert}/close", outcome="test", reason=reason)
    (row,) = house.ask("SELECT state, outcome, reason, countersigned_by FROM alert")
    assert (row.state, row.outcome, row.reason) == ("closed", "test", reason)
    after = (await bruno.get(f"/alerts/{alert}")).text
    assert "mqtt" in after
    assert "satellites" not in after


async def test_a_real_press_is_never_closed_like_a_test(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert '<textarea name="reason"' in page
    assert "Ce que l’essai a montré" not in page
    reply = await bruno.post(f"/alerts/{alert}/close", outcome="test", reason="Essai reçu : mqtt")
    assert reply.status_code == 422
