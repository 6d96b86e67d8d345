"""How a process of ours lives: told to stop by a signal, stops in order, says where it listens."""

import asyncio
import gc
import resource
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop

from tgd.errors import TgdError
from tgd.log import log, set_up


def live(process: str, run: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run until SIGTERM or SIGINT sets the event; gives the exit code.

    What stops the start is one sentence on stderr and exit code 1, never a stack trace.
    """
    set_up(process)
    gc.freeze()  # what was imported is never rubbish: to look through it costs 20 ms each time
    _open_as_many_as_allowed()
    try:
        uvloop.run(_until_told(run))
    except TgdError as error:
        log.critical("cannot_run", error=type(error).__name__)
        print_sentence(str(error))
        return 1
    return 0


async def _until_told(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(stop)
    log.info("stopped")


def _open_as_many_as_allowed() -> None:
    """Connections are file descriptors: the usual soft limit of 1,024 would let a stranger who
    opens so many shut everybody out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def print_sentence(sentence: str) -> None:
    """A sentence for a person, on stderr; it is one of ours and quotes no message."""
    sys.stderr.write(sentence + "\n")


def say_listening(listener: str, port: int) -> None:
    """One line per listener: a parent process reads it."""
    log.info("listening", listener=listener, port=port)
