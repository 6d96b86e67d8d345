"""The table of a measuring run is made from its own JSON lines, and from nothing else."""

import json

from tests.bench.figures import Figure, Report, lines_of, machine_line
from tests.bench.table import markdown


def test_figures_become_rows_beside_their_floor_and_profiles_do_not():
    report = Report(
        [Figure("press → platform, p50", 5.0, "ms", 2.0, "one commit", "<= 5 ms")],
        ["Not measured: nothing."],
        [("where the time goes", [("share", "function")])],
    )
    written = list(markdown([json.dumps(machine_line()), *lines_of("latency", report)]))
    assert "| press → platform, p50 | 5.00 ms | 2.00 ms (one commit) | 2.50 × | ≤ 5 ms |" in written
    assert "- latency: Not measured: nothing." in written
    assert written[0].startswith("Measured on ")
    assert not any("where the time goes" in line for line in written)
