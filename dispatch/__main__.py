"""Starts one dispatcher: the loop, the answers' listener and the health listener."""

import asyncio
import secrets
import sys
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from dispatch import counts
from dispatch.answers import make_app
from dispatch.blind import Blind
from dispatch.blind_ledger import BlindLedger
from dispatch.calls import Calls
from dispatch.destinations import build
from dispatch.following import Following
from dispatch.loop import Loop
from dispatch.notices import Notices
from dispatch.policy import Policy, read_policy
from dispatch.policy_warnings import warnings
from dispatch.proving import Telephony
from dispatch.telling import Destination
from tgd import clock, keyring, killpoint, settings
from tgd.database import open_record
from tgd.errors import Misconfigured
from tgd.http_turns import Turns
from tgd.listening import Listener
from tgd.living import live, print_sentence, say_listening
from tgd.log import log
from tgd.reachable import Reachable
from tgd.rules.auditing import NOT_TOLD
from tgd.seal import Keys
from tgd.serving import Readiness, health_app, serve
from tgd.settings import Settings
from tgd.spool import SpoolView
from tgd.store import nudges
from tgd.telephone import Telephone, TwilioTelephone

STUCK_AFTER_S = 15.0
"""A loop that has not turned for so long is not ready."""


def main() -> int:
    """Entry point; the exit code is 0 after an orderly stop, 1 when it cannot run."""
    return live("dispatch", _run)


async def _run(stop: asyncio.Event) -> None:
    read = settings.read()
    killpoint.arm(read.kill_at)
    policy = load_policy(read)
    telephone = _telephone(read)
    url = read.database_url.get_secret_value()
    worker = f"dispatch-{read.node}-{secrets.token_hex(4)}"
    parts = _Parts(
        read, policy, telephone, build(policy, telephone, read.answers_url),
        open_record(url, lane="dispatch", connections=8),
        Listener(url, (nudges.DISPATCH,), holds=worker), worker,
    )  # fmt: skip
    parts.blind = _blind(read, policy, parts.destinations)
    await _serve(parts, stop)


@dataclass(slots=True)
class _Parts:
    """What one dispatcher is made of."""

    settings: Settings
    policy: Policy
    telephone: Telephone | None
    destinations: dict[str, Destination]
    engine: Engine
    listener: Listener
    worker: str
    blind: Blind | None = None


async def _serve(parts: _Parts, stop: asyncio.Event) -> None:
    loop = Loop(
        parts.engine, parts.policy, parts.destinations, parts.listener, parts.worker, parts.blind
    )
    kept_for = timedelta(days=parts.settings.recording_kept_days)
    telephony = _telephony(parts.settings)
    app = make_app(parts.engine, parts.policy, telephony, parts.blind, kept_for)
    answers = await serve(app, parts.settings.answers_listen, Turns())
    health = await serve(
        health_app(_ready(parts.engine, loop, parts.blind)), parts.settings.dispatch_health_listen
    )
    notices = Notices(parts.engine, parts.policy, parts.destinations)
    await parts.listener.open()
    await loop.open()
    await notices.open()
    following = _following(parts)
    if following:
        await following.open()
    if calls := _calls(parts):
        await calls.open()
    say_listening("answers", answers.port)
    say_listening("dispatch-health", health.port)
    await stop.wait()
    if calls:
        await calls.close()
    if following:
        await following.close()
    await notices.close()
    await loop.close()
    await answers.stop()
    await parts.listener.close()
    for destination in parts.destinations.values():
        await destination.close()
    if parts.telephone is not None:
        await parts.telephone.close()
    await health.stop()
    parts.engine.dispose()


def _following(parts: _Parts) -> Following | None:
    """What asks for texts whose callback got lost; None where no telephone is set up."""
    if parts.telephone is None:
        return None
    return Following(parts.engine, parts.policy, parts.telephone)


def _calls(parts: _Parts) -> Calls | None:
    """What rings operators and handsets; None where no telephone is set up."""
    if parts.telephone is None or not parts.settings.has_voice:
        return None
    url = parts.settings.database_url.get_secret_value()
    return Calls(
        parts.engine, parts.telephone, Listener(url, (nudges.CALLS,)), parts.settings.answers_url,
        records=parts.settings.recording_kept_days > 0, keys=_keys(parts.settings),
    )  # fmt: skip


def _keys(read: Settings) -> Keys | None:
    """The keys of this service, made by a gateway; dispatch makes none."""
    if not read.master_key.get_secret_value() and not (read.data_dir / keyring.NAME).exists():
        return None
    return keyring.open_keys(read)


def _blind(read: Settings, policy: Policy, destinations: dict[str, Destination]) -> Blind | None:
    """What tells from the spool; not without the keys that open it."""
    keys = _keys(read)
    if keys is None:
        print_sentence(
            "No master key here: nothing is told from the spool while the record is away."
        )
        return None
    view = SpoolView(read.spool, keys)
    return Blind(view, BlindLedger(read.spool / "blind"), policy, destinations)


def _ready(engine: Engine, loop: Loop, blind: Blind | None) -> Readiness:
    record = Reachable(engine)

    async def ready() -> str | None:
        if not await record.now():
            return "record away" if blind and blind.is_able else f"record away, {NOT_TOLD}"
        counts.record_away.set(0)
        return "stuck" if clock.monotonic() - loop.last_turn_at > STUCK_AFTER_S else None

    return ready


def load_policy(read: Settings) -> Policy:
    """The policy file, valid; its weaknesses are logged. Without one, only consoles are told.

    Raises Misconfigured with a sentence.
    """
    if read.policy is None:
        print_sentence("TGD_POLICY is not set: nobody but the consoles is told of an alert.")
        return Policy(destinations=(), steps=())
    try:
        text = read.policy.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(f"TGD_POLICY: the file {read.policy} cannot be read.") from None
    policy = read_policy(text, read.policy.parent, lambda path: path.read_text(encoding="utf-8"))
    for sentence in warnings(policy):
        print_sentence(f"Policy, warning: {sentence}")
    log.info("policy_read", count=len(policy.steps))
    return policy


def _telephone(read: Settings) -> Telephone | None:
    if not (read.twilio_account_sid and read.twilio_auth_token.get_secret_value()):
        return None
    return TwilioTelephone(
        read.twilio_account_sid, read.twilio_auth_token.get_secret_value(), read.twilio_api_base,
        next(iter(read.our_numbers), ""), 5.0, voice_number=read.number_to_show,
    )  # fmt: skip


def _telephony(read: Settings) -> Telephony:
    return Telephony(
        read.twilio_account_sid, read.twilio_auth_token.get_secret_value(), read.answers_url
    )


if __name__ == "__main__":
    sys.exit(main())
