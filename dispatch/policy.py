"""Whom to tell, when, and until what: reads the policy file, refuses what is wrong in a sentence.

White: the caller reads the files. A policy that could leave an alert untold is refused; one that
is merely weak is accepted with warnings (policy_warnings.py).
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatch.policy_values import (
    CisuId,
    Flag,
    Limit,
    Moment,
    Name,
    Nature,
    Number,
    Secret,
    Since,
    Token,
    Told,
    Tones,
    Until,
    Url,
    Wait,
)
from tgd.errors import Misconfigured
from tgd.rules.coming import TONES_S

_M = TypeVar("_M", bound=BaseModel)
ReadFile = Callable[[Path], str]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Told(_Frozen):
    """What every destination has."""

    hears_tests: ClassVar[bool] = False

    name: Name
    timeout_s: Limit = 5.0  # for one attempt, from the first byte to the last
    lane_test: Flag = False
    """Whether test alerts are told to it; only a webhook may say yes."""


class WebhookDestination(_Told):
    """A platform that takes CloudEvents signed by Standard Webhooks."""

    hears_tests: ClassVar[bool] = True

    kind: Literal["webhook"] = "webhook"
    url: Url
    secret: Secret
    acknowledge_within_s: Wait = 10.0  # of a 2xx that does not say `received` (DESIGN 6)
    lane_test: Flag = True
    lane_exercise: Flag = False
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None


class CisuDestination(_Told):
    """A control room behind a hub: RC-EDA in EDXL-DE JSON, or CAP 1.2."""

    kind: Literal["cisu"] = "cisu"
    url: Url
    recipient: CisuId
    sender: CisuId = "fr.justice.tgd"
    token: Token | None = None
    acknowledge_within_s: Wait = 20.0
    """How long the functional acknowledgement (RC-REF) may take: sent is not delivered."""
    format: Literal["cisu", "cap"] = "cisu"
    lane_exercise: Flag = False
    nature_code: Nature | None = None
    nature_label: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None


class VoiceDestination(_Told):
    """A human who is rung, and presses 1."""

    kind: Literal["voice"] = "voice"
    number: Number
    language: Literal["fr", "en"] = "fr"
    acknowledge_within_s: Wait = 45.0  # ringing, listening twice and pressing the key


class SmsDestination(_Told):
    """A human who gets a text that names nobody."""

    kind: Literal["sms"] = "sms"
    number: Number
    language: Literal["fr", "en"] = "fr"
    acknowledge_within_s: Wait = 60.0


HEARS_EXERCISES = (WebhookDestination, CisuDestination)  # whose messages can say that it is one
AnyDestination = WebhookDestination | CisuDestination | VoiceDestination | SmsDestination

MODELS: dict[str, type[AnyDestination]] = {
    "webhook": WebhookDestination,
    "cisu": CisuDestination,
    "voice": VoiceDestination,
    "sms": SmsDestination,
}


class Step(_Frozen):
    """After so long without `until`, tell these."""

    since: Since = "opening"
    after_s: Moment
    until: Until = "closed"
    tell: Told


class Ownership(_Frozen):
    """How long an alert stays with an owner who does nothing."""

    lapse_s: Annotated[float, Field(strict=True, gt=0, le=3600, allow_inf_nan=False)] = 60.0
    screen_s: Annotated[float, Field(strict=True, ge=10, le=3600, allow_inf_nan=False)] = 20.0
    """How long the owner's screen may give no sign; it gives one every 4.5 s."""


class Sounding(_Frozen):
    """What consoles do by themselves while nobody answers for a real alert."""

    tones_s: Tones = TONES_S
    """After how long without a human each louder tone begins."""


class Noticing(_Frozen):
    """Who is told what is no alert: deadlines of files, handsets that were lost."""

    tell: Told
    profile: str | None = None
    """The platform outside that keeps a profile of each woman who carries a handset."""


class Policy(_Frozen):
    """The whole file, valid; `read_policy` is the only way to make one."""

    destinations: tuple[AnyDestination, ...]
    steps: tuple[Step, ...]
    ownership: Ownership = Ownership()
    console: Sounding = Sounding()
    notices: Noticing = Noticing.model_construct(tell=())

    def destination(self, name: str) -> AnyDestination | None:
        """The destination of that name, or None."""
        return next((one for one in self.destinations if one.name == name), None)


def read_policy(text: str, base: Path | None = None, read_file: ReadFile | None = None) -> Policy:
    """The policy of a TOML text.

    `base` is the folder of the policy file: `secret_file`, `token_file`, `ca_file`,
    `client_cert` and `client_key` are relative to it; `read_file` gives the text of a file.
    Raises Misconfigured with one sentence that names the key and says what to do; the sentence
    never holds a secret.
    """
    raw = _parsed(text)
    known = {"destination", "step", "ownership", "console", "notices"}
    _refuse_unknown(raw, known, "the policy")
    destinations = tuple(
        _destination(one, number, base, read_file)
        for number, one in enumerate(_tables(raw, "destination"), 1)
    )
    steps = tuple(
        _made(Step, one, f"step {number}") for number, one in enumerate(_tables(raw, "step"), 1)
    )
    ownership = _made(Ownership, _table(raw, "ownership"), "[ownership]")
    console = _made(Sounding, _table(raw, "console"), "[console]")
    _refuse_what_does_not_fit(destinations, steps)
    policy = Policy(destinations=destinations, steps=steps, ownership=ownership, console=console)
    if "notices" not in raw:
        return policy
    noticing = _made(Noticing, _table(raw, "notices"), "[notices]")
    _refuse_deaf_to_notices(policy, noticing)
    _refuse_another_keeper_of_profiles(policy, noticing)
    return policy.model_copy(update={"notices": noticing})


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    found = raw.get(key, {})
    if not isinstance(found, dict):
        raise Misconfigured(f'Policy: "{key}" must be a table: write [{key}] above it.')
    return found


