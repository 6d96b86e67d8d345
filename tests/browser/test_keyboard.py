"""The keyboard alone is enough: every act is reached by Tab, seen where it is, and done."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser

from gateway.heard import Channel, Form, Heard
from gateway.intake import take_in
from tests.browser.looking import Eyes, looking
from tests.browser.town import KEYS, PASSWORD, Town
from tgd import clock
from tgd.alerts import acts
from tgd.alerts.acts import Actor

MOST_STOPS = 200
FOCUS = """() => {
  const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
  const within = e.matches("input[type=date]") ? "date" : s.outlineStyle;
  return {ring: within !== "none" && parseFloat(s.outlineWidth) >= 2,
    shown: r.width > 0 && r.right > 0 && r.left < innerWidth, html: e.outerHTML.slice(0, 120)};
}"""
WHY = "Deux retours malgré l’interdiction ; le danger est grave, proche et l’expose chaque jour."


class Hands:
    """Somebody who has no mouse."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes = eyes
        self.page = eyes.page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def is_at(self, selector: str) -> bool:
        return bool(self.page.evaluate("s => document.activeElement.matches(s)", selector))

    def to(self, selector: str) -> None:
        """Tab on, forwards, until it is reached; every stop on the way is seen."""
        for _ in range(MOST_STOPS):
            if self.is_at(selector):
                self._must_be_seen()
                return
            self.press("Tab")
            if not self.is_at("body"):
                self._must_be_seen()
        raise AssertionError(f"never reached {selector} on {self.page.url}")

    def _must_be_seen(self) -> None:
        focus = self.page.evaluate(FOCUS)
        assert focus["ring"], f"no ring around {focus['html']}"
        assert focus["shown"], f"out of sight: {focus['html']}"

    def go(self, selector: str) -> None:
        """Reach it and press it; the page that comes is there when this returns."""
        self.to(selector)
        with self.page.expect_navigation():
            self.press("Enter")

    def write(self, selector: str, words: str) -> None:
        self.to(selector)
        self.page.keyboard.type(words)

    def choose(self, selector: str, value: str) -> None:
        """Arrow down in a list until this is chosen."""
        self.to(selector)
        for _ in range(30):
            if self.page.locator(selector).input_value() == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{value} is not in {selector}")

    def answer(self, name: str, arrows: int) -> None:
        """Reach a group of radio buttons, and choose the n-th."""
        self.to(f"[type=radio][name={name}]")
        self.press("Space")
        for _ in range(arrows):
            self.press("ArrowDown")

    def sign_in(self, name: str) -> None:
        self.eyes.go("/login")
        self.write("[name=name]", name)
        self.write("[name=password]", PASSWORD)
        with self.page.expect_navigation():
            self.press("Enter")
        assert "/login" not in self.page.url


@pytest.fixture
def hands(browser: Browser, town: Town) -> Iterator[Hands]:
    with looking(browser, town) as eyes:
        yield Hands(eyes)


def state_of(town: Town, alert: UUID) -> str:
    return str(town.ask("SELECT state FROM alert WHERE id = :a", a=alert)[0][0])


def test_bruno_takes_verifies_requests_and_closes_an_alert(town: Town, hands: Hands) -> None:
    hands.sign_in("bruno")
    with hands.page.expect_navigation():
        hands.press("F2")
    alert = UUID(hands.page.url.rpartition("/")[2])
    assert alert == town.alerts["Ana"], "the oldest that nobody answers for"
    assert state_of(town, alert) == "taken"
    hands.go("#act-verify button[value=danger]")
    assert town.ask("SELECT verified FROM alert WHERE id = :a", a=alert)[0][0] == "danger"
    hands.press("F4")
    assert hands.is_at("#act-request button")
    with hands.page.expect_navigation():
        hands.press("Enter")
    assert state_of(town, alert) == "requested"
    hands.write("#act-note textarea", "Elle entend des pas.")
    with hands.page.expect_navigation():
        hands.press("Control+Enter")
    assert "Elle entend des pas." in hands.page.locator("#sheet-timeline").inner_text()
    town.do(lambda s: acts.arrive(s, Actor("room"), alert, clock.now()))
    hands.page.wait_for_function("() => !document.querySelector('#act-close .quiet')")
    hands.press("F9")
    assert hands.is_at("#act-close select")
    hands.choose("#act-close select", "made_safe")
    hands.write("#act-close textarea", "La patrouille l’a vue, elle est en sécurité.")
    hands.go("#act-close button")
    assert state_of(town, alert) == "closed"


