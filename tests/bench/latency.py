"""How long from a press to the platform, at a steady rate, every press by another handset."""

from tests.bench import floors
from tests.bench.figures import Figure, Report, share
from tests.bench.ground import a_service, press, say, spans

FLOOR_IS = "TCP round trip + one commit + one direct POST"


async def measure(quick: bool) -> Report:
    """At the rate of a very bad day, and at 25 times that."""
    figures: list[Figure] = []
    async with a_service() as running:
        say("floors…")
        ground = await floors.measure(running)
        for rate, during_s in ((20, 5 if quick else 30), (500, 2 if quick else 10)):
            say(f"{rate} presses/s for {during_s} s…")
            fleet = await press(running, rate * during_s, during_s)
            found = spans(running, fleet)
            aims = ("<= 5 ms", "<= 25 ms") if rate == 20 else ("", "")
            figures += [
                Figure(f"press → platform, p50 at {rate}/s", share(found, 0.50) * 1000, "ms",
                       ground.path_ms, FLOOR_IS, aims[0]),
                Figure(f"press → platform, p99 at {rate}/s", share(found, 0.99) * 1000, "ms",
                       ground.path_p99_ms, f"{FLOOR_IS}, p99 each", aims[1]),
            ]  # fmt: skip
    return Report(figures)
