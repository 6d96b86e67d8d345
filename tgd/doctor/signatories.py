"""Whether papers can name those who sign them; no file, no clock, no socket."""

from collections.abc import Iterator, Sequence

from tgd.doctor.finding import Finding, warning


def check_signatories(unnamed: Sequence[str]) -> Iterator[Finding]:
    """A decision that names an account alone is signed by nobody whom a judge knows."""
    if unnamed:
        yield warning(
            f"Decisions of {', '.join(unnamed)} would print no full name and capacity.",
            "Run `tgd account describe NAME --full-name … --capacity …` for each of them.",
        )
