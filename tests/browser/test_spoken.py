"""What a screen reader says of the pages where seconds count, in French and in its order."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from dispatch.turn import claim
from tests.browser.looking import looking
from tests.browser.town import BRUNO, KEYS, Town
from tests.rules.night_of_plans import EXAMPLE
from tests.world import World
from tgd import clock, shifts
from tgd.alerts import acts
from tgd.rules.alert import Verified

NEW = r"""
- article /AL-\d+ Nouvelle/:
  - heading /AL-\d+ Nouvelle/ [level=1]
  - term: Ouverte depuis
  - definition:
    - time: /\d+:\d\d/
  - term: En attente depuis
  - definition:
    - time: /\d+:\d\d/
  - term: Prise en charge par
  - definition: personne
  - term: Source
  - definition: source prouvée
  - term: Appuis
  - definition: "1"
  - term: Batterie
  - definition: 63 %
  - paragraph:
    - text: Escalade
    - time: /^(dans \d:\d\d|due maintenant)$/
    - text: /supervisor .appel., supervisor-sms .SMS., ton plus pressant sur toutes les consoles/
  - list "Étapes":
    - listitem:
      - text: Prendre
      - time: /\d+:\d\d/
      - text: / objectif 0:10
    - listitem: Lever le doute à venir
    - listitem: Demander l’intervention à venir
    - listitem: Prise en compte par la salle à venir
    - listitem: Patrouille sur place à venir
  - button "Prendre F2"
  - region "Appel"
  - region "Personne":
    - heading "Personne" [level=2]
    - term: Nom
    - definition: Gina FICTIVE
    - term: Numéro
    - definition: "+33639980081"
  - region "Position":
    - heading "Position" [level=2]
    - paragraph: 48.89234, 2.20711
    - term: Rayon
    - definition: ± 12 m
    - term: Méthode
    - definition: satellites
    - term: Ancienneté
    - definition:
      - time: /\d+:\d\d.*/
    - term: Source
    - definition: source prouvée
"""
TAKEN = r"""
- article /AL-\d+ Doute levé/:
  - heading /AL-\d+ Doute levé/ [level=1]
  - term: Ouverte depuis
  - definition:
    - time: /\d+:\d\d/
  - term: Prise en charge par
  - definition: bruno (vous)
  - term: Source
  - definition: source prouvée
  - term: Appuis
  - definition: "1"
  - term: Batterie
  - definition: 63 %
  - term: Levée de doute
  - definition: Danger
  - list "Étapes":
    - listitem: /Prendre fait \d\d:\d\d:\d\d/
    - listitem: /Lever le doute fait \d\d:\d\d:\d\d/
    - listitem:
      - text: Demander l’intervention
      - time: /\d+:\d\d/
      - text: / objectif 1:00
    - listitem: Prise en compte par la salle à venir
    - listitem: Patrouille sur place à venir
  - region "Appel"
  - heading "Levée de doute" [level=2]
  - button "Danger"
  - button "Silence (vaut danger)"
  - 'button "En sécurité : code convenu donné"'
  - 'button "En sécurité : voix rassurante"'
  - heading "Contrainte" [level=2]
  - button "Mot de contrainte"
  - heading "Intervention" [level=2]
  - button "Demander l’intervention F4"
"""
HAND_OVER = r"""
- main:
  - region "Poste":
    - heading "Poste" [level=1]
    - textbox "Consignes pour la relève"
    - button "Signer la relève"
    - textbox "Votre téléphone, qui sonne pour les appels aux terminaux"
    - button "M’appeler à ce numéro"
    - button "Quitter le poste"
    - heading "En poste maintenant" [level=2]
    - list:
      - listitem: /bruno téléassistance, depuis \d\d:\d\d:\d\d/
      - listitem: /salima supervision, depuis \d\d:\d\d:\d\d/
  - region "Relèves":
    - heading "Relèves" [level=2]
    - article /Relève de bruno – \d\d.\d\d.\d{4} \d\d:\d\d:\d\d/:
      - heading /Relève de bruno – .*/ [level=3]
      - group "Lisez et cochez chaque ligne":
        - checkbox "Chloé rappelle à 22 h."
        - checkbox /Alerte ouverte AL-\d+/
      - button "J’ai lu et je prends la suite"
