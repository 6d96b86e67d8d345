"""The demonstration's court is one that somebody looks after: little is overdue in it."""

from sqlalchemy import text
from sqlmodel import Session

from tests.conftest import NOW
from tgd import accounts
from tgd.allocation.acting import officer
from tgd.cli.demo import ACCOUNTS
from tgd.cli.demo_court import settle_court
from tgd.rules.access import Role


def settled(session: Session) -> None:
    for role, name in ACCOUNTS.items():
        accounts.make_account(session, name, Role(role.partition("-")[0]), "no hash", NOW)
    settle_court(session, NOW, ACCOUNTS)


def test_each_force_has_its_room_and_the_other_court_its_own_files(session: Session) -> None:
    settled(session)
    rows = session.connection().execute(
        text(
            "SELECT f.state, c.zone, s.control_room, s.force FROM case_file f JOIN court c"
            " ON c.code = f.court LEFT JOIN case_sheet s ON s.case_file = f.id"
            " WHERE c.code = 'TJ-EXEMPLE'"
        )
    )
    found = {tuple(row) for row in rows}
    assert ("active", "Indian/Reunion", "corg-99", "gendarmerie") in found
    assert ("granted", "Indian/Reunion", None, None) in found
    for role, room in (("control_room", "control-room-92"), ("control_room-2", "corg-99")):
        who = officer(session, ACCOUNTS[role], Role.CONTROL_ROOM, NOW)
        assert who.reach.rooms == {room}


def test_two_women_have_missed_a_test_and_all_others_have_pressed(session: Session) -> None:
    settled(session)
    rows = (
        session.connection()
        .execute(
            text(
                "SELECT split_part(p.name, ' ', 1) AS name, d.due_at <= :now AS is_late"
                " FROM deadline d JOIN case_file f ON f.id = d.case_file"
                " JOIN protected_person p ON p.id = f.person"
                " WHERE d.kind = 'test_due' AND d.settled_at IS NULL"
            ),
            {"now": NOW},
        )
        .all()
    )
    assert {row.name for row in rows if row.is_late} == {"Wanda", "Yara"}
    assert len(rows) > 8
