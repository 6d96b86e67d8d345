"""A decision keeps who signed and on which facts: what becomes of the file changes none of it."""

import pytest
from sqlalchemy import text
from sqlmodel import select

from tests.acts.allocating import made_walk  # noqa: F401  (a fixture)
from tests.walking import NANTERRE, SHEET
from tgd import accounts
from tgd.allocation import referring, sheets
from tgd.allocation.signing import fingerprint, is_whole
from tgd.errors import Incomplete, WrongState
from tgd.papers.decision import decision
from tgd.papers.heading import Asked
from tgd.records import Decision, Journal
from tgd.rules.law import Condition


def signed(walk) -> Decision:
    walk.session.flush()
    walk.session.expire_all()
    return walk.session.exec(select(Decision).where(Decision.kind == "grant")).one()


def paper(walk) -> dict:
    asked = Asked(walk.officer("Camille"), walk.now, str)
    return decision(walk.session, asked, walk.id, signed(walk).id)


def described(walk) -> None:
    accounts.describe(
        walk.session, "Camille", walk.now, full_name="Camille EXEMPLE",
        capacity="vice-procureure de la République",
    )  # fmt: skip


def test_a_decision_keeps_who_signs_and_the_facts_of_its_day(walk):
    described(walk)
    walk.until("grant")
    facts = signed(walk).facts
    assert facts["signatory"] == {
        "name": "Camille EXEMPLE", "capacity": "vice-procureure de la République",
    }  # fmt: skip
    assert (facts["person"], facts["restrained_person"]) == ("Ana FICTIVE", "Hugo FICTIF")
    assert facts["court"]["name"] == "TJ de Nanterre"
    ban = facts["conditions"]["ban"]
    assert ban["found"]["bans"][0]["framework"] == "judicial_supervision"
    assert ban["evidence"] == "procedure 2026/0001"
    assert ban["reference"] == "art. 41-3-1 CPP, al. 3 (1°)"


def test_years_later_the_paper_is_the_same_word_for_word(walk):
    described(walk)
    walk.until("grant")
    before = paper(walk)
    walk.world.wait(days=800)
    sheets.change_circumstances(
        walk.session, walk.officer("Lea"), walk.id, SHEET | {"name": "Ana AUTRENOM"}, walk.now
    )
    referring.record_condition(
        walk.session, walk.officer("Greta"), walk.id, Condition.BAN,
        {"bans": [{"framework": "conviction", "since": "2028-01-01"}]}, "judgment 2028", walk.now,
    )  # fmt: skip
    accounts.describe(walk.session, "Camille", walk.now, full_name="Camille AUTRE",
                      capacity="procureure")  # fmt: skip
    walk.session.connection().execute(
        text("UPDATE court SET name = 'TJ renommé', zone = 'Indian/Reunion' WHERE code = :c"),
        {"c": NANTERRE},
    )
    walk.session.expire_all()
    assert paper(walk) == before
    assert "Ana FICTIVE" in str(before)


def test_a_decision_that_was_changed_behind_the_record_s_back_says_so(walk):
    walk.until("grant")
    one = signed(walk)
    assert is_whole(one) is True
    assert one.content_hash == fingerprint(one)
    walk.session.connection().execute(text("ALTER TABLE decision DISABLE TRIGGER decision_final"))
    walk.session.connection().execute(
        text("UPDATE decision SET facts = jsonb_set(facts, '{person}', '\"Bea FICTIVE\"')")
    )
    assert is_whole(signed(walk)) is False
    assert "N’EST PLUS CELUI" in str(paper(walk)["proof"])


def test_every_kind_of_decision_is_whole(walk):
    walk.until("hand_over")
    walk.withdraw()
    walk.session.flush()
    walk.session.expire_all()
    found = walk.session.exec(select(Decision)).all()
    assert {one.kind for one in found} == {"grant", "withdraw"}
    assert all(is_whole(one) for one in found)


def test_one_of_before_facts_were_kept_is_printed_with_what_is_known(walk):
    walk.until("grant")
    walk.session.connection().execute(text("ALTER TABLE decision DISABLE TRIGGER decision_final"))
    walk.session.connection().execute(text("UPDATE decision SET facts = '{}'"))
    said = paper(walk)
    assert is_whole(signed(walk)) is None
    assert ["Personne protégée", "Ana FICTIVE"] in said["facts"]
    assert said["proof"][0] == ["Approuvé par", "Camille"]
    assert "Contrôle" not in str(said["proof"])


def test_an_account_is_described_and_no_line_names_its_person(walk):
    described(walk)
    lines = walk.session.exec(select(Journal).where(Journal.act == "AccountDescribed")).all()
    assert [line.detail for line in lines] == [{"of": "Camille"}]
    for wrong in ({}, {"full_name": "  "}, {"capacity": "x" * 121}, {"full_name": "a\x07b"}):
        with pytest.raises(Incomplete):
            accounts.describe(walk.session, "Camille", walk.now, **wrong)
    with pytest.raises(WrongState):
        accounts.describe(walk.session, "Nobody", walk.now, full_name="No BODY")
