"""One figure beside its floor, and how a run is printed: for a person, or as JSON lines."""

import json
import os
import platform as machine
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    name: str
    value: float
    unit: str
    floor: float
    floor_is: str
    aim: str = ""
    """What is hoped for, for the reader; nothing compares it."""

    @property
    def ratio(self) -> float:
        """How many times the floor (for a rate: how much of it)."""
        return self.value / self.floor if self.floor else 0.0

    def line(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "figure": self.name, "value": round(self.value, 3), "unit": self.unit,
            "floor": round(self.floor, 3), "floor_is": self.floor_is,
            "ratio": round(self.ratio, 3), "aim": self.aim,
        }  # fmt: skip

    def words(self) -> str:
        """For a person."""
        aim = f"   aim {self.aim}" if self.aim else ""
        return (
            f"{self.name:46} {self.value:10.2f} {self.unit:4} {self.ratio:7.2f} × "
            f"{self.floor:.2f} ({self.floor_is}){aim}"
        )


@dataclass(slots=True)
class Report:
    """What one bench found; tables are (heading, rows of words)."""

    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tables: list[tuple[str, list[tuple[str, ...]]]] = field(default_factory=list)


def machine_line() -> dict[str, Any]:
    """Where this was measured, and how much else went on there."""
    return {
        "machine": machine.machine(), "cores": os.cpu_count() or 0,
        "python": f"{machine.python_implementation()} {machine.python_version()}",
        "load": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def lines_of(bench: str, report: Report) -> list[str]:
    """One JSON object per figure, note and table."""
    said: list[dict[str, Any]] = [figure.line() for figure in report.figures]
    said += [{"note": note} for note in report.notes]
    said += [{"table": heading, "rows": rows} for heading, rows in report.tables]
    return [json.dumps({"bench": bench} | one, ensure_ascii=False) for one in said]


def words_of(report: Report) -> list[str]:
    """The same for a person."""
    said = [figure.words() for figure in report.figures] + report.notes
    for heading, rows in report.tables:
        said += ["", heading]
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        said += [
            "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
    return said


def share(values: Sequence[float], part: float) -> float:
    """The value below which this part of them lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0
