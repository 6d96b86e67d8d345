"""The stock: what is enrolled, who carries it, what she agreed to, and what nobody may do twice."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.conftest import NOW
from tgd import inventory, journal, stock_list
from tgd.casework import csv_list
from tgd.database import transaction
from tgd.errors import Incomplete, WrongState
from tgd.inventory import NotThere, Overlaps
from tgd.records import Allocation, Handset, Journal, ProtectedPerson
from tgd.rules.handset import ConsentScope, HandsetState
from tgd.rules.keys import secret_hash
from tgd.store import chain
from tgd.store.inventory import listed
from tgd.store.sources import sources

SIX_MONTHS = (NOW, NOW + timedelta(days=180))
HOME = [{"label": "3 rue des Exemples", "city": "Nanterre", "insee": "92050"}]


@pytest.fixture
def handset(session) -> str:
    return inventory.enroll(session, "06 39 98 00 01", NOW, secret="once")


def known(session, handset, now=NOW):
    return sources(session, [handset], [], now).by_id[handset].known


def acts(session) -> list[str]:
    return [line.act for line in session.exec(select(Journal).order_by(col(Journal.seq)))]


def test_an_enrolled_handset_keeps_no_secret(session, handset):
    row = session.get(Handset, handset)
    assert (row.state, row.number) == ("provisioned", "+33639980001")
    assert row.secret_hash == secret_hash("once")
    assert acts(session) == ["HandsetEnrolled"]


def test_one_number_is_one_handset(session, handset):
    with pytest.raises(Overlaps, match="number"):
        inventory.enroll(session, "+33 6 39 98 00 01", NOW, secret="another")
    assert len(listed(session, NOW)) == 1


def test_what_is_no_number_is_refused(session):
    with pytest.raises(Incomplete, match="no telephone number"):
        inventory.enroll(session, "Ana", NOW, secret="s")


def test_ana_gets_a_handset_and_agrees_to_each_thing_separately(session, handset):
    given = inventory.give(session, handset, "Ana FICTIVE", HOME, SIX_MONTHS, NOW)
    assert known(session, handset).allocated
    assert not known(session, handset).geolocation_agreed
    inventory.record_consent(session, given.person, ConsentScope.GEOLOCATION, NOW)
    assert known(session, handset).geolocation_agreed
    later = NOW + timedelta(days=1)
    inventory.withdraw_consent(session, given.person, ConsentScope.GEOLOCATION, later)
    assert not known(session, handset, later).geolocation_agreed
    with pytest.raises(WrongState):
        inventory.withdraw_consent(session, given.person, ConsentScope.GEOLOCATION, later)
    assert "Ana" not in str([line.detail for line in session.exec(select(Journal))])


def test_one_handset_is_never_given_to_two_people(session, handset):
    inventory.give(session, handset, "Ana FICTIVE", HOME, SIX_MONTHS, NOW)
    with pytest.raises(Overlaps, match="somebody else"):
        inventory.give(session, handset, "Dora FICTIVE", [], SIX_MONTHS, NOW)
    assert len(session.exec(select(Allocation)).all()) == 1


def test_one_person_never_has_two_handsets(session, handset):
    ana = inventory.give(session, handset, "Ana FICTIVE", HOME, SIX_MONTHS, NOW).person
    second = inventory.enroll(session, None, NOW, secret="s")
    with pytest.raises(Overlaps, match="already"):
        inventory.give(session, second, "", [], SIX_MONTHS, NOW, person=ana)


def test_a_returned_handset_is_not_given_before_it_is_back_in_the_stock(session, handset):
    inventory.give(session, handset, "Ana FICTIVE", HOME, SIX_MONTHS, NOW)
    later = NOW + timedelta(days=10)
    inventory.set_state(session, handset, HandsetState.RETURNED, later)
    assert known(session, handset, later).allocation_ended
    with pytest.raises(WrongState, match="returned"):
        inventory.give(session, handset, "Dora F", [], (later, SIX_MONTHS[1]), later)
    inventory.set_state(session, handset, HandsetState.IN_STOCK, later)


def test_a_lost_handset_is_still_hers_and_can_be_found(session, handset):
    inventory.give(session, handset, "Ana FICTIVE", HOME, SIX_MONTHS, NOW)
    inventory.set_state(session, handset, HandsetState.LOST, NOW)
    assert known(session, handset).allocated
    inventory.set_state(session, handset, HandsetState.ISSUED, NOW)
    with pytest.raises(WrongState, match="can become"):
        inventory.set_state(session, handset, HandsetState.RETIRED, NOW)


def test_nothing_is_issued_by_word_alone(session, handset):
    inventory.set_state(session, handset, HandsetState.LOST, NOW)
    with pytest.raises(WrongState, match="give it"):
        inventory.set_state(session, handset, HandsetState.ISSUED, NOW)


def test_a_handset_that_is_not_ours_is_not_there(session):
    for act in (
        lambda: inventory.set_state(session, "hnobody", HandsetState.LOST, NOW),
        lambda: inventory.give(session, "hnobody", "Ana F", [], SIX_MONTHS, NOW),
        lambda: inventory.holder(session, "hnobody", NOW),
    ):
        with pytest.raises(NotThere):
            act()


def test_a_period_has_a_length_and_a_person_a_name(session, handset):
    with pytest.raises(Incomplete, match="period"):
        inventory.give(session, handset, "Ana F", [], (NOW, NOW), NOW)
    with pytest.raises(Incomplete, match="name"):
        inventory.give(session, handset, "  ", [], SIX_MONTHS, NOW)


GOOD = [
    {"number": "0639980001", "name": "Ana FICTIVE", "city": "Nanterre", "geolocation": "oui"},
    {"number": "0639980002", "name": "", "city": ""},
]


def import_list(session, rows, now, **how) -> stock_list.Report:
    """Rows as a list has them under its heading."""
    listed_ = [stock_list.Listed(n, row) for n, row in enumerate(rows, 2)]
    return stock_list.import_people(session, listed_, now, **how)


def test_a_list_is_taken_in_whole(session):
    report = import_list(session, GOOD, NOW)
    assert (report.kept, report.is_sound) == (True, True)
    assert [line.line for line in report.lines] == [2, 3]
    assert all(line.secret for line in report.lines)
    assert sorted(row.state for row in listed(session, NOW)) == ["issued", "provisioned"]
    again = import_list(session, [GOOD[1]], NOW)
    assert again.lines[0].secret is None, "a known number is not enrolled twice"


def test_a_dry_run_leaves_nothing(session):
    report = import_list(session, GOOD, NOW, dry_run=True)
    assert (report.kept, report.is_sound) == (False, True)
    assert not any(line.secret for line in report.lines)
    assert listed(session, NOW) == []
    assert acts(session) == []


def test_one_bad_line_keeps_all_out_and_every_line_is_judged(session):
    bad = [
        {"number": "0639980003", "name": "Bella F", "geolocation": "perhaps"},
        {"number": "12", "name": ""},
        {"handset": "hnobody", "name": "Dora F", "geolocation": "no"},
        {"number": "0639980001", "name": "Chloé F", "geolocation": "no"},
        {"number": "0639980004", "name": "Emma F", "geolocation": "no", "days": "4000"},
    ]
    report = import_list(session, GOOD + bad, NOW)
    assert not report.kept
    assert [line.line for line in report.lines if line.problem] == [4, 5, 6, 7, 8]
    assert listed(session, NOW) == []
    assert session.exec(select(ProtectedPerson)).all() == []


def test_a_cell_as_long_as_allowed_is_kept(session):
    row = {"number": "0639980005", "geolocation": "no"}
    row |= {name: "é" * stock_list.LONGEST[name] for name in ("name", "place", "city", "note")}
    assert import_list(session, [row], NOW).kept


def test_a_list_writes_the_lines_that_the_acts_one_by_one_would_write(session):
    import_list(session, GOOD, NOW)
    by_list = [(line.act, sorted(line.detail)) for line in journal_lines(session)]
    for row in session.exec(select(Handset)):
        row.number = None
    session.flush()
    ana, _ = (inventory.enroll(session, None, NOW, secret="s") for _ in GOOD)
    inventory.give(session, ana, "Ana FICTIVE", HOME, SIX_MONTHS, NOW, geolocation=True)
    one_by_one = [(x.act, sorted(x.detail)) for x in journal_lines(session)[len(by_list) :]]
    assert sorted(by_list) == sorted(one_by_one)
    assert [act for act, _ in by_list] == [
        "HandsetEnrolled", "HandsetGiven", "ConsentGiven", "ConsentGiven", "HandsetEnrolled",
    ]  # fmt: skip


def journal_lines(session) -> list[Journal]:
    return list(session.exec(select(Journal).order_by(col(Journal.seq))))


def test_a_list_follows_the_rules_of_giving_for_handsets_that_are_known(session, handset):
    lost = inventory.enroll(session, "0639980005", NOW, secret="s")
    inventory.set_state(session, lost, HandsetState.LOST, NOW)
    rows = [
        {"handset": handset, "name": "Ana FICTIVE", "geolocation": "no"},
        {"handset": handset, "name": "Bella FICTIVE", "geolocation": "no"},
        {"number": "0639980005", "name": "Chloé FICTIVE", "geolocation": "no"},
    ]
    said = [x.problem or "" for x in import_list(session, rows, NOW).lines]
    assert said[0] == ""
    assert "somebody else in that period" in said[1], "the line before has given it"
    assert "“lost”" in said[2]
    assert import_list(session, rows[:1], NOW).kept
    assert known(session, handset).allocated
    with pytest.raises(Overlaps):
        inventory.give(session, handset, "Dora FICTIVE", [], SIX_MONTHS, NOW)


def test_a_list_that_is_refused_in_its_last_part_leaves_nothing_of_the_first(engine, monkeypatch):
    monkeypatch.setattr(stock_list, "PART", 2)
    rows = [{"number": f"063998000{n}", "name": "Ana F", "geolocation": "no"} for n in range(5)]
    fourth = iter([rows[3]["number"]])

    def somebody_enrols(done: int) -> None:
        """Between the judgement and the writing, and once."""
        if done == len(rows) and (number := next(fourth, None)):
            with transaction(engine) as other:
                inventory.enroll(other, number, NOW, secret="s")

    with transaction(engine) as session:
        report = import_list(session, rows, NOW, read=somebody_enrols)
        assert [bool(line.secret) for line in report.lines] == [True] * 3 + [False, True]
    with transaction(engine) as session:
        assert len(listed(session, NOW)) == len(rows)
        assert acts(session).count("HandsetEnrolled") == len(rows)
        assert acts(session).count("HandsetGiven") == len(rows)


def test_a_list_of_many_parts_is_kept_and_sealed_whole(engine):
    rows = [
        {"number": f"063998{n:04d}", "name": "Ana F", "geolocation": "oui"} for n in range(1100)
    ]
    with transaction(engine) as session:
        assert import_list(session, rows, NOW).kept
    with transaction(engine) as session:
        assert {row.state for row in listed(session, NOW)} == {"issued"}
        lines = journal_lines(session)
        assert len(lines) == 4 * len(rows)
        assert lines[0].at == NOW
    with transaction(engine) as session:
        while journal.seal(session):
            session.expire_all()
        found = journal.verify(chain.sealed_in_order(session), chain.count_unsealed(session))
        assert (found.sealed, found.unsealed, found.broken_at) == (len(lines), 0, None)


@pytest.mark.parametrize("column", [c for c in stock_list.COLUMNS if c != "geolocation"])
@pytest.mark.parametrize("odd", ["\x00", "\ud800", "\x1b", "\u202e", "long"])
def test_a_cell_that_no_column_takes_is_a_bad_line_with_a_sentence(session, column, odd):
    cell = "9" * (stock_list.LONGEST[column] + 1) if odd == "long" else f"a{odd}b"
    row = {"number": "0639980003", "name": "Bella FICTIVE", "geolocation": "no", column: cell}
    report = import_list(session, [GOOD[0], row], NOW)
    assert (report.kept, report.lines[0].problem) == (False, None)
    said = report.lines[1].problem or ""
    assert f"“{column}”" in said
    assert "is longer than" in said if odd == "long" else "cannot be printed" in said
    assert listed(session, NOW) == []


def test_a_column_that_nobody_knows_or_that_stands_twice_is_named():
    with pytest.raises(Incomplete, match="surname"):
        stock_list.read(b"surname\nF\n")
    with pytest.raises(Incomplete, match="“number” stands twice"):
        stock_list.read(b"number,Number\n1,2\n")


def test_a_line_that_cannot_be_parted_is_a_bad_line_with_its_number(session):
    listed_ = stock_list.read(b'number;name\n;\n0639980001;\n0639980002;Ana;Dora\n"0639980003;\n')
    report = stock_list.import_people(session, listed_, NOW)
    said = [(line.line, line.problem) for line in report.lines]
    assert [n for n, _ in said] == [3, 4, 5]
    assert [problem for _, problem in said] == [None, csv_list.CELLS, csv_list.QUOTE]
    assert (report.kept, listed(session, NOW)) == (False, [])


def test_the_list_of_the_stock_is_sealed_with_the_rest(session, handset):
    inventory.reveal(session, NOW)
    assert journal.seal(session) == 2
