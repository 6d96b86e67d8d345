"""One attempt at one destination: timed, counted, logged; whatever happens there is an answer."""

import asyncio
import time

from dispatch import counts
from dispatch.telling import Answer, Destination, Later, Telling
from tgd.log import log

MARGIN_S = 2.0
"""How much longer than its own limit a carrier may take; still shorter than its lease."""


async def attempt(destination: Destination, telling: Telling, limit_s: float, count: int) -> Answer:
    """Tell it once, within the carrier's own limit and a margin."""
    topic = telling.topic.value
    counts.told.labels(destination.name, topic).inc()
    started = time.monotonic()
    try:
        # a net under the carrier's own limit: one that hangs must not pile up attempts
        async with asyncio.timeout(limit_s + MARGIN_S):
            answer: Answer = await destination.tell(telling)
    except TimeoutError:
        answer = Later("hung")
    except Exception as error:  # noqa: BLE001 a fault of one destination stays its own
        log.error("telling_failed", exc_info=error, destination=destination.name)
        answer = Later("fault")
    counts.told_s.labels(destination.name).observe(time.monotonic() - started)
    word = type(answer).__name__.lower()
    counts.answered.labels(destination.name, word).inc()
    log.info(
        "told", alert=telling.alert, destination=destination.name, topic=topic, attempt=count,
        status=word, why=getattr(answer, "why", None),
    )  # fmt: skip
    return answer
