"""Ends a task of ours for certain, within a time."""

import asyncio
from collections.abc import Awaitable, Callable

from tgd.log import log

CLOSING_S = 12.0
"""Longest time for one part of the gateway to close."""


async def end(task: asyncio.Task[None] | None, patience_s: float = 1.0) -> None:
    """Cancel until it has ended.

    Once is not enough: on Python 3.11 a `wait_for` whose event comes at the very moment of the
    cancellation returns it and forgets the cancellation; seen once in seven orderly stops.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=patience_s)


async def close_within(close: Callable[[], Awaitable[None]]) -> None:
    """Close one part; one that does not end by itself is cut off, and the others still close."""
    try:
        async with asyncio.timeout(CLOSING_S):
            await close()
    except TimeoutError:
        log.error("closing_took_too_long", why=getattr(close, "__qualname__", "?"))
