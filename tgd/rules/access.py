"""Who may do which act and see which field group of an alert: asked by acts and pages alike.

The field groups are those of art. 2 of the order of 22 April 2015 (NOR JUST1508539A) and the
matrix is its art. 3 and 4; roles that the order does not list see nothing personal. Default deny.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a person may be here; one account has one role."""

    OPERATOR = "operator"  # téléassisteur
    SUPERVISOR = "supervisor"  # of the operators
    PROSECUTOR = "prosecutor"  # parquet
    CONTROL_ROOM = "control_room"  # police CIC, gendarmerie CORG
    ASSOCIATION = "association"
    STOCK_MANAGER = "stock_manager"
    AUDITOR = "auditor"  # DPO
    ADMIN = "admin"
    REGISTRY = "registry"  # greffe


class Act(StrEnum):
    """What can be done, on alerts and on case files."""

    SEE_ALERTS = "see_alerts"
    SEE_TECHNICAL = "see_technical"
    TAKE = "take"
    NOTE = "note"
    RELEASE = "release"
    VERIFY = "verify"
    REQUEST_INTERVENTION = "request_intervention"
    CLOSE = "close"
    COUNTERSIGN = "countersign"  # the second person of four eyes
    SETTLE_TECHNICAL = "settle_technical"
    CALL = "call"  # ring the operator's telephone and the handset into one conversation
    HEAR_RECORDING = "hear_recording"
    ANNOUNCE_EXERCISE = "announce_exercise"
    TELL_ROOM = "tell_room"  # words to everybody on shift
    READ_JOURNAL = "read_journal"
    SEE_FILES = "see_files"
    REFER = "refer"
    ASSESS = "assess"
    GIVE_OPINION = "give_opinion"
    OPEN_FILE = "open_file"
    RECORD_CONDITION = "record_condition"
    DECIDE = "decide"  # every kind of decision, and by delegation when on call
    CLEAR = "clear"  # who may work for a court, until when; with whom the court works
    SEE_CLEARANCES = "see_clearances"
    DELEGATE = "delegate"  # who decides for a court on call, from when to when
    HOLD = "hold"  # keep a file for a procedure
    KEEP_POSITIONS = "keep_positions"  # of one alert, eight days instead of three
    KEEP_EVIDENCE = "keep_evidence"  # recordings and all else of one alert, for a procedure
    RECORD_CONSENT = "record_consent"
    CHANGE_CIRCUMSTANCES = "change_circumstances"
    ACKNOWLEDGE_SHEET = "acknowledge_sheet"  # we work with its newest version
    FOLLOW_UP = "follow_up"
    ACKNOWLEDGE_DEADLINE = "acknowledge_deadline"
    HAND_OVER = "hand_over"
    TAKE_BACK = "take_back"
    REPORT_INCIDENT = "report_incident"
    SEE_STOCK = "see_stock"
    COUNT_STOCK = "count_stock"  # the quarterly census
    RESERVE = "reserve"
    TRANSFER = "transfer"
    PROVISION = "provision"
    RECONDITION = "recondition"  # wipe, test, back to stock
    ACCEPT_MODEL = "accept_model"  # before one of it is given to anybody
    SET_ASIDE = "set_aside"  # quarantine, recall, retire


class FieldGroup(StrEnum):
    """Groups I to IV of art. 2; I.3, I.15 and II.6 are apart because the matrix separates them."""

    PERSON = "I.1-2,4-14"  # identity, places, numbers, decision, terminal
    PHOTOGRAPH = "I.3"
    GEOLOCATION = "I.15"
    RESTRAINED_PERSON = "II.1-5"
    BAN_DATES = "II.6"
    ACCESS_TRACES = "III"
    ALERT_RECORD = "IV"


_R, _A, _F = Role, Act, FieldGroup
_OF_COURT = frozenset(
    {_A.SEE_FILES, _A.REFER, _A.OPEN_FILE, _A.RECORD_CONDITION, _A.RECORD_CONSENT,
     _A.CHANGE_CIRCUMSTANCES, _A.FOLLOW_UP, _A.ACKNOWLEDGE_DEADLINE, _A.HAND_OVER, _A.TAKE_BACK,
     _A.SEE_CLEARANCES, _A.REPORT_INCIDENT, _A.SEE_STOCK, _A.COUNT_STOCK, _A.RESERVE, _A.TRANSFER}
)  # fmt: skip
"""What prosecutor and registry both do in their court; only the prosecutor decides."""

