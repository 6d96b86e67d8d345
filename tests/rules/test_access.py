"""Who may see and do what: the order of 22 April 2015 written out again, and every act by role."""

from itertools import product

import pytest

from tgd.rules.access import (
    ANSWERS,
    Act,
    FieldGroup,
    Role,
    discloses,
    may,
    may_on_call,
    sees,
)

COLUMNS = ["prosecutor", "operator", "control_room", "association"]
ARTICLES_3_AND_4 = {
    # group of art. 2: parquet, téléassisteur, police and gendarmerie, association
    "I.1-2,4-14": "yes yes yes yes",
    "I.3": "yes NO yes yes",
    "I.15": "yes yes yes NO",
    "II.1-5": "yes NO yes NO",
    "II.6": "yes NO yes yes",
    "III": "yes yes NO NO",
    "IV": "yes yes yes NO",
}
NARROWER = {("III", "operator")}
"""Where we show less than the order allows: traces of access are for those who control them."""

OF_COURT = (
    " see_files refer open_file record_condition record_consent change_circumstances follow_up"
    " acknowledge_deadline hand_over take_back report_incident see_stock reserve transfer"
    " count_stock see_clearances"
)
MAY = {
    "operator": "see_alerts see_technical take note release verify request_intervention close"
    " settle_technical refer see_files call",
    "supervisor": "see_alerts see_technical take note release verify request_intervention close"
    " countersign settle_technical refer see_files call hear_recording"
    " announce_exercise tell_room",
    "prosecutor": "see_alerts decide clear delegate hold hear_recording keep_positions"
    " keep_evidence" + OF_COURT,
    "registry": OF_COURT,
    "control_room": "see_alerts note refer see_files",
    "association": "see_files refer assess give_opinion record_consent change_circumstances"
    " follow_up acknowledge_deadline acknowledge_sheet report_incident",
    "stock_manager": "see_technical settle_technical see_stock reserve transfer provision"
    " count_stock recondition set_aside accept_model report_incident"
    " acknowledge_deadline",
    "auditor": "read_journal",
    "admin": "",
}


@pytest.mark.parametrize(("group", "column"), list(product(ARTICLES_3_AND_4, range(4))))
def test_the_matrix_of_the_order(group: str, column: int) -> None:
    allowed = ARTICLES_3_AND_4[group].split()[column] == "yes"
    role = COLUMNS[column]
    expected = allowed and (group, role) not in NARROWER
    assert sees(Role(role), FieldGroup(group)) is expected


@pytest.mark.parametrize("group", FieldGroup)
def test_a_supervisor_of_operators_sees_what_an_operator_sees(group: FieldGroup) -> None:
    assert sees(Role.SUPERVISOR, group) is sees(Role.OPERATOR, group)


@pytest.mark.parametrize("role", [Role.STOCK_MANAGER, Role.ADMIN, Role.AUDITOR])
def test_roles_that_the_order_does_not_list_see_nothing_personal(role: Role) -> None:
    seen = {group for group in FieldGroup if sees(role, group)}
    assert seen == ({FieldGroup.ACCESS_TRACES} if role is Role.AUDITOR else set())


@pytest.mark.parametrize(("role", "act"), list(product(Role, Act)))
def test_each_role_does_its_own_acts_and_no_other(role: Role, act: Act) -> None:
    assert may(role, act) is (act in MAY[role].split())


def test_only_a_prosecutor_decides_and_clears() -> None:
    for act in (
        Act.DECIDE, Act.CLEAR, Act.DELEGATE, Act.HOLD, Act.KEEP_POSITIONS, Act.KEEP_EVIDENCE,
    ):  # fmt: skip
        assert [r for r in Role if may(r, act)] == [Role.PROSECUTOR]


@pytest.mark.parametrize(("role", "act"), list(product(Role, Act)))
def test_on_call_a_prosecutor_does_what_a_night_needs_and_hands_nothing_on(
    role: Role, act: Act
) -> None:
    does = set(MAY["prosecutor"].split()) - {
        "clear", "see_clearances", "delegate", "hold", "keep_evidence",
    }  # fmt: skip
    assert may_on_call(role, act) is (role is Role.PROSECUTOR and act in does)


def test_nobody_both_closes_alone_and_countersigns_but_a_supervisor() -> None:
    assert [r for r in Role if may(r, Act.COUNTERSIGN)] == [Role.SUPERVISOR]


@pytest.mark.parametrize(
    ("role", "group", "alert_open", "verified"),
    list(product(Role, FieldGroup, [False, True], [False, True])),
)
def test_a_field_is_shown_at_its_moment_and_to_those_who_may_see_it(
    role: Role, group: FieldGroup, alert_open: bool, verified: bool
) -> None:
    shown = discloses(role, group, alert_open=alert_open, verified_source=verified)
    must_not = (
        not sees(role, group)
        or (group is FieldGroup.GEOLOCATION and not alert_open)
        or (group is FieldGroup.PERSON and not verified)
        or (
            role in (Role.OPERATOR, Role.SUPERVISOR, Role.CONTROL_ROOM)
            and not alert_open
            and group is not FieldGroup.ALERT_RECORD
        )
    )
    assert shown is not must_not


def test_what_those_behind_a_destination_may_answer() -> None:
    assert {kind: set(words) for kind, words in ANSWERS.items()} == {
        "webhook": {"received", "taken", "on_the_way", "on_scene", "closed"},
        "cisu": {"received", "taken", "on_the_way", "on_scene", "closed"},
        "voice": {"received", "taken"},
        "sms": {"received"},
    }
