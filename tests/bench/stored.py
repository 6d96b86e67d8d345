"""What one more alert costs when there are few, and when there are a million on record."""

import asyncio
import time

from tests.bench import fill, floors
from tests.bench.figures import Figure, Report, share
from tests.bench.ground import a_service, moments, press, say, spans

FLOOR_IS = "the same with 100 stored"


async def measure(quick: bool) -> Report:
    """The same record, filled further and further."""
    sizes = (100, 10_000, 100_000) if quick else (100, 10_000, 1_000_000)
    figures: list[Figure] = []
    notes: list[str] = []
    base: list[float] = []
    async with a_service() as running:
        ground = await floors.measure(running)
        filled = 0
        for size in sizes:
            begun = time.monotonic()
            await asyncio.to_thread(fill.closed_alerts, running, filled + 1, size)
            filled = size
            notes.append(f"{size:,} alerts stored: filled in {time.monotonic() - begun:.0f} s.")
            say(notes[-1])
            await press(running, 100, 0.0)  # what is new in the caches is not what is asked
            spread = await press(running, 60 if quick else 200, 3 if quick else 10)
            burst = await press(running, 200 if quick else 500, 0.0)
            pressed = moments(burst, "pressed")
            stored_s = max(moments(burst, "receipt").values()) - min(pressed.values())
            found = [
                share(spans(running, spread), 0.5) * 1000, stored_s / len(pressed) * 1000,
            ]  # fmt: skip
            base = base or found
            figures += [
                Figure(f"press → platform, p50 at 20/s, {size:,} stored", found[0], "ms", base[0],
                       FLOOR_IS if base is not found else "itself"),
                Figure(f"one alert of {len(pressed)} at once, {size:,} stored", found[1], "ms",
                       base[1], FLOOR_IS if base is not found else "itself"),
            ]  # fmt: skip
    notes.append(f"Floor of the path in this run: {ground.path_ms:.2f} ms.")
    return Report(figures, notes)
