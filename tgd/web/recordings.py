"""The sound of a call, fetched by this server with the account's credentials: no address of the
provider reaches a browser, and each listening is in the journal before the first sound."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.alerts.acts import Actor
from tgd.alerts.calling import listen
from tgd.rules.access import Act
from tgd.store import calls
from tgd.telephone import TelephoneLater, TelephoneRefused
from tgd.web import door
from tgd.web.console import Console
from tgd.web.render import Pages
from tgd.web.words import word

PROVIDER_AWAY = word("The telephone provider does not answer: try again in a moment.")
NOT_KEPT = word("The telephone provider does not have this recording.")


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/recordings/{id}`."""

    @app.get("/recordings/{recording}")
    async def sound(request: Request, recording: str) -> Response:
        found = door.uuid_of(recording)
        seat = await door.allowed(console, request, Act.HEAR_RECORDING)
        if seat.locked:
            raise door.Locked
        of = await console.ask(lambda session: calls.recording(session, found))
        if of is None:
            raise door.NotThere
        await door.must_reach(console, seat, Act.HEAR_RECORDING.value, of.alert)
        if console.telephone is None:
            raise door.Rejected(503, PROVIDER_AWAY)
        actor, now = Actor(seat.name, seat.role), clock.now()
        reference = await console.ask(lambda session: listen(session, actor, found, now))
        if reference is None:
            raise door.NotThere
        try:
            heard = await console.telephone.recording(reference)
        except TelephoneLater:
            raise door.Rejected(503, PROVIDER_AWAY) from None
        except TelephoneRefused:
            raise door.Rejected(502, NOT_KEPT) from None
        name = f'inline; filename="{found}.mp3"'
        return Response(heard, media_type="audio/mpeg", headers={"content-disposition": name})