def _refuse_deaf_to_notices(policy: Policy, noticing: Noticing) -> None:
    for name in noticing.tell:
        told = policy.destination(name)
        if not isinstance(told, WebhookDestination | SmsDestination):
            raise Misconfigured(
                f'Policy: [notices]: "tell" names "{name}", which is no destination of kind webhook'
                " or sms: no other is told of a file."
            )


def _refuse_another_keeper_of_profiles(policy: Policy, noticing: Noticing) -> None:
    name = noticing.profile
    if name is not None and not (
        name in noticing.tell and isinstance(policy.destination(name), WebhookDestination)
    ):
        raise Misconfigured(
            f'Policy: [notices]: "profile" names "{name}", which is no destination of kind webhook'
            ' in "tell": only a platform that is told of files keeps profiles.'
        )


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:  # a number of 5,000 digits is a ValueError alone
        where = re.search(r"at (line \d+, column \d+|end of document)", str(wrong))
        spot = where.group() if where else "somewhere"
        raise Misconfigured(f"Policy: this is not valid TOML {spot}: correct it there.") from None


def _tables(raw: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = raw.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Misconfigured(f'Policy: "{key}" must be a list of tables: write [[{key}]].')
    if not found:
        raise Misconfigured(f"Policy: there is no [[{key}]]: add at least one.")
    return found


def _refuse_unknown(raw: dict[str, Any], known: set[str], where: str) -> None:
    for key in sorted(set(raw) - known):
        raise Misconfigured(
            f'Policy: {where} has an unknown key "{key}": remove it or correct its spelling.'
        )


def _destination(
    raw: dict[str, Any], number: int, base: Path | None, read_file: ReadFile | None
) -> AnyDestination:
    name = raw.get("name")
    where = f'destination "{name}"' if isinstance(name, str) else f"destination {number}"
    model = MODELS.get(raw["kind"]) if isinstance(raw.get("kind"), str) else None
    if model is None:
        kinds = ", ".join(MODELS)
        raise Misconfigured(f'Policy: {where}: "kind" must be one of {kinds}: write one of them.')
    told = _with_files(raw, model, where, base, read_file)
    made: AnyDestination = _made(model, told, where)
    if made.lane_test and not model.hears_tests:
        raise Misconfigured(
            f'Policy: {where}: "lane_test" cannot be true, a test never reaches a {made.kind} '
            "destination: remove the key."
        )
    if isinstance(made, WebhookDestination | CisuDestination) and (
        (made.client_cert is None) != (made.client_key is None)
    ):
        raise Misconfigured(
            f'Policy: {where}: "client_cert" and "client_key" go together: give both or neither.'
        )
    return made


def _with_files(
    raw: dict[str, Any], model: type[_Told], where: str, base: Path | None, read: ReadFile | None
) -> dict[str, Any]:
    """Secrets taken out of their files, and every path made relative to the policy's folder."""
    told = dict(raw)
    for key in ("secret", "token"):
        if key in model.model_fields and f"{key}_file" in told:
            told[key] = _from_file(told, key, where, base, read)
            del told[f"{key}_file"]
    for key in ("ca_file", "client_cert", "client_key"):
        if key in model.model_fields and isinstance(told.get(key), str):
            told[key] = (base or Path()) / told[key]
    return told


def _from_file(
    told: dict[str, Any], key: str, where: str, base: Path | None, read: ReadFile | None
) -> str:
    path = told[f"{key}_file"]
    if key in told:
        raise Misconfigured(f'Policy: {where}: "{key}" and "{key}_file" are both given: keep one.')
    if not isinstance(path, str) or not path or read is None:
        raise Misconfigured(
            f'Policy: {where}: "{key}_file" must be the path of a file: correct it.'
        )
    try:
        return read((base or Path()) / path).strip()
    except (OSError, ValueError):
        raise Misconfigured(
            f'Policy: {where}: "{key}_file" cannot be read: check that it exists and who owns it.'
        ) from None


def _made(model: type[_M], raw: dict[str, Any], where: str) -> _M:
    try:
        return model.model_validate(raw)
    except ValidationError as wrong:
        raise Misconfigured(f"Policy: {where}: {_sentence(wrong, model)}.") from None


def _sentence(wrong: ValidationError, model: type[BaseModel]) -> str:
    found = wrong.errors(include_url=False, include_input=False)
    first = min(found, key=lambda one: one["type"] != "extra_forbidden")  # a slip explains a lack
    key = str(first["loc"][0]) if first["loc"] else "?"
    if first["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return f'unknown key "{key}": remove it or use one of {known}'
    if first["type"] == "missing":
        return f'the key "{key}" is missing: add it'
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if "valid tuple" in said:
        said = 'should be a list of names in quotes, such as ["platform"]'
    return f'key "{key}": {said}' + ("" if ":" in said else ": correct it")


def _refuse_what_does_not_fit(
    destinations: tuple[AnyDestination, ...], steps: tuple[Step, ...]
) -> None:
    names = [one.name for one in destinations]
    for name in names:
        if names.count(name) > 1:
            raise Misconfigured(f'Policy: two destinations are named "{name}": rename one.')
    for number, step in enumerate(steps, 1):
        for name in step.tell:
            if name not in names:
                raise Misconfigured(
                    f'Policy: step {number}: "tell" names "{name}", which is no destination: '
                    "add the destination or correct the name."
                )
    if not any(step.since == "opening" and step.after_s == 0 for step in steps):
        raise Misconfigured(
            'Policy: no step tells anybody at once: add one with since = "opening" and after_s = 0.'
        )