ACTS: dict[Role, frozenset[Act]] = {
    _R.OPERATOR: frozenset(
        {_A.SEE_ALERTS, _A.SEE_TECHNICAL, _A.TAKE, _A.NOTE, _A.RELEASE, _A.VERIFY,
         _A.REQUEST_INTERVENTION, _A.CLOSE, _A.SETTLE_TECHNICAL, _A.REFER, _A.SEE_FILES, _A.CALL}
    ),
    _R.SUPERVISOR: frozenset(
        {_A.SEE_ALERTS, _A.SEE_TECHNICAL, _A.TAKE, _A.NOTE, _A.RELEASE, _A.VERIFY,
         _A.REQUEST_INTERVENTION, _A.CLOSE, _A.COUNTERSIGN, _A.SETTLE_TECHNICAL, _A.REFER,
         _A.SEE_FILES, _A.CALL, _A.HEAR_RECORDING,
         _A.ANNOUNCE_EXERCISE, _A.TELL_ROOM}
    ),
    _R.PROSECUTOR: _OF_COURT
    | {_A.SEE_ALERTS, _A.DECIDE, _A.CLEAR, _A.DELEGATE, _A.HOLD, _A.HEAR_RECORDING,
       _A.KEEP_POSITIONS, _A.KEEP_EVIDENCE},
    _R.REGISTRY: _OF_COURT,
    _R.CONTROL_ROOM: frozenset({_A.SEE_ALERTS, _A.NOTE, _A.REFER, _A.SEE_FILES}),
    _R.ASSOCIATION: frozenset(
        {_A.SEE_FILES, _A.REFER, _A.ASSESS, _A.GIVE_OPINION, _A.RECORD_CONSENT,
         _A.CHANGE_CIRCUMSTANCES, _A.FOLLOW_UP, _A.ACKNOWLEDGE_DEADLINE, _A.ACKNOWLEDGE_SHEET,
         _A.REPORT_INCIDENT}
    ),
    _R.STOCK_MANAGER: frozenset(
        {_A.SEE_TECHNICAL, _A.SETTLE_TECHNICAL, _A.SEE_STOCK, _A.COUNT_STOCK, _A.RESERVE,
         _A.TRANSFER, _A.PROVISION, _A.RECONDITION, _A.SET_ASIDE, _A.ACCEPT_MODEL,
         _A.REPORT_INCIDENT, _A.ACKNOWLEDGE_DEADLINE}
    ),
    _R.AUDITOR: frozenset({_A.READ_JOURNAL}),
    _R.ADMIN: frozenset(),
}  # fmt: skip

NOT_ON_CALL = frozenset({Act.CLEAR, Act.SEE_CLEARANCES, Act.DELEGATE, Act.HOLD, Act.KEEP_EVIDENCE})
"""What a delegation for a night does not carry: it is not handed on, and outlives no night.

Positions are kept longer by it too: three days may end before the weekend does."""

ANSWERS: dict[str, frozenset[str]] = {
    "webhook": frozenset({"received", "taken", "on_the_way", "on_scene", "closed"}),
    "cisu": frozenset({"received", "taken", "on_the_way", "on_scene", "closed"}),
    "voice": frozenset({"received", "taken"}),
    "sms": frozenset({"received"}),
}
"""What a destination of each kind may answer, about its own deliveries only."""

FIELDS: dict[Role, frozenset[FieldGroup]] = {
    _R.OPERATOR: frozenset({_F.PERSON, _F.GEOLOCATION, _F.ALERT_RECORD}),
    _R.SUPERVISOR: frozenset({_F.PERSON, _F.GEOLOCATION, _F.ALERT_RECORD}),
    _R.PROSECUTOR: frozenset(FieldGroup),
    _R.REGISTRY: frozenset(FieldGroup),
    _R.CONTROL_ROOM: frozenset(FieldGroup) - {_F.ACCESS_TRACES},
    _R.ASSOCIATION: frozenset({_F.PERSON, _F.PHOTOGRAPH, _F.BAN_DATES}),
    _R.STOCK_MANAGER: frozenset(),
    _R.AUDITOR: frozenset({_F.ACCESS_TRACES}),
    _R.ADMIN: frozenset(),
}


def may(role: Role, act: Act) -> bool:
    """Whether the role may do the act at all; ownership and state are the act's own rules."""
    return act in ACTS[role]


def may_on_call(role: Role, act: Act) -> bool:
    """Whether somebody of the role does the act for a court that she has on call alone."""
    return role is Role.PROSECUTOR and may(role, act) and act not in NOT_ON_CALL


def sees(role: Role, group: FieldGroup) -> bool:
    """Whether the role may ever see the group; `discloses` adds the moment."""
    return group in FIELDS[role]


def discloses(role: Role, group: FieldGroup, *, alert_open: bool, verified_source: bool) -> bool:
    """Whether a field of the group may be shown now, on the page of an alert.

    Operators and control rooms need an open alert (need to know, art. 3); nothing personal is
    shown for an alert whose source is not proven (a stranger must not learn who she is by
    pressing). A position is shown only while its alert is open (art. 41-3-1: "at the moment when
    she triggers the alert").
    """
    if not sees(role, group):
        return False
    if group is FieldGroup.GEOLOCATION:
        return alert_open
    if group is FieldGroup.PERSON and not verified_source:
        return False
    if role in (Role.OPERATOR, Role.SUPERVISOR, Role.CONTROL_ROOM):
        return alert_open or group is FieldGroup.ALERT_RECORD
    return True