"""
SUPERVISION = r"""
- main:
  - heading "Supervision" [level=1]
  - paragraph: /Liaison établie Dernier contrôle à \d\d:\d\d:\d\d . écrans reliés . \d/
  - heading "En poste maintenant" [level=2]
  - paragraph: /Aucun poste des personnes en service n’est entendu .*/
  - list:
    - listitem: /bruno téléassistance, depuis \d\d:\d\d:\d\d .* pas entendu alertes à ce nom . \d/
    - listitem: /salima supervision, depuis \d\d:\d\d:\d\d .* pas entendu alertes à ce nom . 0/
  - heading /Alertes ouvertes \d/ [level=2]
  - list:
    - listitem:
      - link /AL-\d+/
      - text: /Nouvelle en retard . personne ne l’a prise ouverte depuis \d+:\d\d/
  - heading "Délais des 12 dernières heures" [level=2]
  - region "Délais des 12 dernières heures":
    - table:
      - rowgroup:
        - row "Étape Alertes la moitié en moins de neuf sur dix en moins de objectif"
      - rowgroup:
        - row /Prendre \d+ \d+:\d\d \d+:\d\d – trop long 0:10/
  - heading "Exercices annoncés 1" [level=2]
  - list:
    - listitem:
      - text: /hflore0000000 jusqu’à .* salima/
      - 'button "Y mettre fin : les appuis sont réels"'
  - heading "Points mis de côté 0" [level=2]
  - list:
    - listitem: Rien pour l’instant.
  - heading "Annoncer un exercice" [level=2]
  - textbox "Terminaux"
  - combobox "Pour combien de temps (minutes)"
  - button "Annoncer l’exercice"
"""
GLYPHS = re.compile("[●◐■◌♪✕✓▸]")


def press(town: Town, name: str, number: str, ago_s: float) -> UUID:
    """Somebody presses, so many seconds ago; dispatch has planned it."""

    def pressed(session: object) -> UUID:
        world = World(session, KEYS, clock.now() - timedelta(seconds=ago_s))  # type: ignore[arg-type]
        world.hear(world.press(world.give(name, number=number)))
        return world.alerts()[-1].id

    alert: UUID = town.do(pressed)
    town.do(lambda s: claim(s, EXAMPLE, clock.now(), "w"))
    return alert


@pytest.fixture(scope="module")
def gina(town: Town) -> UUID:
    """Gina's alert, for whom the supervisor is rung in 18 s; Bruno has signed his hand-over."""
    town.do(lambda s: shifts.hand_over(s, BRUNO, "Chloé rappelle à 22 h.", clock.now()))
    return press(town, "Gina", "+33639980081", 22)


def test_the_sheet_of_an_alert_that_nobody_has(
    browser: Browser, town: Town, gina: UUID, axe: str
) -> None:
    with looking(browser, town, "bruno", axe) as eyes:
        eyes.go(f"/alerts/{gina}")
        expect(eyes.page.locator("#sheet")).to_match_aria_snapshot(NEW)
        assert not GLYPHS.search(eyes.page.locator("body").aria_snapshot())
        assert eyes.judge("sheet with a countdown") == []


def test_the_sheet_of_an_alert_in_ones_own_hands(browser: Browser, town: Town) -> None:
    alert = press(town, "Hana", "+33639980082", 30)
    town.do(lambda s: acts.take(s, BRUNO, alert, clock.now()))
    town.do(lambda s: acts.verify(s, BRUNO, alert, Verified.DANGER, clock.now()))
    with looking(browser, town, "bruno") as eyes:
        eyes.go(f"/alerts/{alert}")
        expect(eyes.page.locator("#sheet")).to_match_aria_snapshot(TAKEN)
        assert not GLYPHS.search(eyes.page.locator("body").aria_snapshot())


def test_the_hand_over_of_a_shift(browser: Browser, town: Town, gina: UUID) -> None:
    with looking(browser, town, "salima") as eyes:
        eyes.go("/shift")
        expect(eyes.page.locator("main")).to_match_aria_snapshot(HAND_OVER)


def test_the_page_of_the_supervisor(browser: Browser, town: Town, gina: UUID) -> None:
    with looking(browser, town, "salima") as eyes:
        eyes.go("/supervision")
        expect(eyes.page.locator("main")).to_match_aria_snapshot(SUPERVISION)


def test_what_comes_is_said_to_who_does_not_see_it(browser: Browser, town: Town) -> None:
    """A new alert, another press of it, and that the own sheet has moved on."""
    alert = press(town, "Iris", "+33639980083", 1)
    town.do(lambda s: acts.take(s, BRUNO, alert, clock.now()))
    with looking(browser, town, "bruno") as eyes:
        eyes.go(f"/alerts/{alert}")
        expect(eyes.page.locator("#link.good")).to_be_visible()
        expect(eyes.page.locator("#waiting-count")).to_have_text(re.compile(r"\d"))
        said = eyes.page.get_by_role("alert").filter(has_text="à prendre")
        expect(said).to_have_count(0)
        press(town, "Jade", "+33639980084", 1)
        expect(said).to_have_text(re.compile(r"^Nouvelle alerte\. \d+ à prendre\.$"))
        town.ask(
            "UPDATE alert SET presses = presses + 1, updates = updates + 1 WHERE owner IS NULL"
            " AND lane = 'real' AND state = 'open' RETURNING pg_notify('tgd_console', '')"
        )
        expect(said).to_have_text(re.compile(r"^Nouvel appui\. \d+ à prendre\.$"))
        town.do(lambda s: acts.verify(s, BRUNO, alert, Verified.DANGER, clock.now()))
        expect(eyes.page.get_by_role("status").filter(has_text="AL-")).to_have_text(
            re.compile(r"^AL-\d+ Doute levé$")
        )
