"""A worse fix never silently replaces a better one, whatever comes in whatever order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.doubt import Trust
from tgd.rules.place import Fix, are_apart, choose, distance_m, is_no_news, near, point_of
from tgd.rules.trigger import Method

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
TRUSTS = (Trust.UNKNOWN, Trust.UNVERIFIED, Trust.VERIFIED)


def fix(
    minute: float = 0, radius: float | None = 12, *, north_m: float = 0,
    method: Method = Method.GNSS, trust: Trust = Trust.VERIFIED, late: float = 0,
) -> Fix:  # fmt: skip
    at = NOON + timedelta(minutes=minute)
    return Fix(45.02 + north_m / 111_195, 2.05, radius, method, trust, at, at + timedelta(0, late))


FIXES = st.builds(
    fix, st.integers(-30, 30), st.none() | st.floats(1, 5000), north_m=st.floats(-9000, 9000),
    method=st.sampled_from(Method), trust=st.sampled_from(TRUSTS), late=st.floats(0, 600),
)  # fmt: skip


def test_her_satellites_are_kept_when_the_network_agrees_later() -> None:
    fine, coarse = fix(0, 12), fix(3, 1500, method=Method.CELL, north_m=800)
    said = choose([fine, coarse])
    assert said is not None
    assert (said.fix, said.newer, said.has_moved) == (fine, coarse, False)


def test_she_has_moved_out_of_the_circle_and_the_finer_fix_is_still_named() -> None:
    fine, coarse = fix(0, 12), fix(3, 1500, method=Method.CELL, north_m=4000)
    said = choose([fine, coarse])
    assert said is not None
    assert (said.fix, said.finer, said.has_moved) == (coarse, fine, True)


def test_a_better_or_equal_newer_fix_replaces() -> None:
    said = choose([fix(0, 40), fix(1, 40, north_m=5)])
    assert said is not None
    assert said.fix == fix(1, 40, north_m=5)
    assert (said.newer, said.finer, said.has_moved) == (None, None, False)


def test_doubt_never_replaces_proof_and_proof_replaces_doubt() -> None:
    proven, doubtful = fix(0, 900), fix(5, 5, trust=Trust.UNVERIFIED, north_m=50_000)
    said = choose([proven, doubtful])
    assert said is not None
    assert (said.fix, said.newer) == (proven, doubtful)
    later = choose([doubtful, fix(9, 900)])
    assert later is not None
    assert (later.fix, later.finer) == (fix(9, 900), doubtful)


def test_a_position_that_was_long_on_its_way_is_as_old_as_it_is() -> None:
    old, new = fix(0, 12, late=600), fix(5, 30, north_m=400)
    said = choose([new, old])
    assert said is not None
    assert said.fix == new


def test_a_broken_clock_is_not_believed() -> None:
    at = NOON + timedelta(minutes=4)
    for claimed in (NOON - timedelta(days=400), NOON + timedelta(days=1)):
        assert Fix(45, 2, 9, Method.GNSS, Trust.VERIFIED, claimed, at).at == at


@given(st.lists(FIXES, min_size=1, max_size=8), st.randoms())
def test_nothing_better_is_ever_lost_from_sight(fixes: list[Fix], chance: object) -> None:
    said = choose(fixes)
    assert said is not None
    assert said.fix in fixes
    named = [one for one in (said.fix, said.newer, said.finer) if one]
    assert said.fix.trust == max((f.trust for f in fixes), key=TRUSTS.index)
    assert max(f.at for f in fixes) == max(f.at for f in named)
    before = [f.reach_m for f in fixes if f.at <= said.fix.at]
    assert min(f.reach_m for f in named) <= min(before)
    shuffled = list(fixes)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(shuffled) == said


@given(st.lists(FIXES, min_size=1, max_size=6), FIXES)
def test_a_worse_newcomer_that_agrees_changes_nothing_that_is_shown(
    fixes: list[Fix], new: Fix
) -> None:
    said = choose(fixes)
    assert said is not None
    is_worse = TRUSTS.index(new.trust) < TRUSTS.index(said.fix.trust) or (
        new.trust == said.fix.trust
        and new.reach_m > said.fix.reach_m
        and not are_apart(new, said.fix)
    )
    after = choose([*fixes, new])
    assert after is not None
    if is_worse and new.at > max(f.at for f in fixes):
        assert (after.fix, after.newer, after.has_moved) == (said.fix, new, said.has_moved)


def test_known_places_say_whether_they_lie_in_the_circle() -> None:
    home = {"label": "Maison", "city": "Exempleville", "lat": "45.0205", "lon": "2.05"}
    work = {"label": "Travail", "city": "Fictigny", "lat": "45.06", "lon": "2.05"}
    found = [near(fix(0, 80), place) for place in (home, work)]
    assert [(n.is_inside, round(n.distance_m)) for n in found if n] == [(True, 56), (False, 4448)]
    assert near(fix(0, 80), {"label": "École", "city": "X"}) is None


def test_what_is_no_point_is_none() -> None:
    for odd in ({}, {"lat": "45"}, {"lat": "x", "lon": "2"}, {"lat": "nan", "lon": "2"},
                {"lat": "0", "lon": "0"}, {"lat": "91", "lon": "2"}):  # fmt: skip
        assert point_of(odd) is None


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_a_distance_is_the_same_both_ways_and_never_further_than_the_antipodes(
    lat: float, lon: float, to_lat: float, to_lon: float
) -> None:
    there, back = distance_m(lat, lon, to_lat, to_lon), distance_m(to_lat, to_lon, lat, lon)
    assert abs(there - back) < 1e-3
    assert 0 <= there <= 20_015_115


@pytest.mark.parametrize(
    ("said", "is_news"),
    [
        ((48.89234, 2.20711, 12.0), False),  # the same
        ((48.892341, 2.207108, 12.4), False),  # the same, rounded by another format
        ((48.89234, 2.20711, None), False),  # it says less
        ((48.89234, 2.20711, 400.0), False),  # coarser
        ((48.89234, 2.20711, 5.0), True),  # finer
        ((48.8925, 2.20711, 12.0), True),  # she has moved
    ],
)
def test_a_copy_says_something_new_when_it_is_another_place_or_a_finer_one(
    said: tuple[float, float, float | None], is_news: bool
) -> None:
    known = (48.89234, 2.20711, 12.0)
    assert is_no_news(said, known) is not is_news
    assert is_no_news((*known[:2], None), (*known[:2], None))
    assert not is_no_news(known, (*known[:2], None)), "now there is a radius"
