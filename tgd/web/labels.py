"""Every state, label and act in words: what it is, and what to do about it."""

from tgd.rules.access import FieldGroup, Role
from tgd.rules.alert import AlertState, Outcome, Verified
from tgd.rules.calling import LegState, Party
from tgd.rules.delivery import DeliveryState
from tgd.rules.doubt import Label, Trust
from tgd.rules.forgetting import Keeping
from tgd.rules.territory import Force
from tgd.rules.track import Direction
from tgd.rules.trigger import Method
from tgd.rules.walk import Progress, Step
from tgd.web.words import word

STATES = {
    AlertState.OPEN: word("New"),
    AlertState.TAKEN: word("Taken"),
    AlertState.VERIFIED: word("Doubt removed"),
    AlertState.REQUESTED: word("Intervention requested"),
    AlertState.ACKNOWLEDGED: word("Received by the control room"),
    AlertState.ON_SCENE: word("Patrol on the scene"),
    AlertState.CLOSED: word("Closed"),
}
STEPS = {
    Step.TAKEN: word("Take"),
    Step.VERIFIED: word("Remove the doubt"),
    Step.REQUESTED: word("Ask for the intervention"),
    Step.ACKNOWLEDGED: word("Room has the case"),
    Step.ON_SCENE: word("Patrol there"),
}
PROGRESS = {
    Progress.DONE: word("done"),
    Progress.NOW: word("now"),
    Progress.NEXT: word("to come"),
    Progress.SKIPPED: word("left out"),
}
OUTCOMES = {
    Outcome.MADE_SAFE: word("Person made safe"),
    Outcome.APPREHENDED: word("Aggressor apprehended"),
    Outcome.MET_AND_WARNED: word("Aggressor met and warned"),
    Outcome.NOT_FOUND: word("Nobody found"),
    Outcome.ACCIDENTAL: word("Accidental press"),
    Outcome.TEST: word("Test"),
    Outcome.DUPLICATE: word("Duplicate of another alert"),
    Outcome.OTHER: word("Other"),
}
FINDINGS = {
    Verified.DANGER: word("Danger"),
    Verified.SILENT: word("Silence (counts as danger)"),
    Verified.SAFE_CODE_WORD: word("Safe: code word given"),
    Verified.SAFE_VOICE: word("Safe: reassuring voice"),
}
TRUSTS = {
    Trust.UNKNOWN: word("source unknown"),
    Trust.UNVERIFIED: word("source not proven"),
    Trust.VERIFIED: word("source proven"),
}
DIRECTIONS = {
    Direction.N: word("to the north"),
    Direction.NE: word("to the north-east"),
    Direction.E: word("to the east"),
    Direction.SE: word("to the south-east"),
    Direction.S: word("to the south"),
    Direction.SW: word("to the south-west"),
    Direction.W: word("to the west"),
    Direction.NW: word("to the north-west"),
}
METHODS = {
    Method.GNSS: word("satellites"),
    Method.WIFI: word("Wi-Fi"),
    Method.CELL: word("mobile network"),
    Method.FUSED: word("several combined"),
    Method.UNKNOWN: word("not said"),
}
FORCES = {
    Force.POLICE: word("Police"),
    Force.GENDARMERIE: word("Gendarmerie"),
}
DELIVERIES = {
    DeliveryState.PENDING: word("to be told"),
    DeliveryState.SENT: word("sent, acknowledgement awaited"),
    DeliveryState.RECEIVED: word("received"),
    DeliveryState.TAKEN: word("taken by a human"),
    DeliveryState.REFUSED: word("refused, tried again"),
    DeliveryState.WITHDRAWN: word("no longer needed"),
}
LEGS = {
    LegState.WAITING: word("waits until the operator listens"),
    LegState.ASKED: word("asked for"),
    LegState.RINGING: word("rings"),
    LegState.ANSWERED: word("answered"),
    LegState.BUSY: word("busy"),
    LegState.NO_ANSWER: word("no answer"),
    LegState.FAILED: word("failed"),
    LegState.ENDED: word("ended"),
}
HEARD = (
    word("Cries"),
    word("A man’s voice"),
    word("Children’s voices"),
    word("Silence"),
    word("Words agreed with her were said"),
)
"""What an operator hears in a call and writes by one press, while both hands are busy."""
PARTIES = {
    Party.OPERATOR: word("operator’s telephone"),
    Party.HANDSET: word("handset"),
}
NO_CALLS = {
    "unanswered": word("the provider does not answer: ring by hand"),
    "no_news": word("the provider never said that it rang"),
    "no_number": word("no number is known"),
    "too_late": word("it came too late to ring"),
    "operator_not_reached": word("the operator’s telephone was not answered"),
}
"""Why a telephone was not rung; other reasons are the provider's own codes."""
KEPT = {
    Keeping.POSITIONS: word("Positions kept for 8 days"),
    Keeping.PROCEDURE: word("Recordings and all else kept for a procedure"),
    "file": word("The whole file is kept for a procedure"),
}
ANSWERS = {
    "received": word("received"),
    "taken": word("taken by a human"),
    "on_the_way": word("patrol on the way"),
    "on_scene": word("Patrol on the scene"),
    "closed": word("Closed"),
}
"""What a destination answered by itself."""
KINDS = {
    "webhook": word("platform"),
    "cisu": word("control room"),
    "voice": word("call"),
    "sms": word("text message"),
}
"""What is told next, by its kind in the policy."""
ROLES = {
    Role.OPERATOR: word("operator"),
    Role.SUPERVISOR: word("supervisor"),
    Role.PROSECUTOR: word("prosecutor"),
    Role.CONTROL_ROOM: word("control room"),
    Role.ASSOCIATION: word("association"),
    Role.STOCK_MANAGER: word("stock manager"),
    Role.AUDITOR: word("auditor"),
    Role.ADMIN: word("administrator"),
    Role.REGISTRY: word("court registry"),
}
GROUPS = {
    FieldGroup.PERSON: word("person and places"),
    FieldGroup.GEOLOCATION: word("position"),
    FieldGroup.ALERT_RECORD: word("record of the alert"),
}
TECHNICAL = {
    "silent": word("has not been heard for a while"),
    "low_battery": word("battery nearly empty"),
    "lost": word("connection lost"),
    "test_missed": word("no test press for 15 days"),
    "sim_changed": word("another SIM card than before"),
}

