"""Counterparts of the strangers, written for these tests alone: a customer and an MQTT listener."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mqtt5
from aiohttp import web


@dataclass
class Heard:
    """One request that came to the customer."""

    path: str
    headers: dict[str, str]
    body: bytes
    form: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Customer:
    """Any path; `answers` gives the reply of a path, 204 otherwise."""

    heard: list[Heard] = field(default_factory=list)
    answers: dict[str, Callable[[Heard], web.Response]] = field(default_factory=dict)
    port: int = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._hear)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def at(self, path: str) -> list[Heard]:
        return [one for one in self.heard if one.path == path]

    async def _hear(self, request: web.Request) -> web.Response:
        body = await request.read()
        is_form = request.content_type == "application/x-www-form-urlencoded"
        form = {k: str(v) for k, v in (await request.post()).items()} if is_form else {}
        one = Heard(request.path, dict(request.headers), body, form)
        self.heard.append(one)
        answer = self.answers.get(request.path)
        return answer(one) if answer else web.Response(status=204)


@dataclass
class PostOffice:
    """Accepts every handset but those with another secret than in `secrets` (when it has any)."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    sends_pubacks: bool = True
    sends_receipts: bool = True
    receive_max: int = 65535
    connects: list[mqtt5.ConnectPacket] = field(default_factory=list)
    published: list[mqtt5.PublishPacket] = field(default_factory=list)
    wills: list[mqtt5.Will] = field(default_factory=list)
    port: int = 0
    lines: dict[str, asyncio.StreamWriter] = field(default_factory=dict)
    tls: Any = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def on(self, leaf: str) -> list[dict[str, Any]]:
        """The JSON published on topics that end so."""
        return [json.loads(p.payload) for p in self.published if p.topic.endswith(f"/{leaf}")]

    def tell(self, handset: str, trigger: str, state: str) -> None:
        words = json.dumps({"trigger": trigger, "state": state, "at": "2026-11-23T22:40:05Z"})
        packet = mqtt5.PublishPacket(
            f"tgd/v1/{handset}/receipt",
            words.encode(),
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            packet_id=7,
        )
        self.lines[handset].write(packet.write())

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        will: mqtt5.Will | None = None
        try:
            buffer = b""
            while piece := await reader.read(65536):
                buffer += piece
                while buffer:
                    try:
                        packet, size = mqtt5.read(memoryview(buffer))
                    except IndexError:
                        break
                    buffer = buffer[size:]
                    if isinstance(packet, mqtt5.ConnectPacket):
                        will = packet.will
                    if isinstance(packet, mqtt5.DisconnectPacket):
                        will = None
                        return
                    self._answer(packet, writer)
                    await writer.drain()
        except (OSError, ValueError):
            pass
        finally:
            self._tasks.discard(task)
            if will:
                self.wills.append(will)
            writer.transport.abort()

    def _answer(self, packet: mqtt5.Packet, writer: asyncio.StreamWriter) -> None:
        match packet:
            case mqtt5.ConnectPacket():
                self._admit(packet, writer)
            case mqtt5.SubscribePacket():
                granted = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]
                writer.write(mqtt5.SubAckPacket(packet.packet_id, granted).write())
            case mqtt5.PublishPacket():
                self._take(packet, writer)
            case mqtt5.PingReqPacket():
                writer.write(mqtt5.PingRespPacket().write())

    def _admit(self, packet: mqtt5.ConnectPacket, writer: asyncio.StreamWriter) -> None:
        self.connects.append(packet)
        if self.secrets and self.secrets.get(packet.client_id) != packet.password:
            refused = mqtt5.ConnAckReasonCode.NOT_AUTHORIZED
            writer.write(mqtt5.ConnAckPacket(reason_code=refused).write())
            return
        self.lines[packet.client_id] = writer
        writer.write(mqtt5.ConnAckPacket(receive_max=self.receive_max).write())

    def _take(self, packet: mqtt5.PublishPacket, writer: asyncio.StreamWriter) -> None:
        self.published.append(packet)
        if self.sends_pubacks and packet.packet_id:
            writer.write(mqtt5.PubAckPacket(packet.packet_id).write())
        if self.sends_receipts and packet.topic.endswith("/alert"):
            handset = packet.topic.split("/")[2]
            try:
                self.tell(handset, json.loads(packet.payload)["trigger"], "received")
            except (ValueError, KeyError):
                pass


async def until(true: Callable[[], Any], timeout_s: float = 10) -> None:
    """Wait for something that will become true; fails as a test does."""
    async with asyncio.timeout(timeout_s):
        while not true():
            await asyncio.sleep(0.01)
