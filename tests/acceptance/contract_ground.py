"""An outsider's ground: the programs as subprocesses, plain clients, nothing imported of ours.

What is here knows the service by its settings, its lines of JSON, its sockets and the table of
processes alone; the strangers around it are programs too.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.running import named_ports

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + b64encode(b"a secret that only two of us know").decode()
TOKEN = "room-token-in-fiction"
SID, AUTH, OUR_NUMBER = "AC" + "0123456789abcdef" * 2, "fictional-auth-token", "+33199000001"
PARTS = ("gateway", "dispatch", "console")


def until(true: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    """What the question gives, as soon as it gives something; AssertionError when it never does."""
    for _ in range(int(seconds / 0.05)):
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain {what}")


class Program:
    """One program that we started, and all that it says."""

    def __init__(self, words: list[str], settings: dict[str, str] | None = None) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TGD_")}
        self.process = subprocess.Popen(
            words, env=clean | (settings or {}), cwd=ROOT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.out: list[str] = []
        self.err: list[str] = []
        self._ears = [
            threading.Thread(target=self._listen, args=(pipe, kept), daemon=True)
            for pipe, kept in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for ear in self._ears:
            ear.start()

    @staticmethod
    def _listen(pipe: Any, kept: list[str]) -> None:
        for line in pipe:
            kept.append(line)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def said(self) -> list[dict[str, Any]]:
        """The lines of JSON on stdout."""
        return [json.loads(line) for line in list(self.out)]

    def hears_first_line(self) -> dict[str, Any]:
        until(lambda: self.out or self.process.poll() is not None, what=str(self.err))
        return self.said[0]

    def end(self, number: int = signal.SIGTERM, seconds: float = 40) -> int:
        """Give it a signal and wait; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        for ear in self._ears:
            ear.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None and not any(ear.is_alive() for ear in self._ears):
                pipe.close()
        return code


class Up(Program):
    """`tgd up --json`."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings
        super().__init__([str(BIN / "tgd"), "up", "--json"], settings)

    def wait(self) -> "Up":
        """Until it says that all parts listen."""
        until(self._is_ready, 60, "for tgd up: " + "".join(self.err[-5:]))
        assert self.ready, "".join(self.err[-40:])
        return self

    def _is_ready(self) -> bool:
        return self.ready or self.process.poll() is not None

    @property
    def ready(self) -> bool:
        return any(line.get("state") == "ready" for line in self.said)

    def port(self, listener: str) -> int:
        """Where a listener is, by what `--json` printed."""
        return next(int(x["port"]) for x in self.said if x.get("listener") == listener)

    def url(self, listener: str) -> str:
        return f"http://127.0.0.1:{self.port(listener)}"

    def log(self, event: str) -> list[dict[str, Any]]:
        """Its own log lines of one event."""
        lines = [json.loads(x) for x in list(self.err) if x.startswith("{")]
        return [x for x in lines if x["event"] == event]


@dataclass
class Ground:
    """A folder, settings, and the strangers."""

    folder: Path
    settings: dict[str, str]
    strangers: dict[str, dict[str, str]]
    programs: list[Program] = field(default_factory=list)

    def tgd(self, *words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TGD_")}
        return subprocess.run(
            [str(BIN / "tgd"), *words], env=clean | self.settings | more, cwd=ROOT, text=True,
            input=given, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    def told(self, *words: str, **more: str) -> Any:
        """What a command prints with `--json`."""
        done = self.tgd(*words, "--json", **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def up(self, **more: str) -> Up:
        program = Up(self.settings | more)
        self.programs.append(program)
        return program

    def ledger(self, stranger: str, event: str = "") -> list[dict[str, Any]]:
        """What a stranger has written down."""
        path = self.folder / f"{stranger}.jsonl"
        lines = [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []
        return [x for x in lines if event in ("", x["event"])]

    def make(self, stranger: str, word: str, **words: Any) -> Any:
        """Ask a stranger to do something, on its control port."""
        base = self.strangers[stranger]["control"]
        reply = httpx.post(f"{base}/simulate/{word}", json=words, timeout=20)
        assert reply.status_code < 300, reply.text
        return reply.json()


@contextlib.contextmanager
def ground(folder: Path, **more: str) -> Iterator[Ground]:
    """The strangers' programs run; `ground.up()` starts the service. All of it ends here."""
    ports = named_ports("mqtt", "mqtts", "gateway", "answers", "console", "h1", "h2", "h3", "h4",
                       "platform", "room", "provider")  # fmt: skip
    made = Ground(folder, {}, {})
    try:
        made.strangers = _strangers(made, ports)
        policy = folder / "policy.toml"
        policy.write_text(policy_of(ports))
        policy.chmod(0o644)
        made.settings = settings_of(folder, ports) | more
        yield made
    finally:
        for program in reversed(made.programs):
            program.end()


