"""Which way she goes: said where the circles let one tell it, and not guessed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.doubt import Trust
from tgd.rules.place import Fix
from tgd.rules.track import FINE_M, MOST_POINTS, Direction, direction, track_of
from tgd.rules.trigger import Method

NOW = datetime(2026, 11, 28, 22, 40, tzinfo=UTC)
LAT, LON = 48.89234, 2.20711
METRE = 1 / 111_195
"""Degrees of latitude."""


def fix(after_s: float, north_m: float, radius_m: float | None = 10, **more: object) -> Fix:
    at = NOW + timedelta(seconds=after_s)
    known: dict[str, object] = {"method": Method.GNSS, "trust": Trust.VERIFIED} | more
    return Fix(LAT + north_m * METRE, LON, radius_m, found_at=at, heard_at=at, **known)  # type: ignore[arg-type]


def test_one_fix_is_no_way() -> None:
    assert track_of([fix(0, 0)], fix(0, 0)) is None
    assert track_of([], fix(0, 0)) is None


def test_it_says_how_far_which_way_and_what_was_lately() -> None:
    fixes = [fix(600, 400), fix(0, 0), fix(540, 360), fix(300, 300)]
    track = track_of(fixes, fixes[0])
    assert track
    assert [p.at for p in track.points] == sorted(f.at for f in fixes)
    assert track.whole
    assert round(track.whole.metres) == 400
    assert (track.whole.direction, track.whole.lasted) == (Direction.N, timedelta(minutes=10))
    assert track.lately
    assert round(track.lately.metres_a_minute) == 40, "of the last minute, not of ten"


def test_within_the_circles_she_is_where_she_was() -> None:
    fixes = [fix(0, 0), fix(300, 19)]
    track = track_of(fixes, fixes[0])
    assert track
    assert (track.whole, track.lately) == (None, None)


def test_one_who_walked_and_stands_now() -> None:
    fixes = [fix(0, 0), fix(200, 500), fix(600, 505), fix(660, 503)]
    track = track_of(fixes, fixes[-1])
    assert track
    assert track.whole
    assert track.lately is None


def test_coarse_and_strange_fixes_draw_no_line() -> None:
    wide = fix(60, 3000, FINE_M + 1)
    strange = fix(120, 5000, trust=Trust.UNKNOWN)
    cell = fix(150, 900, None, method=Method.CELL)
    assert track_of([fix(0, 0), wide, strange, cell], fix(0, 0)) is None


def test_of_one_moment_the_finer_counts_and_an_endless_one_is_cut() -> None:
    fixes = [fix(0, 0), fix(60, 100, 150), fix(60, 90, 5)]
    track = track_of(fixes, fixes[0])
    assert track
    assert [p.radius_m for p in track.points] == [10, 5]
    many = [fix(n, n) for n in range(MOST_POINTS + 50)]
    track = track_of(many, many[0])
    assert track
    assert len(track.points) == MOST_POINTS
    assert track.points[-1] == many[-1]


@pytest.mark.parametrize(("to", "named"), [
    ((1, 0), "n"), ((1, 1), "ne"), ((0, 1), "e"), ((-1, 1), "se"), ((-1, 0), "s"), ((-1, -1), "sw"),
    ((0, -1), "w"), ((1, -1), "nw"), ((1, 0.3), "n"), ((1, 0.5), "ne"),
])  # fmt: skip
def test_the_eight_of_the_compass(to: tuple[float, float], named: str) -> None:
    assert direction(0, 0, to[0] / 100, to[1] / 100) == named


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_back_again_is_the_other_way(lat: float, lon: float, north: float, east: float) -> None:
    if abs(north) + abs(east) < 1e-4:
        return
    there = list(Direction).index(direction(lat, lon, lat + north, lon + east))
    back = list(Direction).index(direction(lat + north, lon + east, lat, lon))
    assert (there - back) % 8 in (3, 4, 5), "but for what is at the edge of two"
