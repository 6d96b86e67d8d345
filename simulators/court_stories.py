"""One allocation from referral to return, its test press in the middle, and one that is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import aiohttp

from simulators.handset import Handset, Settings
from simulators.handset_words import Card
from simulators.officer import Officer
from simulators.operator import Refused
from simulators.stories import Night, Story, must

COURT = "TJ-NANTERRE"
REASONS = "Deux retours malgré l’interdiction ; le danger est grave et imminent pour elle."
EVIDENCE = "Procédure fictive 2026/0042"
FOUND: tuple[dict[str, str], ...] = (
    {"condition": "grave_danger", "met": "yes"},
    {"condition": "covered_relation", "relation": "former_spouse", "rape": "no"},
    {"condition": "no_cohabitation", "cohabitation": "no"},
    {"condition": "consent", "met": "yes"},
    {"condition": "ban", "framework": "judicial_supervision"},
)
SHEET = {
    "speech_or_disability": "parle et entend", "telephones": "aucun", "contacts": "sa sœur",
    "places": "3 rue des Exemples; Nanterre; 92050",
}  # fmt: skip


@asynccontextmanager
async def officer(night: Night, role: str) -> AsyncIterator[Officer]:
    """The person of this role, signed in for the time of the block."""
    account = night.town.map.accounts[role]
    one = Officer(night.town.map.console, account["name"], account["password"])
    await one.sign_in()
    try:
        yield one
    finally:
        await one.leave()


async def _reported(night: Night, name: str) -> str:
    """A neighbour reports by the public form; the prosecutor's office finds it in its list."""
    form = {"court": COURT, "name": name, "words": "Il l’attend devant chez elle.", "urgent": "yes"}
    async with aiohttp.ClientSession() as http:
        url = f"{night.town.map.console}/signalement"
        async with http.post(url, data=form, headers={"Accept": "application/json"}) as answer:
            must(answer.status == 200, "the public form did not take the report")
    async with officer(night, "prosecutor") as camille:
        lists = (await camille.see("/files"))["lists"]
        files = [one for rows in lists.values() for one in rows if one["name"] == name]
        must(len(files) == 1, "the report is not in the prosecutor's list")
        at = f"/files/{files[0]['id']}"
        await camille.do(f"{at}/entrust", association="Association Exemple")
        return at


async def referral_to_return(night: Night) -> str:
    """Hanna is reported, assessed, granted, tested and given a handset; she gives it back."""
    at = await _reported(night, "Hanna FICTIVE")
    await _granted(night, at)
    handset, card = await _prepared(night, at)
    alert = await _tested(night, at, card)
    async with officer(night, "registry") as odile, officer(night, "prosecutor") as camille:
        await _known_to_the_platform(odile, at)
        given = await odile.do(f"{at}/hand-over", identity_checked="yes")
        must(given["file"]["state"] == "active", "she was not given it")
        await camille.do(
            f"{at}/withdraw", why="beneficiary_request", reasons=REASONS, safety_checked="yes",
            release_checked="yes",
        )  # fmt: skip
        back = await odile.do(f"{at}/take-back", witness="Alix, Association Exemple")
        must(back["file"]["state"] == "closed", "it was not taken back")
    async with officer(night, "stock_manager") as manager:
        await manager.do(f"/stock/{handset}/wipe")
        await manager.do(f"/stock/{handset}/prove-wiped", proof="Effacé par le gestionnaire.")
        end = await manager.do(f"/stock/{handset}/restock", tested="yes")
        must(end["handset"]["state"] == "in_stock", "it is not in the stock again")
    return alert


async def _granted(night: Night, at: str) -> None:
    async with officer(night, "association") as alix:
        await alix.do(f"{at}/assess", death_threats="yes", follows_her="yes")
        await alix.do(f"{at}/opinion", kind="favourable", reasons=REASONS)
        await alix.do(f"{at}/write-sheet", name="Hanna FICTIVE", **SHEET)
    async with officer(night, "prosecutor") as camille:
        await camille.do(f"{at}/open")
        for found in FOUND:
            since = {"since": str(_yesterday())} if found["condition"] == "ban" else {}
            await camille.do(f"{at}/record-condition", evidence=EVIDENCE, **found, **since)
        granted = await camille.do(f"{at}/grant", reasons=REASONS)
        must(granted["file"]["state"] == "granted", "it was not granted")


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


async def _prepared(night: Night, at: str) -> tuple[str, Card]:
    async with officer(night, "registry") as odile, officer(night, "stock_manager") as manager:
        free = (await odile.see(at))["handset"]["free"]
        must(bool(free), "no handset is free")
        handset = str(free[0])
        await odile.do(f"{at}/reserve", handset=handset)
        too_soon = await _refusal(odile, f"{at}/hand-over", identity_checked="yes")
        must("422" in too_soon, "it was handed over without keys, consents and test")
        said: dict[str, Any] = await manager.do(f"/stock/{handset}/provision")
        for scope in ("device", "geolocation"):
            await odile.do(f"{at}/record-consent", scope=scope, agreed="yes")
        keys = said["keys"]
        number = str(said["handset"]["number"])
        return handset, Card(handset, keys["mqtt_secret"], keys["sms_key"], number)


async def _refusal(one: Officer, path: str, **words: str) -> str:
    try:
        await one.do(path, **words)
    except Refused as refused:
        return str(refused)
    return ""


async def _known_to_the_platform(odile: Officer, at: str) -> None:
    """The platform has said that her profile is there; it is told within seconds."""
    for _ in range(100):
        profile = (await odile.see(at))["handset"]["profile"]
        if profile["is_live"]:
            break
        await asyncio.sleep(0.3)
    must(profile["is_live"] and bool(profile["told"]), "the platform has no profile of her")


async def _tested(night: Night, at: str, card: Card) -> str:
    """The very handset presses its test; the wizard shows it, Bruno closes it as a test."""
    host, _, port = night.town.map.mqtt.rpartition(":")
    phone = Handset(
        card, Settings(host, int(port), sms_url=night.town.provider.control_url,
                       sms_to=night.town.map.number)
    )  # fmt: skip
    await phone.start()
    try:
        trigger = await phone.press("test")
        alert = await night.new_alert()
        await phone.receipt_of(trigger, "received", 10)
        async with officer(night, "registry") as odile:
            press = (await odile.see(at))["handset"]["press"]
            must(press is not None and press["is_proven"], "the test press is not shown as proven")
            await odile.do(f"{at}/test")
        await night.bruno.act(alert["id"], "take")
        await night.bruno.act(
            alert["id"], "close", outcome="test", reason="Essai de remise, reçu et entendu."
        )
    finally:
        await phone.stop()
    return str(alert["id"])


async def refused_with_reasons(night: Night) -> str:
    """Irma is reported; the conditions are not met, and the prosecutor refuses with reasons."""
    at = await _reported(night, "Irma FICTIVE")
    async with officer(night, "prosecutor") as camille:
        await camille.do(f"{at}/open")
        await camille.do(
            f"{at}/record-condition", condition="grave_danger", met="no", evidence=EVIDENCE
        )
        done = await camille.do(f"{at}/refuse", reasons="Ni danger grave ni interdiction établis.")
        must(done["file"]["state"] == "refused", "it was not refused")
    async with officer(night, "association-2") as nora:
        must("404" in await _refusal(nora, f"{at}/follow-up", words="lu"), "Nora saw her file")
    return ""


COURT_STORIES = (
    Story("referral to return", str(referral_to_return.__doc__), referral_to_return),
    Story("refused with reasons", str(refused_with_reasons.__doc__), refused_with_reasons),
)
