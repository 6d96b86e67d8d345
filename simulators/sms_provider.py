"""An SMS and voice provider in Twilio's shape: REST, signed callbacks, people behind numbers."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from aiohttp import web

from simulators.serving import Server, keep_silent, read_object
from simulators.twilio_calls import Operator, Person
from simulators.twilio_conferences import Recording
from simulators.twilio_posting import Patience, Postman, Routes, is_url
from simulators.twilio_resources import (
    E164,
    VERSION,
    ApiError,
    Call,
    Message,
    Wanted,
    inbound_form,
    new_sid,
    page_of,
    status_form,
)
from simulators.twilio_rooms import Rooms

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Mode(StrEnum):
    """How the provider can misbehave."""

    OK = "ok"
    DROP_WEBHOOKS = "drop_webhooks"
    DUPLICATE_WEBHOOKS = "duplicate_webhooks"
    BAD_SIGNATURE = "bad_signature"
    DELAY_S = "delay_s"
    HTTP_500 = "http_500"
    HTTP_429 = "http_429"
    SLOW = "slow"
    DEAF = "deaf"
    WRONG_CERTIFICATE = "wrong_certificate"
    CREATE_THEN_500 = "create_then_500"
    OUT_OF_ORDER_STATUS = "out_of_order_status"
    CALLBACK_BEFORE_RESPONSE = "callback_before_response"
    REFUSE = "refuse"


@dataclass(slots=True)
class Account:
    """The customer, as the provider knows her."""

    sid: str = "AC" + "0123456789abcdef" * 2
    token: str = "fictional-auth-token"  # noqa: S105 (of a simulated account)
    webhook: str | None = None
    """Where inbound SMS are posted; may carry connection overrides in its fragment."""
    webhook_fallback: str | None = None
    signed_url_base: str | None = None
    """The public address that is signed, when a proxy stands in front of `webhook`."""
    routes: dict[str, str] = field(default_factory=dict)
    """Further public addresses and the local ones behind them."""
    numbers: tuple[str, ...] = ()
    """Numbers that she may send from; empty: any."""
    opted_out: tuple[str, ...] = ()

    def all_routes(self) -> Routes:
        """What a reverse proxy in front of her would be told."""
        routes = dict(self.routes)
        if self.signed_url_base and self.webhook:
            parts = urlsplit(self.webhook)
            routes[self.signed_url_base.rstrip("/")] = f"{parts.scheme}://{parts.netloc}"
        return Routes(routes)


class SmsProvider(Server):
    """REST on `/2010-04-01/…`; the simulated radio is `POST /simulate/inbound`."""

    Mode = Mode

    def __init__(
        self,
        account: Account | None = None,
        *,
        port: int = 0,
        control_port: int = 0,
        ledger: Path | None = None,
        patience: Patience | None = None,
        step_s: float = 0.05,
        ring_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        """`step_s`: between two statuses of a message; `ring_scale`: of an unanswered call."""
        super().__init__(port=port, control_port=control_port, ledger=ledger)
        self.account = account or Account()
        self.messages: list[Message] = []
        self.calls: list[Call] = []
        self.people: dict[str, Person] = {}
        self._step_s = step_s
        self._postman = Postman(
            self.account.token,
            self.misbehaviour,
            lambda: self.ledger_book,
            self.account.all_routes(),
            patience or Patience(),
            seed,
        )
        self._operator = Operator(self._postman, lambda: self.ledger_book, ring_scale)
        self._voice = Rooms(self._operator)

    @property
    def recordings(self) -> list[Recording]:
        """The sounds that are kept."""
        return self._operator.recordings

    async def start(self) -> None:
        """Open the doors and the way back to the customer."""
        await self._postman.open()
        await super().start()

    async def stop(self) -> None:
        """End calls and callbacks in the middle, as a crash would."""
        await super().stop()
        await self._postman.close()

    def connect_customer(self, webhook: str | None = None, **routes: str) -> None:
        """Set the webhook after the start, when its port is known only then."""
        self.account.webhook = webhook or self.account.webhook
        self.account.routes.update(routes)
        self._postman.routes = self.account.all_routes()

    def routes(self) -> list[web.RouteDef]:
        base = f"/{VERSION}/Accounts/{{account}}"
        return [
            web.post(f"{base}/Messages.json", self._guard(self._create_message)),
            web.get(f"{base}/Messages.json", self._guard(self._list_messages)),
            web.get(f"{base}/Messages/{{sid}}.json", self._guard(self._show_message)),
            web.post(f"{base}/Calls.json", self._guard(self._create_call)),
            web.get(f"{base}/Calls/{{sid}}.json", self._guard(self._show_call)),
            web.post(f"{base}/Calls/{{sid}}.json", self._guard(self._end_call)),
            *self._voice.routes(base, self._guard),
            web.route("*", f"/{VERSION}/{{rest:.*}}", self._guard(_nothing_here)),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        more = [
            web.post("/simulate/inbound", self._inbound),
            web.post("/simulate/person", self._person),
        ]
        return [*super().control_routes(), *more]

    # -- REST

    def _guard(self, answer: Answer) -> Answer:
        """Credentials, faults and Twilio's error JSON around every REST answer."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if self.misbehaviour.strike("deaf"):
                return await keep_silent(self, request)
            try:
                if slow := self.misbehaviour.strike("slow"):
                    await asyncio.sleep(slow.seconds)
                if self.misbehaviour.strike("http_500"):
                    raise ApiError(20500)
                if self.misbehaviour.strike("http_429"):
                    raise ApiError(20429)
                self._check_credentials(request)
                return await answer(request)
            except ApiError as refused:
                self.ledger_book.write("api_error", path=request.path, code=refused.code)
                headers = {"Retry-After": "1"} if refused.code == 20429 else None
                body = refused.resource()
                return web.json_response(body, status=refused.status, headers=headers)

        return guarded

    def _check_credentials(self, request: web.Request) -> None:
        scheme, _, packed = request.headers.get("Authorization", "").partition(" ")
        try:
            said = base64.b64decode(packed, validate=True)
        except binascii.Error:
            said = b""
        right = f"{self.account.sid}:{self.account.token}".encode()
        if scheme.lower() != "basic" or not hmac.compare_digest(said, right):
            raise ApiError(20003)
        if request.match_info.get("account") not in (None, self.account.sid):
            raise ApiError(20404, request.path)

    async def _create_message(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self._check_message(form)
        message = Message(
            sid=new_sid("SM"),
            account=self.account.sid,
            sender=form.get("From", ""),
            to=form["To"],
            body=form["Body"],
            direction="outbound-api",
            status="queued",
            created_at=datetime.now(UTC),
            discard_body=form.get("ContentRetention") == "discard",
            obfuscate=form.get("AddressRetention") == "obfuscate",
            callback=form.get("StatusCallback"),
        )
        created = message.resource()
        await self._send(message)
        if self.misbehaviour.strike("create_then_500"):
            raise ApiError(20500)
        return web.json_response(created, status=201)

    def _check_message(self, form: dict[str, str]) -> None:
        to, body = form.get("To"), form.get("Body")
        if not to:
            raise ApiError(21604)
        if not E164.fullmatch(to):
            raise ApiError(21211, to)
        self._check_sender(form, 21603)
        if not body:
            raise ApiError(21602)
        if len(body) > 1600:
            raise ApiError(21617)
        if to in self.account.opted_out:
            raise ApiError(21610)

    def _check_sender(self, form: dict[str, str], missing: int) -> None:
        sender = form.get("From")
        if not sender and not form.get("MessagingServiceSid"):
            raise ApiError(missing)
        if sender and self.account.numbers and sender not in self.account.numbers:
            raise ApiError(21606, sender)

    async def _send(self, message: Message) -> None:
        self.messages.append(message)
        words = {"from": message.sender, "to": message.to, "body": message.body}
        self.ledger_book.write("message", sid=message.sid, direction=message.direction, **words)
        if self.misbehaviour.strike("callback_before_response"):
            await self._deliver(message)
        else:
            self.spawn(self._deliver(message))

    async def _deliver(self, message: Message) -> None:
        """The life of an outbound SMS, and what is said of it."""
        person = self.people.get(message.to)
        error = person.sms_error if person else None
        last = "delivered" if error is None else "undelivered"
        order = ["queued", "sent", last]
        if self.misbehaviour.strike("out_of_order_status"):
            order = [last, "queued", "sent"]
        for status in order:
            await asyncio.sleep(self._step_s)
            now = datetime.now(UTC)
            message.sent_at, message.updated_at = message.sent_at or now, now
            if message.status not in ("delivered", "undelivered"):
                message.status = status
            code = error if status == last else None
            message.error_code = message.error_code or code
            if message.callback:
                form = status_form(message, status, code)
                await self._postman.post("message_status", message.callback, form)

    async def _list_messages(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        wanted = Wanted.read(query)
        return web.json_response(page_of(self.messages, wanted, self.account.sid, query))

    async def _show_message(self, request: web.Request) -> web.StreamResponse:
        for message in self.messages:
            if message.sid == request.match_info["sid"]:
                return web.json_response(message.resource())
        raise ApiError(20404, request.path)

    async def _create_call(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        call = self._read_call({name: str(value) for name, value in form.items()})
        if events := form.getall("StatusCallbackEvent", None):
            call.callback_events = tuple(" ".join(map(str, events)).split())
        self.calls.append(call)
        self.ledger_book.write("call", sid=call.sid, to=call.to, status="queued")
        created = call.resource()
        self.spawn(self._operator.place(call, self.people.get(call.to)))
        if self.misbehaviour.strike("create_then_500"):
            raise ApiError(20500)
        return web.json_response(created, status=201)

    def _read_call(self, form: dict[str, str]) -> Call:
        to, url, twiml = form.get("To"), form.get("Url"), form.get("Twiml")
        if not to:
            raise ApiError(21201)
        if not E164.fullmatch(to):
            raise ApiError(21211, to)
        self._check_sender(form, 21213)
        if not twiml and not (url and is_url(url)):
            raise ApiError(21205)
        timeout = form.get("Timeout") or "60"
        if not timeout.isdigit():
            raise ApiError(20001, "Timeout")
        return Call(
            sid=new_sid("CA"),
            account=self.account.sid,
            sender=form.get("From", ""),
            to=to,
            created_at=datetime.now(UTC),
            url=url,
            twiml=twiml,
            timeout_s=float(timeout),
            callback=form.get("StatusCallback"),
        )

    async def _show_call(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._call(request).resource())

    async def _end_call(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request)
        if str((await request.post()).get("Status")) not in ("completed", "canceled"):
            raise ApiError(20001, "Status")
        if call.ended_at:
            raise ApiError(21220)
        call.hung_up.set()
        return web.json_response(call.resource())

    def _call(self, request: web.Request) -> Call:
        for call in self.calls:
            if call.sid == request.match_info["sid"]:
                return call
        raise ApiError(20404, request.path)

    # -- the simulated world

    async def _person(self, request: web.Request) -> web.Response:
        try:
            person = Person.read(await read_object(request))
        except (TypeError, ValueError) as refused:
            return web.json_response({"error": str(refused)}, status=400)
        self.people[person.number] = person
        return web.json_response({"number": person.number})

    async def _inbound(self, request: web.Request) -> web.Response:
        try:
            said = await read_object(request)
            words = [said[name] for name in ("from", "to", "body")]
        except (KeyError, ValueError):
            return web.json_response({"error": "from, to and body are needed"}, status=400)
        return web.json_response({"sid": self.hear(*map(str, words)).sid})

    def hear(self, sender: str, to: str, body: str) -> Message:
        """An SMS arrives from a telephone: stored, and posted to the customer beside."""
        now = datetime.now(UTC)
        sid = new_sid("SM")
        message = Message(sid, self.account.sid, sender, to, body, "inbound", "received", now, now)
        self.messages.append(message)
        self.ledger_book.write("inbound", **{"sid": sid, "from": sender, "to": to, "body": body})
        if self.account.webhook:
            self.spawn(self._announce(message, self.account.webhook))
        return message

    async def _announce(self, message: Message, webhook: str) -> None:
        form = inbound_form(message)
        reply = await self._postman.post("inbound", webhook, form)
        if reply is None and self.account.webhook_fallback:
            failed = {"ErrorCode": "11200", "ErrorUrl": webhook}
            fallback = self.account.webhook_fallback
            reply = await self._postman.post("inbound_fallback", fallback, form | failed)
        if reply is None or not reply.body.strip():
            return
        for words in self._replies(message, reply.content_type, reply.body):
            now = datetime.now(UTC)
            sid, account = new_sid("SM"), self.account.sid
            back = Message(
                sid, account, message.to, message.sender, words, "outbound-reply", "queued", now
            )
            await self._send(back)

    def _replies(self, message: Message, content_type: str, body: str) -> list[str]:
        """The `<Message>` of the answer; anything but TwiML is an error on Twilio's side."""
        if content_type not in {"text/xml", "application/xml", "text/html"}:
            self.ledger_book.write("bad_twiml", sid=message.sid, error_code=12300)
            return []
        try:
            root = ElementTree.fromstring(body)  # noqa: S314 (from our own customer)
        except ElementTree.ParseError:
            self.ledger_book.write("bad_twiml", sid=message.sid, error_code=12100)
            return []
        return ["".join(verb.itertext()).strip() for verb in root if verb.tag == "Message"]


async def _nothing_here(request: web.Request) -> web.StreamResponse:
    raise ApiError(20404, request.path)
