"""Who attacks during a campaign: each by one way, again and again, from a seed.

Every word of theirs carries what must never stand in a log; every reply is looked at.
"""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote_from_bytes, urlencode
from uuid import uuid4

from mqtt5 import ConnectPacket, PublishPacket, QoS
from standardwebhooks import Webhook

from simulators.handset_words import Card
from tests.acceptance.running import OUR_NUMBER, SECRET, SID, Service
from tests.hostile.fuzzing import KEY, case
from tests.hostile.ground import quiet
from tests.hostile.http_wire import TELLS_TOO_MUCH, Reply, request, talk
from tests.hostile.naughty import MARK, NAUGHTY, shows_safely
from tests.hostile.test_signatures import signed_bytes
from tgd import clock

PLACE = "48.89234"
SAID = f"{MARK} FICTIVE +33639980001 {PLACE}"
"""Goes in by every way, and may come out in no log."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
KINDS = (FORM, JSON, "text/plain", "multipart/form-data; boundary=x", "", "\xe9/\xff")
CALLS = ("operator", "handset", "recording")


class Attacker:
    """One way in."""

    name: ClassVar[str]
    share: ClassVar[int] = 1

    def __init__(self, made: Service, seed: int, cards: Sequence[Card]) -> None:
        self.made, self.seed, self.cards = made, seed, cards
        self.dice = random.Random(f"{self.name}:{seed}")
        self.seen: Counter[object] = Counter()
        self.thrown = 0

    async def go_on(self, over: asyncio.Event) -> None:
        """Until it is over; a peer that closes is no reason to stop."""
        while not over.is_set():
            with quiet():
                await self.once(self.thrown)
            self.thrown += 1
            await asyncio.sleep(self.dice.uniform(0, 0.02))

    async def once(self, number: int) -> None:
        """One attack."""
        raise NotImplementedError

    async def post(self, listener: str, path: str, body: bytes, **headers: str) -> int:
        """Its status: 0 when the line was closed without one, and never a fault of ours."""
        sent = request("PUT" if self.dice.random() < 0.03 else "POST", path, body, **headers)
        if self.dice.random() < 0.1:
            sent = sent[: self.dice.randint(1, len(sent))]
            headers = {"cut": "yes"}
        within_s = 0.3 if "cut" in headers else 20
        try:
            reply = await talk(self.made.ports[listener], sent, within_s=within_s)
        except TimeoutError:
            assert "cut" in headers, f"{self.name}: {path} was never answered"
            return 0
        self.look_at(reply)
        assert reply.status != 500, f"{self.name}: {path} {sent[:2000]!r} {reply}"
        self.seen[reply.status] += 1
        return reply.status

    def look_at(self, reply: Reply) -> None:
        """It tells of nobody, and not of us."""
        reply.is_bare()


class ByMqtt(Attacker):
    """Half packets, twisted packets, foreign topics; as a stranger, or with a stolen handset."""

    name = "mqtt"
    share = 5

    async def once(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.made.ports["mqtt"])
        try:
            async with asyncio.timeout(1):
                for words in self.words(number):
                    writer.write(words)
                    await asyncio.sleep(self.dice.choice((0, 0, 0.01)))
                if self.dice.random() < 0.8:  # the others never read
                    self.seen[(await reader.read(4096))[:1].hex() or "closed"] += 1
        except TimeoutError:
            self.seen["silent"] += 1
        finally:
            writer.transport.abort()

    def words(self, number: int) -> list[bytes]:
        """What it says this time."""
        card = self.dice.choice(self.cards)
        stolen = self.dice.random() < 0.4
        name = card.handset if stolen or self.dice.random() < 0.5 else f"dora{number % 50}"
        secret = card.mqtt_secret if stolen else "a guess"
        connect = ConnectPacket(name, password=secret.encode()).write()
        twisted = [case("mqtt", self.seed, number * 4 + n) for n in range(self.dice.randint(1, 3))]
        what = self.dice.randrange(4)
        if what == 0:
            return [connect[: self.dice.randint(0, len(connect))]]
        if what == 1:
            return twisted
        form = self.dice.choice(("alert", "alert", "state", "position"))
        whose = self.dice.choice((name, name, self.cards[0].handset, "x"))
        payload = case(form, self.seed, number).replace(b'"x"', f'"{SAID}"'.encode())[:7000]
        publish = PublishPacket(
            f"tgd/v1/{whose}/{form}", payload, qos=QoS.AT_LEAST_ONCE, packet_id=1 + number % 100,
            retain=self.dice.random() < 0.1,
        )  # fmt: skip
        return [connect, publish.write(), *(twisted if what == 3 else [])]


class ByHttp(Attacker):
    """The addresses of the free applications: bodies, types, credentials, nonsense."""

    name = "http"

    async def once(self, number: int) -> None:
        form = self.dice.choice(("osmand", "owntracks"))
        body = case(form, self.seed, number)
        if self.dice.random() < 0.05:
            body = body * (1 + 40_000 // (len(body) or 1))
        if self.dice.random() < 0.3:
            body += f"&alarm=sos&note={SAID}".encode()
        more = {"Content_Type": self.dice.choice(KINDS)}
        if self.dice.random() < 0.3:
            said = case("authorization", self.seed, number).decode("latin-1")
            more["Authorization"] = "".join(c for c in said if c.isprintable())[:500]
        if self.dice.random() < 0.1:
            more["Content_Encoding"] = "gzip"
        await self.post("gateway", f"/devices/{form}", body, **more)


class BySms(Attacker):
    """The provider's webhook: rightly signed nonsense, and sense that nobody signed."""

    name = "sms"

    async def once(self, number: int) -> None:
        url = f"http://127.0.0.1:{self.made.ports['gateway']}/sms/twilio"
        raw = case("sms-form", self.seed, number)
        if number % 2:
            words = case("sms", self.seed, number)[:1500] + SAID.encode()
            said = {"MessageSid": "SM" + uuid4().hex, "From": f"+336399{number % 100_000:05d}",
                    "To": OUR_NUMBER, "AccountSid": SID}  # fmt: skip
            raw = f"{urlencode(said)}&Body={quote_from_bytes(words)}".encode()
        signature = signed_bytes(url, raw) if self.dice.random() < 0.7 else "bm8="
        await self.post(
            "gateway", "/sms/twilio", raw, Content_Type=FORM, X_Twilio_Signature=signature
        )


