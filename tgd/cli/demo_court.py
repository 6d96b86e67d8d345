"""The demonstration's court: its people, its stock in every state, and files at every stage.

Everything goes through the acts themselves, in the past where a deadline is to be near; only the
presses of tests are written as a proven handset's, because no radio speaks of the past.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from tgd import ids
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.alerts.raising import raise_or_join
from tgd.alerts.repeating import Press
from tgd.allocation import (
    chasing,
    courts,
    deciding,
    equipping,
    profiles,
    referring,
    returning,
    sheets,
    stock,
)
from tgd.allocation.acting import Officer, officer
from tgd.casework import grid
from tgd.cli import demo_ends
from tgd.rules.access import Role
from tgd.rules.alert import Lane, Outcome
from tgd.rules.allocation import DecisionKind, EndReason, OpinionKind
from tgd.rules.doubt import Trust, Verdict
from tgd.rules.handset import AsideReason, ConsentScope, IncidentKind
from tgd.rules.law import Condition
from tgd.rules.territory import DEMO
from tgd.rules.trigger import TriggerKind
from tgd.store import notices

COURT, OTHER = "TJ-NANTERRE", "TJ-EXEMPLE"
ROOM, GENDARMERIE = "control-room-92", "corg-99"
POOLS = (("NANTERRE-1", COURT, "Parquet de Nanterre", 4), ("NANTERRE-2", COURT, "Annexe", 1),
         ("EXEMPLE-1", OTHER, "Parquet d’Exemple", 2))  # fmt: skip
LEAD, SECOND = "Association Exemple", "Association du Second Exemple"
REASONS = "Menaces réitérées malgré l’interdiction ; le danger est grave et l’expose chaque jour."
MODELS = (("Modèle A", "B-4200", "volte"), ("Modèle B", "B-3900", "volte"),
          ("Modèle C", "B-2100", "3g"))  # fmt: skip

STAGES: tuple[tuple[str, str, int, str], ...] = (
    ("Inès", "refer", 0, ""), ("Judith", "refer", 2, "urgent"), ("Karima", "assess", 3, ""),
    ("Lola", "advise", 1, ""), ("Maud", "find", 1, ""), ("Nadia", "open", 1, ""),
    ("Odile", "refuse", 6, ""), ("Paula", "ask", 2, ""), ("Rosa", "grant", 4, ""),
    ("Sara", "grant", 1, ""), ("Tania", "reserve", 1, ""), ("Ursule", "describe", 1, ""),
    ("Vera", "hand_over", 10, ""), ("Wanda", "hand_over", 17, ""), ("Xénia", "hand_over", 119, ""),
    ("Yara", "hand_over", 149, ""), ("Zoé", "hand_over", 178, ""),
    ("Alma", "hand_over", 60, "recall"),
    ("Blanche", "hand_over", 90, "lost"), ("Clara", "hand_over", 75, "suspend"),
    ("Dalia", "hand_over", 200, "expire"), ("Elsa", "hand_over", 80, "withdraw"),
    ("Fanny", "hand_over", 100, "return"), ("Gilda", "hand_over", 3, "oppi"),
    ("Maïwenn", "hand_over", 30, "overseas"), ("Nour", "grant", 2, "overseas"),
)  # fmt: skip
"""Who, how far, how many days ago it began, and what happened then."""
TESTED_DAYS_AGO = {"Vera": None, "Wanda": None, "Yara": 19}
"""Whose test is not of these days: Vera's is not due yet, Wanda has missed one since two days and
Yara since four; the others pressed within the eleven days before today."""
STEPS = ("refer", "assess", "advise", "open", "find", "grant", "reserve", "describe", "hand_over")


@dataclass
class Scene:
    """The demonstration's record, and who acts in it."""

    session: Session
    now: datetime
    names: dict[str, str]
    """Account names by role."""
    at: datetime = field(init=False)
    numbered: int = 30

    def __post_init__(self) -> None:
        self.at = self.now

    def who(self, role: str) -> Officer:
        """The account of this role, with the clearances that it has at that moment."""
        plain = role.partition("-")[0]
        return officer(self.session, self.names[role], Role(plain), self.at)


