"""What people at the console have left when it does not answer."""

from collections.abc import Iterator

from tgd.doctor.finding import Finding, warning


def check_degraded_line(number: str) -> Iterator[Finding]:
    """Nothing to say where a number is set."""
    if not number:
        yield warning(
            "No telephone is named for the hour in which the console is dead: its pages say "
            "“use the telephone procedure” and no number.",
            "Set TGD_DEGRADED_LINE to the line that the platform and the rooms answer then.",
        )