class ByAnswers(Attacker):
    """What destinations and the provider may say: signed by whoever has the secret, or not."""

    name = "answers"

    async def once(self, number: int) -> None:
        if number % 3 == 0:
            what = self.dice.choice(CALLS)
            form = "recording" if what == "recording" else "leg"
            path = f"/answers/v1/calls/{uuid4()}/{what}"
            raw = case(form, self.seed, number) + b"&AccountSid=" + SID.encode()
            url = f"http://127.0.0.1:{self.made.ports['answers']}{path}"
            signature = signed_bytes(url, raw)
            await self.post("answers", path, raw, Content_Type=FORM, X_Twilio_Signature=signature)
            return
        body = case("answer-webhook", self.seed, number)
        kept = self.made.kept_at_platform()
        if kept and self.dice.random() < 0.5:  # about something that is there
            line = self.dice.choice(kept)
            body = body.replace(KEY.encode(), line["key"].encode())
            body = body.replace(KEY.partition(":")[0].encode(), line["alert"].encode())
        at, said = clock.now(), body.decode("utf-8", "replace")
        signature = Webhook(SECRET).sign("m", at, said)
        more = {"webhook_id": "m", "webhook_timestamp": str(int(at.timestamp()))}
        more |= {"webhook_signature": signature if self.dice.random() < 0.8 else "v1,bm8="}
        await self.post("answers", "/answers/v1/platform", said.encode(), **more)


class ByForms(Attacker):
    """An operator's browser gone mad: twisted forms on the addresses of every act, and guesses."""

    name = "forms"
    cookie = ""
    token = ""
    ACTS: ClassVar = ("take", "note", "verify", "request", "close", "release", "call", "locate",
                      "countersign", "reveal", "nonsense")  # fmt: skip

    def look_at(self, reply: Reply) -> None:
        """Pages give the words of a form back, as words, and may name whom the operator sees."""
        page = reply.body.decode("utf-8", "replace")
        assert shows_safely(page)
        assert not [word for word in ("Traceback", *TELLS_TOO_MUCH) if word in page], page[:2000]

    async def once(self, number: int) -> None:
        raw = case(self.dice.choice(("console-form", "console-json")), self.seed, number)
        words = self.dice.choice(list(NAUGHTY.values()))[:300] + SAID
        if self.dice.random() < 0.7:
            said = {"form_token": self.token, "once": uuid4().hex, "words": words}
            said |= {"found": self.dice.choice(("danger", "silent", "safe_voice", words))}
            said |= {"outcome": self.dice.choice(("accidental", words)), "reason": words}
            raw = urlencode(said, errors="replace").encode()
        alerts = self.made.rows("SELECT id FROM alert ORDER BY number DESC LIMIT 5")
        alert = str(self.dice.choice(alerts).id) if alerts else "none"
        path = self.dice.choice((
            f"/alerts/{alert}/{self.dice.choice(self.ACTS)}", f"/alerts/{alert}/note",
            "/take-next", "/login" if number % 40 == 0 else "/sound/state", f"/alerts/{MARK}/take",
            "/signalement" if number % 40 == 1 else "/technical/x/settle",
        ))  # fmt: skip
        more = {"Content_Type": self.dice.choice(KINDS[:3]), "Cookie": f"tgd={self.cookie}"}
        more["sec_fetch_site"] = self.dice.choice(("same-origin", "same-origin", "cross-site"))
        await self.post("console", path, raw, **more)


class BySlowness(Attacker):
    """Requests that never end, on every listener for HTTP."""

    name = "slow"
    share = 4

    async def once(self, number: int) -> None:
        port = self.made.ports[self.dice.choice(("gateway", "answers", "console"))]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            head = b"POST /devices/osmand HTTP/1.1\r\nContent-Length: 16000\r\n\r\n"
            writer.write(head[: self.dice.randint(0, len(head))])
            for _ in range(self.dice.randint(0, 20)):
                await asyncio.sleep(0.1)
                if writer.transport.is_closing():
                    break
                writer.write(base64.b64encode(self.dice.randbytes(3)))
        finally:
            writer.transport.abort()
        self.seen["dropped"] += 1


EVERYBODY = (ByMqtt, ByHttp, BySms, ByAnswers, ByForms, BySlowness)
