"""The steps of an alert: one is now, whatever was left out; a silent room is rung in time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.walk import CALL_AFTER, Progress, must_ring, stages

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
MOMENTS = st.none() | st.integers(1, 900).map(lambda s: NOON + timedelta(seconds=s))


@given(st.lists(MOMENTS, min_size=5, max_size=5), st.booleans())
def test_one_step_is_now_until_the_last_is_done_or_the_alert_ends(
    done: list[datetime | None], is_open: bool
) -> None:
    said = stages(NOON, done, is_open=is_open)
    now = [one for one in said if one.progress is Progress.NOW]
    assert len(now) == (1 if is_open and done[4] is None else 0)
    assert [one.at for one in said] == done
    assert all((one.progress is Progress.DONE) == (one.at is not None) for one in said)
    for one in now:
        assert one.since == max([NOON, *(at for at in done if at)])


def test_a_request_without_a_verification_leaves_it_out() -> None:
    at = NOON + timedelta(seconds=9)
    said = stages(NOON, [at, None, at, None, None], is_open=True)
    assert [one.progress.value for one in said] == ["done", "skipped", "done", "now", "next"]


def test_a_room_that_says_nothing_about_this_request_is_rung() -> None:
    late = NOON + CALL_AFTER
    assert must_ring(NOON, None, None, late)
    assert must_ring(NOON, NOON - timedelta(seconds=1), None, late)
    assert not must_ring(NOON, None, None, late - timedelta(seconds=1))
    assert not must_ring(NOON, NOON, None, late)
    assert not must_ring(NOON, None, NOON, late)
    assert not must_ring(None, None, None, late)
