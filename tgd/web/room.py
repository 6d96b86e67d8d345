"""The operators’ room: shifts and hand-overs, supervision, technical items put aside."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import accounts, clock, shifts, technical
from tgd.accounts import Seat
from tgd.alerts.acts import Actor
from tgd.alerts.exercising import MINUTES
from tgd.errors import Refusal
from tgd.rules.access import Act
from tgd.rules.alert import reference
from tgd.rules.pace import is_flood
from tgd.rules.walk import must_ring
from tgd.store import exercises, nudges, pace, room_words
from tgd.store import shifts as store
from tgd.web import counts, door
from tgd.web.acting import STATUS, sent
from tgd.web.console import Console
from tgd.web.render import Pages, as_json

TAKE_WITHIN = timedelta(seconds=10)
"""An alert that waits longer for somebody is overdue (CONSOLE 3.2)."""
A_SIGN_WITHIN = timedelta(seconds=10)
"""An owner's screen gives a sign every 4.5 s: the supervisor sees when two are missing."""
MOST_SHOWN = 50
"""Sheets that one browser has open at once."""
Doing = Callable[[Session, Actor, dict[str, str], datetime], Any]
Shown = Callable[[int, str], Awaitable[Response]]


ACTS: dict[str, Doing] = {
    "start": lambda s, actor, form, now: shifts.start(
        s,
        actor,
        now,
        heard_sound=form.get("heard_sound") == "yes",
        telephone=form.get("telephone", ""),
    ),
    "telephone": lambda s, actor, form, now: shifts.sit_at(
        s, actor, now, form.get("telephone", "")
    ),
    "end": lambda s, actor, form, now: shifts.end(s, actor, now),
    "hand-over": lambda s, actor, form, now: shifts.hand_over(s, actor, form.get("words", ""), now),
    "confirm": lambda s, actor, form, now: shifts.confirm(
        s,
        actor,
        door.uuid_of(form.get("hand_over", "")),
        now,
        read={name for name, ticked in form.items() if ticked},
    ),
}
"""`POST /shift/{word}`."""


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/shift`, `/supervision`, `/technical/{id}/shelve`, `/sound/silence`, `/sound/state`."""

    @app.get("/shift")
    async def shift(request: Request) -> Response:
        seat = await door.allowed(console, request, Act.TAKE)
        return await shift_page(console, made, request, seat)

    @app.post("/shift/{name}")
    async def act(request: Request, name: str) -> Response:
        doing = ACTS.get(name)
        if doing is None:
            raise door.NotThere
        seat, form = await sent(console, request, Act.TAKE, None)
        shown = partial(shift_page, console, made, request, seat)
        return await act_in_room(console, request, seat, form, doing, "/shift", shown)

    @app.get("/shift/{name}")
    async def back(name: str) -> Response:
        """Reloading the page that answered a form acts on nothing."""
        if name not in ACTS:
            raise door.NotThere
        return RedirectResponse("/shift", 303)

    @app.get("/supervision")
    async def supervision(request: Request) -> Response:
        live = request.query_params.get("part") == "live"
        seat = await door.allowed(console, request, Act.COUNTERSIGN, acting=not live)
        return await supervision_page(console, made, request, seat)

    _add_small_acts(app, console)
    _add_signs(app, console)


def _add_small_acts(app: FastAPI, console: Console) -> None:
    @app.post("/technical/{item}/shelve")
    async def shelve(request: Request, item: str) -> Response:
        found = door.uuid_of(item)
        seat, form = await sent(console, request, Act.SETTLE_TECHNICAL, None)
        actor, now = Actor(seat.name, seat.role), clock.now()
        try:
            await console.ask(
                lambda session: technical.shelve(
                    session, actor, found, form.get("hours", ""), form.get("why", ""), now
                )
            )
        except Refusal as error:
            raise door.Rejected(STATUS.get(type(error), 409), error.template) from None
        json = door.wants_json(request)
        return as_json({"shelved": True}) if json else RedirectResponse("/technical", 303)

    @app.post("/sound/silence")
    async def silence(request: Request) -> Response:
        """Behind the lock too: who sits there hears as well, and it is not done without a trace."""
        seat, _ = await sent(console, request, Act.TAKE, None, locked_too=True)
        actor, now = Actor(seat.name, seat.role), clock.now()
        await console.ask(lambda session: shifts.silence(session, actor, now, locked=seat.locked))
        return as_json({"silenced": True})


def _add_signs(app: FastAPI, console: Console) -> None:
    """What pages say by themselves."""

    @app.post("/looks")
    async def looks(request: Request) -> Response:
        """What the pages of a browser say by themselves when it changes: the alerts they show."""
        seat, form = await sent(console, request, Act.TAKE, None, locked_too=True, by_itself=True)
        said = form.get("alerts", "").split()
        if len(said) > MOST_SHOWN:
            raise door.Rejected(422, door.UNREADABLE)
        shown, now = [door.uuid_of(one) for one in said if not seat.locked], clock.now()
        token = door.token_of(console, request) or ""
        await console.ask(lambda session: _tell_looks(session, token, shown, now))
        return as_json({"told": True})

    @app.post("/sound/state")
    async def state(request: Request) -> Response:
        """What a page of the room says by itself each minute: would an alert be heard here?"""
        _, form = await sent(console, request, Act.TAKE, None, locked_too=True, by_itself=True)
        if form.get("state") not in set(accounts.Sound):
            raise door.Rejected(422, door.UNREADABLE)
        sound, now = accounts.Sound(form["state"]), clock.now()
        token = door.token_of(console, request) or ""
        await console.ask(lambda session: accounts.tell_sound(session, token, sound, now))
        counts.sounds.labels(sound.value).inc()
        return as_json({"told": True})


def _tell_looks(session: Session, token: str, shown: list[UUID], now: datetime) -> None:
    accounts.tell_looks(session, token, shown, now)
    nudges.nudge(session, nudges.CONSOLE)


async def act_in_room(
    console: Console, request: Request, seat: Seat, form: dict[str, str], doing: Doing, page: str,
    shown: Shown,
) -> Response:  # fmt: skip
    """Do it and lead back to the page; a refusal is shown there, with its status and sentence."""
    actor, now = Actor(seat.name, seat.role), clock.now()
    try:
        await console.ask(lambda session: doing(session, actor, form, now))
    except Refusal as error:
        said = console.words.sentence(door.language_of(console, request), error)
        status = STATUS.get(type(error), 409)
        if door.wants_json(request):
            return as_json({"error": status, "sentence": said}, status)
        return await shown(status, said)
    return as_json({"done": True}) if door.wants_json(request) else RedirectResponse(page, 303)


async def shift_page(
    console: Console, made: Pages, request: Request, seat: Seat, status: int = 200, said: str = ""
) -> Response:
    """The own shift and hand-overs, with a sentence about what was refused."""
    now = clock.now()
    seen = await console.ask(lambda session: _room(session, now))
    mine = next((one for one in seen["on_duty"] if one.account == seat.name), None)
    return made.page(request, "shift.html", seat, status, sentence=said, mine=mine, now=now, **seen)


async def supervision_page(
    console: Console, made: Pages, request: Request, seat: Seat, status: int = 200, said: str = ""
) -> Response:
    """The room as a supervisor sees it, with a sentence about what was refused."""
    now = clock.now()
    seen = await console.ask(
        lambda session: _room(session, now) | {
            "exercises": exercises.running(session, now), "paces": pace.paces(session, now),
            "opened": pace.opened_lately(session, now),
        }
    )  # fmt: skip
    flood = is_flood(seen["opened"], seen["heard"])
    return made.page(
        request, "supervision.html", seat, status, fresh=console.hub.is_fresh, sentence=said,
        screens=len(console.hub.consoles), now=now, minutes=MINUTES, flood=flood, **seen,
    )  # fmt: skip


def _room(session: Session, now: datetime) -> dict[str, Any]:
    """Who is there, what is open and whose, what is late, what was put aside or left over."""
    alerts, on_duty = store.open_alerts(session), store.on_duty(session, now)
    late = [a for a in alerts if a.owner is None and a.lane == "real"
            and now - a.waiting_since > TAKE_WITHIN]  # fmt: skip
    unheard = [a for a in alerts if a.lane == "real"
               and must_ring(a.requested_at, a.acknowledged_at, a.on_scene_at, now)]  # fmt: skip
    gone = [a for a in alerts if a.owner is not None and a.owner_seen_at is not None
            and now - max(a.owner_seen_at, a.acted_at or a.opened_at) > A_SIGN_WITHIN]  # fmt: skip
    return {
        "on_duty": on_duty, "alerts": alerts, "late": {a.id for a in late},
        "gone": {a.id for a in gone}, "unheard": {a.id for a in unheard},
        "shelved": store.shelved(session, now), "hand_overs": store.hand_overs(session),
        "words": room_words.running(session, now), "reference": reference,
        "heard": sum(one.sound == accounts.Sound.ON for one in on_duty),
    }  # fmt: skip
