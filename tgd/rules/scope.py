"""Whose file it is: what is outside somebody's scope is not found, which is less than refused.

The prosecutor and the registry work in the courts that they are cleared for, the association for
the persons whom it accompanies, the stock manager on handsets and never on persons, operators and
control rooms only while an alert of that person is open (arts. 3 and 4 of the 2015 order).
Operators answer whoever presses; a prosecutor reads the alerts of her courts, a control room those
of its area.
"""

from dataclasses import dataclass
from enum import StrEnum

from tgd.rules.access import Role


class FileGroup(StrEnum):
    """Parts of a case file as pages and the API show them; each stands on groups of art. 2."""

    HANDSET = "handset"  # the terminal and the stock, without who carries it
    PERSON = "person"  # I.1-2, 4-12
    PHOTOGRAPH = "photograph"  # I.3
    DECISION = "decision"  # I.13
    CONSENTS = "consents"
    REFERRAL = "referral"
    ASSESSMENT = "assessment"  # grid, opinion
    CONDITIONS = "conditions"  # with what is said of the restrained person: II.1-5
    BAN_DATES = "ban_dates"  # II.6
    FOLLOW_UP = "follow_up"
    DEADLINES = "deadlines"


_R, _G = Role, FileGroup
GROUPS: dict[Role, frozenset[FileGroup]] = {
    _R.PROSECUTOR: frozenset(FileGroup),
    _R.REGISTRY: frozenset(FileGroup),
    _R.ASSOCIATION: frozenset(FileGroup) - {_G.CONDITIONS},
    _R.OPERATOR: frozenset({_G.HANDSET, _G.PERSON, _G.DECISION}),
    _R.SUPERVISOR: frozenset({_G.HANDSET, _G.PERSON, _G.DECISION}),
    _R.CONTROL_ROOM: frozenset(
        {_G.HANDSET, _G.PERSON, _G.PHOTOGRAPH, _G.DECISION, _G.CONDITIONS, _G.BAN_DATES}
    ),
    _R.STOCK_MANAGER: frozenset({_G.HANDSET}),
    _R.AUDITOR: frozenset(),
    _R.ADMIN: frozenset(),
}
RENEWED = frozenset({"grant", "renew"})
"""The kinds of decision that I.13 is about; by what else is decided more is said of him."""
I_13 = frozenset({"id", "kind", "begins_on", "ends_at", "by", "signed_at"})
"""Of a decision: the court's, its date, its duration, its renewals."""
BY_COURT = frozenset({_R.PROSECUTOR, _R.REGISTRY})
BY_ALERT = frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.CONTROL_ROOM})


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody's clearances reach today."""

    role: Role
    courts: frozenset[str] = frozenset()
    association: str | None = None
    rooms: frozenset[str] = frozenset()
    """Control rooms for which somebody of a room is cleared."""


@dataclass(frozen=True, slots=True)
class OfAlert:
    """Whose an alert is, as far as the record can say."""

    courts: frozenset[str] = frozenset()
    """That have a file of her; none: nobody's alert."""
    rooms: frozenset[str] = frozenset()
    """In charge where she lives and where she was heard; none: not known."""
    told: frozenset[str] = frozenset()
    """Destinations that were told of it; a room has the name of its own."""
    rooms_of_courts: frozenset[str] = frozenset()
    """In charge anywhere in the area of these courts."""
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose a case file is."""

    court: str | None
    association: str | None = None
    alert_open: bool = False


def reaches_file(reach: Reach, file: Owned) -> bool:
    """Whether the file exists at all for this person."""
    if reach.role in BY_COURT:
        return file.court is not None and file.court in reach.courts
    if reach.role is Role.ASSOCIATION:
        return reach.association is not None and reach.association == file.association
    return reach.role in BY_ALERT and file.alert_open


def reaches_alert(reach: Reach, alert: OfAlert) -> bool:
    """Whether the alert exists at all for this person.

    What is not known opens to help and closes afterwards: while it is open, an alert of whose place
    nothing is known is every room's of her courts, and of whom nothing is known, every room's. Once
    closed it is that of a room only if it is known to have been its own.
    """
    if reach.role in (Role.OPERATOR, Role.SUPERVISOR):
        return True
    if reach.role is Role.PROSECUTOR:
        return not alert.courts or bool(alert.courts & reach.courts)
    if reach.role is not Role.CONTROL_ROOM:
        return False
    if (alert.rooms | alert.told) & reach.rooms:
        return True
    if alert.rooms or not alert.is_open:
        return False
    return not alert.rooms_of_courts or bool(alert.rooms_of_courts & reach.rooms)


def reaches_stock(reach: Reach, court: str | None) -> bool:
    """Whether a handset of that court's stock exists for this person.

    One that no court has yet is everybody's who works with a stock.
    """
    if reach.role not in (*BY_COURT, Role.STOCK_MANAGER):
        return False
    return court is None or court in reach.courts


def shows_his_release(role: Role) -> bool:
    """Whether the file says when he comes out, and for what it ended: it may be his arrest.

    To those who may read of him (II), and to the association, which has to tell her in time."""
    return FileGroup.CONDITIONS in GROUPS[role] or role is Role.ASSOCIATION


def shows(reach: Reach, group: FileGroup, file: Owned) -> bool:
    """Whether this part of this file may be shown to this person now."""
    return group in GROUPS[reach.role] and reaches_file(reach, file)
