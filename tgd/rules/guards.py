"""Guards of the acts: each a named check, and together they answer *what is missing*, in words.

Nothing is handed over without a signed decision, recorded consents, a complete and current case
sheet, a resolved police or gendarmerie area, and a validated test press from that very handset.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tgd.rules import case_sheet
from tgd.rules.allocation import DecisionKind


class Missing(StrEnum):
    """What a person has to bring, do or wait for; SENTENCES says it, in French by the catalogue."""

    DECISION = "decision"
    DECISION_BEGUN = "decision_begun"
    DECISION_RUNS = "decision_runs"
    DEVICE_CONSENT = "device_consent"
    GEOLOCATION_ANSWER = "geolocation_answer"
    CASE_SHEET = "case_sheet"
    SHEET_COMPLETE = "sheet_complete"
    SHEET_CURRENT = "sheet_current"
    AREA = "area"
    HANDSET = "handset"
    MODEL_ACCEPTED = "model_accepted"
    KEYS = "keys"
    PLATFORM_PROFILE = "platform_profile"
    TEST_PRESS = "test_press"
    REASON = "reason"
    REASON_AGAINST_ADVICE = "reason_against_advice"
    SAFETY_CHECK = "safety_check"
    RELEASE_CHECKED = "release_checked"
    RELEASE_DAY = "release_day"
    COMMITTEE_OPINION = "committee_opinion"
    WITNESS = "witness"
    ALERT_OPEN = "alert_open"
    WIPE_PROOF = "wipe_proof"
    RESTOCK_TEST = "restock_test"
    OPPI_ONLY = "oppi_only"


SENTENCES: dict[Missing, str] = {
    Missing.DECISION: "A signed decision that grants it is missing.",
    Missing.DECISION_BEGUN: "The decision has not begun: wait for its first day.",
    Missing.DECISION_RUNS: "The decision's period is over: a new decision is needed.",
    Missing.DEVICE_CONSENT: "Her express consent to the handset is missing.",
    Missing.GEOLOCATION_ANSWER: "Ask her about geolocation, apart, and record her yes or her no.",
    Missing.CASE_SHEET: "There is no case sheet yet.",
    Missing.SHEET_COMPLETE: "The case sheet is not complete.",
    Missing.SHEET_CURRENT: "The case sheet is old: read it through with her and confirm it.",
    Missing.AREA: "No police or gendarmerie area is known for her home.",
    Missing.HANDSET: "No handset is reserved for this file.",
    Missing.MODEL_ACCEPTED: "Nobody has accepted this model: the stock manager does it after a"
    " test.",
    Missing.KEYS: "The handset has no keys yet: the stock manager prepares it.",
    Missing.PLATFORM_PROFILE: "The platform has not acknowledged her profile yet.",
    Missing.TEST_PRESS: "A test press from this very handset is missing.",
    Missing.REASON: "Say why in at least 10 characters.",
    Missing.REASON_AGAINST_ADVICE: "A decision against the advice says why in 40 characters.",
    Missing.SAFETY_CHECK: "Say that her safety without the handset was looked at.",
    Missing.RELEASE_CHECKED: "Say that his expected release was looked at.",
    Missing.RELEASE_DAY: "He is detained: say when he is expected out, or when it is looked at"
    " again.",
    Missing.COMMITTEE_OPINION: "A withdrawal for a breach of the rules needs the committee's word.",
    Missing.WITNESS: "A handset is taken back in the presence of the association: name it.",
    Missing.ALERT_OPEN: "An alert of this handset is open: it is closed first.",
    Missing.WIPE_PROOF: "The proof that the handset was erased is missing.",
    Missing.RESTOCK_TEST: "A test of the handset after its erasure is missing.",
    Missing.OPPI_ONLY: "Only what rests on an unconfirmed immediate order is shortened.",
}
SHORTEST_REASON = 10
SHORTEST_AGAINST_ADVICE = 40


@dataclass(frozen=True, slots=True)
class Prepared:
    """What there is for a hand-over, as the record has it."""

    decision: DecisionKind | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    device_agreed: bool = False
    geolocation_answered: bool = False
    sheet_confirmed_at: datetime | None = None
    sheet_lacks: tuple[str, ...] = ()
    area_resolved: bool = False
    handset: str | None = None
    model_accepted: bool = False
    provisioned_at: datetime | None = None
    profile_live: bool = False
    tested_handset: str | None = None
    tested_at: datetime | None = None


def for_hand_over(prepared: Prepared, now: datetime) -> tuple[Missing, ...]:
    """Everything that is missing before she may be given it; nothing for none."""
    p = prepared
    checks = {
        Missing.DECISION: p.decision is DecisionKind.GRANT,
        Missing.DECISION_BEGUN: p.begins_at is None or p.begins_at <= now,
        Missing.DECISION_RUNS: p.ends_at is not None and now < p.ends_at,
        Missing.DEVICE_CONSENT: p.device_agreed,
        Missing.GEOLOCATION_ANSWER: p.geolocation_answered,
        Missing.CASE_SHEET: p.sheet_confirmed_at is not None,
        Missing.SHEET_COMPLETE: not p.sheet_lacks,
        Missing.SHEET_CURRENT: p.sheet_confirmed_at is None
        or case_sheet.is_current(p.sheet_confirmed_at, now),
        Missing.AREA: p.area_resolved,
        Missing.HANDSET: p.handset is not None,
        Missing.MODEL_ACCEPTED: p.handset is None or p.model_accepted,
        Missing.KEYS: p.provisioned_at is not None,
        Missing.PLATFORM_PROFILE: p.profile_live,
        Missing.TEST_PRESS: _is_tested(p),
    }
    return _unmet(checks)


def _is_tested(p: Prepared) -> bool:
    """A press of that handset, with the keys that it has now: two swapped handsets never pass."""
    if p.handset is None or p.tested_at is None or p.provisioned_at is None:
        return False
    return p.tested_handset == p.handset and p.tested_at >= p.provisioned_at


def for_decision(reasons: str, *, against_advice: bool) -> tuple[Missing, ...]:
    """A decision has reasons; one against the advice has longer ones."""
    return _unmet(
        {
            Missing.REASON: len(reasons.strip()) >= SHORTEST_REASON,
            Missing.REASON_AGAINST_ADVICE: not against_advice
            or len(reasons.strip()) >= SHORTEST_AGAINST_ADVICE,
        }
    )


def for_withdrawal(
    reasons: str, *, safety_checked: bool, release_checked: bool, is_breach: bool,
    committee_heard: bool, is_detained: bool = False, release_known: bool = False,
    is_death: bool = False,
) -> tuple[Missing, ...]:  # fmt: skip
    """A withdrawal looks at her safety and at his release, of which the day is known when it is
    for his detention; a breach is heard by the committee. Of a woman who is dead nothing more is
    asked."""
    return _unmet(
        {
            Missing.REASON: len(reasons.strip()) >= SHORTEST_REASON,
            Missing.SAFETY_CHECK: safety_checked or is_death,
            Missing.RELEASE_CHECKED: release_checked or is_death,
            Missing.RELEASE_DAY: not is_detained or release_known,
            Missing.COMMITTEE_OPINION: not is_breach or committee_heard,
        }
    )


def for_taking_back(witness: str | None, *, alert_open: bool) -> tuple[Missing, ...]:
    """Not during an alert, and never behind the association's back."""
    return _unmet(
        {Missing.WITNESS: bool((witness or "").strip()), Missing.ALERT_OPEN: not alert_open}
    )


def _unmet(checks: dict[Missing, bool]) -> tuple[Missing, ...]:
    return tuple(missing for missing, is_met in checks.items() if not is_met)


def sentences(missing: Iterable[Missing]) -> list[str]:
    """What a person reads, in the order of the checks."""
    return [SENTENCES[one] for one in missing]
