"""The law is numbered anew: one row is added, and what is decided from its day on rests on it."""

from datetime import timedelta

from tests.acts.allocating import made_walk  # noqa: F401  (a fixture)
from tests.acts.test_what_was_signed import paper, signed
from tgd.allocation import law_adding, referring
from tgd.rules.law_reading import said_by
from tgd.rules.law_texts import TEXTS, LegalText


def recodified(day):
    said = said_by(TEXTS[-1])
    return said | {
        "version": "L9999-1", "article": "art. L. 9999-1 CPP", "from_day": day, "months": 8,
        "by_law": "ordonnance fictive", "places": said["places"] | {"ban": "I, 1°"},
        "paragraph": [*said["paragraph"], {"place": "I, 1°", "words": "Interdit par un juge."}],
    }  # fmt: skip


def test_a_decision_of_its_day_shows_it_and_one_of_the_day_before_does_not(walk):
    tomorrow = walk.now.date() + timedelta(days=1)
    added = law_adding.add_text(walk.session, recodified(tomorrow), walk.now)
    assert isinstance(added, LegalText)
    walk.until("find")
    seen = walk.file()
    assert referring.advice(walk.session, seen, walk.now).text.version == TEXTS[-1].version
    walk.world.wait(days=1)
    walk.grant()
    one = signed(walk)
    assert one.text_version == "L9999-1"
    assert (one.ends_at.year, one.ends_at.month) == (2027, 7), "eight months of the new text"
    said = paper(walk)
    assert said["article"] == "art. L. 9999-1 CPP"
    assert said["wording"] == [["I, 1°", "Interdit par un juge."]]
    assert "art. L. 9999-1 CPP, I, 1°" in str(said["conditions"])


def test_a_text_is_added_once_and_never_changed(walk):
    said = recodified(walk.now.date())
    assert law_adding.judge(walk.session, said) == []
    assert isinstance(law_adding.add_text(walk.session, said, walk.now), LegalText)
    (sentence,) = law_adding.add_text(walk.session, said | {"months": 9}, walk.now)
    assert "known already" in sentence
    (sentence,) = law_adding.judge(walk.session, said_by(TEXTS[0]))
    assert "known already" in sentence


def test_what_is_wrong_changes_nothing(walk):
    before = law_adding.in_force_now(walk.session, walk.now)
    found = law_adding.add_text(walk.session, recodified(walk.now.date()) | {"months": 0}, walk.now)
    assert isinstance(found, list)
    assert law_adding.in_force_now(walk.session, walk.now) == before


def test_a_version_that_is_no_line_or_has_a_blank_around_it_is_judged_like_any(walk):
    said = recodified(walk.now.date())
    assert law_adding.judge(walk.session, said | {"version": ["a"]}) == [
        "version: one line of 1 to 40 characters."
    ]
    (sentence,) = law_adding.add_text(
        walk.session, said | {"version": f" {TEXTS[-1].version} "}, walk.now
    )
    assert "known already" in sentence


def test_words_that_the_record_cannot_keep_are_named(walk):
    bad = recodified(walk.now.date())
    bad["paragraph"] = [*bad["paragraph"], {"place": "II", "words": "un\x00juge"}]
    (sentence,) = law_adding.add_text(walk.session, bad, walk.now)
    assert sentence == "paragraph 8: it cannot be printed."
