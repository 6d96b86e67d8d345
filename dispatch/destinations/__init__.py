"""Every way of carrying, by its kind; one file each, one contract (dispatch/telling.py)."""

from collections.abc import Callable
from dataclasses import dataclass

from dispatch.destinations.cisu import CisuCarrier
from dispatch.destinations.sms import SmsCarrier
from dispatch.destinations.voice import VoiceCarrier
from dispatch.destinations.webhook import WebhookCarrier
from dispatch.policy import (
    AnyDestination,
    CisuDestination,
    Policy,
    SmsDestination,
    VoiceDestination,
    WebhookDestination,
)
from dispatch.telling import Destination
from tgd.errors import Misconfigured
from tgd.telephone import Telephone


@dataclass(frozen=True, slots=True)
class Means:
    """What a way of carrying may need from the process."""

    telephone: Telephone | None
    public_url: str
    """How the outside reaches the answers of this dispatcher."""


def _webhook(told: AnyDestination, means: Means) -> Destination:
    assert isinstance(told, WebhookDestination)
    return WebhookCarrier(told)


def _cisu(told: AnyDestination, means: Means) -> Destination:
    assert isinstance(told, CisuDestination)
    return CisuCarrier(told)


def _voice(told: AnyDestination, means: Means) -> Destination:
    assert isinstance(told, VoiceDestination)
    return VoiceCarrier(told, _telephone(told, means), means.public_url)


def _sms(told: AnyDestination, means: Means) -> Destination:
    assert isinstance(told, SmsDestination)
    return SmsCarrier(told, _telephone(told, means), means.public_url)


KINDS: dict[str, Callable[[AnyDestination, Means], Destination]] = {
    "webhook": _webhook,
    "cisu": _cisu,
    "voice": _voice,
    "sms": _sms,
}


def build(policy: Policy, telephone: Telephone | None, public_url: str) -> dict[str, Destination]:
    """The destinations of the policy by name.

    Raises Misconfigured when one needs a telephone, a public address or a certificate that is
    not there.
    """
    means = Means(telephone, public_url)
    return {told.name: KINDS[told.kind](told, means) for told in policy.destinations}


def _telephone(told: AnyDestination, means: Means) -> Telephone:
    if means.telephone is None:
        raise Misconfigured(
            f'Policy: destination "{told.name}" needs a telephone: set TGD_TWILIO_ACCOUNT_SID, '
            "TGD_TWILIO_AUTH_TOKEN and TGD_SMS_NUMBERS, or remove it."
        )
    if not means.public_url:
        raise Misconfigured(
            f'Policy: destination "{told.name}" is answered from outside: set '
            "TGD_ANSWERS_PUBLIC_URL or TGD_PUBLIC_URL."
        )
    return means.telephone
