"""Makes the markdown table of docs/benchmarks.md from the JSON lines of a run, on stdin."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

HEAD = ("| Figure | Here | Floor of the same run | Ratio | Aim |", "|---|---:|---:|---:|---|")


def markdown(lines: Iterable[str]) -> Iterator[str]:
    """The machine in a sentence, the table, then what was noted; profiles are left out."""
    said: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
    for one in said:
        if "machine" in one:
            yield (
                f"Measured on {one['cores']} cores, {one['machine']}, {one['python']}, with a load"
                f" of {one['load']} at the beginning."
            )
    yield from ("", *HEAD)
    yield from (_row(one) for one in said if "figure" in one)
    notes = [f"- {one['bench']}: {one['note']}" for one in said if "note" in one]
    if notes:
        yield from ("", *notes)


def _row(one: dict[str, Any]) -> str:
    unit = f" {one['unit']}" if one["unit"] else ""
    floor = f"{_number(one['floor'])}{unit} ({one['floor_is']})"
    aim = one["aim"].replace("<=", "≤").replace(">=", "≥")
    return (
        f"| {one['figure']} | {_number(one['value'])}{unit} | {floor} | {one['ratio']:.2f} × |"
        f" {aim} |"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    print("\n".join(markdown(sys.stdin)))
