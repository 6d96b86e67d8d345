"""Ana's story with words of hers planted wherever one may stand, to each of its ends."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import col, select

from tests.walking import NANTERRE, REASONS, SHEET, Walk
from tests.world import HERE, Carried
from tgd import accounts, shifts
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.allocation import deciding, profiles, referring, returning, sheets, stock
from tgd.allocation.acting import NotYet
from tgd.records import Decision, HandOver
from tgd.rules.access import Role
from tgd.rules.alert import Outcome, Verified
from tgd.rules.allocation import DecisionKind
from tgd.rules.handset import IncidentKind

PLANTED = (
    "Ana FICTIVE", "Zephyrine", "17 rue des Mots-Semes", "06 39 98 00 77", "Hugo SEME",
    "mots de signalement", "mots de suivi", "mots de note", "mots de releve", "mots de cloture",
    "mots de perte", "mots de grille", "mots d'avis", "mots de preuve", "mots de temoin",
    "mots du motif", "mots sans plateforme", "2.20711",
)  # fmt: skip
"""Words and places that only Ana's story holds."""
HER_SHEET = SHEET | {
    "name": "Ana FICTIVE", "telephones": ["06 39 98 00 77"], "children": ["Zephyrine"],
    "places": [{"label": "17 rue des Mots-Semes", "city": "Nanterre", "insee": "92050"}],
}  # fmt: skip
MOTIF = f"{REASONS} mots du motif"


def plant_referral(walk: Walk) -> None:
    s, now = walk.session, walk.now
    seen = referring.refer(
        s, walk.officer("Lea"), NANTERRE, "Ana FICTIVE", "mots de signalement", now,
        contact="06 39 98 00 77",
    )  # fmt: skip
    walk.file_id = seen.id
    referring.assess(s, walk.officer("Lea"), walk.id, "grid/1", {"other": "mots de grille"}, now)
    walk.advise()
    s.connection().execute(text("UPDATE opinion SET words = 'mots d''avis'"))
    walk.open()
    walk.find()
    s.connection().execute(text("UPDATE condition_record SET evidence = 'mots de preuve'"))
    referring.describe_restrained_person(
        s, walk.officer("Greta"), walk.id, "Hugo SEME", {"notes": "Hugo SEME"}, now
    )


def plant_grant(walk: Walk) -> None:
    """Granted, prepared, handed over: with her sheet, her consents and a note of follow-up."""
    signed = deciding.decide(
        walk.session, walk.officer("Camille"), walk.id, DecisionKind.GRANT, MOTIF, walk.now
    )
    assert not isinstance(signed, deciding.NotYet | deciding.AlreadyDecided)
    for step in (walk.reserve, walk.provision, walk.consent):
        step()
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, HER_SHEET, walk.now)
    profiles.waive(walk.session, walk.officer("Greta"), walk.id, "mots sans plateforme", walk.now)
    for step in (walk.tell_nobody, walk.press, walk.test, walk.hand_over):
        walk.world.wait(minutes=1)
        step()
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "mots de suivi", walk.now)


def press_and_close(walk: Walk, ring: str = "mots de note") -> None:
    """She presses; Bruno takes it, notes, leaves his shift in words, closes it with a reason."""
    s, bruno = walk.session, Actor("Bruno", Role.OPERATOR)
    walk.world.wait(minutes=1)
    carried = Carried(walk.handset, "", "", counter=walk.now.toordinal())
    walk.world.hear(walk.world.press(carried, position=HERE))
    alert = next(a for a in walk.world.alerts() if a.state != "closed" and a.lane == "real").id
    acts.take(s, bruno, alert, walk.now)
    acts.note(s, bruno, alert, ring, walk.now)
    acts.verify(s, bruno, alert, Verified.SAFE_VOICE, walk.now)
    leave_and_come(walk, bruno)
    acts.close(s, bruno, alert, Outcome.ACCIDENTAL, "mots de cloture", walk.now)


def leave_and_come(walk: Walk, bruno: Actor) -> None:
    shifts.hand_over(walk.session, bruno, "mots de releve", walk.now)
    left = walk.session.exec(select(HandOver.id).where(col(HandOver.confirmed_at).is_(None))).one()
    read = shifts.lines(walk.session, left)
    shifts.confirm(walk.session, Actor("Salima", Role.SUPERVISOR), left, walk.now, read=read)


