"""The demonstration's court is one that somebody looks after: little is overdue in it."""

from sqlalchemy import text
from sqlmodel import Session

from tests.conftest import NOW
from tgd import accounts
from tgd.cli.demo import ACCOUNTS
from tgd.cli.demo_court import settle_court
from tgd.rules.access import Role


def test_two_women_have_missed_a_test_and_all_others_have_pressed(session: Session) -> None:
    for role, name in ACCOUNTS.items():
        accounts.make_account(session, name, Role(role.partition("-")[0]), "no hash", NOW)
    settle_court(session, NOW, ACCOUNTS)
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
