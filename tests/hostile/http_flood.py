"""`python -m tests.hostile.http_flood PORT SECONDS`: a flood of HTTP from a process of its own.

Each connection asks again as soon as it is answered: what costs the listener most, by one sender
after the other.
"""

import asyncio
import sys
import time
from collections import Counter

from tests.hostile.http_wire import read_reply, request

AT_ONCE = 64
LARGEST = 16_000
FORM = "application/x-www-form-urlencoded"
SIGNATURE = "bm9ib2R5IHNpZ25lZCB0aGlzIQ=="


def fields(count: int) -> bytes:
    """A form of so many fields, all escaped, near the limit."""
    width = LARGEST // count - 12
    return b"&".join(b"f%03d=" % n + b"%C3%A9" * (width // 6) for n in range(count))


WORDS = {
    "signature": request("POST", "/sms/twilio", fields(190), Content_Type=FORM,
                         X_Twilio_Signature=SIGNATURE),
    "short signature": request("POST", "/sms/twilio", b"Body=x&From=y", Content_Type=FORM,
                               X_Twilio_Signature=SIGNATURE),
    "large form": request("POST", "/devices/osmand", b"id=x&alarm=&" + fields(150),
                          Content_Type=FORM),
    "deep json": request("POST", "/devices/owntracks", b'{"a":' * 3000 + b"1" + b"}" * 3000,
                         Content_Type="application/json"),
    "short json": request("POST", "/devices/owntracks", b'{"_type":"x"' * 150),
    "nothing": request("GET", "/nowhere"),
}  # fmt: skip


async def ask_on(port: int, name: str, until: float, seen: Counter[str]) -> None:
    """One connection after the other, each as long as it lasts."""
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + 30):
                while time.monotonic() < until:
                    writer.write(WORDS[name])
                    await writer.drain()
                    status = (await read_reply(reader)).status
                    seen[f"{name}: {status}"] += 1
                    if not status:
                        break
        except (OSError, TimeoutError):
            seen[f"{name}: lost"] += 1
        finally:
            writer.transport.abort()


async def flood(port: int, seconds: float, names: list[str]) -> Counter[str]:
    """All kinds at once, or those that are named."""
    seen: Counter[str] = Counter()
    until = time.monotonic() + seconds
    await asyncio.gather(
        *(ask_on(port, names[n % len(names)], until, seen) for n in range(AT_ONCE))
    )
    return seen


def main() -> None:
    port, seconds, names = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    print(dict(asyncio.run(flood(port, seconds, names or list(WORDS)))), flush=True)


if __name__ == "__main__":
    main()
