"""`tgd demo`: the whole service on loopback, with a town of strangers and fictional people.

Everything lives in a throw-away folder; nothing listens beyond this machine; the accounts and their
random passwords are printed once and end with it.
"""

import asyncio
import json
import secrets
import shutil
import sys
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from tgd import clock, ids, inventory
from tgd.accounts import make_account
from tgd.cli.demo_court import settle_court
from tgd.cli.up import Host, start_host, stop_host, watch
from tgd.database import open_record, transaction
from tgd.errors import TgdError
from tgd.keyring import open_keys
from tgd.living import live
from tgd.passwords import hashed
from tgd.ports import free_ports
from tgd.rules.access import Role
from tgd.rules.keys import sms_key
from tgd.settings import Settings

PEOPLE = ("Ana", "Bella", "Chloé", "Diane", "Emma", "Flora")
ACCOUNTS = {
    "operator": "bruno", "supervisor": "salima", "prosecutor": "camille", "auditor": "denis",
    "stock_manager": "gaël", "association": "alix", "control_room": "carole", "admin": "adam",
    "control_room-2": "garance", "registry-2": "oceane", "stock_manager-2": "solene",
    "registry": "odile", "prosecutor-2": "cyrille", "association-2": "nora",
}  # fmt: skip
"""One fictional person per role; two where two are needed."""
CAPACITIES = {
    "prosecutor": "vice-procureure de la République",
    "prosecutor-2": "substitut du procureur de la République",
    "registry": "greffière",
    "registry-2": "greffière",
}
"""As papers print them."""
HURRY = 5.0
"""The delays of the policy are divided by this, so that a night lasts a minute."""
LAPSE_S = 60.0
"""As in a real policy where people take part: somebody reads the sheet before the first act."""
OUR_NUMBER, SUPERVISOR_NUMBER = "+33199000001", "+33199000009"


