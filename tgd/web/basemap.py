"""Which map the pages of this console are drawn on."""

from dataclasses import dataclass

from tgd.web.pmtiles import Tiles


@dataclass(frozen=True, slots=True)
class Basemap:
    """What the page tells its map."""

    kind: str
    """`tiles`, `town` or `none`."""
    layers: str = ""
    least_zoom: int = 0
    most_zoom: int = 0
    attribution: str = ""


def choose(tiles: Tiles | None, *, demonstration: bool) -> Basemap:
    """A file of tiles where there is one, and never an invented town but in a demonstration."""
    if tiles is not None:
        layers = " ".join(tiles.layers)
        return Basemap("tiles", layers, tiles.min_zoom, tiles.max_zoom, tiles.attribution)
    return Basemap("town" if demonstration else "none")
