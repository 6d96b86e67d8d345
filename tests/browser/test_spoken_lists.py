"""What a screen reader says of the lists, of a test press, of technical items and of the lock."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import Eyes, looking
from tests.browser.town import Town

QUEUE = r"""
- main:
  - region "Alertes":
    - heading "Alertes" [level=1]
    - list:
      - listitem:
        - link /^Nouvelle \d+:\d\d AL-\d+ position reçue personne ne l’a prise$/
      - listitem:
        - link /^Nouvelle .* sans position personne ne l’a prise .* source inconnue$/
      - listitem:
        - link /^Intervention demandée \d+:\d\d AL-\d+ position reçue bruno$/
      - listitem:
        - link /^Prise en charge \d+:\d\d AL-\d+ position reçue bruno à contresigner$/
  - region "Exercices":
    - heading "Exercices" [level=2]
    - list:
      - listitem:
        - link /^EXERCICE – Prise en charge \d+:\d\d AL-\d+/
  - region "Essais":
    - heading "Essais" [level=2]
    - list:
      - listitem:
        - link /^Nouvelle \d+:\d\d AL-\d+ position reçue personne ne l’a prise$/
  - region "Closes récemment":
    - heading "Closes récemment" [level=2]
  - paragraph: Choisissez une alerte, ou F2 pour prendre la plus urgente.
"""
EMPTY = r"""
- region "Alertes":
  - heading "Alertes" [level=1]
  - paragraph: /^Aucune alerte\. Dernier contrôle à \d\d:\d\d:\d\d/
"""
LOCKED = r"""
- region "Écran verrouillé":
  - heading "Écran verrouillé" [level=1]
  - paragraph: Les alertes continuent d’arriver. Saisissez votre mot de passe pour voir et agir.
  - textbox "Mot de passe"
  - status: F2 déverrouille et prend aussitôt l’alerte la plus urgente
  - button "Déverrouiller"
"""
TECHNICAL = r"""
- main:
  - heading "Technique" [level=1]
  - region "n’a plus été entendu depuis un moment 1":
    - heading "n’a plus été entendu depuis un moment 1" [level=2]
    - list:
      - listitem:
        - text: /depuis .* \(\d+:\d\d\)/
        - button "Réglé"
"""
TEST_PRESS = r"""
- article /AL-\d+ Essai Nouvelle/:
  - heading /AL-\d+ Essai Nouvelle/ [level=1]
  - button "Prendre F2"
  - button "C’est réel F10"
  - region "Ce que l’essai a montré":
    - heading "Ce que l’essai a montré" [level=2]
    - term: Reçu à
    - definition: /\d\d:\d\d:\d\d/
    - term: Par
    - definition: mqtt
"""


@pytest.fixture
def eyes(browser: Browser, town: Town, axe: str) -> Iterator[Eyes]:
    with looking(browser, town, "bruno", axe) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "part", "said"),
    [("/", "main", QUEUE), ("/technical", "main", TECHNICAL),
     ("/alerts/Diane", "#sheet", TEST_PRESS)],
    ids=["queue", "technical", "test press"],
)  # fmt: skip
def test_a_page_says_what_it_shows(town: Town, eyes: Eyes, path: str, part: str, said: str) -> None:
    eyes.go(town.address(path))
    expect(eyes.page.locator(part)).to_match_aria_snapshot(said)


def test_the_lock_says_what_goes_on_and_what_f2_does(town: Town, eyes: Eyes) -> None:
    town.ask("UPDATE web_session SET seen_at = now() - interval '16 minutes' RETURNING 1")
    eyes.go("/")
    lock = eyes.page.get_by_role("region", name="Écran verrouillé")
    expect(lock).to_match_aria_snapshot(LOCKED)


def test_an_empty_list_says_that_the_link_lives(town: Town, eyes: Eyes) -> None:
    """The time ticks; when the link is lost nothing says calmly that there is no alert."""
    town.ask("UPDATE alert SET lane = 'exercise' WHERE state <> 'closed' AND lane = 'real'"
             " RETURNING 1")  # fmt: skip
    eyes.go("/")
    expect(eyes.page.locator("#link.good")).to_be_visible()
    real = eyes.page.get_by_role("region", name="Alertes", exact=True)
    expect(real).to_match_aria_snapshot(EMPTY)
    assert eyes.judge("empty") == []
    look = eyes.page.locator("[aria-labelledby=real-title] .last-look")
    before = look.inner_text()
    expect(look).not_to_have_text(before)
    eyes.page.evaluate("() => { heard = () => {}; beatAt = Infinity; turned('off'); }")
    expect(real.get_by_text("Aucune alerte")).to_be_hidden()