POLICY = """
[ownership]
lapse_s = {lapse}

[console]
tones_s = [{twenty}, {forty}, {sixty}]

[[destination]]
name = "platform"
kind = "webhook"
url = "http://127.0.0.1:{ports.platform}/alerts"
secret = "{shared.platform}"
timeout_s = 2.0

[[destination]]
name = "supervisor"
kind = "voice"
number = "{supervisor}"

[[destination]]
name = "control-room-92"
kind = "cisu"
url = "http://127.0.0.1:{ports.room}/edxl"
recipient = "fr.police.cic92"
token = "{shared.room}"

[[destination]]
name = "corg-99"
kind = "cisu"
url = "http://127.0.0.1:{ports.gendarmerie}/edxl"
recipient = "fr.gendarmerie.corg99"
token = "{shared.gendarmerie}"

[notices]
tell = ["platform"]
profile = "platform"

[[step]]
after_s = 0
until = "closed"
tell = ["platform"]

[[step]]
after_s = {forty}
until = "taken"
tell = ["supervisor"]

[[step]]
after_s = {sixty}
until = "taken"
tell = ["control-room-92"]

[[step]]
since = "request"
after_s = 0
until = "acknowledged"
tell = ["control-room-92"]

[[step]]
since = "request"
after_s = {twenty}
until = "acknowledged"
tell = ["supervisor"]

[[step]]
since = "request"
after_s = {thirty}
until = "acknowledged"
tell = ["corg-99"]
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Free ports of loopback, chosen before anything starts, because everybody names everybody."""

    mqtt: int
    gateway: int
    answers: int
    console: int
    provider: int
    platform: int
    room: int
    gendarmerie: int


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the demonstration shares with its strangers."""

    account_sid: str
    auth_token: str
    platform: str
    room: str
    gendarmerie: str
    canary: str
    """Its id; and its secret."""
    canary_secret: str


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play the scripted night, print it, and end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
    port: Annotated[int, typer.Option(help="Port of the console; 0 for a free one.")] = 0,
    every_s: Annotated[float, typer.Option(help="Without --once: a press every so often.")] = 60.0,
) -> None:
    """Everything on this machine, with simulated handsets, SMS provider, platform, control room."""
    code = 1

    async def run(stop: asyncio.Event) -> None:
        nonlocal code
        code = await _run(stop, once=once, as_json=as_json, port=port, every_s=every_s)

    raise typer.Exit(live("demo", run) or code)


async def _run(stop: asyncio.Event, *, once: bool, as_json: bool, port: int, every_s: float) -> int:
    folder = Path(tempfile.mkdtemp(prefix="tgd-demo-"))
    folder.chmod(0o755)  # as root the record's server runs as somebody else
    logs = (folder / "log.jsonl").open("a", encoding="utf-8")
    say = _progress if not as_json else _nothing

    def sink(line: str) -> None:
        logs.write(line + "\n")

    try:
        ports, shared = _free_ports(port), _secrets()
        read = _settings(folder, ports, shared)
        _write_policy(folder, ports, shared, lapse_s=LAPSE_S / HURRY if once else LAPSE_S)
        say("Setting up a demonstration with fictional people, on this machine only.")
        host = await start_host(read, say, sink)
        try:
            map_ = await asyncio.to_thread(_seed, host, folder, ports, shared)
            return await _play(host, map_, stop, once=once, as_json=as_json, every_s=every_s)
        finally:
            await stop_host(host, say)
    except TgdError:
        logs.flush()
        sys.stderr.write("".join((folder / "log.jsonl").read_text().splitlines(True)[-5:]))
        raise
    finally:
        logs.close()
        shutil.rmtree(folder, ignore_errors=True)


async def _play(
    host: Host, map_: Path, stop: asyncio.Event, *, once: bool, as_json: bool, every_s: float
) -> int:
    said = json.loads(map_.read_text())
    if not once:
        _introduce(said, as_json=as_json)
    arguments = ["-m", "simulators", "night", "--map", str(map_)]
    arguments += ["--json"] if as_json else []
    arguments += [] if once else ["--live", "--every-s", str(every_s)]
    town = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.DEVNULL
    )
    watching = asyncio.create_task(watch(host, stop))
    ended = asyncio.create_task(town.wait())
    await asyncio.wait({watching, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        town.terminate()
    code = await ended
    stop.set()
    await watching
    return code if once else 0


def _introduce(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"console": said["console"], "accounts": said["accounts"]}))
        sys.stdout.write("\n")
    else:
        sys.stdout.write(f"\n  Console: {said['console']}\n\n")
        for role, account in said["accounts"].items():
            sys.stdout.write(f"  {role:14} {account['name']:10} {account['password']}\n")
        sys.stdout.write("\n  These accounts end with the demonstration. Ctrl-C ends it.\n\n")
    sys.stdout.flush()


def _seed(host: Host, folder: Path, ports: Ports, shared: Secrets) -> Path:
    """Fictional people with handsets, one account per role; gives the map for the strangers."""
    keys = open_keys(host.settings)
    engine = open_record(host.record_url, lane="work", connections=1)
    try:
        with transaction(engine) as session:
            accounts = {role: _account(session, role, name) for role, name in ACCOUNTS.items()}
            settle_court(session, clock.now(), ACCOUNTS)
            inventory.enroll(
                session, None, clock.now(), secret=shared.canary_secret, canary=shared.canary
            )
            cards = [_card(session, name, n, keys.master) for n, name in enumerate(PEOPLE, 1)]
    finally:
        engine.dispose()
    here = "http://127.0.0.1"
    map_ = {
        "mqtt": f"127.0.0.1:{ports.mqtt}", "gateway": f"{here}:{ports.gateway}",
        "answers": f"{here}:{ports.answers}", "console": f"{here}:{ports.console}",
        "provider_port": ports.provider, "account_sid": shared.account_sid,
        "auth_token": shared.auth_token, "number": OUR_NUMBER, "platform_port": ports.platform,
        "platform_secret": shared.platform, "room_port": ports.room, "room_token": shared.room,
        "gendarmerie_port": ports.gendarmerie, "gendarmerie_token": shared.gendarmerie,
        "supervisor_number": SUPERVISOR_NUMBER, "accounts": accounts, "cards": cards,
        "hurry": HURRY,
    }  # fmt: skip
    path = folder / "town.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(map_))
    return path


def _account(session: Session, role: str, name: str) -> dict[str, str]:
    password = secrets.token_urlsafe(9)
    make_account(
        session, name, Role(role.partition("-")[0]), hashed(password), clock.now(),
        full_name=f"{name.capitalize()} FICTIF", capacity=CAPACITIES.get(role),
    )  # fmt: skip
    return {"name": name, "password": password}


def _card(session: Session, name: str, n: int, master: bytes) -> dict[str, str]:
    now = clock.now()
    secret, number = ids.new_secret(), f"+3363998000{n}"
    handset = inventory.enroll(session, number, now, secret=secret)
    inventory.give(
        session, handset, f"{name} FICTIVE",
        [{"label": f"{n} rue des Exemples", "city": "Nanterre", "insee": "92050"}],
        (now, now + timedelta(days=182)), now, geolocation=True,
    )  # fmt: skip
    return {"name": name, "handset": handset, "mqtt_secret": secret, "number": number,
            "sms_key": sms_key(master, handset, 1).hex()}  # fmt: skip


def _settings(folder: Path, ports: Ports, shared: Secrets) -> Settings:
    here = "127.0.0.1"
    return Settings.model_validate(
        {
            "data_dir": folder, "policy": folder / "policy.toml",
            "mqtt_listen": f"{here}:{ports.mqtt}", "gateway_listen": f"{here}:{ports.gateway}",
            "answers_listen": f"{here}:{ports.answers}",
            "console_listen": f"{here}:{ports.console}",
            "gateway_health_listen": f"{here}:0", "dispatch_health_listen": f"{here}:0",
            "console_health_listen": f"{here}:0",
            "auditor_health_listen": f"{here}:0",
            "canary_health_listen": f"{here}:0",
            "canary_mqtt": f"mqtt://{shared.canary}:{shared.canary_secret}@{here}:{ports.mqtt}",
            "twilio_account_sid": shared.account_sid,
            "twilio_auth_token": shared.auth_token,
            "twilio_api_base": f"http://{here}:{ports.provider}", "sms_numbers": OUR_NUMBER,
            "public_url": f"http://{here}:{ports.gateway}",
            "answers_public_url": f"http://{here}:{ports.answers}",
            "console_insecure_http": True, "demonstration": True, "reconcile_every_s": 5.0,
            "degraded_line": "01 99 00 00 50",
        }
    )  # fmt: skip


def _write_policy(folder: Path, ports: Ports, shared: Secrets, *, lapse_s: float) -> None:
    """The default policy with its delays divided, towards the strangers on this machine."""
    path = folder / "policy.toml"
    path.touch(mode=0o600)
    path.write_text(
        POLICY.format(
            ports=ports, shared=shared, supervisor=SUPERVISOR_NUMBER,
            lapse=lapse_s, twenty=20 / HURRY, thirty=30 / HURRY, forty=40 / HURRY, sixty=60 / HURRY,
        )
    )  # fmt: skip


def _secrets() -> Secrets:
    return Secrets(
        "AC" + secrets.token_hex(16), secrets.token_hex(16),
        "whsec_" + b64encode(secrets.token_bytes(32)).decode(), secrets.token_urlsafe(32),
        secrets.token_urlsafe(32), ids.new_canary(), ids.new_secret(),
    )  # fmt: skip


def _free_ports(console: int) -> Ports:
    free = free_ports(8)
    if console:
        free[3] = console
    return Ports(*free)


def _progress(sentence: str) -> None:
    sys.stdout.write(f"  {sentence}\n")
    sys.stdout.flush()


def _nothing(_: str) -> None:
    """With --json, stdout belongs to the lines."""
