"""Dates of the law: calendar months at the court, and reminders that never stop by themselves."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgd.rules.access import Act, may
from tgd.rules.deadlines import (
    RULES,
    Chased,
    DeadlineKind,
    Planned,
    add_months,
    chase,
    day_in,
    end_of,
    first_look,
    of_period,
    period_end,
    stage_after,
)

ZONES = ["Europe/Paris", "Indian/Reunion", "America/Cayenne", "Pacific/Noumea", "Pacific/Tahiti",
         "America/Miquelon"]  # fmt: skip
NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-08-31", "2027-02-28"), ("2027-08-31", "2028-02-29"), ("2027-08-29", "2028-02-29"),
        ("2028-02-29", "2028-08-29"), ("2026-03-31", "2026-09-30"), ("2026-12-31", "2027-06-30"),
        ("2026-07-01", "2027-01-01"), ("2026-10-30", "2027-04-30"),
    ],
)  # fmt: skip
def test_six_months_are_calendar_months(begins: str, ends: str) -> None:
    assert add_months(date.fromisoformat(begins), 6) == date.fromisoformat(ends)


def test_every_day_of_eight_years_ends_in_the_sixth_month_after() -> None:
    for n in range(8 * 366):
        day = date(2024, 1, 1) + timedelta(days=n)
        end = add_months(day, 6)
        assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == 6
        assert end.day == day.day or (
            end.day < day.day and (end + timedelta(days=1)).month != end.month
        )
        assert 181 - 3 <= (end - day).days <= 184


@pytest.mark.parametrize("zone", ZONES)
def test_a_period_ends_at_midnight_of_the_court_in_summer_and_winter(zone: str) -> None:
    for n in range(0, 800, 7):
        day = date(2026, 1, 1) + timedelta(days=n)
        ends_at = period_end(day, 6, zone)
        local = ends_at.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (0, 0)
        assert local.date() == add_months(day, 6) + timedelta(days=1)
        assert day_in(zone, ends_at - timedelta(seconds=1)) == add_months(day, 6)


def test_the_same_moment_is_another_day_overseas() -> None:
    moment = datetime(2026, 8, 31, 21, 30, tzinfo=UTC)
    assert day_in("Europe/Paris", moment) == date(2026, 8, 31)
    assert day_in("Indian/Reunion", moment) == date(2026, 9, 1)
    assert day_in("Pacific/Tahiti", moment) == date(2026, 8, 31)


def test_a_day_of_twenty_three_or_twenty_five_hours_is_one_day() -> None:
    for day, hours in ((date(2027, 3, 28), 23), (date(2026, 10, 25), 25)):
        before = end_of(day - timedelta(days=1), "Europe/Paris")
        assert end_of(day, "Europe/Paris") - before == timedelta(hours=hours)


def test_a_period_is_reminded_of_on_days_120_150_165_and_at_its_end() -> None:
    begins = date(2026, 11, 23)
    planned = of_period(begins, period_end(begins, 6, "Europe/Paris"), "Europe/Paris")
    days = [(day_in("Europe/Paris", p.due_at) - begins).days for p in planned]
    assert days == [120, 150, 165, 182]
    shortened = of_period(begins, end_of(date(2027, 4, 1), "Europe/Paris"), "Europe/Paris")
    assert [p.kind.value for p in shortened] == ["renewal_first", "allocation_end"]


def test_every_kind_has_an_owner_and_somebody_else_above() -> None:
    assert set(RULES) == set(DeadlineKind)
    assert [k for k, rule in RULES.items() if rule.owner is rule.escalation] == []
    told = {r for rule in RULES.values() for r in (rule.owner, rule.escalation)}
    assert [r for r in told if not may(r, Act.ACKNOWLEDGE_DEADLINE)] == []
    assert [k for k, rule in RULES.items() if not rule.escalate_after or not rule.quiet_for] == []


MOMENTS = st.none() | st.integers(-4000, 4000).map(lambda hours: NOW + timedelta(hours=hours))


@given(
    kind=st.sampled_from(DeadlineKind), due=st.integers(-4000, 4000), reminded=MOMENTS,
    escalated=MOMENTS, acknowledged=MOMENTS.filter(lambda at: at is None or at <= NOW),
)  # fmt: skip
def test_whatever_was_said_there_is_a_next_look_and_it_is_later(
    kind: DeadlineKind, due: int, reminded: datetime | None, escalated: datetime | None,
    acknowledged: datetime | None,
) -> None:  # fmt: skip
    seen = Chased(kind, NOW + timedelta(hours=due), reminded, escalated, acknowledged)
    step = chase(seen, NOW)
    assert step.look_again_at > NOW
    if seen.due_at <= NOW and acknowledged is None:
        assert step.remind
    longest = max(first_look(Planned(kind, seen.due_at)) - NOW, RULES[kind].quiet_for,
                  timedelta(days=1))  # fmt: skip
    assert step.look_again_at - NOW <= longest


@pytest.mark.parametrize("kind", DeadlineKind)
def test_a_year_of_silence_is_a_year_of_reminders_and_the_one_above_knows(
    kind: DeadlineKind,
) -> None:
    rule, due_at = RULES[kind], NOW + timedelta(days=60)
    now = look = first_look(Planned(kind, due_at))
    reminded, reminders, escalations = None, 0, []
    while now < look + timedelta(days=365):
        step = chase(Chased(kind, due_at, reminded), now)
        reminders += step.remind
        reminded = reminded or (now if step.remind else None)
        escalations += [now] if step.escalate else []
        now = step.look_again_at
    assert reminders == 365
    assert escalations[0] - look == rule.escalate_after
    assert len(escalations) > 300


@pytest.mark.parametrize("kind", DeadlineKind)
def test_an_acknowledgement_quiets_but_the_day_itself_is_said(kind: DeadlineKind) -> None:
    rule = RULES[kind]
    due_at = NOW + timedelta(days=60)
    at = first_look(Planned(kind, due_at))
    step = chase(Chased(kind, due_at, at, None, at), at)
    assert (step.remind, step.escalate) == (False, False)
    assert step.look_again_at <= max(due_at, at + rule.quiet_for)
    later = max(due_at, at + rule.quiet_for) + timedelta(seconds=1)
    assert chase(Chased(kind, due_at, at, None, at), later).remind


@pytest.mark.parametrize(
    ("kind", "hours", "following"),
    [("test_due", 23, None), ("test_due", 24, "test_call"), ("test_due", 900, "test_call"),
     ("test_call", 47, None), ("test_call", 48, "test_visit"), ("test_visit", 900, None),
     ("ban_end", 900, None)],
)  # fmt: skip
def test_what_follows_a_test_that_did_not_come(
    kind: str, hours: int, following: str | None
) -> None:
    found = stage_after(DeadlineKind(kind), NOW, NOW + timedelta(hours=hours))
    assert (found.kind.value if found else None) == following
    assert found is None or found.due_at <= NOW + timedelta(hours=hours)
