"""A page with forms: it is read, and read again with the reason when one of them is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tgd.accounts import Seat
from tgd.rules.access import Act
from tgd.web import door
from tgd.web.console import Console
from tgd.web.doing import Ended, sent

Shown = Callable[[Request, Seat, Ended | None, dict[str, str] | None, str], Awaitable[Response]]
Doing = Callable[[Seat, dict[str, str]], Awaitable[Ended]]


@dataclass(frozen=True, slots=True)
class FormPage:
    """Where it is, who reads it, and what draws it."""

    console: Console
    where: str
    act: Act
    show: Shown

    async def read(self, request: Request) -> Response:
        """The page. Raises like `door.allowed`."""
        seat = await door.allowed(self.console, request, self.act)
        return await self.show(request, seat, None, None, "")

    async def take(
        self, request: Request, needed: Act, doing: Doing, wrong: str | None = None
    ) -> Response:
        """A form of it was sent: the page anew when it is done, so that nothing is sent twice;
        else with why not. `wrong` names the form whose words are kept. Raises like `sent`."""
        seat, form = await sent(self.console, request, needed)
        ended = await doing(seat, form)
        if ended.is_done:
            return RedirectResponse(self.where, 303)
        kept = form if wrong is not None else None
        return await self.show(request, seat, ended, kept, wrong or "")