def test_camille_opens_a_file_and_grants_it(town: Town, hands: Hands) -> None:
    hands.sign_in("camille")
    hands.go("nav a[href='/files']")
    hands.go(f"a[href='/files/{town.files['Lola']}']")
    hands.go("#act-open button")
    assert town.state_of("Lola") == "decision_pending"
    hands.write("#act-grant [name=reasons]", WHY)
    hands.go("#act-grant button")
    assert town.state_of("Lola") == "granted"


def test_the_association_reports_assesses_and_gives_its_opinion(town: Town, hands: Hands) -> None:
    hands.sign_in("alix")
    hands.go("nav a[href='/files']")
    hands.go("a[href='/files/new']")
    hands.choose("[name=court]", "TJ-NANTERRE")
    hands.write("[name=name]", "Solène FICTIVE")
    hands.write("[name=words]", "Il l’attend devant son travail.")
    hands.to("[name=urgent]")
    hands.press("Space")
    hands.go("main form button.primary")
    town.files["Solène"] = UUID(hands.page.url.rpartition("/")[2])
    assert town.state_of("Solène") == "reported"
    hands.go("main a[href$='/assess']")
    hands.answer("death_threats", 0)
    hands.answer("weapon", 1)
    hands.go("main form button.primary")
    said = town.ask("SELECT answers FROM assessment WHERE case_file = :f", f=town.files["Solène"])[
        0
    ][0]
    assert said["death_threats"] == "yes"
    assert said["weapon"] == "no"
    assert town.state_of("Solène") == "under_evaluation"
    if not hands.page.url.endswith(str(town.files["Solène"])):
        hands.go("main h1 a")
    hands.choose("#act-opinion [name=kind]", "favourable")
    hands.write("#act-opinion [name=reasons]", WHY)
    hands.go("#act-opinion button")
    assert town.state_of("Solène") == "opinion_given"


def test_the_hand_over_step_by_step(browser: Browser, town: Town, hands: Hands, axe: str) -> None:
    """Odile keeps a handset, Gaël prepares it, she asks, the handset is pressed, she gives it."""
    wizard = town.address("/files/Sara/hand-over")
    hands.sign_in("odile")
    hands.eyes.go(wizard)
    assert hands.page.locator(".step .tag").all_inner_texts() == ["à faire"] * 6
    hands.go("form[action$='/reserve'] button")
    handset = town.ask(
        "SELECT handset FROM provisioning WHERE case_file = :f", f=town.files["Sara"]
    )[0][0]
    with looking(browser, town, "gaël", axe) as eyes:
        gael = Hands(eyes)
        eyes.go(f"/stock/{handset}")
        gael.go("form[action$='/provision'] button")
        assert eyes.page.locator(".secret").count() == 2
        assert eyes.judge("new keys") == []
    hands.eyes.go(wizard)
    for scope in ("device", "geolocation"):
        hands.go(f"form:has([name=scope][value={scope}]) button[value=yes]")
    hands.go("main a[href$='/sheet']")
    hands.write("[name=speech_or_disability]", "oui")
    hands.write("[name=telephones]", "aucun")
    hands.write("[name=places]", "3 rue des Exemples; Nanterre; 92050")
    hands.write("[name=contacts]", "sa sœur, 06 39 98 00 11")
    hands.go("main form button.primary")
    hands.eyes.go(wizard)
    assert hands.page.locator("[data-waits-for]").count() == 1
    raw = f'{{"trigger": "{uuid4().hex}", "kind": "test"}}'.encode()
    said = Heard(Channel.MQTT, Form.ALERT, handset, True, uuid4().hex, raw, clock.now())
    town.do(lambda s: take_in(s, [said], clock.now(), KEYS))
    hands.page.wait_for_selector("#press")
    hands.go("#act-test button")
    assert hands.page.locator(".step .tag").all_inner_texts() == [
        "fait", "fait", "fait", "à faire", "fait", "à faire",
    ]  # fmt: skip
    hands.to("details:has(#act-waive-profile) summary")
    hands.press("Enter")
    hands.write("#act-waive-profile [name=reasons]", WHY)
    hands.go("#act-waive-profile button")
    assert hands.page.locator(".step .tag").all_inner_texts() == ["fait"] * 5 + ["à faire"]
    hands.to("#act-hand-over [name=identity_checked]")
    hands.press("Space")
    hands.go("#act-hand-over button")
    assert town.state_of("Sara") == "active"
    hands.eyes.go(wizard)
    assert hands.page.locator(".step .tag").all_inner_texts() == ["fait"] * 6