def settle_court(session: Session, now: datetime, names: dict[str, str]) -> None:
    """Courts, people, stock and files: a small département that does not exist."""
    scene = Scene(session, now, names)
    _found(scene)
    _stock(scene)
    for name, last, days, then in STAGES:
        _walk(scene, name, last, days, then)
    scene.at = now
    demo_ends.agree(session, COURT, LEAD, SECOND, now)
    demo_ends.send_here(session, names["prosecutor-2"], OTHER, COURT, "Héloïse", now)
    chasing.deadlines_due(session, now)


def _found(scene: Scene) -> None:
    session, now = scene.session, scene.now
    scene.at = since = now - timedelta(days=400)
    courts.make_court(session, COURT, "Tribunal judiciaire de Nanterre", "Europe/Paris", since)
    courts.make_court(session, OTHER, "Tribunal judiciaire d’Exemple", "Indian/Reunion", since)
    for code, court, name, floor in POOLS:
        courts.make_pool(session, code, court, name, since, floor=floor)
    courts.import_communes(session, DEMO, since)
    for role in ("prosecutor-2", "registry-2", "stock_manager-2"):
        courts.clear(session, None, scene.names[role], now + timedelta(days=700), now, court=OTHER,
                     begins_at=since)  # fmt: skip
    for role in ("prosecutor", "prosecutor-2", "registry", "stock_manager"):
        ends_at = now + timedelta(days=20 if role == "prosecutor-2" else 700)
        courts.clear(session, None, scene.names[role], ends_at, now, court=COURT, begins_at=since)
    for role, association in (("association", LEAD), ("association-2", SECOND)):
        courts.clear(session, None, scene.names[role], now + timedelta(days=700), now,
                     association=association, begins_at=since)  # fmt: skip
    for role, room in (("control_room", ROOM), ("control_room-2", GENDARMERIE)):
        courts.clear(session, None, scene.names[role], now + timedelta(days=700), now,
                     control_room=room, begins_at=since)  # fmt: skip


def _stock(scene: Scene) -> None:
    """Some of each state that files do not bring about."""
    s, who = scene.session, scene.who("stock_manager")
    demo_ends.try_models(s, who, [name for name, _, _ in MODELS[:2]], scene.at)
    for _ in range(4):
        _in_stock(scene)
    _in_stock(scene, pool="NANTERRE-2")
    for n in range(3):
        stock.order(s, who, POOLS[n % 2][0], scene.at, model=MODELS[n][0])
    stock.quarantine(s, who, _in_stock(scene), AsideReason.DOUBT, scene.at)
    stock.retire(s, who, _in_stock(scene, model=2), AsideReason.OLD_RADIO, scene.at)
    for kind in IncidentKind:
        stock.report_incident(s, who, _in_stock(scene, model=1), kind, "Constaté.", scene.at)
    stock.transfer(s, who, _in_stock(scene), "NANTERRE-2", scene.at)
    demo_ends.being_erased(s, who, _in_stock(scene), _in_stock(scene), scene.at)


def _in_stock(scene: Scene, *, pool: str = "NANTERRE-1", model: int = 0) -> str:
    scene.numbered += 1
    n = scene.numbered
    who = scene.who("stock_manager-2" if pool == "EXEMPLE-1" else "stock_manager")
    name, battery, radio = MODELS[model]
    made = stock.order(
        scene.session, who, pool, scene.at, model=name, battery=battery, radio=radio,
        number=f"+336399801{n:02d}", imei=_imei(n),
    )  # fmt: skip
    stock.receive(scene.session, who, made, scene.at)
    return made


