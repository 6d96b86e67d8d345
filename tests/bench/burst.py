"""Everybody presses at once: how many are stored and told per second, directly or by a broker."""

from simulators.fleet import Fleet
from tests.acceptance.running import Service
from tests.bench import floors, memory
from tests.bench.figures import Figure, Report
from tests.bench.ground import a_service, alerts, moments, press, say, told


async def measure(quick: bool) -> Report:
    """By the own listener."""
    async with a_service() as running:
        say("floors…")
        ground = await floors.measure(running)
        count = 200 if quick else 1000
        say(f"warm: 100 at once, then {count} at once…")
        await press(running, 100, 0.0)
        spent = Spent(running)
        fleet = await press(running, count, 0.0)
        return Report([*of(running, fleet, ground, "directly"), *spent.per_alert(count, ground)])


class Spent:
    """CPU time per alert of each process, connecting and receipt included: the rates depend on
    what else the machine does, this hardly."""

    def __init__(self, running: Service) -> None:
        self._pids = {part: [running.pid(part)] for part in ("gateway", "dispatch")}
        self._pids["record"] = memory.server_of(running.folder)
        self._before = {part: memory.cpu_s(pids) for part, pids in self._pids.items()}

    def per_alert(self, count: int, ground: floors.Floors) -> list[Figure]:
        """Since the making of this; the floor is the whole span of one direct POST."""
        return [
            Figure(f"CPU of {part} per alert, {count} at once",
                   (memory.cpu_s(pids) - self._before[part]) / count * 1000, "ms",
                   1000 / ground.posts_per_s, "one direct POST of 32 at a time")
            for part, pids in self._pids.items()
        ]  # fmt: skip


def of(running: Service, fleet: Fleet, ground: floors.Floors, way: str) -> list[Figure]:
    """The rates of a burst that is over."""
    pressed = moments(fleet, "pressed")
    count, begun = len(pressed), min(pressed.values())
    stored_s = max(moments(fleet, "receipt").values()) - begun
    told_at, alert_of = told(running), alerts(running, fleet)
    told_s = max(told_at[alert_of[t]] for t in pressed) - begun
    return [
        Figure(f"stored per second, {count} at once, {way}", count / stored_s, "/s",
               ground.rows_per_s, "bulk insert of one row each, 100 a commit", ">= 2,000/s"),
        Figure(f"told per second, {count} at once, {way}", count / told_s, "/s",
               ground.posts_per_s, "direct signed POSTs, 32 at a time"),
        Figure(f"last of {count} told after, {way}", told_s, "s",
               count / ground.posts_per_s, "the same by direct POSTs", "<= 3 s for 1,000"),
    ]  # fmt: skip
