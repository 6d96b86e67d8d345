"""Time goes on evenly while the machine's clock is set back, forward, or runs wild."""

import pytest

from tgd.clock import SLOWLY, Carried

YEAR_S = 365 * 86_400.0


@pytest.mark.parametrize("step_s", [-7_200.0, 26 * 3600.0, 400 * 86_400.0, -YEAR_S])
def test_a_step_of_the_machines_clock_moves_no_deadline(step_s: float) -> None:
    clock = Carried(wall=1_000_000.0, steady=50.0)
    before = clock.read(1_000_010.0, 60.0)
    after = clock.read(1_000_070.0 + step_s, 120.0)
    assert after - before == pytest.approx(60.0, abs=60 * SLOWLY + 1e-6)


def test_a_clock_that_runs_sixty_times_too_fast_is_not_followed() -> None:
    clock = Carried(wall=0.0, steady=0.0)
    assert clock.read(60 * 60.0, 60.0) == pytest.approx(60.0, abs=60 * SLOWLY + 1e-6)


def test_small_corrections_are_followed_exactly() -> None:
    clock = Carried(wall=0.0, steady=0.0)
    assert clock.read(100.03, 100.0) == pytest.approx(100.03)


def test_a_step_is_made_good_slowly_and_completely() -> None:
    clock = Carried(wall=0.0, steady=0.0)
    read = [clock.read(10.0 + s, float(s)) for s in range(1, 2_100)]
    assert read[-1] == pytest.approx(10.0 + 2_099)
    assert read == sorted(read)


def test_time_never_goes_back() -> None:
    clock = Carried(wall=1_000.0, steady=0.0)
    read = [clock.read(1_000.0 - 50.0 * s, 0.1 * s) for s in range(100)]
    assert read == sorted(read)


def test_who_lags_behind_a_moment_that_others_have_reached_goes_there() -> None:
    clock = Carried(wall=1_000.0, steady=0.0)
    assert clock.advance(1_500.0) == pytest.approx(500.0)
    assert clock.advance(900.0) == 0.0
    assert clock.read(1_001.0, 1.0) == pytest.approx(1_501.0, abs=SLOWLY + 1e-6)