def _imei(n: int) -> str:
    """A fictional one whose check digit is right."""
    body = f"4901542032{n:04d}"
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(body)]
    return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def _walk(scene: Scene, name: str, last: str, days: int, then: str) -> None:
    """One file, step by step, up to its stage."""
    scene.at = scene.now - timedelta(days=days, hours=3)
    ends = {"refuse": "find", "ask": "find"}
    steps = STEPS[: STEPS.index(ends.get(last, last)) + 1]
    if last == "open":
        steps = ("refer", "open")
    case = _Case(scene, name, is_urgent=then == "urgent", is_oppi=then == "oppi",
                 is_overseas=then == "overseas")  # fmt: skip
    for step in steps:
        scene.at += timedelta(minutes=1)
        getattr(case, step)()
    if last == "hand_over":
        case.test_until_today()
    if last in ("refuse", "ask"):
        kind = DecisionKind.REFUSE if last == "refuse" else DecisionKind.ASK_FOR_MORE
        reasons = REASONS if last == "refuse" else "Il manque la copie de l’ordonnance."
        deciding.decide(scene.session, scene.who("prosecutor"), case.id, kind, reasons, scene.at)
    elif then in ("suspend", "withdraw", "return", "expire", "lost", "recall"):
        scene.at = scene.now - timedelta(days=2)
        getattr(case, "return_" if then == "return" else then)()


@dataclass
class _Case:
    scene: Scene
    name: str
    is_urgent: bool = False
    is_oppi: bool = False
    is_overseas: bool = False
    """At the other court, whose days are those of another zone."""
    id: UUID = field(init=False)
    handset: str = ""

    @property
    def _all(self) -> tuple[Session, datetime]:
        return self.scene.session, self.scene.at

    def who(self, role: str) -> Officer:
        """Of this court, or of the other one."""
        return self.scene.who(f"{role}-2" if self.is_overseas else role)

    def refer(self) -> None:
        session, at = self._all
        court = OTHER if self.is_overseas else COURT
        self.id = referring.refer(
            session, self.scene.who("association"), court, f"{self.name} FICTIVE",
            "Il l’attend devant son travail et la menace par messages.", at,
            source="association", contact="passer par l’association", is_urgent=self.is_urgent,
        ).id  # fmt: skip

    def assess(self) -> None:
        session, at = self._all
        said = dict.fromkeys(list(grid.QUESTIONS)[:6], "yes") | {"children": "no"}
        referring.assess(session, self.scene.who("association"), self.id, grid.VERSION, said, at)

    def advise(self) -> None:
        session, at = self._all
        referring.give_opinion(
            session, self.scene.who("association"), self.id, OpinionKind.FAVOURABLE, REASONS, at
        )

    def open(self) -> None:
        session, at = self._all
        referring.open_file(session, self.who("prosecutor"), self.id, at)

    def find(self) -> None:
        session, at = self._all
        who = self.who("registry")
        for condition, what in _found_of(at.date(), is_oppi=self.is_oppi).items():
            referring.record_condition(
                session, who, self.id, condition, what, "Procédure fictive 2026/0001", at
            )
        referring.describe_restrained_person(session, who, self.id, "Hugo FICTIF", {}, at)

    def grant(self) -> None:
        session, at = self._all
        who = self.who("prosecutor")
        deciding.decide(session, who, self.id, DecisionKind.GRANT, REASONS, at)

    def reserve(self) -> None:
        session, at = self._all
        pool = "EXEMPLE-1" if self.is_overseas else "NANTERRE-1"
        self.handset = _in_stock(self.scene, pool=pool, model=len(self.name) % 2)
        equipping.reserve(session, self.who("registry"), self.id, self.handset, at)

    def describe(self) -> None:
        session, at = self._all
        manager, registry = self.who("stock_manager"), self.who("registry")
        equipping.provision(session, manager, self.handset, at, secret=ids.new_secret())
        for scope in ConsentScope:
            equipping.record_consent(
                session, registry, self.id, scope, at, agreed=True, wording="fr/2026-1"
            )
        sheets.change_circumstances(
            session, registry, self.id, _sheet(self.name, is_overseas=self.is_overseas), at
        )
        notices.nobody_outside(session, self.id, at)
        profiles.look(session, self.id, self.handset, at)

    def hand_over(self) -> None:
        session, at = self._all
        registry = self.who("registry")
        _test_press(self.scene, self.handset)
        equipping.test(session, registry, self.id, at)
        equipping.hand_over(session, registry, self.id, at)

    def test_until_today(self) -> None:
        """She has pressed every fortnight; the record keeps her last two here."""
        last = TESTED_DAYS_AGO.get(self.name, 3 + sum(map(ord, self.name)) % 9)
        for days in (last + 13, last) if last is not None else ():
            at = self.scene.now - timedelta(days=days, hours=1)
            if at > self.scene.at:
                self.scene.at = at
                _test_press(self.scene, self.handset)
                registry = self.who("registry")
                equipping.test(self.scene.session, registry, self.id, at)

    def suspend(self) -> None:
        session, at = self._all
        release = at.date() + timedelta(days=20)
        deciding.suspend(session, self.who("prosecutor"), self.id, release, REASONS, at)

    def withdraw(self) -> None:
        session, at = self._all
        deciding.withdraw(
            session, self.who("prosecutor"), self.id, EndReason.BENEFICIARY_REQUEST,
            REASONS, at, safety_checked=True, release_checked=True,
        )  # fmt: skip

    def expire(self) -> None:
        """Nobody renewed it in time: the turn over the deadlines does the rest."""
        chasing.deadlines_due(self.scene.session, self.scene.at)

    def lost(self) -> None:
        session, at = self._all
        stock.report_incident(
            session, self.scene.who("association"), self.handset, IncidentKind.LOST,
            "Perdu dans l’autobus.", at,
        )  # fmt: skip

    def recall(self) -> None:
        session, at = self._all
        demo_ends.recall(session, self.who("stock_manager"), self.handset, at)

    def return_(self) -> None:
        self.withdraw()
        session, at = self._all
        returning.take_back(session, self.who("registry"), self.id, "Alix, Association Exemple", at)


