"""What a map is drawn from: tiles of one file, pictures of a service that this server asks, or a
town that does not exist; our origin alone.

Which tiles somebody asks for says where an alert is: they are for those who see alerts, are kept
in no cache and written in no log.
"""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tgd.rules.access import Act
from tgd.web import door, town_map
from tgd.web.console import Console
from tgd.web.pmtiles import packed
from tgd.web.render import Pages
from tgd.web.tile_service import TileAway, TileService

TILE = "application/vnd.mapbox-vector-tile"


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/map/town` and `/map/{z}/{x}/{y}`."""

    @app.get("/map/town")
    async def town(request: Request) -> Response:
        await door.allowed(console, request, Act.SEE_ALERTS, acting=False)
        if console.basemap.kind != "town":
            raise door.NotThere
        return JSONResponse(town_map.town())

    @app.get("/map/{z}/{x}/{y}")
    async def tile(request: Request, z: str, x: str, y: str) -> Response:
        await door.allowed(console, request, Act.SEE_ALERTS, acting=False)
        numbers = [int(n) for n in (z, x, y) if n.isascii() and n.isdigit() and len(n) < 9]
        if len(numbers) != 3:
            raise door.NotThere
        if console.tile_service is not None:
            return await _picture(console.tile_service, numbers)
        if console.tiles is None:
            raise door.NotThere
        found = await console.reading(*numbers)
        if found is None:
            return Response(status_code=204)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed(found), media_type=TILE, headers={"content-encoding": "gzip"})
        return Response(found, media_type=TILE)


async def _picture(service: TileService, numbers: list[int]) -> Response:
    """503 while there is none: the circle is drawn on an empty ground, the words stand above."""
    try:
        found = await service.tile(*numbers)
    except TileAway:
        return Response(status_code=503)
    if found is None:
        return Response(status_code=204)
    return Response(found[0], media_type=found[1])