def lose_and_replace(walk: Walk) -> None:
    """Her handset is lost, its replacement handed over."""
    second = walk.order("+33639980022")
    stock.report_incident(
        walk.session, walk.officer("Greta"), walk.handset, IncidentKind.LOST, "mots de perte",
        walk.now, replacement=second,
    )  # fmt: skip
    walk.handset = second
    walk.provision()
    for step in (walk.press, walk.test, walk.hand_over):
        walk.world.wait(minutes=1)
        step()


def renew(walk: Walk) -> None:
    walk.world.wait(days=170)
    signed = deciding.renew(walk.session, walk.officer("Camille"), walk.id, MOTIF, walk.now)
    assert not isinstance(signed, deciding.NotYet)


def give_back(walk: Walk) -> None:
    walk.withdraw()
    walk.world.wait(minutes=1)
    given = returning.take_back(
        walk.session, walk.officer("Greta"), walk.id, "mots de temoin", walk.now
    )
    assert not isinstance(given, NotYet)


def gone_for_good(walk: Walk) -> None:
    """Lost and never found: the file is settled without the handset."""
    stock.report_incident(
        walk.session, walk.officer("Greta"), walk.handset, IncidentKind.LOST, "mots de perte",
        walk.now,
    )  # fmt: skip
    walk.withdraw()
    settled = returning.settle(walk.session, walk.officer("Greta"), walk.id, MOTIF, walk.now)
    assert not isinstance(settled, NotYet)


def refuse(walk: Walk) -> None:
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, HER_SHEET, walk.now)
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "mots de suivi", walk.now)
    said = MOTIF + " Refused against the advice, for it rests on nothing that was shown."
    signed = deciding.decide(
        walk.session, walk.officer("Camille"), walk.id, DecisionKind.REFUSE, said, walk.now
    )
    assert isinstance(signed, Decision), signed


def withdraw_before(walk: Walk) -> None:
    """Withdrawn while the handset was only being prepared."""
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, HER_SHEET, walk.now)
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "mots de suivi", walk.now)
    walk.grant()
    walk.consent()
    walk.withdraw()


def expire(walk: Walk) -> None:
    walk.live_until((walk.now + timedelta(days=200)).date())
    assert walk.file().state == "expired"
    given = returning.take_back(
        walk.session, walk.officer("Greta"), walk.id, "mots de temoin", walk.now
    )
    assert not isinstance(given, NotYet)


ENDS: dict[str, list[Callable[[Walk], None]]] = {
    "returned": [plant_grant, press_and_close, give_back],
    "renewed and returned": [plant_grant, press_and_close, renew, give_back],
    "replaced and returned": [plant_grant, press_and_close, lose_and_replace, give_back],
    "expired and returned": [plant_grant, press_and_close, expire],
    "settled without the handset": [plant_grant, press_and_close, gone_for_good],
    "withdrawn before the hand-over": [withdraw_before],
    "refused": [refuse],
}


def somebody_else(walk: Walk) -> None:
    """Bella's handset by the shortcut, her press with a position, closed today: she stays."""
    bella = walk.world.give("Bella", number="+33639980009")
    walk.world.hear(walk.world.press(bella, position=HERE | {"lat": 48.1, "lon": 2.9}))
    alert = next(a for a in walk.world.alerts() if a.state != "closed" and a.lane == "real").id
    bruno = Actor("Bruno", Role.OPERATOR)
    acts.take(walk.session, bruno, alert, walk.now)
    acts.note(walk.session, bruno, alert, "Bella se tait.", walk.now)


def staff(walk: Walk) -> None:
    accounts.make_account(walk.session, "Salima", Role.SUPERVISOR, "no hash", walk.now)


def walked(walk: Walk, end: str) -> Walk:
    staff(walk)
    plant_referral(walk)
    for step in ENDS[end]:
        walk.world.wait(minutes=1)
        step(walk)
    return walk


def to_the_day(walk: Walk) -> None:
    """The moment at which the file is due."""
    purge_at = walk.file().purge_at
    assert purge_at is not None
    walk.world.now = purge_at
