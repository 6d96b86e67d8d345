"""Each condition of the law, alone and together with all others, under every wording."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

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
from tgd.rules.law_texts import OPPI, TEXTS, BanFramework, ImminentDangerGround, NoText, in_force

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
