"""Forms of other sites, old sessions, headers, limits: what keeps a console its person's own."""

import pytest

from tests.web.conftest import PASSWORD, House
from tgd import accounts, clock
from tgd.database import open_record
from tgd.errors import Misconfigured
from tgd.settings import Settings
from tgd.web.console import _may_be_insecure


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_a_form_from_another_site_does_nothing(house: House, headers: dict[str, str]) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    for path in (f"/alerts/{alert}/take", "/take-next", "/logout", "/unlock"):
        reply = await bruno.client.post(
            path, data={"form_token": bruno.form_token}, headers=headers
        )
        assert reply.status_code == 403
        assert "autre site" in reply.text
    fields = {"name": "Bruno", "password": PASSWORD}
    stranger = house.browser()
    assert (await stranger.client.post("/login", data=fields, headers=headers)).status_code == 403
    assert house.ask("SELECT owner FROM alert")[0].owner is None


@pytest.mark.parametrize("token", ["", "wrong", "é\u0000"])
async def test_a_form_without_the_session_s_token_does_nothing(house: House, token: str) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    reply = await bruno.post(f"/alerts/{alert}/take", form_token=token)
    assert reply.status_code == 403
    assert house.ask("SELECT owner FROM alert")[0].owner is None


async def test_a_form_token_of_another_session_is_worth_nothing(house: House) -> None:
    alert = house.press(house.give())
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    reply = await bruno.post(f"/alerts/{alert}/take", form_token=berthe.form_token)
    assert reply.status_code == 403


async def test_scripts_sign_in_and_act_with_the_token_of_the_session(house: House) -> None:
    alert = house.press(house.give())
    bruno = house.browser("Bruno")
    wrong = await bruno.client.post(
        "/login", json={"name": "Bruno", "password": "no"}, headers={"accept": "application/json"}
    )
    assert (wrong.status_code, wrong.json()["error"]) == (403, 403)
    await bruno.sign_in()
    headers = {"accept": "application/json", "x-form-token": bruno.form_token}
    taken = await bruno.client.post(f"/alerts/{alert}/take", json={}, headers=headers)
    assert (taken.status_code, taken.json()["owner"]) == (200, "Bruno")
    again = await bruno.client.post("/take-next", headers=headers)
    assert again.json() == {"alert": None}
    listed = await bruno.json("/api/alerts")
    assert [(a["id"], a["owner"]) for a in listed["alerts"]] == [(str(alert), "Bruno")]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"[1]", 400),
        ("application/json", b"{nonsense", 400),
        ("application/json", b"[" * 20_000, 400),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/x-www-form-urlencoded", b"x" * 40_000, 413),
        ("application/x-www-form-urlencoded", b"a&" * 50, 400),
        ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
    ],
)
async def test_a_body_that_is_no_form_is_answered(
    house: House, kind: str, body: bytes, status: int
) -> None:
    bruno = await house.signed_in("Bruno")
    reply = await bruno.client.post("/take-next", content=body, headers={"content-type": kind})
    assert reply.status_code == status


async def test_an_office_session_ends_when_idle_and_a_shift_s_only_locks(house: House) -> None:
    alert = house.press(house.give())
    camille, bruno = await house.signed_in("Camille"), await house.signed_in("Bruno")
    for name in ("Camille", "Bruno"):
        house.idle(name, minutes=16)
    assert (await camille.get("/")).headers["location"] == "/login"
    page = (await bruno.get("/")).text
    assert "Écran verrouillé" in page
    assert "AL-0" in page
    assert (await bruno.get(f"/alerts/{alert}")).headers["location"] == f"/?alert={alert}"
    assert (await bruno.get(f"/api/alerts/{alert}")).status_code == 423
    assert (await bruno.post("/take-next", json=True)).status_code == 423
    assert (await bruno.post("/unlock", password="wrong")).status_code == 403
    assert (await bruno.post("/unlock", password=PASSWORD)).status_code == 303
    assert (await bruno.get(f"/alerts/{alert}")).status_code == 200


async def test_what_a_page_does_by_itself_keeps_no_session_alive(house: House) -> None:
    alert = house.press(house.give())
    camille = await house.signed_in("Camille")
    house.idle("Camille", minutes=14)
    for path in ("/sync", f"/alerts/{alert}?part=live"):
        assert (await camille.get(path)).status_code == 200
    house.idle("Camille", minutes=2)
    assert (await camille.get("/sync")).status_code == 401


