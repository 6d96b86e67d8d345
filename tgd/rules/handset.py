"""Where a handset can be in its life, what leads from one place to another, and what a press means.

No state mutes a handset: an expired, returned, lost or unknown one that presses is an alert.
"""

from enum import StrEnum

from tgd.rules import transitions


class HandsetState(StrEnum):
    """The states of the stock (attribution papers call `issued` *remis*)."""

    IN_STOCK = "in_stock"
    RESERVED = "reserved"  # kept for one case file
    PROVISIONED = "provisioned"  # carries keys; bound to the profile it was prepared for
    ISSUED = "issued"  # in the hands of a protected person
    RETURNED = "returned"
    LOST = "lost"
    STOLEN = "stolen"
    FAULTY = "faulty"
    RETIRED = "retired"  # never again in somebody's hands
    ORDERED = "ordered"  # not yet received
    RETURN_DUE = "return_due"  # the allocation ended, she still has it: it still works
    WIPING = "wiping"  # its data and keys are being erased
    REFURBISHED = "refurbished"  # erased, proof written; not yet tested
    QUARANTINED = "quarantined"  # kept aside: a recall, a doubt


class HandsetEvent(StrEnum):
    """What can happen to a handset."""

    RECEIVE = "receive"
    RESERVE = "reserve"
    UNRESERVE = "unreserve"
    PROVISION = "provision"
    ISSUE = "issue"
    END = "end"  # the decision has ended; the handset is asked back and goes on working
    PROLONG = "prolong"  # renewed after its end
    TAKE_BACK = "take_back"
    WIPE = "wipe"
    REFURBISH = "refurbish"
    RESTOCK = "restock"
    LOSE = "lose"
    STEAL = "steal"
    BREAK = "break"
    FIND = "find"  # she has found it again
    QUARANTINE = "quarantine"
    RETIRE = "retire"


PROVES_NOTHING = frozenset({HandsetState.STOLEN, HandsetState.RETIRED})
"""Its secret, certificate or signature are in other hands: heard as ever, believed by nobody."""

_S, _E = HandsetState, HandsetEvent
_HELD_BY_US = (
    _S.IN_STOCK, _S.RESERVED, _S.PROVISIONED, _S.RETURNED, _S.WIPING, _S.REFURBISHED,
    _S.QUARANTINED,
)  # fmt: skip
_WITH_HER = (_S.ISSUED, _S.RETURN_DUE)

TRANSITIONS: dict[tuple[HandsetState, HandsetEvent], HandsetState] = {
    (_S.ORDERED, _E.RECEIVE): _S.IN_STOCK,
    (_S.IN_STOCK, _E.RESERVE): _S.RESERVED,
    (_S.PROVISIONED, _E.RESERVE): _S.RESERVED,  # enrolled with keys and never kept for anybody
    (_S.RESERVED, _E.UNRESERVE): _S.IN_STOCK,
    (_S.PROVISIONED, _E.UNRESERVE): _S.IN_STOCK,
    (_S.RESERVED, _E.PROVISION): _S.PROVISIONED,
    (_S.PROVISIONED, _E.PROVISION): _S.PROVISIONED,  # new keys
    (_S.PROVISIONED, _E.ISSUE): _S.ISSUED,
    (_S.ISSUED, _E.END): _S.RETURN_DUE,
    (_S.RETURN_DUE, _E.PROLONG): _S.ISSUED,
    **{(s, _E.TAKE_BACK): _S.RETURNED
       for s in (*_WITH_HER, _S.LOST, _S.STOLEN, _S.FAULTY, _S.QUARANTINED)},
    (_S.RETURNED, _E.WIPE): _S.WIPING,
    (_S.WIPING, _E.REFURBISH): _S.REFURBISHED,
    (_S.REFURBISHED, _E.RESTOCK): _S.IN_STOCK,
    **{(s, _E.LOSE): _S.LOST for s in (*_HELD_BY_US, *_WITH_HER, _S.ORDERED, _S.FAULTY)},
    **{(s, _E.STEAL): _S.STOLEN
       for s in (*_HELD_BY_US, *_WITH_HER, _S.ORDERED, _S.FAULTY, _S.LOST)},
    **{(s, _E.BREAK): _S.FAULTY for s in (*_HELD_BY_US, *_WITH_HER, _S.ORDERED)},
    (_S.LOST, _E.FIND): _S.ISSUED,
    (_S.STOLEN, _E.FIND): _S.ISSUED,
    **{(s, _E.QUARANTINE): _S.QUARANTINED
       for s in (*_HELD_BY_US, _S.FAULTY) if s is not _S.QUARANTINED},
    **{(s, _E.RETIRE): _S.RETIRED
       for s in (_S.IN_STOCK, _S.RETURNED, _S.REFURBISHED, _S.QUARANTINED, _S.FAULTY, _S.LOST,
                 _S.STOLEN)},
}  # fmt: skip
"""What the acts of a court follow. Nothing leads out of `retired`."""


