"""The tables: columns and constraints, nothing else.

What protects a life is a constraint here: one open alert per source, one row per trigger, no open
alert without a moment to look again, no overlapping allocation.
"""

from sqlmodel import SQLModel

from tgd.records.accounts import Account, WebSession
from tgd.records.alerts import (
    Alert,
    AlertMerge,
    AlertPosition,
    AlertTrigger,
    Note,
    Sighting,
)
from tgd.records.deliveries import AnswerHeard, Delivery, ProviderMessage
from tgd.records.journal import Journal
from tgd.records.people import (
    Allocation,
    Consent,
    Handset,
    HandsetStatus,
    ProtectedPerson,
    TechnicalItem,
)

__all__ = [
    "Account",
    "Alert",
    "AlertMerge",
    "AlertPosition",
    "AlertTrigger",
    "Allocation",
    "AnswerHeard",
    "Consent",
    "Delivery",
    "Handset",
    "HandsetStatus",
    "Journal",
    "Note",
    "ProtectedPerson",
    "ProviderMessage",
    "SQLModel",
    "Sighting",
    "TechnicalItem",
    "WebSession",
]
