"""After twelve hours a console of the room locks and goes on by the password; others are over."""

from datetime import timedelta
from uuid import UUID

from tests.web.conftest import PASSWORD, Browser, House
from tests.web.test_live import events, until
from tgd import accounts, clock

SOON = "Votre écran se verrouille à"


def ends(house: House, name: str, **when: float) -> None:
    """The session of this person ends so long from now, or ended so long ago."""
    house.ask(
        "UPDATE web_session SET ends_at = now() + CAST(:t AS interval) WHERE account = :name"
        " RETURNING 1", name=name, t=timedelta(**when),
    )  # fmt: skip


async def with_an_alert(house: House) -> tuple[Browser, UUID]:
    bruno = await house.signed_in("Bruno")
    alert = house.press(house.give())
    await bruno.post(f"/alerts/{alert}/take")
    return bruno, alert


async def test_a_shift_s_console_locks_and_an_office_s_is_over(house: House) -> None:
    bruno, alert = await with_an_alert(house)
    camille = await house.signed_in("Camille")
    for name in ("Bruno", "Camille"):
        ends(house, name, seconds=-1)
    assert (await camille.get("/")).headers["location"] == "/login"
    page = (await bruno.get("/")).text
    assert "Écran verrouillé" in page
    assert "Vos douze heures sont écoulées." in page
    assert f'data-id="{alert}"' in page, "alerts go on behind the lock"
    assert (await bruno.get(f"/api/alerts/{alert}")).status_code == 423
    assert (await bruno.post(f"/alerts/{alert}/request", json=True)).status_code == 423


async def test_somebody_else_s_sign_in_ends_nobody_s_lock_and_two_hours_do(house: House) -> None:
    bruno, _ = await with_an_alert(house)
    ends(house, "Bruno", minutes=-119)
    await house.signed_in("Berthe")
    assert "Écran verrouillé" in (await bruno.get("/")).text
    ends(house, "Bruno", minutes=-121)
    assert (await bruno.get("/")).headers["location"] == "/login"


async def test_the_password_leads_back_to_the_alert_and_open_pages_stay_good(house: House) -> None:
    bruno, alert = await with_an_alert(house)
    before, form_token = bruno.client.cookies["tgd"], bruno.form_token
    ends(house, "Bruno", seconds=-1)
    back = f"/?alert={alert}"
    assert (await bruno.get(f"/alerts/{alert}")).headers["location"] == back
    assert f'name="alert" value="{alert}"' in (await bruno.get(back)).text
    wrong = await bruno.post("/unlock", password="a guess", alert=str(alert))
    assert wrong.status_code == 403
    for there in ("Ce nom ou ce mot de passe", "Écran verrouillé", f'name="alert" value="{alert}"'):
        assert there in wrong.text
    right = await bruno.post("/unlock", password=PASSWORD, alert=str(alert))
    assert right.headers["location"] == f"/alerts/{alert}"
    assert (await bruno.get(back)).headers["location"] == f"/alerts/{alert}"
    session = await bruno.json("/api/session")
    assert session["form_token"] == form_token, "what was open in the browser goes on"
    assert not session["locked"]
    assert (await bruno.post(f"/alerts/{alert}/note", words="Elle entend des pas.")).is_redirect
    stale = house.browser()
    stale.client.cookies.set("tgd", before)
    assert (await stale.get("/")).headers["location"] == "/login"


async def test_nobody_is_led_elsewhere(house: House) -> None:
    bruno, _ = await with_an_alert(house)
    for nonsense in ("//evil.example", "x", ""):
        reply = await bruno.post("/unlock", password=PASSWORD, alert=nonsense)
        assert reply.headers["location"] == "/"


async def test_the_last_half_hour_is_said_to_those_of_the_room(house: House) -> None:
    people = {name: await house.signed_in(name) for name in ("Bruno", "Sami", "Camille")}
    for minutes, is_said in ((31, False), (29, True)):
        for name, who in people.items():
            ends(house, name, minutes=minutes)
            page = (await who.get("/")).text
            is_shown = SOON in page and ' hidden><p role="status">' not in page
            assert is_shown is (is_said and name != "Camille"), name
    reply = await people["Bruno"].post("/unlock", json=True, password=PASSWORD)
    assert reply.json()["ends_at"] > (clock.now() + timedelta(hours=11)).isoformat()
    assert ' hidden><p role="status">' in (await people["Bruno"].get("/")).text


async def test_a_disabled_account_is_not_renewed(house: House) -> None:
    bruno, _ = await with_an_alert(house)
    house.do(lambda session: accounts.disable(session, "Bruno", clock.now()))
    assert (await bruno.post("/unlock", password=PASSWORD)).headers["location"] == "/login"


async def signs(house: House, bruno: Browser) -> bool:
    """Whether Bruno's open console says for him that he is there."""
    house.ask("UPDATE alert SET owner_seen_at = NULL RETURNING 1")
    stream = events(bruno)
    for _ in range(3):
        assert (await until(stream, "beat"))["locked"]
    await stream.aclose()
    return house.ask("SELECT owner_seen_at FROM alert")[0].owner_seen_at is not None


async def test_a_console_that_is_over_stands_for_its_person_two_minutes_more(house: House) -> None:
    """Then the rule for screens that are gone has the alert."""
    bruno, _ = await with_an_alert(house)
    ends(house, "Bruno", seconds=-30)
    assert await signs(house, bruno)
    ends(house, "Bruno", seconds=-121)
    assert not await signs(house, bruno)


async def test_f2_behind_the_lock_takes_with_the_password(house: House) -> None:
    """At night everybody is locked: one password, and the most urgent alert is in her hands."""
    bruno = await house.signed_in("Bruno")
    house.idle("Bruno", minutes=20)
    alert = house.press(house.give())
    wrong = await bruno.post("/unlock", password="a guess", then="take", once="abc")
    assert wrong.status_code == 403
    assert owner(house) is None
    reply = await bruno.post("/unlock", password=PASSWORD, then="take", once="abc")
    assert (reply.status_code, reply.headers["location"]) == (303, f"/alerts/{alert}")
    assert owner(house) == "Bruno"
    house.idle("Bruno", minutes=20)
    reply = await bruno.post("/unlock", password=PASSWORD, then="take", once="def")
    assert reply.headers["location"] == "/", "nobody waits: where she was"


async def test_unlocking_alone_takes_nothing_and_a_role_that_may_not_never_does(
    house: House,
) -> None:
    house.press(house.give())
    bruno, camille = await house.signed_in("Bruno"), await house.signed_in("Camille")
    house.idle("Bruno", minutes=20)
    await bruno.post("/unlock", password=PASSWORD, then="")
    await camille.post("/unlock", password=PASSWORD, then="take", once="abc")
    assert owner(house) is None


def owner(house: House) -> str | None:
    return house.ask("SELECT owner FROM alert")[0].owner