SHEET = {
    "speech_or_disability": word("Can she speak and hear?"),
    "contacts": word("Emergency contacts"),
    "telephones": word("Her other numbers"),
    "children": word("Children and their schools"),
    "pets": word("Animals at home"),
    "birth_date": word("Date of birth"),
    "work": word("Work"),
    "family": word("Family situation"),
}
"""The case sheet as it is read during an alert: what those who answer and come need first."""

LABELS = {
    Label.UNKNOWN_SOURCE: (
        word("unknown source"),
        word("Nobody we know: treat it as a call for help and read the message as received."),
    ),
    Label.MANY_SOURCES: (
        word("several unknown sources"),
        word("Too many unknown sources at once share this alert: read every message as received."),
    ),
    Label.NO_ALLOCATION: (
        word("not allocated"),
        word("This handset is given to nobody: whoever holds it may be in danger."),
    ),
    Label.ALLOCATION_ENDED: (
        word("allocation ended"),
        word("The allocation has ended, the danger may not have: treat it as real."),
    ),
    Label.STOLEN: (
        word("stolen"),
        word("May be the aggressor: do not call the handset back; reach the person another way."),
    ),
    Label.LOST: (
        word("lost"),
        word("Reported lost: somebody else may hold it; reach the person another way as well."),
    ),
    Label.RETIRED: (
        word("retired"),
        word("Taken out of service, and somebody holds it: verify who speaks, send help as ever."),
    ),
    Label.SIM_CHANGED: (
        word("other SIM card"),
        word("It has another SIM card than before: a repair, or other hands; verify who speaks."),
    ),
    Label.UNSIGNED: (
        word("unsigned"),
        word("The message proves nothing about its sender: verify before you disclose anything."),
    ),
    Label.BAD_SIGNATURE: (
        word("wrong signature"),
        word("The signature is wrong: it may be somebody else; verify, and do not ignore it."),
    ),
    Label.REPLAYED: (
        word("possible replay"),
        word("The handset's counter went back: a repair, or somebody repeats an old message."),
    ),
    Label.LATE: (
        word("late"),
        word("Pressed more than 5 minutes before it arrived: the position may be old."),
    ),
    Label.VERY_LATE: (
        word("very late"),
        word("Pressed more than a day before it arrived: call and check before anything else."),
    ),
    Label.CLOCK_IMPLAUSIBLE: (
        word("clock wrong"),
        word("The handset's clock is wrong: believe the time of arrival only."),
    ),
    Label.NO_POSITION: (
        word("no position"),
        word("No position came: use the known places of the person."),
    ),
    Label.POSITION_WITHHELD: (
        word("position withheld"),
        word("A position came and was not kept: there is no agreement to geolocation."),
    ),
    Label.UNDECODABLE: (
        word("unreadable"),
        word("The message could not be read: look at it as received and call back."),
    ),
    Label.FREE_TEXT: (
        word("free text"),
        word("Written in free words: read the message as received."),
    ),
    Label.CANCEL_ASKED: (
        word("cancel asked"),
        word("A cancellation came from the handset: never close on that alone, hear her."),
    ),
    Label.DURESS: (
        word("under duress"),
        word("Duress signal: act as in danger and say nothing of it on the handset."),
    ),
    Label.FALL: (word("fall"), word("A fall was detected: she may be unable to speak.")),
    Label.TEST_UNVERIFIED: (
        word("test not proven"),
        word("Says that it is a test, without proof: treat it as real."),
    ),
}
"""Each label: a word for the list, and a sentence of what to do for the sheet."""

