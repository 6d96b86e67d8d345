"""Every form of every page, sent with words that mean something to a page: they stay words."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from itertools import cycle

from tests.browser.test_pages import OPEN_TO_ALL, PAGES
from tests.browser.town import Town, settle
from tests.hostile.naughty import NAUGHTY, shows_safely
from tests.web.conftest import Browser, House
from tgd.cli.demo import ACCOUNTS

LEFT_OUT = ("/logout", "/unlock", "/login", "/stock/import", "/sound/silence")
"""They end the visit, or send no words: files and passwords have tests of their own."""
LONGEST = 1500
FEWEST_FORMS, FEWEST_DONE = 40, 15


@dataclass
class Form:
    """A form as a browser would send it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    """The names of what a person writes freely."""


class Forms(HTMLParser):
    """The forms of a page that act."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and said.get("method") == "post":
            self._form = Form(said["action"])
            self.found.append(self._form)
        form, name = self._form, said.get("name", "")
        if form is None:
            return
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and said.get("value", "x"):
            form.fields.setdefault(self._select, said.get("value", "30"))
        elif tag == "textarea" and name:
            form.words.append(name)
        elif tag in ("input", "button") and name:
            self._enter(form, name, said, said.get("type", "text" if tag == "input" else "submit"))

    def _enter(self, form: Form, name: str, said: dict[str, str], kind: str) -> None:
        if kind in ("text", "search", "tel", "email"):
            form.words.append(name)
        elif kind in ("date", "datetime-local"):
            form.fields[name] = said.get("value") or date.today().isoformat()
        elif kind == "number":
            form.fields[name] = said.get("value") or "1"
        else:
            form.fields.setdefault(name, said.get("value") or "yes")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


@dataclass
class Visit:
    """One person, who sends all forms of a page once."""

    browser: Browser
    words: Iterator[str]
    sent: Counter[str]
    done: Counter[str]

    async def page(self, path: str) -> None:
        reply = await self.browser.get(path)
        assert shows_safely(reply.text), path
        for form in Forms(reply.text).found:
            if form.words and not form.action.startswith(LEFT_OUT):
                await self._send(form)

    async def _send(self, form: Form) -> None:
        said = {name: next(self.words)[:LONGEST] for name in form.words}
        reply = await self.browser.post(form.action, **(form.fields | said))
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|/h[0-9a-z]{6,}", "{id}", form.action)
        self.sent[kind] += 1
        self.done[kind] += reply.status_code in (200, 303)
        assert reply.status_code in (200, 303, 403, 404, 409, 413, 422, 429), (kind, said)
        assert shows_safely(reply.text), (kind, said)
        assert "\n" not in reply.headers.get("location", ""), kind


async def test_whatever_is_written_into_whichever_form_is_only_words(house: House) -> None:
    """Then everybody looks at every page again."""
    town = Town(house.engine)
    await asyncio.to_thread(settle, town)
    words, sent, done = cycle(NAUGHTY.values()), Counter[str](), Counter[str]()
    visits = {}
    for role, pages in PAGES.items():
        visits[role] = Visit(await house.signed_in(ACCOUNTS[role]), words, sent, done)
        for page in pages:
            await visits[role].page(town.address(page))
    stranger = house.browser("")
    for path in OPEN_TO_ALL[:2]:
        for form in Forms((await stranger.get(path)).text).found:
            said = {name: next(words)[:LONGEST] for name in form.words}
            assert shows_safely((await stranger.post(form.action, **(form.fields | said))).text)
    for role, pages in PAGES.items():
        for page in pages:
            reply = await visits[role].browser.get(town.address(page))
            assert reply.status_code < 500, page
            assert shows_safely(reply.text), page
    assert len(sent) >= FEWEST_FORMS, sent
    assert sum(map(bool, done.values())) >= FEWEST_DONE, done
