"""The sheet says beforehand that a second person is needed, by the rule that the closing asks."""

from tests.web.conftest import House


async def test_what_was_heard_before_the_newest_press_does_not_help(house: House) -> None:
    ana = house.give()
    alert = house.press(ana)
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    assert (await bruno.json(f"/api/alerts/{alert}"))["needs_second"] is True
    await bruno.post(f"/alerts/{alert}/verify", found="safe_voice")
    assert (await bruno.json(f"/api/alerts/{alert}"))["needs_second"] is False
    house.press(ana)
    assert (await bruno.json(f"/api/alerts/{alert}"))["needs_second"] is True


async def test_a_test_needs_nobody_else(house: House) -> None:
    alert = house.press(house.give(), kind="test")
    bruno = await house.signed_in("Bruno")
    assert (await bruno.json(f"/api/alerts/{alert}"))["needs_second"] is False
