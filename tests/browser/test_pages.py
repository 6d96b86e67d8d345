"""Every page, for everybody who may see it, by day on a desk and by night on a telephone."""

import re
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Browser
from starlette.routing import Route

from tests.browser.looking import DARK, EVERY_LOOK, LIGHT, Eyes, looking
from tests.browser.town import Town
from tgd.cli.demo import ACCOUNTS
from tgd.web import rate


def every_look() -> dict[str, dict[str, Any]]:
    """Each window in each theme, contrast and language."""
    windows = {"desk": LIGHT, "telephone": DARK}
    contrasts = {
        "plain": {},
        "contrast": {"contrast": "more"},
        "forced": {"forced_colors": "active", "reduced_motion": "reduce"},
    }
    return {
        f"{window}-{theme}-{contrast}-{language[:2]}":
            windows[window] | {"color_scheme": theme, "locale": language} | contrasts[contrast]
        for window, theme, contrast, language in product(
            windows, ("light", "dark"), contrasts, ("fr-FR", "en-GB")
        )
    }  # fmt: skip


FEW_LOOKS = {"desk": LIGHT | {"locale": "en-GB"}, "telephone": DARK | {"locale": "fr-FR"}}
"""The longer words in the smaller window."""
LOOKS = every_look() if EVERY_LOOK else FEW_LOOKS
ALERTS = ("/alerts/Ana", "/alerts/Bella", "/alerts/Chloe", "/alerts/Diane", "/alerts/Emma",
          "/alerts/Flore", "/alerts/stranger")  # fmt: skip
OTHERS = ("/alerts/Ana", "/alerts/Bella", "/alerts/Chloe", "/alerts/Emma")
FILES = ("/files", "/files/new", "/files/Judith", "/files/Lola", "/files/Maud", "/files/Tania",
         "/files/Zoé", "/files/Fanny", "/files/Sara/hand-over", "/files/Ursule/hand-over",
         "/files/Ursule/sheet")  # fmt: skip
STOCK = ("/stock", "/stock/census", "/stock/in_stock", "/stock/provisioned", "/stock/issued")
PAGES: dict[str, tuple[str, ...]] = {
    "operator": (
        "/",
        *ALERTS,
        "/alerts/Bella/log",
        "/keys",
        "/on-paper",
        "/technical",
        "/shift",
        "/files/new",
    ),
    "supervisor": ("/", *OTHERS, "/technical", "/shift", "/supervision", "/files/new"),
    # a closed alert is only a room's that is known to have been concerned: Emma's is nobody's
    "control_room": ("/", *OTHERS[:-1], "/files/new", "/keys"),
    "prosecutor": (
        "/",
        *OTHERS,
        "/alerts/Emma/log",
        *FILES,
        *STOCK,
        "/deadlines",
        "/transfers",
        "/clearances",
        "/delegations",
    ),
    "registry": ("/", *FILES, *STOCK, "/deadlines", "/transfers", "/clearances"),
    "association": ("/", *FILES, "/files/Judith/assess", "/deadlines"),
    "stock_manager": ("/", "/technical", *STOCK, "/stock/import"),
    "auditor": ("/", "/journal"),
    "admin": ("/",),
}
"""Whose pages; a name stands for the alert or the file of that person, a state for a handset."""
OPEN_TO_ALL = ("/login", "/signalement", "/favicon.ico")
NO_PAGE = re.compile(
    r"/(api/.*|agreements|exercises|map/.*|recordings/.*|static/.*|sync|events|stock/search"
    r"|stock(/censuses)?\.csv|room/words|.*/papers/.*|.*\{name\})"
)
"""Answers to scripts, files that are kept, and addresses of acts that lead back to their page."""


