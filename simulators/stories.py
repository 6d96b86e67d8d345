"""The scripted night: each story is a short conversation, and ends as it should or says why not."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from simulators.control_room import ControlRoom
from simulators.handset import Handset, Ways
from simulators.operator import Operator
from simulators.town import Town


class NotAsItShould(AssertionError):
    """The story did not end as it should."""


@dataclass
class Night:
    """What the stories are told with."""

    town: Town
    bruno: Operator
    told: set[str]
    """Alerts of earlier stories."""

    async def new_alert(self, timeout_s: float = 20) -> dict[str, Any]:
        """The alert of this story, once the console shows it."""
        async with asyncio.timeout(timeout_s):
            while True:
                new = [a for a in await self.bruno.alerts() if a["id"] not in self.told]
                if new:
                    self.told |= {a["id"] for a in new}
                    must(len(new) == 1, f"one alert was expected, the console shows {len(new)}")
                    return new[0]
                await asyncio.sleep(0.05)

    async def told_to(self, ledger: Callable[[], list[dict[str, Any]]], alert: str) -> None:
        """Until a stranger's own ledger says that it has this alert."""
        async with asyncio.timeout(20):
            while not any(x["event"] == "kept" and x.get("alert") == alert for x in ledger()):
                await asyncio.sleep(0.05)

    async def at_platform(self, alert: str) -> None:
        """Until the platform has it."""
        await self.told_to(lambda: self.town.platform.ledger, alert)

    async def at_room(self, alert: str, room: ControlRoom | None = None) -> str:
        """Until a control room, that of the police, has it; gives the id of the message."""
        async with asyncio.timeout(20 + 60 / self.town.map.hurry):
            while True:
                for distribution, case in (room or self.town.room).cases.items():
                    if distribution.partition("_")[2].startswith(alert):
                        return str(case.distribution)
                await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Story:
    """A title, what should happen in one sentence, and the telling; gives the alert's id."""

    name: str
    sentence: str
    tell: Callable[[Night], Awaitable[str]]


def must(holds: bool, otherwise: str) -> None:
    """Raise NotAsItShould with a sentence."""
    if not holds:
        raise NotAsItShould(otherwise)


async def _carried(phone: Handset, kind: str, night: Night) -> tuple[str, dict[str, Any]]:
    await phone.start()
    trigger = await phone.press(kind)
    return trigger, await night.new_alert()


async def press_over_mqtt(night: Night) -> str:
    """Ana presses; Bruno takes, verifies, asks for the police; they come; he closes."""
    ana = night.town.handset("Ana")
    try:
        trigger, alert = await _carried(ana, "press", night)
        await ana.receipt_of(trigger, "received", 10)
        await night.at_platform(alert["id"])
        await night.bruno.act(alert["id"], "take")
        await ana.receipt_of(trigger, "taken", 10)
        await night.bruno.act(alert["id"], "verify", found="danger")
        await night.bruno.act(alert["id"], "request")
        case = await night.at_room(alert["id"])
        await night.bruno.until(alert["id"], ("acknowledged",))
        await night.town.room.answer(case, "on_scene")
        await night.bruno.until(alert["id"], ("on_scene",))
        reason = "La patrouille est avec elle, il a été interpellé."
        await night.bruno.act(alert["id"], "close", outcome="apprehended", reason=reason)
        await ana.receipt_of(trigger, "closed", 10)
    finally:
        await ana.stop()
    return str(alert["id"])


async def press_by_both_ways(night: Night) -> str:
    """Bella's handset says the same press by SMS and MQTT: one alert, two sightings."""
    bella = night.town.handset("Bella", Ways.BOTH)
    try:
        await bella.start()
        await bella.connected()
        trigger = await bella.press()
        alert = await night.new_alert()
        await bella.receipt_of(trigger, "received", 10)
        await night.at_platform(alert["id"])
        await _until_heard_by(night, alert["id"], {"mqtt", "sms"})
        seen = await night.bruno.alert(alert["id"])
        must(seen["presses"] == 1, "the same press counted twice")
        await _platform_takes_and_closes(night, alert["id"])
    finally:
        await bella.stop()
    return str(alert["id"])


async def _until_heard_by(night: Night, alert: str, channels: set[str]) -> None:
    async with asyncio.timeout(15):
        while set((await night.bruno.alert(alert))["channels"]) != channels:
            await asyncio.sleep(0.1)


async def _platform_takes_and_closes(night: Night, alert: str) -> None:
    must(await night.town.platform.answer(alert, "taken") == 200, "“taken” was refused")
    await night.bruno.until(alert, ("taken",))
    # they ended it for those who went there: a platform by itself has seen nobody
    there = await night.town.platform.answer(alert, "on_scene")
    must(there == 200, "“on the scene” was refused")
    status = await night.town.platform.answer(
        alert, "closed", "made_safe", "Elle est chez une voisine, la police est passée."
    )
    must(status == 200, "“closed” was refused")
    await night.bruno.until(alert, ("closed",))


