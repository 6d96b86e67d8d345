"""What voice and SMS share: the provider's answers as ours, and where it may call us back."""

import asyncio
from collections.abc import Awaitable
from urllib.parse import quote, urlencode

from dispatch.telling import Answer, Later, Refused, Sent
from tgd.telephone import TelephoneLater, TelephoneRefused


def answers_url(public_url: str, name: str, what: str, key: str) -> str:
    """`{public}/answers/v1/{destination}/{what}?key={key}`; `what` is `keypad`, `status`
    or `notice`."""
    # a colon may stand in a query; escaped, whoever rewrites the URL breaks its signature
    query = urlencode({"key": key}, safe=":")
    return f"{public_url.rstrip('/')}/answers/v1/{quote(name, safe='')}/{what}?{query}"


async def asked(asking: Awaitable[str], *, timeout_s: float, acknowledge_within_s: float) -> Answer:
    """One attempt at the provider within the time limit; its sid is the reference."""
    try:
        async with asyncio.timeout(timeout_s):
            sid = await asking
    except TelephoneLater as wrong:
        return Later(wrong.why, wrong.retry_after_s)
    except TelephoneRefused as wrong:
        return Refused(wrong.why)
    except TimeoutError:
        return Later("timeout")
    return Sent(acknowledge_within_s, "sent", sid)
