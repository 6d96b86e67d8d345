"""The acts as forms: each asks the act, and answers with the fresh sheet and a sentence."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd import clock, technical
from tgd.accounts import Seat
from tgd.alerts import acts, calling, duress, handing_on
from tgd.alerts.acts import Actor
from tgd.allocation import keeping
from tgd.allocation.acting import Officer, officer
from tgd.errors import Incomplete, NotAllowed, Refusal
from tgd.rules.access import Act, may
from tgd.rules.alert import Outcome, Verified
from tgd.rules.forgetting import Keeping
from tgd.store.accounts import forget_sending, is_first_sending
from tgd.store.acting import newest_of
from tgd.web import counts, door
from tgd.web.console import Console
from tgd.web.pages import list_page, the_sheet
from tgd.web.render import Pages, as_json
from tgd.web.words import word

CHOOSE_FINDING = word("Say what you found.")
CHOOSE_OUTCOME = word("Choose how it ended.")

STATUS: dict[type[Refusal], int] = {NotAllowed: 403, Incomplete: 422}
"""Any other refusal is a conflict with what the record says by now: 409."""

Form = Mapping[str, str]
Doing = Callable[[Session, Actor, UUID, Form, datetime], Any]
E = TypeVar("E", bound=StrEnum)


def _one_of(words: type[E], given: str, sentence: str) -> E:
    try:
        return words(given)
    except ValueError:
        raise Incomplete(sentence) from None


def _verify(session: Session, actor: Actor, alert: UUID, form: Form, now: datetime) -> Any:
    found = _one_of(Verified, form.get("found", ""), CHOOSE_FINDING)
    return acts.verify(session, actor, alert, found, now, shown=_presses_shown(form))


def _keep(what: Keeping) -> Doing:
    def doing(session: Session, actor: Actor, alert: UUID, form: Form, now: datetime) -> None:
        keeping.keep(session, _officer(session, actor, now), alert, what,
                     form.get("reason", ""), now)  # fmt: skip

    return doing


def _let_go(what: Keeping) -> Doing:
    def doing(session: Session, actor: Actor, alert: UUID, form: Form, now: datetime) -> None:
        keeping.let_go(session, _officer(session, actor, now), alert, what, now)

    return doing


def _officer(session: Session, actor: Actor, now: datetime) -> Officer:
    assert actor.role is not None, "a person who has signed in"
    return officer(session, actor.name, actor.role, now)


def _close(session: Session, actor: Actor, alert: UUID, form: Form, now: datetime) -> Any:
    outcome = _one_of(Outcome, form.get("outcome", ""), CHOOSE_OUTCOME)
    return acts.close(
        session, actor, alert, outcome, form.get("reason", ""), now, shown=_presses_shown(form)
    )


def _presses_shown(form: Form) -> int | None:
    """How many presses the page of this form showed; None for a script that does not say it."""
    said = form.get("presses", "")
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise door.Rejected(400, door.UNREADABLE)
    return int(said)


def _plainly(act: Callable[[Session, Actor, UUID, datetime], Any]) -> Doing:
    """An act that needs nothing of the form."""
    return lambda session, actor, alert, _form, now: act(session, actor, alert, now)


ACTS: dict[str, tuple[Act, Doing]] = {
    "take": (
        Act.TAKE,
        lambda s, actor, alert, form, now: acts.take(
            s, actor, alert, now, reason=form.get("reason", ""), over=form.get("over", "")
        ),
    ),
    "release": (Act.RELEASE, _plainly(acts.release)),
    "offer": (
        Act.RELEASE,
        lambda s, actor, alert, form, now: handing_on.offer(
            s, actor, alert, form.get("to", ""), now
        ),
    ),
    "accept": (Act.TAKE, _plainly(handing_on.accept)),
    "decline": (Act.TAKE, _plainly(handing_on.decline)),
    "verify": (Act.VERIFY, _verify),
    "request": (Act.REQUEST_INTERVENTION, _plainly(acts.request_intervention)),
    "duress": (Act.REQUEST_INTERVENTION, _plainly(duress.hear_duress)),
    "note": (
        Act.NOTE,
        lambda s, actor, alert, form, now: acts.note(s, actor, alert, form.get("words", ""), now),
    ),
    "call": (
        Act.CALL,
        lambda s, actor, alert, form, now: calling.want_call(
            s, actor, alert, now, listen_only=form.get("listen_only") == "yes"
        ),
    ),
    "speak": (Act.CALL, _plainly(calling.want_to_speak)),
    "real": (Act.TAKE, _plainly(duress.make_real)),
    "close": (Act.CLOSE, _close),
    "keep-positions": (Act.KEEP_POSITIONS, _keep(Keeping.POSITIONS)),
    "let-positions-go": (Act.KEEP_POSITIONS, _let_go(Keeping.POSITIONS)),
    "keep-evidence": (Act.KEEP_EVIDENCE, _keep(Keeping.PROCEDURE)),
    "let-evidence-go": (Act.KEEP_EVIDENCE, _let_go(Keeping.PROCEDURE)),
    "countersign": (
        Act.COUNTERSIGN,
        lambda s, actor, alert, form, now: acts.countersign(
            s, actor, alert, now, shown=_presses_shown(form)
        ),
    ),
}
"""`POST /alerts/{id}/{word}`: the act of the access rules, and what does it."""


def add_routes(app: FastAPI, console: Console, made: Pages) -> None:
    """`/take-next`, `/alerts/{id}/{act}`, `/technical/{id}/settle`."""
    _add_alert_routes(app, console, made)

    @app.post("/take-next")
    async def take_next(request: Request) -> Response:
        seat, form = await sent(console, request, Act.TAKE, None)
        taken = await take_next_once(console, seat, form.get("once", "")[:64])
        if door.wants_json(request):
            return as_json({"alert": taken})
        return RedirectResponse(f"/alerts/{taken}" if taken else "/", 303)

    @app.post("/technical/{item}/settle")
    async def settle(request: Request, item: str) -> Response:
        found = door.uuid_of(item)
        seat, _ = await sent(console, request, Act.SETTLE_TECHNICAL, None)
        actor, now = Actor(seat.name, seat.role), clock.now()
        try:
            await console.ask(lambda session: technical.settle(session, actor, found, now))
        except Refusal as error:
            raise door.Rejected(409, str(error)) from None
        json = door.wants_json(request)
        return as_json({"settled": True}) if json else RedirectResponse("/technical", 303)


def _add_alert_routes(app: FastAPI, console: Console, made: Pages) -> None:
    @app.post("/alerts/{alert_id}/{name}")
    async def act(request: Request, alert_id: str, name: str) -> Response:
        alert = door.uuid_of(alert_id)
        if name not in ACTS:
            raise door.NotThere
        needed, doing = ACTS[name]
        seat, form = await sent(console, request, needed, alert)
        try:
            alert = await _do_once(console, seat, needed, doing, alert, form)
        except Refusal as error:
            written = {**form, "act": name}
            return await _refused(console, made, request, seat, alert, error, written)
        if door.wants_json(request):
            return as_json(await the_sheet(console, seat, alert))
        return RedirectResponse(f"/alerts/{alert}", 303)

    @app.get("/alerts/{alert_id}/{name}")
    async def back(alert_id: str, name: str) -> Response:
        """Reloading the page that answered a form, or changing its language, acts on nothing."""
        alert = door.uuid_of(alert_id)
        if name not in ACTS:
            raise door.NotThere
        return RedirectResponse(f"/alerts/{alert}", 303)


async def sent(
    console: Console, request: Request, needed: Act, alert: UUID | None, *,
    locked_too: bool = False, by_itself: bool = False,
) -> tuple[Seat, dict[str, str]]:  # fmt: skip
    """A form of ours, of a signed-in person who may do this and whose screen is not locked (unless
    the act is for those behind a lock too). What a page sends `by_itself` keeps nobody awake.

    Who sees alerts and may not act on them is told so; for others there is nothing here.
    """
    door.must_be_ours(request)
    seat = await door.seated(console, request, acting=not by_itself)
    form = await door.form_of(request)
    door.must_have_token(request, seat, form)
    if alert is not None and may(seat.role, Act.SEE_ALERTS):
        await door.must_reach(console, seat, needed.value, alert)
    if not may(seat.role, needed):
        await door.refuse(console, seat, needed.value, alert)
        if alert is not None and may(seat.role, Act.SEE_ALERTS):
            raise door.Rejected(403, door.NOT_YOURS)
        raise door.NotThere
    if seat.locked and not locked_too:
        raise door.Locked
    return seat, form


def _who(console: Console, seat: Seat) -> Actor:
    """This person, with the sign that the screen gives by acting: no beat is waited for."""
    return Actor(seat.name, seat.role, has_screen=console.hub.has_screen(seat.name))


async def _do_once(
    console: Console, seat: Seat, act: Act, doing: Doing, alert: UUID, form: Form
) -> UUID:
    """Do it, unless this very form has done it before; gives the alert that is to be shown."""
    async with console.once.turn(seat.name, form.get("once", "")) as turn:
        if turn.was_done:
            return alert
        actor, now, once = _who(console, seat), clock.now(), form.get("once", "")[:64]

        def act_once(session: Session) -> UUID:
            if once and not is_first_sending(session, seat.name, once, now):
                return alert
            shown: UUID = getattr(doing(session, actor, alert, form, now), "id", alert)
            return shown

        shown = await console.ask(act_once)
        turn.done()
    counts.acts.labels(act.value).inc()
    return shown


async def take_next_once(console: Console, seat: Seat, once: str) -> UUID | None:
    """The most urgent alert, now in this person's name. The same word never takes a second one: it
    answers with what she took last. A word that found nobody waiting may still take."""
    actor, now = _who(console, seat), clock.now()

    def take(session: Session) -> tuple[UUID | None, bool]:
        if once and not is_first_sending(session, seat.name, once, now):
            return newest_of(session, seat.name), False
        taken = acts.take_next(session, actor, now)
        if taken is None and once:
            forget_sending(session, seat.name, once)
        return (taken.id, True) if taken else (None, False)

    async with console.once.turn(seat.name, once):
        alert, is_new = await console.ask(take)
    if is_new:
        counts.acts.labels(Act.TAKE.value).inc()
    return alert


async def _refused(
    console: Console, made: Pages, request: Request, seat: Seat, alert: UUID, error: Refusal,
    written: dict[str, str],
) -> Response:  # fmt: skip
    """409 with the fresh sheet when somebody was faster or the state forbids it; what was written
    stands in its form again."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 409)
    said = console.words.sentence(door.language_of(console, request), error)
    if door.wants_json(request):
        sheet = await the_sheet(console, seat, alert)
        return as_json({"error": status, "sentence": said, "alert": sheet}, status)
    return await list_page(
        console, made, request, seat, alert, status=status, sentence=said, written=written
    )
