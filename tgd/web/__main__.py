"""Starts one console: the pages' listener and the health listener."""

import asyncio
import sys

from sqlalchemy import Engine

from tgd import settings
from tgd.database import open_record
from tgd.errors import Misconfigured
from tgd.listening import Listener
from tgd.living import live, say_listening
from tgd.reachable import Reachable
from tgd.seal import Keys
from tgd.serving import Readiness, health_app, serve
from tgd.settings import Settings
from tgd.store import nudges
from tgd.web.app import make_app
from tgd.web.console import CONNECTIONS, Console


def main() -> int:
    """Entry point; the exit code is 0 after an orderly stop, 1 when it cannot run."""
    return live("console", _run)


async def _run(stop: asyncio.Event) -> None:
    read = settings.read()
    url = read.database_url.get_secret_value()
    if not url:
        raise Misconfigured("TGD_DATABASE_URL: must name the record (`tgd up` gives it).")
    engine = open_record(url, lane="console", connections=CONNECTIONS)
    listener = Listener(url, (nudges.CONSOLE,))
    console = Console(read, engine, listener, _keys(read))
    await listener.open()
    await console.open()
    pages = await serve(make_app(console), read.console_listen)
    health = await serve(health_app(_ready(engine, console)), read.console_health_listen)
    say_listening("console", pages.port)
    say_listening("console-health", health.port)
    await stop.wait()
    await console.hub.close()
    await pages.stop()
    await console.close()
    await listener.close()
    await health.stop()
    engine.dispose()


def _keys(read: Settings) -> Keys | None:
    """Without a master key messages as received stay sealed."""
    master = read.master_key.get_secret_value()
    return Keys.from_hex(master) if master else None


def _ready(engine: Engine, console: Console) -> Readiness:
    record = Reachable(engine)

    async def ready() -> str | None:
        if not await record.now():
            return "record away"
        return None if console.hub.is_fresh else "stuck"

    return ready


if __name__ == "__main__":
    sys.exit(main())
