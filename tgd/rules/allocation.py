"""The life of one allocation (*attribution*), from referral to forgetting: states, events, table.

Nothing here knows who acts, and nothing here silences a handset: an allocation that has ended is a
label on a press, never a refusal.
"""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tgd.rules import transitions


class AllocationState(StrEnum):
    """Each state says who has the next word."""

    REPORTED = "reported"  # a referral is there: association or prosecutor's office
    UNDER_EVALUATION = "under_evaluation"  # the association assesses
    OPINION_GIVEN = "opinion_given"  # prosecutor: open the file
    DECISION_PENDING = "decision_pending"  # prosecutor: decide
    REFUSED = "refused"
    MERGED = "merged"  # the same woman has an open file: what was reported goes on there
    GRANTED = "granted"  # handset, consents, sheet and test are being made ready
    ACTIVE = "active"  # she carries it
    SUSPENDED = "suspended"  # he is detained: kept for the release, she may still press
    EXPIRED = "expired"  # nobody renewed: the handset is asked back, and still works
    WITHDRAWN = "withdrawn"  # the handset is asked back, and still works
    CLOSED = "closed"  # returned, or found to be gone for good: purge clocks run
    PURGED = "purged"  # what had to be forgotten is forgotten


class AllocationEvent(StrEnum):
    """What can happen to an allocation."""

    ASSESS = "assess"
    GIVE_OPINION = "give_opinion"
    OPEN_FILE = "open_file"
    ASK_FOR_MORE = "ask_for_more"
    GRANT = "grant"
    REFUSE = "refuse"
    MERGE = "merge"  # into the open file of the same woman
    HAND_OVER = "hand_over"
    RENEW = "renew"
    SHORTEN = "shorten"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    TRANSFER = "transfer"  # to another court: she has moved
    TAKE_BACK = "take_back"
    SETTLE = "settle"  # there is no handset to take back
    PURGE = "purge"


_S, _E = AllocationState, AllocationEvent
UNDECIDED = (_S.REPORTED, _S.UNDER_EVALUATION, _S.OPINION_GIVEN, _S.DECISION_PENDING)
"""Nobody has granted or refused it yet."""
TRANSITIONS: dict[tuple[AllocationState, AllocationEvent], AllocationState] = {
    (_S.REPORTED, _E.ASSESS): _S.UNDER_EVALUATION,
    (_S.REPORTED, _E.OPEN_FILE): _S.DECISION_PENDING,  # urgent: nobody waits for an opinion
    (_S.UNDER_EVALUATION, _E.ASSESS): _S.UNDER_EVALUATION,
    (_S.UNDER_EVALUATION, _E.GIVE_OPINION): _S.OPINION_GIVEN,
    (_S.UNDER_EVALUATION, _E.OPEN_FILE): _S.DECISION_PENDING,
    (_S.OPINION_GIVEN, _E.ASSESS): _S.UNDER_EVALUATION,
    (_S.OPINION_GIVEN, _E.OPEN_FILE): _S.DECISION_PENDING,
    (_S.DECISION_PENDING, _E.ASK_FOR_MORE): _S.UNDER_EVALUATION,
    (_S.DECISION_PENDING, _E.GRANT): _S.GRANTED,
    (_S.DECISION_PENDING, _E.REFUSE): _S.REFUSED,
    (_S.GRANTED, _E.HAND_OVER): _S.ACTIVE,
    (_S.GRANTED, _E.SHORTEN): _S.GRANTED,
    (_S.GRANTED, _E.RENEW): _S.GRANTED,
    (_S.GRANTED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.GRANTED, _E.SETTLE): _S.CLOSED,  # its time passed before any hand-over
    (_S.ACTIVE, _E.RENEW): _S.ACTIVE,
    (_S.ACTIVE, _E.SHORTEN): _S.ACTIVE,
    (_S.ACTIVE, _E.SUSPEND): _S.SUSPENDED,
    (_S.ACTIVE, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.ACTIVE, _E.EXPIRE): _S.EXPIRED,
    (_S.SUSPENDED, _E.RESUME): _S.ACTIVE,
    (_S.SUSPENDED, _E.RENEW): _S.SUSPENDED,
    (_S.SUSPENDED, _E.SHORTEN): _S.SUSPENDED,  # he is detained, and the judge gave no order
    (_S.SUSPENDED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.SUSPENDED, _E.EXPIRE): _S.EXPIRED,
    (_S.EXPIRED, _E.RENEW): _S.ACTIVE,  # late, and she has kept it: no new hand-over
    (_S.EXPIRED, _E.WITHDRAW): _S.WITHDRAWN,  # she has died; nothing else ends it once more
    (_S.EXPIRED, _E.TAKE_BACK): _S.CLOSED,
    (_S.EXPIRED, _E.SETTLE): _S.CLOSED,
    (_S.WITHDRAWN, _E.WITHDRAW): _S.WITHDRAWN,  # she has died since
    (_S.WITHDRAWN, _E.TAKE_BACK): _S.CLOSED,
    (_S.WITHDRAWN, _E.SETTLE): _S.CLOSED,
    **{
        (state, event): state  # what is renewed is assessed and advised about anew
        for state in (_S.ACTIVE, _S.SUSPENDED, _S.EXPIRED)
        for event in (_E.ASSESS, _E.GIVE_OPINION)
    },
    **{(state, _E.MERGE): _S.MERGED for state in UNDECIDED},
    **{
        (state, _E.TRANSFER): state
        for state in AllocationState
        if state not in (_S.REFUSED, _S.MERGED, _S.CLOSED, _S.PURGED)
    },
    (_S.CLOSED, _E.PURGE): _S.PURGED,
    (_S.REFUSED, _E.PURGE): _S.PURGED,
    (_S.MERGED, _E.PURGE): _S.PURGED,
}


