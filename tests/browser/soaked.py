"""What each minute of a soak of pages showed, and the judgement on all: does anything grow?"""

from dataclasses import dataclass

from tests.load.soak import JUDGED_FROM_MIN, SETTLED_AFTER_MIN, slope

GROWS: dict[str, tuple[str, float]] = {
    "list_kb": ("KB of the heap of the list's page", 100.0),
    "sheet_kb": ("KB of the heap of the sheet's page", 100.0),
    "worker_kb": ("KB of the worker's heap", 30.0),
    "list_nodes": ("DOM nodes of the list's page", 60.0),
    "sheet_nodes": ("DOM nodes of the sheet's page", 60.0),
    "list_listeners": ("listeners of the list's page", 2.0),
    "sheet_listeners": ("listeners of the sheet's page", 2.0),
    "connections": ("connections to the console", 1.0),
    "console_fd": ("descriptors of the console's process", 1.0),
    "console_mb": ("MB of the console's process", 1.0),
}
"""What may not grow, and by how much in ten minutes a line through noise may rise: a row that is
kept, or a fact, would be 600 of them."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a page holds, after what can be collected has been."""

    kb: float
    nodes: float
    listeners: float


@dataclass(frozen=True, slots=True)
class Minute:
    """What was seen at the end of one minute."""

    number: int
    list_kb: float
    list_nodes: float
    list_listeners: float
    sheet_kb: float
    sheet_nodes: float
    sheet_listeners: float
    worker_kb: float
    rows: int
    silence_s: float
    connections: int
    console_mb: float
    console_fd: int
    complaints: int

    def words(self) -> str:
        """One line of the report."""
        return (
            f"minute {self.number:3}  list {self.list_kb:.0f} KB {self.list_nodes:.0f} nodes"
            f" {self.list_listeners:.0f} listeners {self.rows} rows"
            f"  sheet {self.sheet_kb:.0f} KB {self.sheet_nodes:.0f} nodes"
            f" {self.sheet_listeners:.0f} listeners  worker {self.worker_kb:.0f} KB"
            f"  silent {self.silence_s:.1f} s at most  console {self.console_mb:.1f} MB"
            f" {self.console_fd} fd {self.connections} connections  {self.complaints} complaints"
        )


def slopes(seen: list[Minute]) -> dict[str, float]:
    """By how much each grows in ten minutes, by least squares, once it has settled; of few minutes
    after the first."""
    settled = seen[SETTLED_AFTER_MIN:] if len(seen) >= JUDGED_FROM_MIN else seen[1:]
    return {name: slope([float(getattr(m, name)) for m in settled]) * 10 for name in GROWS}


def grown(seen: list[Minute]) -> list[str]:
    """What grows, in words; of few minutes nobody can say so."""
    if len(seen) < JUDGED_FROM_MIN:
        return []
    return [
        f"GROWS: {rises:+.1f} {GROWS[name][0]} in 10 minutes, {GROWS[name][1]:g} are noise"
        for name, rises in slopes(seen).items()
        if rises >= GROWS[name][1]
    ]


def report(seen: list[Minute]) -> list[str]:
    """The slopes, and the longest silence of the stream."""
    lines = [
        f"{GROWS[name][0]}: {rises:+.1f} in 10 minutes" for name, rises in slopes(seen).items()
    ]
    longest = max((m.silence_s for m in seen), default=0.0)
    return [*lines, f"longest silence of the stream: {longest:.1f} s"]