async def press_without_data(night: Night) -> str:
    """No data network where Chloé is: only the SMS gets through."""
    chloe = night.town.handset("Chloé", Ways.SMS)
    try:
        _, alert = await _carried(chloe, "press", night)
        await night.at_platform(alert["id"])
        seen = await night.bruno.alert(alert["id"])
        must(set(seen["channels"]) == {"sms"}, "it was not the SMS")
        must(seen["trust"] == "verified", "the signed SMS was not believed")
        await _platform_takes_and_closes(night, alert["id"])
    finally:
        await chloe.stop()
    return str(alert["id"])


async def silent_platform(night: Night) -> str:
    """The platform is deaf and the supervisor does not pick up: the control room is told."""
    town = night.town
    await town.platform.become("deaf")
    town.answers_the_phone(town.map.supervisor_number, presses=None)
    diane = town.handset("Diane")
    try:
        _, alert = await _carried(diane, "press", night)
        case = await night.at_room(alert["id"])
        await night.bruno.until(alert["id"], ("acknowledged",))
        must(bool(town.provider.calls), "the supervisor's telephone did not ring")
        await town.room.answer(case, "taken")
        await town.room.answer(case, "on_scene")
        await night.bruno.until(alert["id"], ("on_scene",))
        status = await town.room.answer(
            case, "closed", outcome="made_safe", reason="Mise en sécurité, plainte prise."
        )
        must(status == 200, "the control room's “closed” was refused")
        await night.bruno.until(alert["id"], ("closed",))
    finally:
        await town.platform.become("ok")
        await diane.stop()
    await night.at_platform(alert["id"])
    return str(alert["id"])


async def unknown_handset(night: Night) -> str:
    """A number that nobody knows writes for help: an alert without a name, and a human answers."""
    async with aiohttp.ClientSession() as http:
        said = {"from": "+33639980099", "to": night.town.map.number, "body": "aidez moi il arrive"}
        url = f"{night.town.provider.control_url}/simulate/inbound"
        async with http.post(url, data=json.dumps(said)) as answer:
            must(answer.status == 200, "the network did not take the SMS")
    alert = await night.new_alert()
    must("unknown_source" in alert["labels"], "it is not labelled as unknown")
    await night.bruno.act(alert["id"], "take")
    await night.bruno.act(alert["id"], "verify", found="safe_voice")
    reason = "Rappelée : une voisine inquiète, orientée vers le 17."
    await night.bruno.act(alert["id"], "close", outcome="other", reason=reason)
    await night.bruno.until(alert["id"], ("closed",))
    return str(alert["id"])


async def test_press(night: Night) -> str:
    """Emma tests her handset: a lane of its own, and the police never hear of it."""
    emma = night.town.handset("Emma")
    cases = len(night.town.room.cases)
    try:
        trigger, alert = await _carried(emma, "test", night)
        await emma.receipt_of(trigger, "received", 10)
        must(alert["lane"] == "test", "a test shares the lane of alerts")
        await night.bruno.act(alert["id"], "take")
        reason = "Essai de quinzaine, position et réception vérifiées."
        await night.bruno.act(alert["id"], "close", outcome="test", reason=reason)
        await emma.receipt_of(trigger, "closed", 10)
        must(len(night.town.room.cases) == cases, "a test reached the control room")
    finally:
        await emma.stop()
    return str(alert["id"])


async def other_force(night: Night) -> str:
    """The room of the police is deaf to a request: the gendarmerie has it, and goes."""
    town = night.town
    await town.room.become("deaf")
    flora = town.handset("Flora")
    try:
        _, alert = await _carried(flora, "press", night)
        await night.bruno.act(alert["id"], "take")
        await night.bruno.act(alert["id"], "verify", found="danger")
        await night.bruno.act(alert["id"], "request")
        case = await night.at_room(alert["id"], town.gendarmerie)
        await night.bruno.until(alert["id"], ("acknowledged",))
        await town.gendarmerie.answer(case, "on_scene")
        await night.bruno.until(alert["id"], ("on_scene",))
        reason = "Les gendarmes sont avec elle, elle est en sécurité."
        await night.bruno.act(alert["id"], "close", outcome="made_safe", reason=reason)
        await night.bruno.until(alert["id"], ("closed",))
    finally:
        await town.room.become("ok")
        await flora.stop()
    return str(alert["id"])


STORIES = (
    Story("press over MQTT", str(press_over_mqtt.__doc__), press_over_mqtt),
    Story("same press by SMS and MQTT", str(press_by_both_ways.__doc__), press_by_both_ways),
    Story("no data network", str(press_without_data.__doc__), press_without_data),
    Story("silent platform", str(silent_platform.__doc__), silent_platform),
    Story("unknown handset", str(unknown_handset.__doc__), unknown_handset),
    Story("test press", str(test_press.__doc__), test_press),
    Story("the other force", str(other_force.__doc__), other_force),
)
