"""What a screen reader says where an operator acts: shift start, the request as it is, the call."""

from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import Browser, expect

from tests.browser.looking import looking
from tests.browser.town import Town
from tgd import clock
from tgd.records import Delivery

REQUEST = r"""
- region "Intervention":
  - heading "Intervention" [level=2]
  - list:
    - listitem:
      - time: /\d\d:\d\d:\d\d/
      - text: Demandée
    - listitem:
      - time: /\d\d:\d\d:\d\d/
      - text: control-room-92 reçu
    - listitem:
      - time: /\d\d:\d\d:\d\d/
      - text: control-room-93 refusé, nouvel essai (2 essais)
    - listitem: La salle n’a pas encore dit qu’elle prend le cas en compte.
    - listitem: Aucune patrouille connue sur place.
"""
CALL = r"""
- region "Appel":
  - heading "Appel" [level=2]
  - 'button "Parler : elle vous entend"'
  - status:
    - term: Demandé par
    - definition:
      - text: bruno ,
      - time: /\d\d:\d\d:\d\d/
      - text: écoute seule
    - term: Téléphone de l’opérateur
    - definition: demandé
    - term: Terminal
    - definition: attend que l’opérateur écoute
  - term: Demandé par
  - definition:
    - text: bruno ,
    - time: /\d\d:\d\d:\d\d/
  - term: Téléphone de l’opérateur
  - definition: pas de réponse
  - term: Terminal
  - definition: échec, le téléphone de l’opérateur n’a pas été décroché
  - group "Ce qui s’entend, en note d’une pression":
    - paragraph:
      - button "Cris"
      - button "Voix d’homme"
      - button "Voix d’enfants"
      - button "Silence"
      - button "Mot convenu prononcé"
  - heading "Enregistrements" [level=3]
  - list:
    - listitem:
      - text: /42 s, conservé jusqu’au .* pas encore d’empreinte/
"""
SHIFT = r"""
- region "Poste":
  - heading "Poste" [level=1]
  - paragraph: /Avant de commencer/
  - paragraph:
    - button "Son d’essai"
  - group "Son d’essai entendu ?":
    - radio "oui"
    - radio "non"
  - textbox "Votre téléphone, qui sonne pour les appels aux terminaux (facultatif)"
  - button "Prendre le poste"
  - heading "En poste maintenant" [level=2]
  - list:
    - listitem: /salima supervision, depuis/
"""


def test_a_request_says_what_became_of_each_delivery(browser: Browser, town: Town) -> None:
    rooms = [("control-room-92", "received"), ("control-room-93", "refused")]
    made = [
        Delivery(id=uuid4(), key=room, alert=town.alerts["Bella"], destination=room,
                 topic="requested", state=state, attempts=n,
                 made_at=clock.now() + timedelta(milliseconds=n))
        for n, (room, state) in enumerate(rooms, 1)
    ]  # fmt: skip
    town.do(lambda session: session.add_all(made))
    with looking(browser, town, "bruno") as eyes:
        eyes.go(town.address("/alerts/Bella"))
        expect(eyes.page.locator("#intervention")).to_match_aria_snapshot(REQUEST)


def test_a_call_says_how_each_telephone_is(browser: Browser, town: Town) -> None:
    with looking(browser, town, "bruno") as eyes:
        eyes.go(town.address("/alerts/Bella"))
        expect(eyes.page.locator("#calls")).to_match_aria_snapshot(CALL)


def test_a_shift_begins_by_name(browser: Browser, town: Town) -> None:
    town.ask("UPDATE shift SET ended_at = now() WHERE account = 'bruno' RETURNING 1")
    with looking(browser, town, "bruno") as eyes:
        eyes.go("/shift")
        shift = eyes.page.get_by_role("region", name="Poste", exact=True)
        expect(shift).to_match_aria_snapshot(SHIFT)