ACTS = {
    "AlertOpened": word("Alert received"),
    "TriggerJoined": word("Pressed again"),
    "TriggerSeenAgain": word("Same press received by another way"),
    "TriggerReplayed": word("Same press repeated late: may be a replay"),
    "AlertAcknowledged": word("Alert taken"),
    "AlertKept": word("Taken again by the same person"),
    "AlertReleased": word("Alert given back"),
    "AlertOffered": word("Offered to a colleague"),
    "AlertHandedOn": word("Taken from a colleague’s hands"),
    "OfferDeclined": word("Offer declined"),
    "OfferTakenBack": word("Offer taken back"),
    "OwnershipLapsed": word("Ownership lapsed: the alert rings again"),
    "NoteWritten": word("Note written"),
    "VerificationDone": word("Doubt removed"),
    "InterventionRequested": word("Intervention requested"),
    "InterventionAcknowledged": word("Received by the control room"),
    "PatrolOnTheWay": word("Patrol on the way"),
    "PatrolOnScene": word("Patrol on the scene"),
    "EndReported": word("Said outside how it ended"),
    "ClosingProposed": word("Closing proposed: a second person must countersign"),
    "AlertBecameReal": word("Made a real alert"),
    "AlertClosed": word("Alert closed"),
    "DeliveryTold": word("Destination told"),
    "DeliveryToldBlind": word("Destination told while the record was away"),
    "DeliverySent": word("Sent, acknowledgement awaited"),
    "DeliveryReceived": word("Received by the destination"),
    "DeliveryRefused": word("Refused by the destination"),
    "DeliveryFailed": word("The destination could not be reached"),
    "AnswerHeard": word("Answer heard"),
    "CallWanted": word("Call to the handset wanted"),
    "CallMoved": word("Call"),
    "SpeakingWanted": word("Wants to be heard in the call"),
    "SpeakingBegun": word("The operator is heard in the call"),
    "SpeakingRefused": word("The provider does not let the operator be heard"),
    "RecordingKept": word("Recording kept"),
    "RecordingMissing": word("No recording came about"),
    "RecordingHeard": word("Recording listened to"),
    "RecordingFingerprinted": word("Fingerprint of the recording taken"),
    "RecordingCopied": word("Sealed copy of the recording made"),
    "RecordingDiffers": word("The provider gives another sound than was recorded"),
    "RecordingErased": word("Recording erased"),
    "PositionsKept": word("Positions kept for 8 days"),
    "PositionsLetGo": word("Positions kept longer no more"),
    "EvidenceKept": word("Recordings and all else kept for a procedure"),
    "EvidenceLetGo": word("Kept for a procedure no longer"),
    "TelephoneChosen": word("Telephone for calls chosen"),
    "ExerciseAnnounced": word("Exercise announced"),
    "ExerciseEnded": word("Exercise ended"),
    "AccessLogged": word("Looked at"),
    "AccessRefused": word("Access refused"),
    "SignedIn": word("Signed in"),
    "SignedOut": word("Signed out"),
    "SignInRefused": word("Wrong password"),
    "AccountMade": word("Account made"),
    "AccountDescribed": word("Account described"),
    "AccountDisabled": word("Account disabled"),
    "SoundSilenced": word("Sound silenced for a minute at one console"),
    "ShiftStarted": word("Shift begun"),
    "ShiftEnded": word("Shift ended"),
    "ShiftHandedOver": word("Shift handed over"),
    "HandOverConfirmed": word("Hand-over confirmed"),
    "RoomTold": word("Message to the room"),
    "RoomWordsRead": word("Message to the room read"),
    "RoomWordsEnded": word("Message to the room ended"),
    "TechnicalShelved": word("Technical item put aside"),
    "TechnicalSettled": word("Technical item settled"),
    "HandsetEnrolled": word("Handset enrolled"),
    "NoticeTold": word("Told outside the console"),
    "NoticeNotTold": word("Not told outside the console yet"),
    "NoticeArrived": word("The text arrived"),
    "NoticeNotDelivered": word("The text did not arrive"),
    "HandsetGiven": word("Handset given"),
    "HandsetStateChanged": word("State of the handset changed"),
    "ConsentGiven": word("Agreement given"),
    "ConsentWithdrawn": word("Agreement withdrawn"),
    "StockRevealed": word("Numbers of the stock revealed"),
}
"""Each act of the journal as a sentence; an act without one is shown by its name."""

LAPSES = {
    "idle": word("nothing was done for too long"),
    "unseen": word("the owner's screen gave no sign"),
}

MACHINES = frozenset({"dispatch", "gateway"})
"""Lines written by these are automatic and greyed."""
