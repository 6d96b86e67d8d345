"""The five steps of an alert as an operator walks them: which are done, which one is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Step(StrEnum):
    """In their order; each begins where the one before it ended."""

    TAKEN = "taken"
    VERIFIED = "verified"
    REQUESTED = "requested"
    ACKNOWLEDGED = "acknowledged"
    ON_SCENE = "on_scene"


class Progress(StrEnum):
    """Where one step stands."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"
    SKIPPED = "skipped"  # a later one came without it, or the alert ended before


TARGET_S = {
    Step.TAKEN: 10, Step.VERIFIED: 60, Step.REQUESTED: 60, Step.ACKNOWLEDGED: 60,
    Step.ON_SCENE: 600,
}  # fmt: skip
"""How long each may take since the one before it (CONSOLE 3.2)."""
CALL_AFTER = timedelta(seconds=TARGET_S[Step.ACKNOWLEDGED])
"""A room that has said nothing for so long is rung on its other line."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step, when it was done, and since when it is waited for."""

    step: Step
    progress: Progress
    at: datetime | None
    since: datetime | None = None


def stages(
    opened_at: datetime, done_at: Sequence[datetime | None], *, is_open: bool
) -> tuple[Stage, ...]:
    """The five steps of an alert that was opened then; `done_at` in the order of Step."""
    found = list(zip(Step, done_at, strict=True))
    last = max((n for n, (_, at) in enumerate(found) if at is not None), default=-1)
    since = max([opened_at, *(at for at in done_at if at is not None)])
    return tuple(
        Stage(step, _progress(n, last, at, is_open=is_open), at,
              since if is_open and n == last + 1 else None)
        for n, (step, at) in enumerate(found)
    )  # fmt: skip


def _progress(n: int, last: int, at: datetime | None, *, is_open: bool) -> Progress:
    if at is not None:
        return Progress.DONE
    if n < last or not is_open:
        return Progress.SKIPPED
    return Progress.NOW if n == last + 1 else Progress.NEXT


def must_ring(
    requested_at: datetime | None, acknowledged_at: datetime | None,
    on_scene_at: datetime | None, now: datetime,
) -> bool:  # fmt: skip
    """Whether the room was asked and has not said in time that it has the case."""
    if requested_at is None or (on_scene_at is not None and on_scene_at >= requested_at):
        return False
    heard = acknowledged_at is not None and acknowledged_at >= requested_at
    return not heard and now - requested_at >= CALL_AFTER
