"""States, conditions, choices and acts of case files and handsets in words."""

from enum import StrEnum

from tgd.casework.fields import YesNo
from tgd.casework.file_acts import Answer
from tgd.rules.allocation import (
    AllocationState,
    DecisionKind,
    EndReason,
    OpinionKind,
    ToldHow,
    TransferOutcome,
)
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.delegation import Standing
from tgd.rules.handset import AsideReason, ConsentScope, HandsetState, IncidentKind, LiftReason
from tgd.rules.law import Condition, Relation, Route
from tgd.rules.law_texts import BanFramework, ImminentDangerGround
from tgd.rules.territory import Force
from tgd.web.words import word

_S, _H, _K, _C, _B = AllocationState, HandsetState, DeadlineKind, Condition, BanFramework
STATES: dict[StrEnum, str] = {
    _S.REPORTED: word("Reported"), _S.UNDER_EVALUATION: word("Under evaluation"),
    _S.OPINION_GIVEN: word("Opinion given"), _S.DECISION_PENDING: word("To be decided"),
    _S.REFUSED: word("Refused"), _S.MERGED: word("Closed: another file of her goes on"),
    _S.GRANTED: word("Granted, not handed over"),
    _S.ACTIVE: word("Handed over"), _S.SUSPENDED: word("Suspended"),
    _S.EXPIRED: word("Expired: to be given back"),
    _S.WITHDRAWN: word("Withdrawn: to be given back"), _S.CLOSED: word("Closed and settled"),
    _S.PURGED: word("Erased"),
}  # fmt: skip
HANDSETS: dict[StrEnum, str] = {
    _H.IN_STOCK: word("in the stock"), _H.RESERVED: word("reserved"),
    _H.PROVISIONED: word("prepared"), _H.ISSUED: word("handed over"),
    _H.RETURNED: word("given back"), _H.LOST: word("lost"), _H.STOLEN: word("stolen"),
    _H.FAULTY: word("broken"), _H.RETIRED: word("retired"), _H.ORDERED: word("ordered"),
    _H.RETURN_DUE: word("to be given back"), _H.WIPING: word("being erased"),
    _H.REFURBISHED: word("erased, to be tried"), _H.QUARANTINED: word("set aside"),
}  # fmt: skip
DEADLINES: dict[StrEnum, str] = {
    _K.REFERRAL_WAITING: word("Referral waits for a decision"),
    _K.HAND_OVER_WAITING: word("Granted: hand-over waits"),
    _K.RENEWAL_FIRST: word("Renewal: first reminder"),
    _K.RENEWAL_SECOND: word("Renewal: second reminder"),
    _K.RENEWAL_LAST: word("Renewal: last reminder"),
    _K.ALLOCATION_END: word("End of the allocation"), _K.BAN_END: word("End of the ban"),
    _K.OPPI_UNCONFIRMED: word("Immediate order not confirmed"),
    _K.RELEASE: word("His expected release"), _K.TEST_DUE: word("Test press due"),
    _K.TEST_CALL: word("No test came: call her"),
    _K.TEST_VISIT: word("Not reached: go and see her"),
    _K.RETURN_DUE: word("Handset to be given back"),
    _K.PLATFORM_ERASURE: word("Copies outside are to be erased"),
    _K.TRACES_ERASURE: word("Traces are erased"), _K.CLEARANCE_END: word("End of a clearance"),
    _K.TRANSFER_WAITING: word("File to be taken over by another court"),
    _K.RECALL_WAITING: word("Recalled handset to be replaced"),
    _K.AGREEMENT_END: word("End of an agreement with an association"),
    _K.PROFILE_WAITING: word("The platform has not acknowledged her profile"),
    _K.ORDER_LATE: word("Ordered handsets have not come"),
    _K.SENDING_LATE: word("Handsets that were sent were not received"),
    _K.ERASURE_LATE: word("Handsets that came back are not erased and tested"),
    _K.CENSUS_DUE: word("The stock is to be counted"),
    _K.CONSENT_WITHDRAWN: word("She withdrew her consent: decide again"),
}  # fmt: skip
ENDS = frozenset(
    kind.value for kind in (_K.ALLOCATION_END, _K.BAN_END, _K.CLEARANCE_END, _K.AGREEMENT_END)
)
"""Due at the midnight that ends a last day: that day is shown."""
DECISIONS: dict[StrEnum, str] = {
    DecisionKind.GRANT: word("granted"), DecisionKind.REFUSE: word("refused"),
    DecisionKind.ASK_FOR_MORE: word("more asked for"), DecisionKind.RENEW: word("renewed"),
    DecisionKind.SHORTEN: word("shortened"), DecisionKind.SUSPEND: word("suspended"),
    DecisionKind.RESUME: word("resumed"), DecisionKind.WITHDRAW: word("withdrawn"),
    DecisionKind.TRANSFER: word("taken over by another court"),
}  # fmt: skip
CONDITIONS: dict[StrEnum, str] = {
    _C.GRAVE_DANGER: word("Grave danger"),
    _C.COVERED_RELATION: word("Violence by a partner or former partner, or rape"),
    _C.NO_COHABITATION: word("No cohabitation"), _C.CONSENT: word("Express consent"),
    _C.BAN: word("Judicial ban on contact (1°)"),
    _C.IMMINENT_DANGER: word("Danger proven and imminent (2°)"),
    _C.GEOLOCATION: word("Agreement to geolocation (apart)"),
}  # fmt: skip
CHOICES: dict[StrEnum, str] = {
    **DECISIONS,
    YesNo.YES: word("Yes"), YesNo.NO: word("No"),
    Answer.UNKNOWN: word("Not known"),
    OpinionKind.FAVOURABLE: word("favourable"), OpinionKind.RESERVED: word("with reserves"),
    OpinionKind.UNFAVOURABLE: word("unfavourable"),
    Relation.SPOUSE: word("spouse"), Relation.COHABITEE: word("cohabitee"),
    Relation.CIVIL_PARTNER: word("civil partner"), Relation.FORMER_SPOUSE: word("former spouse"),
    Relation.FORMER_COHABITEE: word("former cohabitee"),
    Relation.FORMER_CIVIL_PARTNER: word("former civil partner"),
    Relation.OTHER: word("other"),
    _B.PROTECTION_ORDER: word("protection order"),
    _B.IMMEDIATE_PROVISIONAL_PROTECTION_ORDER: word("immediate provisional protection order"),
    _B.ALTERNATIVE_TO_PROSECUTION: word("alternative to prosecution"),
    _B.PENAL_COMPOSITION: word("penal composition"),
    _B.JUDICIAL_SUPERVISION: word("judicial supervision"),
    _B.ELECTRONIC_HOUSE_ARREST: word("electronic house arrest"),
    _B.CONVICTION: word("conviction"), _B.SENTENCE_ADJUSTMENT: word("sentence adjustment"),
    _B.SECURITY_MEASURE: word("security measure"),
    ImminentDangerGround.ON_THE_RUN: word("he is on the run"),
    ImminentDangerGround.NOT_YET_ARRESTED: word("he could not be arrested yet"),
    ImminentDangerGround.BAN_NOT_YET_PRONOUNCED: word("the ban is not pronounced yet"),
    EndReason.BENEFICIARY_REQUEST: word("she asks for it"),
    EndReason.RESTRAINED_PERSON_DETAINED: word("he is detained"),
    EndReason.DANGER_ENDED: word("the danger has ended"),
    EndReason.RULES_BREACH: word("breach of the rules of use"), EndReason.EXPIRY: word("expiry"),
    EndReason.OPPI_NOT_CONFIRMED: word("immediate order not confirmed"),
    EndReason.COHABITATION_RESUMED: word("they live together again"),
    EndReason.MOVED_ABROAD: word("she has moved abroad"), EndReason.DEATH: word("death"),
    ConsentScope.DEVICE: word("the handset"), ConsentScope.GEOLOCATION: word("geolocation"),
    IncidentKind.LOST: word("lost"), IncidentKind.STOLEN: word("stolen"),
    IncidentKind.BROKEN: word("broken"),
    AsideReason.RECALL: word("recall"), AsideReason.DOUBT: word("doubt"),
    AsideReason.DAMAGED: word("damaged"), AsideReason.WORN_OUT: word("worn out"),
    AsideReason.OLD_RADIO: word("network that ends"), AsideReason.GONE: word("gone for good"),
    ToldHow.BY_TELEPHONE: word("by telephone"), ToldHow.IN_PERSON: word("in person"),
    ToldHow.BY_MESSAGE: word("by message"), ToldHow.BY_LETTER: word("by letter"),
    LiftReason.REPAIRED: word("repaired"), LiftReason.CHECKED: word("it does not have the fault"),
    LiftReason.MISTAKEN: word("the recall was meant for others"),
    Force.POLICE: word("police"), Force.GENDARMERIE: word("gendarmerie"),
}  # fmt: skip
ROUTES: dict[StrEnum, str] = {
    Route.BAN: word("by the ban (1°)"), Route.IMMINENT_DANGER: word("by imminent danger (2°)"),
}  # fmt: skip
STANDINGS: dict[StrEnum, str] = {
    Standing.COMING: word("to come"), Standing.RUNNING: word("on call now"),
    Standing.OVER: word("over"), Standing.ENDED: word("ended before its time"),
}  # fmt: skip
TERMS: dict[StrEnum, str] = {
    Standing.COMING: word("to come"), Standing.RUNNING: word("in force"),
    Standing.OVER: word("over"), Standing.ENDED: word("revoked"),
}  # fmt: skip
"""How a clearance or an agreement stands."""
TRANSFERS: dict[StrEnum, str] = {
    TransferOutcome.ACCEPTED: word("taken over"), TransferOutcome.REFUSED: word("not taken over"),
    TransferOutcome.WITHDRAWN: word("asked for no longer"),
}  # fmt: skip
HOLDERS = {
    "platform": word("Platform"),
    "association": word("Association"),
    "control_room": word("Control room"),
}
"""Who outside the court may have a case sheet."""
LISTS = {
    "to_decide": word("To decide"), "reported": word("Reported and under evaluation"),
    "to_equip": word("Granted: to be handed over"), "running": word("Running"),
    "due_back": word("To be given back"), "ended": word("Ended in the last 30 days"),
    "found": word("Found"),
}  # fmt: skip
CONSENTS = {
    ConsentScope.DEVICE.value: word(
        "I accept an emergency handset. I know that I may give it back on any day, that each press"
        " is heard and kept, and that I make a test press every fifteen days."
    ),
    ConsentScope.GEOLOCATION.value: word(
        "I agree to be located when I press, and only from the press to the end of the alert. I"
        " may refuse and still have the handset, and I may change my mind on any day."
    ),
}
"""The words that she reads and signs, version CONSENT_WORDING of casework/file_acts.py."""
EXPLAINED = (
    word("Press the button on the side three times quickly: there is nothing to say."),
    word("The handset vibrates once when your press is received; its screen stays dark."),
    word(
        "An operator listens and the police or gendarmerie are sent; nobody calls you back aloud."
    ),
    word("In doubt, press. A press for nothing is never held against you."),
    word("Keep it charged and with you; test it every fifteen days."),
    word("After the end of the allocation it still works until you have given it back."),
)
"""The explanation sheet of the hand-over."""
ACTS = {
    "ReferralReceived": word("Referral received"), "AssessmentSubmitted": word("Danger assessed"),
    "OpinionGiven": word("Opinion given"), "FileOpened": word("File opened to be decided"),
    "PersonRecognised": word("Recognised as the woman of another file"),
    "FileMerged": word("Closed: another file of her goes on"),
    "FileJoined": word("Another file about her was joined to this one"),
    "FileFollowed": word("A new file of her was opened"),
    "FileEntrusted": word("Entrusted to an association"),
    "ConditionRecorded": word("Condition recorded"),
    "RestrainedPersonDescribed": word("Person under the ban described"),
    "DecisionSigned": word("Decision signed"), "ReleaseAnnounced": word("His release announced"),
    "ReleaseTold": word("She was told of his release"),
    "ReleaseNotHeard": word("She did not hear of his release"),
    "HandsetReserved": word("Handset reserved"), "HandsetLetGo": word("Handset kept no longer"),
    "HandsetProvisioned": word("Handset prepared"), "ConsentGiven": word("Consent given"),
    "ConsentRefused": word("Consent refused"), "ConsentWithdrawn": word("Consent withdrawn"),
    "ProfileLive": word("Her profile is at the platform"),
    "ProfileWaived": word("Handed over without waiting for the platform"),
    "TestCallValidated": word("Test press validated"), "HandsetHandedOver": word("Handed over"),
    "HandsetReturned": word("Given back"), "FileSettled": word("Closed without the handset"),
    "CaseSheetWritten": word("Case sheet written"),
    "CaseSheetAcknowledged": word("Newest case sheet acknowledged"),
    "CaseSheetConfirmed": word("Case sheet confirmed"), "FollowedUp": word("Follow-up noted"),
    "HandsetIncident": word("Lost, stolen or broken"), "HandsetFound": word("Found again"),
    "HandsetOrdered": word("Ordered"), "HandsetReceived": word("Received"),
    "HandsetSent": word("Sent to another stock"), "HandsetPlaced": word("Put into a stock"),
    "HandsetReceivedBack": word("Received back"), "HandsetDescribed": word("Described"),
    "HandsetWipeBegun": word("Its erasure begun"), "HandsetWiped": word("Its erasure proven"),
    "HandsetRestocked": word("Tested and back in the stock"), "HandsetRetired": word("Retired"),
    "HandsetQuarantined": word("Set aside"), "HandsetEnrolled": word("Enrolled"),
    "HandsetGiven": word("Given by the command line"),
    "HandsetStateChanged": word("State set by the command line"),
    "TestMissedCalled": word("Called about a missing test"),
    "TestMissedVisited": word("Visited about a missing test"),
    "TransferAsked": word("Another court is asked to take it over"),
    "TransferWithdrawn": word("Transfer asked for no longer"),
    "TransferRefused": word("Transfer refused"),
    "FileTransferred": word("Taken over by another court"),
    "HandsetRecalled": word("Her handset is recalled"),
    "RecallLifted": word("Recall lifted"),
    "AllocationExpired": word("Allocation expired"),
    "DeadlineAcknowledged": word("Deadline acknowledged"),
    "DeadlineReminded": word("Reminder sent"), "NoticeTold": word("Told outside the console"),
    "NoticeNotTold": word("Not told outside the console yet"),
    "PaperMade": word("Paper made"),
    "DataPurged": word("Erased on its day"), "CopiesErased": word("Copies outside erased"),
    "LegalHoldBegun": word("Kept for a procedure"),
    "LegalHoldEnded": word("Kept for a procedure no longer"),
}  # fmt: skip
"""Each act on a file as the journal names it."""


def choice(one: StrEnum | str) -> str:
    """The id of a choice's words."""
    if isinstance(one, StrEnum):
        return CHOICES.get(one, one.value)
    return next((said for known, said in CHOICES.items() if known.value == one), one)