def settings_of(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    """The settings of one host, on free ports."""
    here = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    return {
        "TGD_DATA_DIR": str(folder / "service"), "TGD_POLICY": str(folder / "policy.toml"),
        "TGD_MQTT_LISTEN": here["mqtt"], "TGD_GATEWAY_LISTEN": here["gateway"],
        "TGD_ANSWERS_LISTEN": here["answers"], "TGD_CONSOLE_LISTEN": here["console"],
        "TGD_GATEWAY_HEALTH_LISTEN": here["h1"], "TGD_DISPATCH_HEALTH_LISTEN": here["h2"],
        "TGD_CONSOLE_HEALTH_LISTEN": here["h3"],
        "TGD_AUDITOR_HEALTH_LISTEN": here["h4"], "TGD_CONSOLE_INSECURE_HTTP": "true",
        "TGD_TWILIO_ACCOUNT_SID": SID, "TGD_TWILIO_AUTH_TOKEN": AUTH,
        "TGD_TWILIO_API_BASE": f"http://{here['provider']}", "TGD_SMS_NUMBERS": OUR_NUMBER,
        "TGD_PUBLIC_URL": f"http://{here['gateway']}", "TGD_RECONCILE_EVERY_S": "3600",
        "TGD_ANSWERS_PUBLIC_URL": f"http://{here['answers']}",
    }  # fmt: skip


def policy_of(ports: dict[str, int]) -> str:
    """A platform at once, and a control room when an intervention is requested."""
    return f"""
[[destination]]
name = "platform"
kind = "webhook"
url = "http://127.0.0.1:{ports["platform"]}/alerts"
secret = "{SECRET}"
timeout_s = 2.0

[[destination]]
name = "room"
kind = "cisu"
url = "http://127.0.0.1:{ports["room"]}/edxl"
recipient = "fr.police.cic92"
token = "{TOKEN}"
timeout_s = 2.0

[[step]]
after_s = 0
until = "closed"
tell = ["platform"]

[[step]]
since = "request"
after_s = 0
until = "acknowledged"
tell = ["room"]

[[step]]
after_s = 600
until = "taken"
tell = ["room"]
"""


def _strangers(made: Ground, ports: dict[str, int]) -> dict[str, dict[str, str]]:
    answers = f"http://127.0.0.1:{ports['answers']}"
    hook = f"http://127.0.0.1:{ports['gateway']}/sms/twilio"
    words = {
        "platform": ["platform", "--secret", SECRET, "--answers-url", answers],
        "room": [
            "control-room",
            "--destination",
            "room",
            "--token",
            TOKEN,
            "--answers-url",
            answers,
        ],
        "provider": ["sms-provider", "--webhook", hook],
    }
    for name, said in words.items():
        where = ["--port", str(ports[name]), "--ledger", str(made.folder / f"{name}.jsonl")]
        command = [str(BIN / "tgd-simulate"), *said, *where]
        made.programs.append(Program(command))
    return {
        name: program.hears_first_line() for name, program in zip(words, made.programs, strict=True)
    }


def family_of(pid: int) -> set[int]:
    """Every process below this one now, by /proc; sessions and groups do not hide them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "stat").read_text().rpartition(") ")[2].split()
            parents[int(entry.name)] = int(words[1])
    found, fresh = set[int](), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def lives(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