def test_no_page_and_no_role_is_forgotten(town: Town) -> None:
    assert set(PAGES) == {role for role in ACCOUNTS if not role.endswith("-2")}
    looked_at = {town.address(page) for pages in PAGES.values() for page in pages}
    forgotten = [
        route.path
        for route in town.app.routes
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and not NO_PAGE.fullmatch(route.path)
        and not any(route.path_regex.match(path) for path in (*looked_at, *OPEN_TO_ALL))
    ]
    assert forgotten == []


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("role", PAGES)
def test_every_page_is_sound(browser: Browser, town: Town, axe: str, role: str, look: str) -> None:
    found: list[str] = []
    with looking(browser, town, ACCOUNTS[role], axe, **LOOKS[look]) as eyes:
        for page in PAGES[role]:
            assert eyes.go(town.address(page)) == 200, page
            found += eyes.judge(f"{role}, {page}")
    assert found == []


@pytest.mark.parametrize("look", LOOKS)
def test_what_a_stranger_sees_is_sound(
    browser: Browser, town: Town, axe: str, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every look it is one address that sends, and one name for each that guesses."""
    monkeypatch.setattr(rate, "PER_ADDRESS", len(LOOKS))
    with looking(browser, town, axe=axe, **LOOKS[look]) as eyes:
        for page in OPEN_TO_ALL[:2]:
            assert eyes.go(page) == 200
            assert eyes.judge(page) == []
        eyes.page.select_option("[name=court]", "TJ-EXEMPLE")
        eyes.page.fill("[name=name]", "Ana FICTIVE")
        eyes.page.fill("[name=words]", "Il l’attend devant sa porte.")
        assert eyes.send("main button") == 200
        assert eyes.judge("received") == []
        assert eyes.page.locator("main form").count() == 0
        assert eyes.go("/no/such/page") == 404
        assert only_status(eyes, 404)
        assert eyes.judge("not there") == []
        eyes.go("/login")
        eyes.page.fill("[name=name]", f"dora {look}")
        eyes.page.fill("[name=password]", "a guess")
        assert eyes.send("main button") == 403
        assert only_status(eyes, 403)
        assert eyes.page.locator("[role=alert]").count() == 1
        assert eyes.judge("wrong password") == []


@pytest.mark.parametrize("look", LOOKS)
def test_what_answers_a_form_is_sound(browser: Browser, town: Town, axe: str, look: str) -> None:
    with looking(browser, town, ACCOUNTS["stock_manager"], axe, **LOOKS[look]) as eyes:
        eyes.go("/stock/import")
        sent = b"pool,model,battery,radio,number,imei\nNANTERRE-1,A,B,volte,12,34\n"
        listed = {"name": "list.csv", "mimeType": "text/csv", "buffer": sent}
        eyes.page.set_input_files("[name=file]", [listed])  # type: ignore[list-item]
        assert eyes.send("[name=dry_run][value=yes]") == 422
        assert eyes.page.locator("#report-title + ul li").count() == 1
        assert only_status(eyes, 422)
        assert eyes.judge("judged list") == []
    with looking(browser, town, ACCOUNTS["prosecutor"], axe, **LOOKS[look]) as eyes:
        eyes.go(town.address("/files/Maud"))
        eyes.page.fill("#act-grant [name=reasons]", "court")
        assert eyes.send("#act-grant button") == 422
        assert eyes.page.locator("#problem").count() == 1
        assert only_status(eyes, 422)
        assert eyes.judge("refused grant") == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_locked_screen_is_sound(browser: Browser, town: Town, axe: str, look: str) -> None:
    with looking(browser, town, ACCOUNTS["operator"], axe, **LOOKS[look]) as eyes:
        town.ask(
            "UPDATE web_session SET seen_at = seen_at - CAST('16 minutes' AS interval)"
            " WHERE account = :name RETURNING 1", name=ACCOUNTS["operator"],
        )  # fmt: skip
        assert eyes.go("/") == 200
        assert eyes.page.locator("form[action='/unlock']").count() == 1
        assert eyes.judge("locked") == []


def only_status(eyes: Eyes, status: int) -> bool:
    """The browser's console said nothing but the status that this page was to have."""
    said, eyes.troubles[:] = list(eyes.troubles), []
    return len(said) == 1 and f"status of {status}" in said[0]
