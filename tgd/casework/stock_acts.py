"""Every act on a handset of a stock as a form: who may, in which states, what does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd import ids
from tgd.allocation import accepting, equipping, recalling, returning, stock
from tgd.allocation.acting import Officer, found_handset
from tgd.casework.fields import Field, Kind, NotReadable, word
from tgd.casework.imei import imei_in, is_imsi
from tgd.errors import SomebodyWasFaster
from tgd.records import ModelAcceptance
from tgd.rules.access import Act, Role, may
from tgd.rules.handset import (
    TRANSITIONS,
    AsideReason,
    HandsetEvent,
    HandsetState,
    IncidentKind,
    LiftReason,
)

Said = Mapping[str, Any]
Doing = Callable[[Session, Officer, str, Said, datetime], Any]
_S, _E, _K, _A = HandsetState, HandsetEvent, Kind, Act


@dataclass(frozen=True, slots=True)
class StockAct:
    """One act on one handset (or, without one, on a stock)."""

    name: str
    act: Act
    title: str
    fields: tuple[Field, ...]
    doing: Doing
    states: frozenset[HandsetState]

    def is_offered(self, role: Role, state: HandsetState) -> bool:
        """Whether a page shows this form to this role in this state."""
        return may(role, self.act) and state in self.states


@dataclass(frozen=True, slots=True)
class Keyed:
    """What the device must be given now; it is shown once and kept nowhere."""

    handset: str
    mqtt_secret: str
    key_generation: int


def _from(event: HandsetEvent) -> frozenset[HandsetState]:
    return frozenset(state for state, one in TRANSITIONS if one is event)


WORDS = Field("words", word("In words"), _K.WORDS)
WHY = Field("why", word("Ground"), _K.ONE_OF, choices=AsideReason)
BAD_IMEI = word("Its last digit does not fit: one digit is mistyped.")
BAD_IMSI = word("An IMSI is 14 or 15 digits, and begins with the country: 208 for France.")
PARTS = (
    Field("model", word("Model"), required=False, longest=60),
    Field("battery", word("Battery"), required=False, longest=60),
    Field("radio", word("Best network"), required=False, longest=60),
    Field("number", word("Telephone number"), required=False, longest=40),
)
IMEI = Field("imei", word("IMEI"), required=False, longest=200)
READ = Field("imei", word("IMEI read from the device"), required=False, longest=200)
"""Compared with that of the record: boxes are alike. A code may hold more than the number."""
IMSI = Field("imsi", word("IMSI of the SIM card"), required=False, longest=40)
ORDER_FIELDS = (Field("pool", word("Stock")), *PARTS, IMEI, IMSI)


def order(session: Session, officer: Officer, said: Said, now: datetime) -> str:
    """A handset on its way to a stock. Raises NotReadable for a mistyped IMEI or IMSI, and like
    `order`."""
    said = _read(said)
    return stock.order(
        session, officer, said["pool"], now, model=said["model"], battery=said["battery"],
        radio=said["radio"], number=said["number"], imei=said["imei"], imsi=said["imsi"],
    )  # fmt: skip


def _read(said: Said) -> Said:
    """With the IMEI as it is kept, however it was typed or scanned."""
    _must_be_right(said)
    return {**said, "imei": read_imei(said["imei"])}


def read_imei(said: str | None) -> str | None:
    """The IMEI in it, None for nothing. Raises NotReadable for a mistyped one."""
    found = imei_in(said) if said else None
    if said and found is None:
        raise NotReadable(IMEI.label, BAD_IMEI)
    return found


def _must_be_right(said: Said) -> None:
    read_imei(said["imei"])
    if said["imsi"] and not is_imsi(said["imsi"]):
        raise NotReadable(IMSI.label, BAD_IMSI)


def _describe(s: Session, o: Officer, h: str, said: Said, now: datetime) -> None:
    """Correct it. Raises NotReadable for a mistyped IMEI or IMSI, and like `describe`."""
    stock.describe(s, o, h, _read(said), now)


REFILL_FIELDS = (Field("pool", word("Stock")), Field("model", word("Model"), longest=60))


def refill(session: Session, officer: Officer, said: Said, now: datetime) -> list[str]:
    """What the reserve of a stock lacks is on its way."""
    return stock.refill(session, officer, said["pool"], said["model"], now)


RECALL_FIELDS = (
    Field("criterion", word("By model, battery or radio")), Field("value", word("Which one")),
    Field("reasons", word("Reasons"), _K.WORDS),
)  # fmt: skip


def recall(session: Session, officer: Officer, said: Said, now: datetime) -> recalling.Recalled:
    """Every handset of a model, a battery or a radio comes back."""
    return recalling.recall(
        session, officer, said["criterion"], said["value"], said["reasons"], now
    )


ACCEPT_FIELDS = (
    Field("model", word("Model"), longest=60),
    Field("test", word("Which test it passed, and where its report is"), _K.WORDS),
    Field("tried", word("Press, vibration, battery, fall and water were tried."), _K.TICK),
)


def accept_model(session: Session, officer: Officer, said: Said, now: datetime) -> ModelAcceptance:
    """A model was tried and may be given."""
    return accepting.accept_model(
        session, officer, said["model"], said["test"], now, tried=said["tried"]
    )


IN_STOCK: dict[str, tuple[Act, tuple[Field, ...], Callable[..., Any]]] = {
    "order": (Act.SET_ASIDE, ORDER_FIELDS, order),
    "refill": (Act.SET_ASIDE, REFILL_FIELDS, refill),
    "recall": (Act.SET_ASIDE, RECALL_FIELDS, recall),
    "accept-model": (Act.ACCEPT_MODEL, ACCEPT_FIELDS, accept_model),
}
"""What is done to no single handset: who may, what the form asks, what does it."""


def _provision(s: Session, o: Officer, h: str, said: Said, now: datetime) -> Keyed:
    secret = ids.new_secret()
    done = equipping.provision(s, o, h, now, secret=secret)
    return Keyed(done.handset, secret, done.key_generation)


STOCK_ACTS: tuple[StockAct, ...] = (
    StockAct("receive", _A.TRANSFER, word("Received"), (READ,),
             lambda s, o, h, d, now: stock.receive(s, o, h, now, imei=read_imei(d["imei"])),
             frozenset({_S.ORDERED, _S.IN_STOCK})),
    StockAct("transfer", _A.TRANSFER, word("Send to another stock"), (
        Field("to_pool", word("Stock")),
    ), lambda s, o, h, d, now: stock.transfer(s, o, h, d["to_pool"], now),
        frozenset({_S.IN_STOCK})),
    StockAct("provision", _A.PROVISION, word("Prepare: give it new keys"), (), _provision,
             _from(_E.PROVISION)),
    StockAct("quarantine", _A.SET_ASIDE, word("Set aside"), (WHY,),
             lambda s, o, h, d, now: stock.quarantine(s, o, h, d["why"], now),
             _from(_E.QUARANTINE)),
    StockAct("report-incident", _A.REPORT_INCIDENT, word("Lost, stolen or broken"), (
        Field("kind", word("What happened"), _K.ONE_OF, choices=IncidentKind), WORDS,
    ), lambda s, o, h, d, now: stock.report_incident(s, o, h, d["kind"], d["words"], now),
        _from(_E.LOSE) | _from(_E.STEAL) | _from(_E.BREAK)),
    StockAct("receive-back", _A.RECONDITION, word("Received back"), (),
             lambda s, o, h, d, now: returning.receive_back(s, o, h, now), _from(_E.TAKE_BACK)),
    StockAct("wipe", _A.RECONDITION, word("Begin its erasure"), (),
             lambda s, o, h, d, now: returning.wipe(s, o, h, now), _from(_E.WIPE)),
    StockAct("prove-wiped", _A.RECONDITION, word("Prove its erasure"), (
        Field("proof", word("How it is known that it remembers nothing"), _K.WORDS),
    ), lambda s, o, h, d, now: returning.prove_wiped(s, o, h, d["proof"], now),
        _from(_E.REFURBISH)),
    StockAct("restock", _A.RECONDITION, word("Back to the stock"), (
        Field("tested", word("Battery, card and button were tried."), _K.TICK),
    ), lambda s, o, h, d, now: returning.back_to_stock(s, o, h, now, tested=d["tested"]),
        _from(_E.RESTOCK)),
    StockAct("place", _A.SET_ASIDE, word("Put it into a stock"), (Field("pool", word("Stock")),),
             lambda s, o, h, d, now: stock.place(s, o, h, d["pool"], now), frozenset(_S)),
    StockAct("describe", _A.SET_ASIDE, word("Correct what is written of it"),
             (*PARTS, IMEI, IMSI), _describe, frozenset(_S)),
    StockAct("lift-recall", _A.SET_ASIDE, word("Lift its recall"), (
        Field("why", word("Ground"), _K.ONE_OF, choices=LiftReason),
    ), lambda s, o, h, d, now: recalling.lift_recall(s, o, h, d["why"], now),
        frozenset(_S) - {_S.RETIRED}),
    StockAct("retire", _A.SET_ASIDE, word("Retire for good"), (WHY,),
             lambda s, o, h, d, now: stock.retire(s, o, h, d["why"], now), _from(_E.RETIRE)),
)  # fmt: skip
BY_NAME: dict[str, StockAct] = {act.name: act for act in STOCK_ACTS}


def do(
    session: Session, officer: Officer, act: StockAct, handset: str, said: Said, now: datetime, *,
    version: int | None = None,
) -> Any:  # fmt: skip
    """The act, on the handset as the page showed it. Raises SomebodyWasFaster for an older one."""
    is_checked = version is not None and act.act is not Act.REPORT_INCIDENT
    if is_checked and found_handset(session, officer, act.act, handset).version != version:
        raise SomebodyWasFaster
    return act.doing(session, officer, handset, said, now)
