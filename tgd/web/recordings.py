"""The sound of a call, fetched by this server with the account's credentials: no address of the
provider reaches a browser, and each listening is in the journal before the first sound."""

import asyncio
import base64
from typing import Any

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock, sound
from tgd.alerts.acts import Actor
from tgd.alerts.calling import listen
from tgd.rules.access import Act
from tgd.store import calls
from tgd.telephone import Telephone, TelephoneLater, TelephoneRefused
from tgd.web import door
from tgd.web.console import Console
from tgd.web.render import Pages
from tgd.web.words import word

PROVIDER_AWAY = word("The telephone provider does not answer: try again in a moment.")
NOT_KEPT = word("The telephone provider does not have this recording.")
DIFFERS = word(
    "This is not the sound that was recorded: its fingerprint is another. It is not played, and "
    "that was written down."
)


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/recordings/{id}`."""

    @app.get("/recordings/{recording}")
    async def listened(request: Request, recording: str) -> Response:
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
        heard, sha256 = await _sound(console, console.telephone, of, actor.name)
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        said = {
            "content-disposition": f'inline; filename="{found}.mp3"',
            "repr-digest": f"sha-256=:{digest}:",
        }
        return Response(heard, media_type="audio/mpeg", headers=said)


async def _sound(
    console: Console, telephone: Telephone, of: Any, name: str
) -> tuple[bytes, str]:  # fmt: skip
    """From the provider, when it is what was recorded, else from our own copy; and its fingerprint.
    No beat waits for it: a sound may have 64 MB. Raises Rejected."""
    try:
        heard = await telephone.recording(of.reference)
        missing = None
    except TelephoneLater:
        heard, missing = b"", door.Rejected(503, PROVIDER_AWAY)
    except TelephoneRefused:
        heard, missing = b"", door.Rejected(502, NOT_KEPT)
    found = await asyncio.to_thread(sound.fingerprint_of, heard)
    if missing is None and of.sha256 in (None, found):
        return heard, found
    now, keys = clock.now(), console.keys

    def from_copy(session: Session) -> bytes | None:
        if missing is None:
            sound.say_differs(session, of.id, of.alert, found, now, by=name)
        copy = sound.copy_of(session, of.id, keys)
        return copy if copy is not None and sound.fingerprint_of(copy) == of.sha256 else None

    copy = await console.ask(from_copy)
    if copy is None:
        raise missing or door.Rejected(409, DIFFERS)
    return copy, of.sha256
