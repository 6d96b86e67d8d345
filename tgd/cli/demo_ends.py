"""What ends, is recalled or goes elsewhere in the demonstration's court, by the acts themselves."""

from datetime import datetime, timedelta

from sqlmodel import Session

from tgd.allocation import accepting, agreeing, recalling, referring, returning, stock, transferring
from tgd.allocation.acting import Officer, officer
from tgd.rules.access import Role
from tgd.rules.handset import AsideReason

SWOLLEN = "B-1100"
"""A battery that one woman carries, and that is recalled."""
WHY = "La batterie gonfle en charge ; le fournisseur la remplace."


def agree(session: Session, court: str, lead: str, second: str, now: datetime) -> None:
    """One agreement ends in 50 days, the other in a year."""
    for association, number, days in ((lead, "2025/3", 50), (second, "2026/1", 365)):
        last_day = (now + timedelta(days=days)).date()
        agreeing.agree(session, None, court, association, f"Convention {number}", last_day, now)


def send_here(
    session: Session, name: str, other: str, court: str, moving: str, now: datetime
) -> None:
    """A file of the other court, which asks this one to take it over."""
    seen = referring.refer(
        session, None, other, f"{moving} FICTIVE", "Il a retrouvé son adresse ; elle part.", now
    )
    who = officer(session, name, Role.PROSECUTOR, now)
    transferring.ask_transfer(
        session, who, seen.id, court, "Elle est hébergée à Nanterre depuis lundi.", now
    )


def recall(session: Session, manager: Officer, handset: str, now: datetime) -> None:
    """The battery of a handset that is carried is recalled."""
    said = {"model": None, "battery": SWOLLEN, "radio": None, "number": None}
    stock.describe(session, manager, handset, said, now)
    recalling.recall(session, manager, "battery", SWOLLEN, WHY, now)


def being_erased(
    session: Session, manager: Officer, first: str, second: str, now: datetime
) -> None:
    """Two that came back: one is being erased, the other is erased and not yet tried."""
    for handset in (first, second):
        stock.quarantine(session, manager, handset, AsideReason.DOUBT, now)
        returning.receive_back(session, manager, handset, now)
        returning.wipe(session, manager, handset, now)
    returning.prove_wiped(session, manager, second, "Effacé par le parc, rapport fictif 17.", now)


def try_models(session: Session, manager: Officer, models: list[str], now: datetime) -> None:
    """Two models were tried; the third, whose network ends, was not."""
    test = "Essai fictif : appui, vibreur, chute, pluie, 48 h de batterie. Rapport 2026/7."
    for model in models:
        accepting.accept_model(session, manager, model, test, now, tried=True)
