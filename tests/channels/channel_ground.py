"""What the tests of the channels share: doors on a real record, HTTP served for real, processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from fastapi import APIRouter
from sqlalchemy import Engine, text
from twilio.request_validator import RequestValidator

from gateway.door import Door
from gateway.heard import Heard, Receipt
from tgd.database import open_record
from tgd.seal import Keys
from tgd.serving import bare_app, serve
from tgd.spool import Spool

PATIENCE_S = 30
ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "fictional-auth-token"
OUR_NUMBER = "+33199000001"
PUBLIC_URL = "https://tgd.example/gateway"
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def open_door(record_url: str, folder: Path, keys: Keys) -> AsyncIterator[Door]:
    """A door on a real record, as in the process."""
    engine = open_record(record_url, lane="alerts")
    door = Door(engine, Spool(folder / "spool", keys), keys)
    await door.open()
    try:
        yield door
    finally:
        await door.close()
        engine.dispose()


class BrokenDoor:
    """Stands where a door stands that keeps nothing, or as much as it is told."""

    def __init__(self, answer: Receipt | Exception) -> None:
        self.answer = answer
        self.heard: list[Heard] = []

    async def hear(self, heard: Heard) -> Receipt:
        self.heard.append(heard)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Caller:
    """Posts to a served application over a real connection."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self._http = url, http

    async def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes]:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        async with self._http.request(
            method, self.url + path, data=body, headers=named, skip_auto_headers=["Content-Type"]
        ) as reply:
            return reply.status, await reply.read()


@asynccontextmanager
async def served(*routers: APIRouter) -> AsyncIterator[Caller]:
    app = bare_app("test")
    for router in routers:
        app.include_router(router)
    listening = await serve(app, "127.0.0.1:0")
    try:
        async with aiohttp.ClientSession() as http:
            yield Caller(listening.url, http)
    finally:
        await listening.stop()


def signature(params: Any, path: str = "/sms/twilio", *, token: str = TOKEN, url: str = "") -> str:
    """As the provider's own library signs."""
    return RequestValidator(token).compute_signature(url or PUBLIC_URL + path, params)


async def until(true: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Wait for something that will become true; fails as a test does."""
    async with asyncio.timeout(patience_s):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.05)


def counted(engine: Engine, table: str, where: str = "true") -> int:
    """How many rows there are."""
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one()


class Process:
    """A gateway as an operator runs it; its standard error is read as JSON lines."""

    def __init__(self, folder: Path, record_url: str, **settings: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TGD_")}
        environment["PYTHONFAULTHANDLER"] = "1"
        given = {
            "data_dir": str(folder), "database_url": record_url, "mqtt_listen": "127.0.0.1:0",
            "gateway_listen": "127.0.0.1:0", "gateway_health_listen": "127.0.0.1:0",
            "master_key": bytes(range(32)).hex(),
        } | settings  # fmt: skip
        self.lines: list[dict[str, Any]] = []
        self.other_words: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway"], cwd=ROOT, stderr=subprocess.PIPE, text=True,
            env=environment | {f"TGD_{k.upper()}": v for k, v in given.items()},
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.other_words.append(line)

    def events(self) -> list[str]:
        return [str(line.get("event")) for line in self.lines]

    def port(self, listener: str) -> int | None:
        said = [one for one in self.lines if one.get("event") == "listening"]
        return next((int(one["port"]) for one in said if one["listener"] == listener), None)

    async def ready(self, *events: str) -> "Process":
        await until(lambda: self.port("gateway") or self._process.poll() is not None)
        assert self._process.poll() is None, self.other_words
        for event in events:
            await until(lambda event=event: event in self.events())
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, wait, give the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:  # say where it hangs
            self._process.send_signal(signal.SIGABRT)
            self._process.wait(PATIENCE_S)
            self._reader.join(PATIENCE_S)
            raise AssertionError("".join(self.other_words)) from None
        self._reader.join(PATIENCE_S)
        if self._process.stderr:
            self._process.stderr.close()
        return code


@asynccontextmanager
async def processes() -> AsyncIterator[list[Process]]:
    """Whatever is put in here is killed at the end."""
    started: list[Process] = []
    try:
        yield started
    finally:
        for one in started:
            await asyncio.to_thread(one.end, signal.SIGKILL)


def spoken(forms: Sequence[tuple[str, str]]) -> bytes:
    """A form as the provider writes it."""
    return urlencode(forms).encode()
