"""Somebody carries a handset: presses what was asked, then at each word on stdin."""

import asyncio
import os
import signal
import sys

from simulators.handset import Handset
from simulators.handset_words import KIND_LETTERS
from simulators.serving import say


async def carry(phone: Handset, kinds: list[str], stay: bool, timeout_s: float) -> bool:
    """Somebody carries the handset; True when each press was confirmed."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, ended.set)
    await phone.start()
    try:
        triggers = [await phone.press(kind) for kind in kinds]
        confirmed = await _confirm(phone, triggers, timeout_s, ended)
        if stay:
            await _follow_stdin(phone, ended)
        return confirmed
    finally:
        await phone.stop()


async def _confirm(
    phone: Handset, triggers: list[str], timeout_s: float, ended: asyncio.Event
) -> bool:
    waits = [phone.receipt_of(trigger, timeout_s=timeout_s) for trigger in triggers]
    all_of_them = asyncio.gather(*waits, return_exceptions=True)
    ending = asyncio.create_task(ended.wait())
    ending.add_done_callback(lambda _: all_of_them.cancel())
    try:
        states = await all_of_them
    except asyncio.CancelledError:
        return False
    ending.cancel()
    return all(isinstance(state, str) for state in states)


async def _follow_stdin(phone: Handset, ended: asyncio.Event) -> None:
    """`press`, `test`, … one word a line, until SIGTERM or the end of the input."""
    words: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    follower = loop.create_task(_press_each(phone, words))
    left = b""

    def read() -> None:
        nonlocal left
        piece = os.read(sys.stdin.fileno(), 4096)
        *lines, left = (left + piece).split(b"\n")
        for line in lines:
            words.put_nowait(line.decode(errors="replace").strip())
        if not piece:
            loop.remove_reader(sys.stdin)

    loop.add_reader(sys.stdin, read)
    await ended.wait()
    loop.remove_reader(sys.stdin)
    follower.cancel()


async def _press_each(phone: Handset, words: asyncio.Queue[str]) -> None:
    while True:
        word = await words.get()
        if word in KIND_LETTERS:
            await phone.press(word)
        elif word:
            say({"error": f"unknown kind {word!r}", "known": list(KIND_LETTERS)})