def after(state: HandsetState, event: HandsetEvent) -> HandsetState:
    """The state after the event; raises WrongState for anything that the table does not hold."""
    return transitions.apply(TRANSITIONS, state, event)


GIVABLE = (_S.IN_STOCK, _S.RESERVED, _S.PROVISIONED)
"""By the command line's shortcut: a returned one is wiped and tested first, a lost one found."""
MAY_BECOME: dict[HandsetState, frozenset[HandsetState]] = {
    _S.ORDERED: frozenset({_S.IN_STOCK, _S.LOST, _S.STOLEN, _S.FAULTY}),
    _S.IN_STOCK: frozenset({_S.RESERVED, _S.PROVISIONED, _S.FAULTY, _S.LOST, _S.STOLEN,
                            _S.RETIRED, _S.QUARANTINED}),
    _S.RESERVED: frozenset({_S.IN_STOCK, _S.PROVISIONED, _S.FAULTY, _S.LOST, _S.STOLEN}),
    _S.PROVISIONED: frozenset({_S.IN_STOCK, _S.RESERVED, _S.FAULTY, _S.LOST, _S.STOLEN,
                               _S.RETIRED}),
    _S.ISSUED: frozenset({_S.RETURNED, _S.FAULTY, _S.LOST, _S.STOLEN}),
    _S.RETURN_DUE: frozenset({_S.RETURNED, _S.FAULTY, _S.LOST, _S.STOLEN}),
    _S.RETURNED: frozenset({_S.IN_STOCK, _S.FAULTY, _S.LOST, _S.STOLEN, _S.RETIRED}),
    _S.WIPING: frozenset({_S.REFURBISHED, _S.FAULTY, _S.LOST, _S.STOLEN}),
    _S.REFURBISHED: frozenset({_S.IN_STOCK, _S.FAULTY, _S.LOST, _S.STOLEN, _S.RETIRED}),
    _S.QUARANTINED: frozenset({_S.RETURNED, _S.LOST, _S.STOLEN, _S.RETIRED}),
    _S.LOST: frozenset({_S.ISSUED, _S.RETURNED, _S.STOLEN, _S.RETIRED}),
    _S.STOLEN: frozenset({_S.ISSUED, _S.RETURNED, _S.RETIRED}),
    _S.FAULTY: frozenset({_S.ISSUED, _S.RETURNED, _S.IN_STOCK, _S.RETIRED}),
    _S.RETIRED: frozenset({_S.IN_STOCK}),
}  # fmt: skip
"""By a human's word on the command line, which repairs what really happened; `issued` from the
stock only by giving it to somebody."""


class ConsentScope(StrEnum):
    """What a protected person agrees to, each separately and revocably (art. 41-3-1 CPP)."""

    DEVICE = "device"
    GEOLOCATION = "geolocation"


class IncidentKind(StrEnum):
    """What can befall a handset, whoever has it."""

    LOST = "lost"
    STOLEN = "stolen"
    BROKEN = "broken"


class AsideReason(StrEnum):
    """Why a handset is kept aside or retired; words of ours, since the journal keeps them."""

    RECALL = "recall"
    DOUBT = "doubt"
    DAMAGED = "damaged"
    WORN_OUT = "worn_out"
    OLD_RADIO = "old_radio"
    GONE = "gone"


class LiftReason(StrEnum):
    """Why a handset is recalled no longer."""

    REPAIRED = "repaired"
    CHECKED = "checked"  # it does not have the fault
    MISTAKEN = "mistaken"  # the recall was meant for others


INCIDENT_EVENTS = {
    IncidentKind.LOST: _E.LOSE,
    IncidentKind.STOLEN: _E.STEAL,
    IncidentKind.BROKEN: _E.BREAK,
}


class TechnicalKind(StrEnum):
    """What is to be mended; never an alert."""

    SILENT = "silent"
    LOW_BATTERY = "low_battery"
    LOST = "lost"
    TEST_MISSED = "test_missed"
    SIM_CHANGED = "sim_changed"


LOW_BATTERY_PCT = 15
"""Below this a technical item is opened (DOMAIN 8.2)."""
SILENT_AFTER_S = 30 * 60
"""Twice the 15 minutes between two life signs (RELIABILITY F01)."""