async def test_signing_in_gives_a_new_token_and_only_its_hash_is_kept(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    first = bruno.client.cookies["tgd"]
    await bruno.sign_in()
    second = bruno.client.cookies["tgd"]
    assert first != second
    kept = house.ask("SELECT token_hash FROM web_session WHERE account = 'Bruno'")
    assert len(kept) == 1
    assert second not in kept[0].token_hash
    stale = house.browser()
    stale.client.cookies.set("tgd", first)
    assert (await stale.get("/")).headers["location"] == "/login"


async def test_signing_out_is_for_good(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    token = bruno.client.cookies["tgd"]
    assert (await bruno.post("/logout")).headers["location"] == "/login"
    assert "tgd" not in bruno.client.cookies
    bruno.client.cookies.set("tgd", token)
    assert (await bruno.get("/")).headers["location"] == "/login"


async def test_a_disabled_account_is_out_at_once_and_cannot_come_back(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    house.do(lambda session: accounts.disable(session, "Bruno", clock.now()))
    assert (await bruno.get("/")).headers["location"] == "/login"
    assert (await house.browser("Bruno").sign_in()).status_code == 403


@pytest.mark.parametrize("path", ["/login", "/", "/nowhere", "/events"])
async def test_every_reply_is_wrapped_in_safe_headers(house: House, path: str) -> None:
    headers = (await house.browser().get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "geolocation=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("house", [{"console_insecure_http": False}], indirect=True)
async def test_over_https_the_cookie_is_bound_to_the_host(house: House) -> None:
    reply = await house.browser("Bruno").client.post(
        "/login", data={"name": "Bruno", "password": PASSWORD}
    )
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("__Host-tgd=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "max-age=" in reply.headers["strict-transport-security"]
    token = cookie.split(";")[0]
    page = await house.browser().get("/", headers={"cookie": token})
    assert page.status_code == 200


def test_an_open_cookie_is_refused_outside_loopback() -> None:
    with pytest.raises(Misconfigured, match="TGD_CONSOLE_INSECURE_HTTP"):
        _may_be_insecure(Settings(console_insecure_http=True, console_listen="0.0.0.0:8080"))


async def test_pages_hold_no_inline_script_style_or_foreign_address(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    for path in ("/", f"/alerts/{alert}", "/technical", "/login"):
        page = (await bruno.get(path)).text
        assert "style=" not in page
        assert "onclick" not in page
        assert "http://" not in page
        assert "https://" not in page
        assert page.count("<script") == page.count("<script src=")


async def test_guessing_is_slowed_down_by_name(house: House) -> None:
    house.press(house.give())
    bruno, dora = await house.signed_in("Bruno"), house.browser("Berthe")
    replies = [(await dora.sign_in(f"guess number {n}")).status_code for n in range(11)]
    assert replies == [403] * 10 + [429]
    assert (await dora.sign_in()).status_code == 429
    assert (await bruno.post("/take-next", json=True)).status_code == 200
    refused = house.ask("SELECT who FROM journal WHERE act = 'SignInRefused'")
    assert {row.who for row in refused} == {"Berthe"}


async def test_an_unknown_name_reads_the_same_as_a_wrong_password(house: House) -> None:
    wrong = await house.browser("Bruno").sign_in("not the password")
    unknown = await house.browser("Personne").sign_in("not the password")
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text.replace("Bruno", "") == unknown.text.replace("Personne", "")
    assert house.ask("SELECT 1 FROM journal WHERE who = 'Personne'") == []


async def test_strangers_at_the_door_lock_nobody_out_of_a_locked_screen(house: House) -> None:
    bruno, dora = await house.signed_in("Bruno"), house.browser("Bruno")
    house.idle("Bruno", minutes=20)
    for _ in range(11):
        await dora.sign_in("a guess of Dora's")
    assert (await dora.sign_in("a guess of Dora's")).status_code == 429
    assert (await bruno.post("/unlock", password=PASSWORD)).status_code == 303


async def test_the_page_that_answered_a_form_can_be_loaded_again(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    reply = await bruno.get(f"/alerts/{alert}/take?lang=en")
    assert (reply.status_code, reply.headers["location"]) == (303, f"/alerts/{alert}")
    assert (await bruno.get("/take-next")).status_code == 405
    assert house.ask("SELECT owner FROM alert")[0].owner is None


async def test_without_a_record_each_page_says_so_and_the_channel_does_not_beat(
    house: House, record_url: str
) -> None:
    bruno = await house.signed_in("Bruno")
    house.console._engine.dispose()
    away = open_record(record_url.rsplit("/", 1)[0] + "/nowhere", lane="console")
    house.console._engine = away
    page = await bruno.get("/")
    assert page.status_code == 503
    assert "procédure par téléphone" in page.text
    for path in ("/events", "/sync", "/api/alerts"):
        assert (await bruno.get(path)).status_code == 503
    assert (await house.browser("Bruno").sign_in()).status_code == 503
    away.dispose()


async def test_a_locked_screen_is_told_nothing_that_names_somebody(house: House) -> None:
    """Words of a hand-over, the reason why an item was put aside, files and forms of files."""
    ana = house.give()
    house.ask(
        "INSERT INTO technical_item (id, handset, kind, raised_at, shelved_until, shelved_by,"
        " shelved_why) VALUES (gen_random_uuid(), :h, 'silent', now(), now() + interval '1 hour',"
        " 'Bruno', 'Elle est à la maternité.') RETURNING 1", h=ana.handset,
    )  # fmt: skip
    berthe, sami = await house.signed_in("Berthe"), await house.signed_in("Sami")
    await berthe.post("/shift/hand-over", words="Eve rappelle à 22 h.")
    pages = {"/shift": "Eve rappelle", "/technical": "maternité", "/supervision": "maternité"}
    for page, words in pages.items():
        assert words in (await sami.get(page)).text, page
    house.idle("Sami", minutes=16)
    for page, words in pages.items():
        reply = await sami.get(page)
        assert (reply.status_code, words in reply.text) == (200, False), page
    for page in ("/on-paper", "/files/new"):
        assert (await sami.get(page)).headers["location"] == "/", page


async def test_f8_behind_the_lock_leaves_a_trace(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    assert (await bruno.post("/sound/silence", json=True)).status_code == 200
    house.idle("Bruno", minutes=16)
    assert (await bruno.post("/sound/silence", json=True)).status_code == 200
    lines = house.ask("SELECT detail FROM journal WHERE act = 'SoundSilenced' ORDER BY seq")
    assert [line.detail for line in lines] == [{}, {"locked": True}]
    assert (await bruno.post("/take-next", json=True)).status_code == 423, "and opens nothing"
