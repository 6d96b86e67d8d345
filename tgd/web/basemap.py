"""Which map the pages of this console are drawn on."""

from dataclasses import dataclass

from tgd.web.pmtiles import Tiles


@dataclass(frozen=True, slots=True)
class Basemap:
    """What the page tells its map."""

    kind: str
    """`tiles`, `raster`, `town` or `none`."""
    layers: str = ""
    least_zoom: int = 0
    most_zoom: int = 0
    attribution: str = ""


def choose(
    tiles: Tiles | None, *, demonstration: bool, service_zoom: int = 0, credit: str = ""
) -> Basemap:
    """A file of tiles or a service of pictures where there is one, and never an invented town but
    in a demonstration."""
    if service_zoom:
        return Basemap("raster", most_zoom=service_zoom, attribution=credit)
    if tiles is not None:
        layers = " ".join(tiles.layers)
        return Basemap("tiles", layers, tiles.min_zoom, tiles.max_zoom, tiles.attribution)
    return Basemap("town" if demonstration else "none")
