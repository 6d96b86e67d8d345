"""Where the pictures of maps come from, and who learns by that where an alert is."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from tgd.doctor.finding import Finding, warning


def check_map_service(address: str) -> Iterator[Finding]:
    """Nothing to say where the map is a file of ours, or none."""
    if address:
        yield warning(
            f"Maps are fetched from {urlsplit(address).hostname}: it learns where alerts are, by"
            " the tiles that this server asks for.",
            "Give a PMTiles file with TGD_MAP_FILE instead, or have an agreement with them.",
        )
