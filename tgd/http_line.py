"""One HTTP connection with bounds: how long its peer may take, how much it may say before a body.

The server library bounds neither the time nor the size of a request's head, answers what asks for
another protocol without its body, and counts half-open connections like any other: enough of them,
and the next press by HTTP would be answered 503. So who makes us wait is closed after seconds,
and is the first to go when too many do.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httptools
from prometheus_client import Counter
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tgd.http_turns import Turns

_refused = Counter("tgd_http_refused_total", "Connections that were ended for their peer", ["why"])
_OF_THIS_CONNECTION = frozenset({b"upgrade", b"http2-settings"})


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Seconds, bytes and connections of one listener."""

    head_bytes: int = 16 * 1024
    head_s: float = 10.0
    """From connecting, or from the first byte of a further request, to the end of its head."""
    body_s: float = 15.0
    """From there to the end of the body; longer than `read_body` waits, so that it can say 408."""
    waiting: int = 1000
    """Connections whose next word is the peer's; half of what the server holds in all."""


@dataclass(slots=True)
class Waiting:
    """The connections of one listener that wait for their peer, the longest waiting first."""

    limits: HttpLimits = field(default_factory=HttpLimits)
    _lines: "OrderedDict[BoundedHttp, None]" = field(default_factory=OrderedDict)

    def enter(self, line: "BoundedHttp") -> None:
        """This one waits from now on; with too many the first gives its place away."""
        self._lines[line] = None
        self._lines.move_to_end(line)
        if len(self._lines) > self.limits.waiting:
            first, _ = self._lines.popitem(last=False)
            first.cut("gave_way")

    def leave(self, line: "BoundedHttp") -> None:
        """This one waits no longer."""
        self._lines.pop(line, None)


class BoundedHttp(HttpToolsProtocol):
    """The library's protocol within `HttpLimits`; its callbacks keep the names it gave them."""

    def __init__(
        self, *given: Any, waiting: Waiting, turns: Turns | None = None, **named: Any
    ) -> None:
        super().__init__(*given, **named)
        self._waiting, self._limits, self._turns = waiting, waiting.limits, turns
        self._pieces = 0
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The peer has connected and said nothing yet."""
        super().connection_made(transport)
        self._await_peer(self._limits.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _too_slow(self) -> None:
        """The peer's time is over; but not while what it said waits for us."""
        if self._pieces:
            self._timer = self.loop.call_later(1.0, self._too_slow)
        else:
            self.cut("slow")

    def cut(self, why: str) -> None:
        """End it without a word."""
        _refused.labels(why).inc()
        self._stop_waiting()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer: a part of a request, one, or several; read when it is their turn."""
        if self._turns is None:
            self._take_in(data)
            return
        self._pieces += 1
        self._waiting.leave(self)
        self.transport.pause_reading()
        self._turns.ask(len(data), partial(self._take_in, data), self._have_read)

    def _have_read(self) -> None:
        """That piece is done with: now the next may come, or the peer's end."""
        self._pieces -= 1
        if self.transport.is_closing():
            return
        if self._timer is not None:
            self._waiting.enter(self)
        if not (self._pieces or self.flow.read_paused):
            self.transport.resume_reading()

    def _take_in(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if self._timer is None and self._in_head:
            self._await_peer(self._limits.head_s)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(431 if self._is_too_long() else 400)

    def _feed(self, data: bytes) -> None:
        self._head_bytes += len(data) if self._in_head else 0
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_without_upgrade(data[upgrade.args[0] :])
        if self._in_head and self._is_too_long():
            raise httptools.HttpParserError

    def _is_too_long(self) -> bool:
        return self._head_bytes > self._limits.head_bytes

    def _feed_without_upgrade(self, rest: bytes) -> None:
        """Read the same request again as if it asked for no other protocol (RFC 9110, 7.8): its
        body may be a cry for help, sent by a client that would rather speak HTTP/2."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise httptools.HttpParserError
        head = [b"%s %s HTTP/1.1" % (method, self.url)]
        head += [b"%s: %s" % pair for pair in self.headers if pair[0] not in _OF_THIS_CONNECTION]
        self.parser = httptools.HttpRequestParser(self)
        self._head_bytes = 0
        self._feed(b"\r\n".join(head) + b"\r\n\r\n" + rest)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        said = sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._head_bytes = len(self.url) + said
        if self._is_too_long():
            raise httptools.HttpParserError
        if self.parser.should_upgrade():
            return
        self._in_head = False
        super().on_headers_complete()
        self._await_peer(self._limits.body_s)

    def on_message_complete(self) -> None:
        """The request is whole: now the next word is ours."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_head = True
        self._head_bytes = 0
        self._stop_waiting()

    def on_response_complete(self) -> None:
        """We have answered; what we wait for now is a further request, as long as keep-alive."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._waiting.enter(self)

    def _await_peer(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self._too_slow)
        self._waiting.enter(self)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting.leave(self)

    def _refuse(self, status: int) -> None:
        """Say what is wrong, nothing about us, and close."""
        _refused.labels("head_too_large" if status == 431 else "malformed").inc()
        said = b'{"error":"head_too_large"}' if status == 431 else b'{"error":"no_http_request"}'
        self.transport.write(
            STATUS_LINE[status] + b"content-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(said), said)
        )
        self._stop_waiting()
        self.transport.close()
