"""A form or a JSON body that was sent becomes one act, once, and an answer in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation.acting import NotThere, NotYet, Officer, officer
from tgd.allocation.deciding import AlreadyDecided
from tgd.casework.fields import NotReadable
from tgd.errors import Incomplete, NotAllowed, Refusal, SomebodyWasFaster
from tgd.rules.access import Act, may
from tgd.store import accounts
from tgd.web import door, file_labels
from tgd.web.console import Console
from tgd.web.file_labels import choice
from tgd.web.moments import clock_time
from tgd.web.render import Pages, as_json
from tgd.web.replays import KEY_CHARS
from tgd.web.words import word

DECIDED = word("%(name)s has decided it meanwhile, at %(time)s: %(kind)s. Nothing was changed.")
MISSING = word("This is not possible yet:")
FIELD = word("%(field)s: %(problem)s")

OTHER_REQUEST = word("This Idempotency-Key was used for another request.")
DONE_BEFORE = object()
"""What a request gives that the record knows: it was done, and is not done again."""
Form = Mapping[str, str]
Doing = Callable[[Session, Officer], Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How an act ended: status 200 when it is done, and else why not, in the reader's language."""

    status: int
    sentence: str = ""
    missing: list[str] = field(default_factory=list)
    result: Any = None

    @property
    def is_done(self) -> bool:
        """Whether the record has changed."""
        return self.status == 200


async def sent(console: Console, request: Request, needed: Act) -> tuple[Seat, dict[str, str]]:
    """A form of ours, of somebody who may do this and whose screen is not locked; else there is
    nothing here. Raises like `door.allowed`."""
    door.must_be_ours(request)
    seat = await door.seated(console, request)
    form = await door.form_of(request)
    door.must_have_token(request, seat, form)
    if not may(seat.role, needed):
        await door.refuse(console, seat, needed.value, None)
        raise door.NotThere
    if seat.locked:
        raise door.Locked
    return seat, form


async def as_officer(console: Console, seat: Seat, ask: Callable[[Session, Officer], Any]) -> Any:
    """Ask or do something in the name of this person; what is not theirs raises NotThere."""
    now = clock.now()
    try:
        return await console.ask(
            lambda session: ask(session, officer(session, seat.name, seat.role, now, console.areas))
        )
    except (NotThere, NotAllowed) as error:
        await door.refuse(console, seat, "file", None)
        raise door.NotThere from error


async def do(console: Console, request: Request, seat: Seat, once: str, doing: Doing) -> Ended:
    """Do it, unless this very form has done it before. Raises door.NotThere out of scope."""
    async with console.once.turn(seat.name, once) as turn:
        ended = Ended(200) if turn.was_done else await _do(console, request, seat, doing)
        if ended.is_done:
            turn.done()
    return ended


async def _do(console: Console, request: Request, seat: Seat, doing: Doing) -> Ended:
    language = door.language_of(console, request)
    now = clock.now()
    word: str = getattr(request.state, "kept_word", "")

    def in_one(session: Session) -> Any:
        if word and not _is_first(session, seat, word, now):
            return DONE_BEFORE
        result = doing(session, officer(session, seat.name, seat.role, now, console.areas))
        if word and isinstance(result, NotYet | AlreadyDecided):
            accounts.forget_sending(session, seat.name, word)
        return result

    try:
        result = await console.ask(in_one)
    except NotThere as error:
        if str(error) == NotThere.__doc__:
            await door.refuse(console, seat, "file", None)
            raise door.NotThere from error
        return refused(console, language, error)
    except Refusal as error:
        return refused(console, language, error)
    return _ended(console, language, result)


def _is_first(session: Session, seat: Seat, word: str, now: datetime) -> bool:
    """Whether the record does not know this request yet; from the commit on it does. Raises
    door.Rejected for another request under the same key."""
    if accounts.other_sending(session, seat.name, word, KEY_CHARS):
        raise door.Rejected(422, OTHER_REQUEST)
    return accounts.is_first_sending(session, seat.name, word, now)


def _ended(console: Console, language: str, result: Any) -> Ended:
    say = console.words.say
    if isinstance(result, NotYet):
        missing = [say(language, one) for one in result.sentences]
        return Ended(422, say(language, MISSING), missing, result)
    if isinstance(result, AlreadyDecided):
        said = say(
            language, DECIDED, name=result.by, kind=say(language, choice(result.kind)),
            time=clock_time(result.signed_at, console.zone),
        )  # fmt: skip
        return Ended(409, said, result=result)
    return Ended(200, result=result)


def refused(console: Console, language: str, error: Refusal) -> Ended:
    """A refusal as a status and a sentence."""
    say = console.words.say
    if isinstance(error, NotReadable):
        said = say(
            language, FIELD, field=say(language, error.label), problem=say(language, error.problem)
        )
        return Ended(422, said)
    status = 409
    if isinstance(error, Incomplete | NotThere):
        status = 422
    elif isinstance(error, NotAllowed):
        status = 403
    return Ended(status, console.words.sentence(language, error), result=error)


def version_of(said: str) -> int | None:
    """The version that a page or an If-Match header names. Raises door.Rejected."""
    bare = said.strip().removeprefix("W/").strip('"')
    if not bare or bare == "*":
        return None
    if not (bare.isascii() and bare.isdigit() and len(bare) < 10):
        raise door.Rejected(400, door.UNREADABLE)
    return int(bare)


def was_faster(ended: Ended) -> bool:
    """Whether what the sender saw is older than the record."""
    return isinstance(ended.result, SomebodyWasFaster)


def shown(
    made: Pages, request: Request, seat: Seat, template: str, said: Any, ended: Ended | None,
    form: Form | None, **more: Any,
) -> Response:  # fmt: skip
    """A page with its form: what was refused, and what was written before it; or JSON."""
    if seat.locked:
        raise door.Locked
    status = ended.status if ended else 200
    if door.wants_json(request):
        return as_json(said, status)
    return made.page(
        request, template, seat, status, said=said, ended=ended, form=form or {},
        files=file_labels, **more,
    )  # fmt: skip
