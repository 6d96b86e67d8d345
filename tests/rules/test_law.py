"""Each condition of the law, alone and together with all others, under every wording."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.errors import Incomplete
from tgd.rules import facts as reading
from tgd.rules.law import (
    Advice,
    Ban,
    Condition,
    Facts,
    Relation,
    Route,
    advise,
    rests_on_oppi_alone,
)
from tgd.rules.law_reading import KEYS, problems, said_by, text_of
from tgd.rules.law_texts import (
    OPPI,
    TEXTS,
    BanFramework,
    ImminentDangerGround,
    LegalText,
    NoText,
    in_force,
)

TODAY = date(2026, 11, 23)
BAN = Ban(BanFramework.JUDICIAL_SUPERVISION, date(2026, 1, 1))
KNOWN = (None, False, True)


def expected(facts: Facts) -> bool:
    """The article in one sentence, written again."""
    covered = bool(facts.rape) or facts.relation not in (None, Relation.OTHER)
    by_ban = bool(facts.bans)
    by_danger = bool(facts.imminent_danger) and facts.ground is not None
    return bool(
        facts.grave_danger and covered and facts.cohabitation is False and facts.consent
        and (by_ban or by_danger)
    )  # fmt: skip


def test_every_combination_of_conditions_gives_the_article_s_answer() -> None:
    combinations = product(
        KNOWN, [None, Relation.OTHER, Relation.FORMER_SPOUSE], KNOWN, KNOWN, KNOWN, [(), (BAN,)],
        KNOWN, [None, *ImminentDangerGround], KNOWN,
    )  # fmt: skip
    seen = {True: 0, False: 0}
    for danger, relation, rape, living, consent, bans, imminent, ground, located in combinations:
        facts = Facts(
            danger, relation, rape, living, consent, located, bans, None, imminent, ground
        )
        said = advise(facts, TODAY)
        assert said.holds is expected(facts), facts
        assert said.holds is not bool(said.against)
        seen[said.holds] += 1
    assert min(seen.values()) > 100, seen


HOLDS = Facts(True, Relation.SPOUSE, False, False, True, None, (BAN,))


@pytest.mark.parametrize("framework", BanFramework)
def test_every_framework_of_a_ban_opens_the_first_route(framework: BanFramework) -> None:
    said = advise(replace(HOLDS, bans=(Ban(framework, TODAY, TODAY),)), TODAY)
    assert (said.route, said.holds) == (Route.BAN, True)


@pytest.mark.parametrize("ground", ImminentDangerGround)
def test_every_ground_opens_the_second_route_without_any_ban(ground: ImminentDangerGround) -> None:
    facts = replace(HOLDS, bans=(), imminent_danger=True, ground=ground)
    assert (advise(facts, TODAY).route, advise(facts, TODAY).holds) == (Route.IMMINENT_DANGER, True)
    assert not advise(replace(facts, ground=None), TODAY).holds


def test_rape_is_covered_whoever_did_it() -> None:
    assert advise(replace(HOLDS, relation=Relation.OTHER, rape=True), TODAY).holds
    assert not advise(replace(HOLDS, relation=Relation.OTHER, rape=False), TODAY).holds


def test_geolocation_is_an_agreement_of_its_own_and_never_a_condition() -> None:
    for agreed in KNOWN:
        said = advise(replace(HOLDS, geolocation=agreed), TODAY)
        assert said.holds
        assert next(f.met for f in said.findings if f.condition is Condition.GEOLOCATION) is agreed


def test_a_ban_runs_from_its_first_to_its_last_day() -> None:
    ban = Ban(BanFramework.CONVICTION, TODAY, TODAY + timedelta(days=2))
    runs = [ban.runs_on(TODAY + timedelta(days=n)) for n in range(-1, 4)]
    assert runs == [False, True, True, True, False]
    assert not advise(replace(HOLDS, bans=(ban,)), TODAY + timedelta(days=3)).holds


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2014, 8, 6), "41-3-1/2014-08-06"), (date(2019, 12, 29), "41-3-1/2014-08-06"),
        (date(2019, 12, 30), "41-3-1/2019-12-30"), (date(2024, 6, 14), "41-3-1/2019-12-30"),
        (date(2024, 6, 15), "41-3-1/2024-06-15"), (TODAY, "41-3-1/2024-06-15"),
    ],
)  # fmt: skip
def test_the_text_is_the_one_in_force_on_the_day(day: date, version: str) -> None:
    assert in_force(day).version == version


def test_before_the_first_text_nothing_allowed_it() -> None:
    with pytest.raises(NoText):
        advise(HOLDS, date(2014, 8, 5))


def test_each_text_allows_what_it_says_and_no_more() -> None:
    def holds(day: date, facts: Facts) -> bool:
        return advise(facts, day).holds

    by_danger = replace(
        HOLDS, bans=(), imminent_danger=True, ground=ImminentDangerGround.ON_THE_RUN
    )
    by_oppi = replace(HOLDS, bans=(Ban(OPPI, date(2014, 1, 1)),))
    assert not holds(date(2019, 12, 29), by_danger)
    assert holds(date(2019, 12, 30), by_danger)
    assert not holds(date(2024, 6, 14), by_oppi)
    assert holds(date(2024, 6, 15), by_oppi)


def test_a_new_number_is_one_more_row_and_no_code() -> None:
    recodified = replace(
        TEXTS[-1], version="L9999-1/2029", article="art. L. 9999-1 CPP", from_day=date(2029, 1, 1)
    )
    texts = (*TEXTS, recodified)
    said = advise(HOLDS, date(2029, 1, 1), texts)
    assert (said.text.version, said.holds) == ("L9999-1/2029", True)
    assert all(f.reference.startswith("art. L. 9999-1 CPP") for f in said.findings)
    assert advise(HOLDS, date(2028, 12, 31), texts).text is TEXTS[-1]


def test_of_two_texts_of_one_day_the_one_that_was_added_last_counts() -> None:
    mended = replace(TEXTS[-1], version="41-3-1/2024-06-15 bis")
    assert in_force(TODAY, (*TEXTS, mended)) is mended


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.version)
def test_every_condition_stands_in_a_paragraph_that_is_kept(text: LegalText) -> None:
    said = {"ban": "interdiction judiciaire", "no_cohabitation": "cohabitation",
            "consent": "expressément", "geolocation": "géolocalisation", "duration": "six mois",
            "covered_relation": "viol", "grave_danger": "grave danger"}  # fmt: skip
    said |= {"imminent_danger": "imminent"} if text.grounds else {}
    said |= {"shortening": "réduite"} if text.may_shorten_oppi else {}
    for condition, word in said.items():
        assert word in " ".join(words for _, words in text.words_of(condition)), condition
    assert text.may_shorten_oppi is any("provisoire" in words for _, words in text.paragraphs)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.version)
def test_a_text_is_written_and_read_again(text: LegalText) -> None:
    said = said_by(text)
    assert problems(said) == []
    assert text_of(said) == text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"version": ""}, "version: one line"), ({"article": "x" * 81}, "article: one line"),
        ({"by_law": "a\x07"}, "by_law: it cannot"), ({"from_day": "2029"}, "from_day: a day"),
        ({"from_day": datetime(2029, 1, 1)}, "from_day: a day"), ({"months": 0}, "months: a"),
        ({"months": True}, "months: a number"), ({"may_shorten_oppi": 1}, "true or false"),
        ({"frameworks": []}, "frameworks: a list"), ({"frameworks": ["x"]}, "x is none of"),
        ({"grounds": "on_the_run"}, "grounds: a list"), ({"grounds": ["x"]}, "x is none of"),
        ({"places": {}}, "places: ban is missing"), ({"places": []}, "places: where each"),
        ({"paragraph": []}, "paragraph: the wording"),
        ({"paragraph": [{"place": "al. 1"}]}, "paragraph 1: it has"),
        ({"paragraph": [{"place": "al. 1", "words": "x" * 8001}]}, "paragraph 1: it is too long"),
        ({"paragraph": [{"place": "al. 1", "words": "x"}]}, "no paragraph stands at “al. 2”"),
        ({"other": 1}, "other: there is no such word"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_text_is_said(changed: dict[str, Any], sentence: str) -> None:
    found = problems(said_by(TEXTS[-1]) | changed)
    assert any(sentence in one for one in found), found


@given(st.dictionaries(st.text(max_size=8), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
), max_size=4))  # fmt: skip
def test_nothing_that_a_file_says_breaks_the_reader(odd: dict[str, Any]) -> None:
    assert problems(odd)
    problems(said_by(TEXTS[-1]) | dict(zip(sorted(KEYS), odd.values(), strict=False)))


def test_only_an_immediate_order_alone_may_be_shortened() -> None:
    immediate, text = Ban(OPPI, TODAY), TEXTS[-1]
    assert rests_on_oppi_alone(replace(HOLDS, bans=(immediate,)), text, TODAY)
    assert not rests_on_oppi_alone(replace(HOLDS, bans=(immediate, BAN)), text, TODAY)
    assert not rests_on_oppi_alone(replace(HOLDS, bans=()), text, TODAY)
    followed = replace(BAN, since=TODAY + timedelta(days=5))
    assert not rests_on_oppi_alone(replace(HOLDS, bans=(immediate, followed)), text, TODAY)
    over = replace(BAN, since=TODAY - timedelta(days=90), until=TODAY - timedelta(days=1))
    assert rests_on_oppi_alone(replace(HOLDS, bans=(immediate, over)), text, TODAY)
    assert not rests_on_oppi_alone(replace(HOLDS, bans=(immediate,)), TEXTS[1], TODAY)


def test_what_is_recorded_is_read_and_odd_words_are_refused() -> None:
    said: dict[Condition, dict[str, object]] = {
        Condition.COVERED_RELATION: {"relation": "former_spouse", "rape": False},
        Condition.BAN: {"bans": [{"framework": "conviction", "since": "2026-01-01"}]},
    }
    facts = reading.facts_of(said)
    assert facts.bans == (Ban(BanFramework.CONVICTION, date(2026, 1, 1)),)
    assert facts.grave_danger is None
    assert reading.facts_of({Condition.BAN: {"bans": []}}).no_ban
    for condition, odd in [
        (Condition.GRAVE_DANGER, {}), (Condition.GRAVE_DANGER, {"met": "yes"}),
        (Condition.GRAVE_DANGER, {"met": True, "score": 9}),
        (Condition.COVERED_RELATION, {"relation": "cousin"}),
        (Condition.BAN, {"bans": [{"framework": "conviction", "since": "yesterday"}]}),
        (Condition.BAN, {"bans": 3}), (Condition.BAN, {"bans": ["x"]}),
        (Condition.BAN, {"bans": [{"framework": "conviction", "since": "2026-01-01",
                                   "country": "France"}]}),
    ]:  # fmt: skip
        with pytest.raises(Incomplete):
            reading.check(condition, odd)


def test_advice_says_every_condition_with_its_reference() -> None:
    said: Advice = advise(Facts(), TODAY)
    assert {f.condition for f in said.findings} == set(Condition)
    assert all(f.met is None for f in said.findings)
    assert all(f.reference.startswith("art. 41-3-1 CPP, al. ") for f in said.findings)
