"""Starts the auditor: looks every second, raises, beats, and shows what it found."""

import asyncio
import sys
import time
from datetime import timedelta

import aiohttp
from prometheus_client import Gauge
from sqlalchemy import Engine

from dispatch.auditor.looking import Looking
from dispatch.auditor.ways import Ways
from dispatch.policy_values import secret_bytes
from tgd import clock, settings
from tgd.database import open_record
from tgd.errors import Misconfigured
from tgd.living import live, say_listening
from tgd.log import log
from tgd.rules.auditing import LOOK_S, Finding, Watch, Wrong
from tgd.rules.canary import CanaryWatch
from tgd.serving import Readiness, health_app, serve
from tgd.settings import Settings
from tgd.telephone import TwilioTelephone

RAISE_AGAIN = timedelta(minutes=5)
"""What lasts is said again after this."""
STUCK_AFTER_S = 15.0
SAY_S, AGAIN_S = 0.25, 2.0
"""How often a way looks whether it has something to say, and after what pause it tries again."""
findings_now = Gauge("tgd_auditor_findings", "What is wrong now", ["wrong"])
looked_at = Gauge("tgd_auditor_looked_at_seconds", "When the last whole look ended")


def main() -> int:
    """Entry point; 0 after an orderly stop, 1 when it cannot run."""
    return live("auditor", _run)


async def _run(stop: asyncio.Event) -> None:
    read = settings.read()
    url = read.database_url.get_secret_value()
    if not url:
        raise Misconfigured("TGD_DATABASE_URL: says where the record is (`tgd up` sets it).")
    engine = open_record(url, lane="alerts", connections=2)
    auditor = Auditor(_looking(read, engine), _ways(read), read.auditor_beat_every_s)
    health = await serve(health_app(auditor.ready()), read.auditor_health_listen)
    say_listening("auditor-health", health.port)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        looking = asyncio.create_task(auditor.forever(http))
        await stop.wait()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    await health.stop()
    engine.dispose()


def _looking(read: Settings, engine: Engine) -> Looking:
    known = {
        "gateway": read.gateway_health_listen, "dispatch": read.dispatch_health_listen,
        "console": read.console_health_listen,
    }  # fmt: skip
    parts = {name: known[name] for name in read.parts_of_auditor}
    if read.canary_addresses:
        parts["canary"] = read.canary_health_listen
    watch = CanaryWatch(read.canaries, clock.now(), timedelta(seconds=read.canary_lost_after_s))
    return Looking(
        engine, read.policy, read.spool, parts, read.auditor_consoles, watch,
        read.holes_accepted,
    )  # fmt: skip


def _ways(read: Settings) -> Ways:
    token = read.twilio_auth_token.get_secret_value()
    ours = read.our_numbers
    numbers = read.numbers_of_auditor
    telephone = (
        TwilioTelephone(read.twilio_account_sid, token, read.twilio_api_base, ours[0], 5.0)
        if numbers and read.twilio_account_sid and token and ours
        else None
    )
    secret = read.auditor_secret.get_secret_value()
    try:
        if secret:
            secret_bytes(secret)
    except ValueError as error:
        raise Misconfigured(f"TGD_AUDITOR_SECRET: {error}.") from None
    if numbers and telephone is None:
        raise Misconfigured(
            "TGD_AUDITOR_NUMBERS: needs TGD_TWILIO_ACCOUNT_SID, TGD_TWILIO_AUTH_TOKEN and"
            " TGD_SMS_NUMBERS."
        )
    return Ways(
        read.auditor_url, secret, telephone, numbers,
        read.auditor_beat_url, read.node,
    )  # fmt: skip


class Auditor:
    """Looks, raises, beats."""

    def __init__(self, looking: Looking, ways: Ways, beat_every_s: float) -> None:
        self._looking, self._ways = looking, ways
        self._beat_every_s = beat_every_s
        self._watch = Watch()
        self._lasting: set[Finding] = set()
        self._beaten_at = float("-inf")
        self._is_clean = False
        self._looked_at = time.monotonic()

    async def forever(self, http: aiohttp.ClientSession) -> None:
        """Until it is cancelled. To look never waits for those who are told."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_for_ever(http))
            group.create_task(self._beat_for_ever(http))
            for way in self._ways.names:
                group.create_task(self._say_for_ever(http, way))

    async def _look_for_ever(self, http: aiohttp.ClientSession) -> None:
        while True:
            found = await self._found(http)
            self._raise(found)
            self._is_clean = not found
            await asyncio.sleep(LOOK_S)

    async def _say_for_ever(self, http: aiohttp.ClientSession, way: str) -> None:
        """Each way by itself: none waits for one that is slow."""
        while True:
            said = await self._ways.say(http, way)
            await asyncio.sleep(SAY_S if said else AGAIN_S)

    async def _beat_for_ever(self, http: aiohttp.ClientSession) -> None:
        while True:
            if self._is_clean and time.monotonic() - self._beaten_at >= self._beat_every_s:
                self._beaten_at = time.monotonic()
                await self._ways.beat(http)
            await asyncio.sleep(SAY_S)

    async def _found(self, http: aiohttp.ClientSession) -> set[Finding]:
        try:
            found = await self._looking.look(http)
        except Exception as error:  # noqa: BLE001 whatever stops the look is itself found
            log.error("audit_failed", exc_info=error)
            return {Finding(Wrong.AUDIT_FAILED)}
        self._looked_at = time.monotonic()
        looked_at.set(clock.now().timestamp())
        return found

    def _raise(self, found: set[Finding]) -> None:
        now = clock.now()
        self._lasting = found & self._watch.before
        for wrong in Wrong:
            findings_now.labels(wrong.value).set(sum(f.wrong is wrong for f in self._lasting))
        self._watch, due = self._watch.look(found, now, again=RAISE_AGAIN)
        for one in due:
            log.critical("audit_found", why=one.wrong.value, kind=one.about)
        self._ways.owe(due)
        self._watch = self._watch.raised(due, now)

    def ready(self) -> Readiness:
        """Not ready while something is wrong, or while it does not look: its health is an alarm."""

        async def ready() -> str | None:
            if time.monotonic() - self._looked_at > STUCK_AFTER_S:
                return "stuck"
            return ", ".join(sorted({f.wrong.value for f in self._lasting})) or None

        return ready


if __name__ == "__main__":
    sys.exit(main())
