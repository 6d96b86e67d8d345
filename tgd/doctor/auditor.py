"""The auditor's own ways: without one, what is wrong with the service is only a figure."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from tgd.doctor.finding import Finding, ok, refused, warning
from tgd.rules.phone import e164

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
URL, BEAT, NUMBERS = "TGD_AUDITOR_URL", "TGD_AUDITOR_BEAT_URL", "TGD_AUDITOR_NUMBERS"
CONSOLES, CANARIES = "TGD_AUDITOR_CONSOLES", "TGD_CANARY_…"


def check_auditor(ways: Mapping[str, str]) -> Iterator[Finding]:
    """`ways`: the values of the settings above, empty when not set; of canaries the channels."""
    yield from _check_ways(ways)
    yield from _check_watched(ways)
    if not ways[BEAT]:
        yield warning(
            f"{BEAT} is empty: nobody outside notices when this machine is gone.",
            "Name a watcher that alarms when the beat stops for 130 s.",
        )
    for name in (URL, BEAT):
        yield from _check_address(name, ways[name])


def _check_ways(ways: Mapping[str, str]) -> Iterator[Finding]:
    numbers = [n.strip() for n in ways[NUMBERS].split(",") if n.strip()]
    if not ways[URL] and not numbers:
        yield warning(
            "The auditor reaches nobody: what it finds is a line of a log and a figure.",
            f"Set {URL} or {NUMBERS} to somebody whom the policy does not tell.",
        )
    if any(e164(number) != number for number in numbers):
        yield refused(
            f"{NUMBERS} holds something that is no number in international form.",
            "Write each like +33199000001, separated by commas.",
        )


def _check_watched(ways: Mapping[str, str]) -> Iterator[Finding]:
    if ways[CONSOLES] in ("", "0"):
        yield warning(
            f"{CONSOLES} is 0: nobody is told when no console is watched.",
            "Set it to how many operators must be there at any hour.",
        )
    if not ways[CANARIES]:
        yield warning(
            "No canary presses: a channel can be deaf for hours before anybody sees it.",
            "Make one for each channel by `tgd handset enroll --canary`, and name it in"
            " TGD_CANARY_MQTT, TGD_CANARY_BROKER, TGD_CANARY_HTTP or TGD_CANARY_SMS.",
        )


def _check_address(name: str, url: str) -> Iterator[Finding]:
    if not url:
        return
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        yield refused(f"{name} is not https: anybody on the way can silence it.", "Use https.")
    else:
        yield ok(f"{name} is set.")
