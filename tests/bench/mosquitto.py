"""The same burst through Mosquitto with the shipped configuration."""

from tests.bench import burst, floors
from tests.bench.figures import Report
from tests.bench.ground import a_service, press, say
from tests.channels.broker_ground import MOSQUITTO, Mosquitto
from tests.conftest import reachable_folder


async def measure(quick: bool) -> Report:
    """Not without a Mosquitto."""
    if MOSQUITTO is None:
        return Report(notes=["Not measured: Mosquitto is not installed on this machine."])
    with reachable_folder() as folder:
        broker = Mosquitto(folder)
        try:
            return await _through(broker, 200 if quick else 1000)
        finally:
            broker.kill()


async def _through(broker: Mosquitto, count: int) -> Report:
    async with a_service(mqtt_url=broker.url("gateway-1")) as running:
        say("floors…")
        ground = await floors.measure(running)
        say(f"warm: 100 at once, then {count} at once…")
        await press(running, 100, 0.0, port=broker.port)
        fleet = await press(running, count, 0.0, port=broker.port)
        return Report(burst.of(running, fleet, ground, "through Mosquitto"))