def after(state: AllocationState, event: AllocationEvent) -> AllocationState:
    """The state after the event; raises WrongState for anything that the table does not hold."""
    return transitions.apply(TRANSITIONS, state, event)


class DecisionKind(StrEnum):
    """What a prosecutor can sign."""

    GRANT = "grant"
    REFUSE = "refuse"
    ASK_FOR_MORE = "ask_for_more"
    RENEW = "renew"
    SHORTEN = "shorten"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    TRANSFER = "transfer"  # signed by the court that takes it over


EVENT_OF: dict[DecisionKind, AllocationEvent] = {k: AllocationEvent(k.value) for k in DecisionKind}


class EndReason(StrEnum):
    """Why an allocation ends (DOMAIN 3.4)."""

    BENEFICIARY_REQUEST = "beneficiary_request"
    RESTRAINED_PERSON_DETAINED = "restrained_person_detained"
    DANGER_ENDED = "danger_ended"
    RULES_BREACH = "rules_breach"
    EXPIRY = "expiry"
    OPPI_NOT_CONFIRMED = "oppi_not_confirmed"
    COHABITATION_RESUMED = "cohabitation_resumed"
    MOVED_ABROAD = "moved_abroad"
    DEATH = "death"


class OpinionKind(StrEnum):
    """What an association can advise."""

    FAVOURABLE = "favourable"
    RESERVED = "reserved"
    UNFAVOURABLE = "unfavourable"


class TransferOutcome(StrEnum):
    """What became of a file that another court was asked to take over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by the court that had asked


class ToldHow(StrEnum):
    """How she was told that he comes out."""

    BY_TELEPHONE = "by_telephone"
    IN_PERSON = "in_person"
    BY_MESSAGE = "by_message"
    BY_LETTER = "by_letter"


WITH_HER = frozenset({_S.ACTIVE, _S.SUSPENDED, _S.EXPIRED, _S.WITHDRAWN})
"""States in which a handset may be in her hands."""
ENDED = frozenset({_S.REFUSED, _S.MERGED, _S.CLOSED, _S.PURGED})


def reference(number: int | None) -> str:
    """What people say and write about a case file: `TGD-000042`."""
    return f"TGD-{number or 0:06d}"


def content_hash(decision: Mapping[str, Any]) -> str:
    """What a signature stands on: SHA-256 of the decision's words, canonical and in UTF-8."""
    text = json.dumps(decision, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