def _found_of(day: date, *, is_oppi: bool) -> dict[Condition, dict[str, Any]]:
    framework = "immediate_provisional_protection_order" if is_oppi else "judicial_supervision"
    since = day - timedelta(days=2 if is_oppi else 9)
    ban = {"framework": framework, "since": since.isoformat(),
           "until": (day + timedelta(days=210)).isoformat()}  # fmt: skip
    return {
        Condition.GRAVE_DANGER: {"met": True},
        Condition.COVERED_RELATION: {"relation": "former_spouse", "rape": False},
        Condition.NO_COHABITATION: {"cohabitation": False},
        Condition.CONSENT: {"met": True}, Condition.BAN: {"bans": [ban]},
    }  # fmt: skip


def _sheet(name: str, *, is_overseas: bool = False) -> dict[str, Any]:
    city, insee = ("Saint-Exemple-les-Bains", "99201") if is_overseas else ("Nanterre", "92050")
    return {
        "name": f"{name} FICTIVE", "speech_or_disability": "parle et entend",
        "telephones": ["aucun"], "contacts": ["sa sœur, 06 39 98 00 11"], "pets": "un chat",
        "places": [{"label": "3 rue des Exemples", "city": city, "insee": insee}],
    }  # fmt: skip


def _test_press(scene: Scene, handset: str) -> None:
    """A proven test of this handset at that moment, answered for and closed by the operator."""
    verdict = Verdict(Lane.TEST, Trust.VERIFIED, frozenset(), keep_position=False)
    press = Press(
        f"handset:{handset}", handset, None, uuid4().hex, TriggerKind.TEST, None, scene.at,
        scene.at, 88.0, verdict, None, "mqtt",
    )  # fmt: skip
    (raised,) = raise_or_join(scene.session, [press], scene.at)
    bruno = Actor(scene.names["operator"], Role.OPERATOR)
    acts.take(scene.session, bruno, raised.alert, scene.at)
    acts.close(scene.session, bruno, raised.alert, Outcome.TEST, "Essai de remise reçu.", scene.at)
