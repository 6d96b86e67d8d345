"""Ana's walk from referral to return, act by act, with the people of one court around her."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from gateway.heard import Channel, Form, Heard
from gateway.intake import take_in
from tests.world import World
from tgd import accounts, ids
from tgd.allocation import (
    agreeing,
    chasing,
    courts,
    deciding,
    equipping,
    profiles,
    recalling,
    referring,
    returning,
    sheets,
    stock,
    transferring,
)
from tgd.allocation.acting import Officer, officer
from tgd.records import CaseFile, ModelAcceptance
from tgd.rules.access import Role
from tgd.rules.allocation import DecisionKind, EndReason, OpinionKind
from tgd.rules.handset import ConsentScope
from tgd.rules.law import Condition
from tgd.rules.territory import DEMO
from tgd.store import files, notices, transfers

NANTERRE, EXAMPLE = "TJ-NANTERRE", "TJ-EXEMPLE"
POOL, OTHER_POOL = "NANTERRE-1", "EXEMPLE-1"
LEAD = "Association Exemple"
REASONS = "He has come back twice since the ban; the danger is grave and near."

SHEET: dict[str, Any] = {
    "name": "Ana FICTIVE",
    "birth_date": "1990-02-03",
    "speech_or_disability": "no",
    "telephones": ["none"],
    "places": [{"label": "3 rue des Exemples", "city": "Nanterre", "insee": "92050"}],
    "contacts": ["her sister, 06 39 98 00 11"],
    "pets": "a cat",
}
MET: dict[Condition, dict[str, Any]] = {
    Condition.GRAVE_DANGER: {"met": True},
    Condition.COVERED_RELATION: {"relation": "former_spouse", "rape": False},
    Condition.NO_COHABITATION: {"cohabitation": False},
    Condition.CONSENT: {"met": True},
    Condition.BAN: {
        "bans": [
            {"framework": "judicial_supervision", "since": "2026-11-01", "until": "2027-10-31"}
        ]
    },
}


@dataclass
class Walk:
    """A court with its people, its stock and one file, walked as far as a test wants."""

    world: World
    people: dict[str, tuple[str, Role]] = field(default_factory=dict)
    file_id: UUID | None = None
    handset: str = ""

    @property
    def session(self) -> Session:
        return self.world.session

    @property
    def now(self) -> Any:
        return self.world.now

    def officer(self, name: str) -> Officer:
        """This person, with what the record clears them for now."""
        return officer(self.session, name, self.people[name][1], self.now)

    def file(self) -> CaseFile:
        """Ana's file as the record has it."""
        assert self.file_id is not None
        found = files.case_file(self.session, self.file_id)
        assert found is not None
        return found

    def settle_in(self) -> "Walk":
        """Two courts, two stocks, and those who work there."""
        s, now = self.session, self.now
        courts.make_court(s, NANTERRE, "TJ de Nanterre", "Europe/Paris", now)
        courts.make_court(s, EXAMPLE, "TJ d'Exemple", "Indian/Reunion", now)
        courts.make_pool(s, POOL, NANTERRE, "Parquet", now)
        courts.make_pool(s, OTHER_POOL, EXAMPLE, "Parquet", now)
        courts.import_communes(s, DEMO, now)
        for model in ("Modele A", "Modele B"):
            files.add(s, ModelAcceptance(id=ids.new(now), model=model, test="Invented report 1.",
                                         accepted_by="Sofia", accepted_at=now))  # fmt: skip
        for name, role, court in [
            ("Camille", Role.PROSECUTOR, NANTERRE), ("Cyril", Role.PROSECUTOR, NANTERRE),
            ("Greta", Role.REGISTRY, NANTERRE), ("Sofia", Role.STOCK_MANAGER, NANTERRE),
            ("Paul", Role.PROSECUTOR, EXAMPLE), ("Sacha", Role.STOCK_MANAGER, EXAMPLE),
            ("Bruno", Role.OPERATOR, None), ("Lea", Role.ASSOCIATION, LEAD),
            ("Noa", Role.ASSOCIATION, "Another association"),
        ]:  # fmt: skip
            accounts.make_account(s, name, role, "no hash", now)
            self.people[name] = (name, role)
            if court is not None:
                named = {"association": court} if role is Role.ASSOCIATION else {"court": court}
                courts.clear(s, None, name, now + timedelta(days=900), now, **named)
        return self

    def refer(self) -> None:
        seen = referring.refer(
            self.session, self.officer("Lea"), NANTERRE, "Ana FICTIVE",
            "She was followed to her work.", self.now, source="association",
        )  # fmt: skip
        self.file_id = seen.id

    def assess(self) -> None:
        referring.assess(
            self.session, self.officer("Lea"), self.id, "grid/2026-1", {"repetition": "yes"},
            self.now,
        )  # fmt: skip

    def advise(self) -> None:
        referring.give_opinion(
            self.session, self.officer("Lea"), self.id, OpinionKind.FAVOURABLE, REASONS, self.now
        )

    def open(self) -> None:
        referring.open_file(self.session, self.officer("Camille"), self.id, self.now)

    def find(self) -> None:
        for condition, what in MET.items():
            referring.record_condition(
                self.session, self.officer("Greta"), self.id, condition, what,
                "procedure 2026/0001", self.now,
            )  # fmt: skip
        referring.describe_restrained_person(
            self.session, self.officer("Greta"), self.id, "Hugo FICTIF", {"detained": False},
            self.now,
        )  # fmt: skip

    def grant(self) -> None:
        signed = deciding.decide(
            self.session, self.officer("Camille"), self.id, DecisionKind.GRANT, REASONS, self.now
        )
        assert not isinstance(signed, deciding.NotYet | deciding.AlreadyDecided), signed

    def order(
        self, number: str | None = "+33639980021", pool: str = POOL, by: str = "Sofia"
    ) -> str:
        """A handset that lies in the stock."""
        made = stock.order(
            self.session, self.officer(by), pool, self.now, model="Modele A", battery="B1",
            radio="volte", number=number, imei=f"35{ids.new(self.now).int % 10**13:013d}",
        )  # fmt: skip
        stock.receive(self.session, self.officer(by), made, self.now)
        return made

    def reserve(self) -> None:
        self.handset = self.handset or self.order()
        equipping.reserve(self.session, self.officer("Greta"), self.id, self.handset, self.now)

    def provision(self) -> None:
        equipping.provision(
            self.session, self.officer("Sofia"), self.handset, self.now, secret="s" * 43
        )
        self.tell_nobody()

    def consent(self) -> None:
        for scope in ConsentScope:
            equipping.record_consent(
                self.session, self.officer("Greta"), self.id, scope, self.now, agreed=True,
                wording="fr/1",
            )  # fmt: skip
        self.tell_nobody()

    def describe(self) -> None:
        sheets.change_circumstances(self.session, self.officer("Lea"), self.id, SHEET, self.now)
        self.tell_nobody()

    def tell_nobody(self) -> None:
        """What a dispatcher does whose policy names no platform that keeps profiles."""
        notices.nobody_outside(self.session, self.id, self.now)
        profiles.look(self.session, self.id, self.handset, self.now)

    def press(self, kind: str = "test", handset: str | None = None) -> None:
        """The handset itself speaks: a real message by the gateway's own door."""
        body = {"trigger": uuid4().hex, "kind": kind, "at": self.now.isoformat()}
        raw = json.dumps(body).encode()
        said = Heard(
            Channel.MQTT, Form.ALERT, handset or self.handset, True, uuid4().hex, raw, self.now
        )
        take_in(self.session, [said], self.now, self.world.keys)

    def test(self) -> None:
        equipping.test(self.session, self.officer("Greta"), self.id, self.now)

    def hand_over(self) -> None:
        given = equipping.hand_over(self.session, self.officer("Greta"), self.id, self.now)
        assert isinstance(given, equipping.HandedOver), given

    def withdraw(self) -> None:
        deciding.withdraw(
            self.session, self.officer("Camille"), self.id, EndReason.BENEFICIARY_REQUEST,
            REASONS, self.now, safety_checked=True, release_checked=True,
        )  # fmt: skip

    def take_back(self) -> None:
        returning.take_back(
            self.session, self.officer("Greta"), self.id, "Lea, Association Exemple", self.now
        )

    def be_recalled(self) -> None:
        recalling.recall(
            self.session, self.officer("Sofia"), "battery", "B1", "It swells.", self.now
        )

    def ask_elsewhere(self) -> None:
        transferring.ask_transfer(
            self.session, self.officer("Camille"), self.id, EXAMPLE, REASONS, self.now
        )

    def be_taken_over(self) -> None:
        """The other court takes it over; there is nothing to take over a second time."""
        asked = transfers.open_of(self.session, self.id)
        assert asked is not None, "nobody is asked"
        transferring.accept(
            self.session, self.officer("Paul"), asked.id, OTHER_POOL, REASONS, self.now
        )

    def agree(self) -> None:
        agreeing.agree(
            self.session, self.officer("Camille"), NANTERRE, LEAD, "convention 2026/4",
            self.now.date() + timedelta(days=400), self.now,
        )  # fmt: skip

    def wipe(self) -> None:
        returning.wipe(self.session, self.officer("Sofia"), self.handset, self.now)

    def prove(self) -> None:
        returning.prove_wiped(
            self.session, self.officer("Sofia"), self.handset, "erased by MDM, report 17", self.now
        )

    def restock(self) -> None:
        returning.back_to_stock(
            self.session, self.officer("Sofia"), self.handset, self.now, tested=True
        )

    @property
    def id(self) -> UUID:
        assert self.file_id is not None
        return self.file_id

    @property
    def steps(self) -> list[Callable[[], None]]:
        """The whole walk, in its usual order."""
        return [
            self.refer, self.assess, self.advise, self.open, self.find, self.grant, self.reserve,
            self.provision, self.consent, self.describe, self.press, self.test, self.hand_over,
            self.withdraw, self.take_back, self.wipe, self.prove, self.restock,
        ]  # fmt: skip

    def until(self, last: str) -> "Walk":
        """Every step up to this one."""
        for step in self.steps:
            self.world.wait(minutes=1)
            step()
            if step.__name__ == last:
                return self
        raise AssertionError(last)

    def go_on(self, after: str) -> "Walk":
        """Every step that comes after this one."""
        names = [step.__name__ for step in self.steps]
        for step in self.steps[names.index(after) + 1 :]:
            self.world.wait(minutes=1)
            step()
        return self

    def chase(self) -> list[chasing.Told]:
        """One turn over the deadlines."""
        return chasing.deadlines_due(self.session, self.now)

    def live_until(self, day: date) -> None:
        """Days go by, with a turn over the deadlines in each."""
        while self.now.date() < day:
            self.world.wait(days=1)
            self.chase()