def test_bruno_hands_his_shift_over_and_salima_ticks_each_line(
    browser: Browser, town: Town, hands: Hands, axe: str
) -> None:
    """He signs; she reads line by line, takes over what is in his name; then he may go."""
    mine = "SELECT id FROM alert WHERE owner = 'bruno' AND state <> 'closed' ORDER BY number"
    hands.sign_in("bruno")
    hands.go("nav a[href='/shift']")
    hands.write("form.act-hand-over textarea", "Chloé rappelle à 22 h.")
    hands.go("form.act-hand-over button")
    hands.go("form.act-end button")
    said = hands.page.locator("main [role=alert]").inner_text()
    assert said.startswith("Des alertes sont à votre")
    assert len(hands.eyes.troubles) == 2, "asked beneath the page, then for the page of the refusal"
    assert all("status of 409" in said for said in hands.eyes.troubles)
    hands.eyes.troubles.clear()
    with looking(browser, town, axe=axe) as eyes:
        salima = Hands(eyes)
        salima.sign_in("salima")
        salima.go("nav a[href='/shift']")
        assert eyes.judge("hand-over to be read") == []
        lines = eyes.page.locator("form.act-confirm [type=checkbox]").count()
        assert lines == 1 + town.ask(
            "SELECT cardinality(alerts) + cardinality(items) AS n FROM hand_over"
        )[0].n  # fmt: skip
        salima.to("form.act-confirm button")
        salima.press("Enter")
        assert not town.ask("SELECT 1 FROM hand_over WHERE confirmed_at IS NOT NULL")
        assert salima.is_at("[name=line-1]"), "the first line that is not ticked has the focus"
        for line in range(1, lines + 1):
            salima.to(f"[name=line-{line}]")
            salima.press("Space")
        with eyes.page.expect_navigation():
            salima.press("Enter")
        (signed,) = town.ask("SELECT leaving, coming FROM hand_over WHERE confirmed_at IS NOT NULL")
        assert (signed.leaving, signed.coming) == ("bruno", "salima")
        assert eyes.judge("hand-over confirmed") == []
        for alert in town.ask(mine):
            salima.go("nav a[href='/']")
            salima.go(f".row a[href='/alerts/{alert.id}']")
            salima.write("#act-take [name=reason]", "Relève de 22 heures.")
            with eyes.page.expect_navigation():
                salima.press("Enter")
    assert town.ask(mine) == []
    hands.go("nav a[href='/shift']")
    hands.go("form.act-end button")
    assert town.ask("SELECT 1 FROM shift WHERE account = 'bruno' AND ended_at IS NOT NULL")
