"""`tgd up`: everything that one host needs, embedded, without simulators, from TGD_ settings."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from tgd import migrate, settings
from tgd.cli.children import Children, Part
from tgd.database import open_record, transaction
from tgd.embedded import EmbeddedRecord
from tgd.errors import CannotStart, TgdError
from tgd.keyring import open_keys
from tgd.living import live
from tgd.log import log
from tgd.settings import Settings, as_environment
from tgd.settings_values import split_listen
from tgd.store.accounts import count_accounts

LOOK_AFTER_RECORD_S = 1.0


@dataclass
class Host:
    """What runs on this machine now."""

    settings: Settings
    children: Children
    record: EmbeddedRecord | None
    record_url: str
    parts: dict[str, Part]

    def listeners(self) -> list[dict[str, Any]]:
        """Where each part listens, as the lines of `--json`."""
        host = {
            "mqtt": self.settings.mqtt_listen, "mqtts": self.settings.mqtt_tls_listen,
            "gateway": self.settings.gateway_listen, "answers": self.settings.answers_listen,
            "console": self.settings.console_listen,
            "gateway-health": self.settings.gateway_health_listen,
            "dispatch-health": self.settings.dispatch_health_listen,
            "console-health": self.settings.console_health_listen,
            "auditor-health": self.settings.auditor_health_listen,
            "canary-health": self.settings.canary_health_listen,
        }  # fmt: skip
        return [
            {
                "part": part.name,
                "listener": name,
                "host": split_listen(host.get(name) or "127.0.0.1:0")[0],
                "port": port,
            }
            for part in self.parts.values()
            for name, port in part.ports.items()
        ]


def up(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON line per listener on stdout.")
    ] = False,
) -> None:
    """Run everything that one host needs, until it is told to stop."""

    async def run(stop: asyncio.Event) -> None:
        await _run(settings.read(), stop, as_json=as_json)

    raise typer.Exit(live("up", run))


async def _run(read: Settings, stop: asyncio.Event, *, as_json: bool) -> None:
    say: Callable[[str], None] = (lambda _: None) if as_json else _say
    host = await start_host(read, say, _to_stderr)
    try:
        await asyncio.to_thread(_mention_accounts, host.record_url, say)
        _announce(host, as_json=as_json)
        await watch(host, stop)
    finally:
        await stop_host(host, say)


async def start_host(
    read: Settings,
    say: Callable[[str], None],
    sink: Callable[[str], None],
    only: tuple[str, ...] = ("gateway", "dispatch", "console", "canary", "auditor"),
) -> Host:
    """Record, migrations, keys, then these parts; raises CannotStart."""
    _make_folder(read)
    record, url = await asyncio.to_thread(_record, read, say)
    children = Children(sink)
    try:
        await asyncio.to_thread(_prepare, read, url, say)
        environment = as_environment(read) | {"TGD_DATABASE_URL": url}
        parts: dict[str, Part] = {}
        for part in (one for one in _parts(read) if one.name in only):
            say(f"Starting {part.name}…")
            part.environment = environment | _healths_of(read, parts)
            parts[part.name] = await children.start(part)
    except BaseException:
        await children.stop()
        if record is not None:
            await asyncio.to_thread(record.stop)
        raise
    return Host(read, children, record, url, parts)


def _make_folder(read: Settings) -> None:
    try:
        read.data_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
    except OSError as error:
        raise CannotStart(
            f"The data folder {read.data_dir} cannot be made ({error.strerror}): set TGD_DATA_DIR"
            " to a folder of yours."
        ) from None


def _record(read: Settings, say: Callable[[str], None]) -> tuple[EmbeddedRecord | None, str]:
    given = read.database_url.get_secret_value()
    if given:
        return None, given
    say("Starting the record…")
    record = EmbeddedRecord(read.data_dir / "record", pg_bin=read.pg_bin, say=say)
    return record, record.start()


def _prepare(read: Settings, url: str, say: Callable[[str], None]) -> None:
    say("Bringing the record's tables to the present form…")
    migrate.upgrade(url)
    open_keys(read)


def _mention_accounts(url: str, say: Callable[[str], None]) -> None:
    engine = open_record(url, lane="work", connections=1)
    try:
        with transaction(engine) as session:
            if count_accounts(session) == 0:
                say("Nobody can sign in yet: make an account with `tgd account add NAME --role …`.")
    finally:
        engine.dispose()


def _parts(read: Settings) -> list[Part]:
    hearing = ["gateway", "gateway-health"] + (["mqtt"] if read.mqtt_listen else [])
    hearing += ["mqtts"] if read.mqtt_tls_listen else []
    canary = Part("canary", "gateway.canary", listeners=("canary-health",))
    return [
        Part("gateway", "gateway", listeners=tuple(hearing)),
        Part("dispatch", "dispatch", listeners=("answers", "dispatch-health")),
        Part("console", "tgd.web", listeners=("console", "console-health")),
        *([canary] if read.canary_addresses else []),
        Part("auditor", "dispatch.auditor", listeners=("auditor-health",)),
    ]


def _healths_of(read: Settings, parts: Mapping[str, Part]) -> dict[str, str]:
    """Which parts run, and where they show their health: port 0 has become a real one."""
    known = {
        "gateway-health": read.gateway_health_listen,
        "dispatch-health": read.dispatch_health_listen,
        "console-health": read.console_health_listen,
        "canary-health": read.canary_health_listen,
    }
    audited = {"TGD_AUDITOR_PARTS": ",".join(p for p in read.parts_of_auditor if p in parts)}
    return audited | {
        f"TGD_{name.replace('-', '_').upper()}_LISTEN": f"{split_listen(listen)[0]}:{port}"
        for part in parts.values()
        for name, port in part.ports.items()
        if (listen := known.get(name))
    }


async def watch(host: Host, stop: asyncio.Event) -> None:
    """Keep the embedded record alive until told to stop; the parts keep themselves."""
    while not stop.is_set():
        if host.record is not None:
            try:
                if await asyncio.to_thread(host.record.restart_if_dead):
                    log.error("record_restarted")
            except TgdError as error:
                # a full disk, say: tried again each second until it is mended
                log.critical("record_cannot_start", error=type(error).__name__)
                _to_stderr(str(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_AFTER_RECORD_S)


async def stop_host(host: Host, say: Callable[[str], None]) -> None:
    """Stop the parts, then the record."""
    say("Stopping…")
    await host.children.stop()
    if host.record is not None:
        await asyncio.to_thread(host.record.stop)


def _announce(host: Host, *, as_json: bool) -> None:
    for line in host.listeners():
        if as_json:
            sys.stdout.write(json.dumps(line) + "\n")
        else:
            _say(f"  {line['part']:9} {line['listener']:16} {line['host']}:{line['port']}")
    if as_json:
        sys.stdout.write(json.dumps({"part": "up", "listener": "all", "state": "ready"}) + "\n")
    else:
        _say("Ready. Ctrl-C stops everything.")
    sys.stdout.flush()


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
