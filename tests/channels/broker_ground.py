"""Real brokers of a test, on free ports of loopback: Mosquitto and RabbitMQ, and a handset."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tgd.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
STARTS_IN_S = 90
GATEWAYS = ("gateway-1", "gateway-2")

# What needs certificates or another machine; everything that decides about loss stays.
_OF_THE_SITE = (
    "listener", "cafile", "certfile", "keyfile", "crlfile", "require_certificate",
    "use_identity_as_username", "tls_version", "log_dest", "persistence_location",
    "allow_anonymous", "acl_file",
)  # fmt: skip


def answers(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """The shipped configuration and access list, without certificates: a user name is believed."""

    is_v5 = True

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._conf = folder / "mosquitto.conf"
        acl = folder / "acl"
        acl.write_text((DEPLOY / "mosquitto" / "acl").read_text())
        shipped = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text().splitlines()
        kept = [line for line in shipped if line and line.split()[0] not in _OF_THE_SITE]
        account = ["user root"] if os.geteuid() == 0 else []
        own = [f"persistence_location {folder}/", "log_dest none", "allow_anonymous true",
               f"acl_file {acl}", f"listener {self.port} 127.0.0.1"]  # fmt: skip
        self._conf.write_text("\n".join([*kept, *account, *own]) + "\n")
        self.start()

    def url(self, user: str) -> str:
        return f"mqtt://{user}:any@127.0.0.1:{self.port}"

    def start(self) -> None:
        assert MOSQUITTO
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._conf)])
        _wait_for(self.port, self._process)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@contextmanager
def mosquitto_in(folder: Path) -> Iterator[Mosquitto]:
    """One that is gone after the block, whatever was done to it."""
    own = folder / "mosquitto"
    own.mkdir()
    broker = Mosquitto(own)
    try:
        yield broker
    finally:
        broker.kill()


def _wait_for(port: int, process: "subprocess.Popen[Any]") -> None:
    deadline = time.monotonic() + STARTS_IN_S
    while not answers(port):
        assert process.poll() is None, "the broker refuses this configuration"
        assert time.monotonic() < deadline, "the broker does not answer"
        time.sleep(0.05)


class RabbitMQ:
    """A private node with the shipped configuration for 3.10, with passwords for certificates.

    Names, ports, folders and the port mapper are its own: a RabbitMQ that is installed or runs on
    this machine does not notice.
    """

    is_v5 = False

    def __init__(self, folder: Path, *handsets: str) -> None:
        self._folder = folder
        self.port = free_port()
        self._epmd_port = free_port()
        (folder / "env.conf").write_text("")
        (folder / "plugins").write_text("[rabbitmq_mqtt].")
        (folder / "definitions.json").write_text(json.dumps(_definitions(handsets)))
        shipped = (DEPLOY / "rabbitmq" / "3.10" / "rabbitmq.conf").read_text().splitlines()
        site = ("ssl", "mqtt.listeners", "mqtt.ssl", "load_definitions", "#")
        kept = [line for line in shipped if line and not line.startswith(site)]
        own = [f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.port}", "listeners.tcp = none",
               f"load_definitions = {folder}/definitions.json"]  # fmt: skip
        (folder / "rabbitmq.conf").write_text("\n".join([*kept, *own]) + "\n")
        self.start()

    def url(self, user: str) -> str:
        return f"mqtt://{user}:any@127.0.0.1:{self.port}"

    def _environment(self) -> dict[str, str]:
        folder = str(self._folder)
        return {
            "PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"tgd{self.port}@localhost", "RABBITMQ_LOGS": f"{folder}/log",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia", "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_FEATURE_FLAGS_FILE": f"{folder}/flags",
            "ERL_EPMD_PORT": str(self._epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",  # lets it be ended after a killed node
        }  # fmt: skip

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(RABBITMQ)], env=self._environment(), cwd=self._folder, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _wait_for(self.port, self._process)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """The node and the port mapper that it started."""
        self.kill()
        subprocess.run(
            ["epmd", "-port", str(self._epmd_port), "-kill"],
            capture_output=True, check=False, timeout=20,
        )  # fmt: skip


def _definitions(handsets: tuple[str, ...]) -> dict[str, Any]:
    """The shipped ones, with a password for each user and the handsets of this test."""
    read: dict[str, Any] = json.loads(
        (DEPLOY / "rabbitmq" / "3.10" / "definitions.json").read_text()
    )
    names = [user["name"] for user in read["users"]] + list(handsets)
    read["users"] = [{"name": name, "password": "any", "tags": []} for name in names]
    for name in handsets:
        own = f"^tgd\\.v1\\.{name}\\."
        queues = "^(mqtt-subscription-.*|amq\\.topic)$"
        read["permissions"].append(
            {"user": name, "vhost": "/", "configure": queues, "write": queues, "read": queues}
        )
        read["topic_permissions"].append(
            {"user": name, "vhost": "/", "exchange": "amq.topic", "write": own, "read": own}
        )
    return read


class Carried:
    """Ana's handset at a broker: it believes receipts only."""

    def __init__(self, client: aiomqtt.Client, handset: str) -> None:
        self._client, self.handset = client, handset
        self.receipts: list[dict[str, Any]] = []

    async def press(self, trigger: str | None, **more: Any) -> None:
        """Returns when the broker has acknowledged it."""
        words: dict[str, Any] = {"kind": "press"} | ({"trigger": trigger} if trigger else {})
        await self.publish("alert", json.dumps(words).encode(), **more)

    async def publish(self, leaf: str, payload: bytes, **more: Any) -> None:
        await self._client.publish(f"tgd/v1/{self.handset}/{leaf}", payload, qos=1, **more)

    async def publish_to(self, topic: str, payload: bytes) -> None:
        await self._client.publish(topic, payload, qos=1)

    async def listen(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            self.receipts.append(json.loads(message.payload))

    async def hears(self, enough: Callable[[list[dict[str, Any]]], Any]) -> None:
        async with asyncio.timeout(30):
            while not enough(self.receipts):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def carried(broker: Any, handset: str, *, v5: bool = True) -> AsyncIterator[Carried]:
    """A handset that is connected and listens for its receipts."""
    session: dict[str, Any] = {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": True}
    if broker.is_v5 and v5:
        properties = Properties(PacketTypes.CONNECT)
        session = {"protocol": aiomqtt.ProtocolVersion.V5, "properties": properties}
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, identifier=handset, username=handset, password="any", **session
    ) as client:
        await client.subscribe(f"tgd/v1/{handset}/receipt", qos=1)
        one = Carried(client, handset)
        listening = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
