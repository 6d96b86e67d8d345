"""The tables: columns and constraints, nothing else.

What protects a life is a constraint here: one open alert per source, one row per trigger, no open
alert without a moment to look again, no overlapping allocation.
"""

from sqlmodel import SQLModel

from tgd.records.accounts import (
    Account,
    FormDone,
    HandOver,
    RoomWords,
    RoomWordsRead,
    Shift,
    WebSession,
)
from tgd.records.alerts import (
    Alert,
    AlertMerge,
    AlertPosition,
    AlertTrigger,
    Note,
    Sighting,
)
from tgd.records.calls import CallLeg, Conversation, Exercise, Recording, RecordingCopy
from tgd.records.courts import (
    Clearance,
    Commune,
    Court,
    LegalTextAdded,
    Partner,
    PartnershipAgreement,
    Pool,
)
from tgd.records.deliveries import AnswerHeard, Delivery, ProviderMessage
from tgd.records.equipment import (
    CaseSheet,
    HandsetIncident,
    HandsetTransfer,
    ModelAcceptance,
    Provisioning,
    Recall,
    ReturnCertificate,
    SheetCopy,
    StockCensus,
    TestPress,
    WipeProof,
)
from tgd.records.files import (
    Assessment,
    CaseFile,
    ConditionRecord,
    Deadline,
    Decision,
    FileTransfer,
    FollowUp,
    LegalHold,
    Opinion,
    Referral,
    RestrainedPerson,
)
from tgd.records.journal import Journal
from tgd.records.keeping import KeptLonger
from tgd.records.notices import Notice, NoticeTelling
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
    "Assessment",
    "CallLeg",
    "CaseFile",
    "CaseSheet",
    "Clearance",
    "Commune",
    "ConditionRecord",
    "Consent",
    "Conversation",
    "Court",
    "Deadline",
    "Decision",
    "Delivery",
    "Exercise",
    "FileTransfer",
    "FollowUp",
    "FormDone",
    "HandOver",
    "Handset",
    "HandsetIncident",
    "HandsetStatus",
    "HandsetTransfer",
    "Journal",
    "KeptLonger",
    "LegalHold",
    "LegalTextAdded",
    "ModelAcceptance",
    "Note",
    "Notice",
    "NoticeTelling",
    "Opinion",
    "Partner",
    "PartnershipAgreement",
    "Pool",
    "ProtectedPerson",
    "ProviderMessage",
    "Provisioning",
    "Recall",
    "Recording",
    "RecordingCopy",
    "Referral",
    "RestrainedPerson",
    "ReturnCertificate",
    "RoomWords",
    "RoomWordsRead",
    "SQLModel",
    "SheetCopy",
    "Shift",
    "Sighting",
    "StockCensus",
    "TechnicalItem",
    "TestPress",
    "WebSession",
    "WipeProof",
]
