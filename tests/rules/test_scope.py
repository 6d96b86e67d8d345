"""Role by act by field group, generated: what nobody is given is not there for anybody."""

from itertools import product

import pytest

from tgd.rules.access import FieldGroup, Role, sees
from tgd.rules.scope import (
    FileGroup,
    OfAlert,
    Owned,
    Reach,
    reaches_alert,
    reaches_file,
    reaches_stock,
    shows,
)

LEGAL = {
    FileGroup.PERSON: FieldGroup.PERSON,
    FileGroup.DECISION: FieldGroup.PERSON,
    FileGroup.PHOTOGRAPH: FieldGroup.PHOTOGRAPH,
    FileGroup.CONDITIONS: FieldGroup.RESTRAINED_PERSON,
    FileGroup.BAN_DATES: FieldGroup.BAN_DATES,
}
"""Groups of a file that stand on groups of the order of 2015."""
SEEN = {
    # group: who sees it in a file that is theirs
    "handset": "prosecutor registry association operator supervisor control_room stock_manager",
    "person": "prosecutor registry association operator supervisor control_room",
    "photograph": "prosecutor registry association control_room",
    "decision": "prosecutor registry association operator supervisor control_room",
    "consents": "prosecutor registry association",
    "referral": "prosecutor registry association",
    "assessment": "prosecutor registry association",
    "conditions": "prosecutor registry control_room",
    "ban_dates": "prosecutor registry association control_room",
    "follow_up": "prosecutor registry association",
    "deadlines": "prosecutor registry association",
}
COURT, OURS, OTHERS = "TJ-A", "Association A", "Association B"


@pytest.mark.parametrize(("role", "group"), list(product(Role, FileGroup)))
def test_a_part_of_a_file_is_shown_to_whom_it_is_for_and_only_there(
    role: Role, group: FileGroup
) -> None:
    reach = Reach(role, frozenset({COURT}), OURS)
    for court, association, alert_open in product(
        [COURT, "TJ-B", None], [OURS, OTHERS, None], [False, True]
    ):
        theirs = {
            "prosecutor": court == COURT, "registry": court == COURT,
            "association": association == OURS, "operator": alert_open, "supervisor": alert_open,
            "control_room": alert_open,
        }.get(role.value, False)  # fmt: skip
        shown = shows(reach, group, Owned(court, association, alert_open))
        assert shown is (theirs and role.value in SEEN[group.value].split())


@pytest.mark.parametrize(("role", "group"), list(product(Role, LEGAL)))
def test_a_file_shows_nobody_more_than_the_order_allows(role: Role, group: FileGroup) -> None:
    shown = any(
        shows(Reach(role, frozenset({COURT}), OURS), group, Owned(COURT, OURS, is_open))
        for is_open in (False, True)
    )
    assert not shown or sees(role, LEGAL[group])


def test_a_stock_manager_sees_handsets_and_never_a_file() -> None:
    reach = Reach(Role.STOCK_MANAGER, frozenset({COURT}), OURS)
    assert reaches_stock(reach, COURT)
    assert reaches_stock(reach, None)
    assert not reaches_stock(reach, "TJ-B")
    assert not reaches_file(reach, Owned(COURT, OURS, True))


def test_nobody_without_a_clearance_reaches_anything() -> None:
    for role in set(Role) - {Role.OPERATOR, Role.SUPERVISOR, Role.CONTROL_ROOM}:
        assert not reaches_file(Reach(role), Owned(COURT, OURS, True))
        assert not reaches_file(Reach(role), Owned(None, None, True))


@pytest.mark.parametrize(
    "role", sorted(set(Role) - {Role.PROSECUTOR, Role.REGISTRY, Role.STOCK_MANAGER})
)
def test_the_stock_is_of_those_who_work_with_it(role: Role) -> None:
    assert not reaches_stock(Reach(role, frozenset({COURT}), OURS), COURT)


A, B = frozenset({"A"}), frozenset({"B"})
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("rooms", "told", "of_courts", "is_open", "there"),
    [
        (rooms, told, of_courts, is_open, there)
        for rooms, told, of_courts in product([NONE, A, B], repeat=3)
        for is_open, there in [
            (True, bool((rooms | told) & A) or (not rooms and of_courts in (NONE, A))),
            (False, bool((rooms | told) & A)),
        ]
    ],
)
def test_a_room_reaches_what_is_its_own_and_what_could_be_while_it_is_open(
    rooms: frozenset[str], told: frozenset[str], of_courts: frozenset[str], is_open: bool,
    there: bool,
) -> None:  # fmt: skip
    alert = OfAlert(B, rooms, told, of_courts, is_open)
    assert reaches_alert(Reach(Role.CONTROL_ROOM, rooms=A), alert) is there
    uncleared = is_open and not rooms and not of_courts
    assert reaches_alert(Reach(Role.CONTROL_ROOM), alert) is uncleared


@pytest.mark.parametrize("role", sorted(Role))
def test_whose_alert_it_is_depends_on_the_role(role: Role) -> None:
    """Those who answer presses answer all; a prosecutor those of her court, and of nobody."""
    reach = Reach(role, courts=A, association="A")
    there = [reaches_alert(reach, OfAlert(courts=c)) for c in (A, B, NONE)]
    assert there == {
        Role.OPERATOR: [True] * 3, Role.SUPERVISOR: [True] * 3,
        Role.PROSECUTOR: [True, False, True],
        Role.CONTROL_ROOM: [True] * 3,  # no room is known, neither hers nor of the courts
    }.get(role, [False] * 3)  # fmt: skip
