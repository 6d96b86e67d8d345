"""What is weak in a valid policy, as sentences for whoever starts the service; refuses nothing."""

from urllib.parse import urlsplit

from dispatch.policy import (
    AnyDestination,
    Policy,
    SmsDestination,
    Step,
    VoiceDestination,
    WebhookDestination,
)
from dispatch.policy_values import secret_bytes

SECOND_WAY_WITHIN_S = 90.0
"""A human outside the first platform is rung within 90 s whatever is silent (DESIGN 6)."""
SHORTEST_SECRET = 24
"""Bytes of a webhook's key (Standard Webhooks: 24 to 64)."""


def warnings(policy: Policy) -> list[str]:
    """Every weakness of the policy, one sentence each; empty for a sound one."""
    return [
        *_without_second_way(policy),
        *_nobody_is_rung(policy),
        *_no_control_room(policy),
        *_no_step_at_request(policy),
        *_never_told(policy),
        *_short_secrets(policy),
        *_no_notices(policy),
    ]


def holes(policy: Policy) -> frozenset[str]:
    """Who is left out of a valid policy, in words that a setting can accept
    (`tgd.settings_values.HOLES`)."""
    found = {
        "second_way": _without_second_way(policy), "human_outside": _nobody_is_rung(policy),
        "control_room": _no_control_room(policy), "request": _no_step_at_request(policy),
    }  # fmt: skip
    return frozenset(name for name, sentences in found.items() if sentences)


def _without_second_way(policy: Policy) -> list[str]:
    """A second way is another address: the same host or the same telephone fails together."""
    alone: list[str] = []
    for step in policy.steps:
        for name in step.tell:
            told = policy.destination(name)
            if told and told.name not in alone and not _second_ways(policy, step, told):
                alone.append(told.name)
    return [
        f'If "{name}" is silent, nobody else is told within 90 s: '
        "add a step that tells another destination."
        for name in alone
    ]


def _second_ways(policy: Policy, step: Step, silent: AnyDestination) -> set[str]:
    latest_s = step.after_s + SECOND_WAY_WITHIN_S
    told = {
        name
        for other in policy.steps
        if other.since == step.since and other.after_s <= latest_s
        for name in other.tell
    }
    found = (policy.destination(name) for name in told)
    return {one.name for one in found if one and _address(one) != _address(silent)}


def _address(told: AnyDestination) -> str:
    if isinstance(told, VoiceDestination | SmsDestination):
        return told.number
    return urlsplit(told.url).netloc


def _nobody_is_rung(policy: Policy) -> list[str]:
    """`until = "received"` does not count: a machine's answer would stop the ringing."""
    for step in policy.steps:
        rings = any(isinstance(policy.destination(name), VoiceDestination) for name in step.tell)
        in_time = step.since == "opening" and step.after_s <= SECOND_WAY_WITHIN_S
        if rings and in_time and step.until != "received":
            return []
    return [
        "No human outside the first platform is rung within 90 s: add a voice destination and a "
        'step since "opening" that tells it until "taken".'
    ]


def _no_control_room(policy: Policy) -> list[str]:
    told = {name for step in policy.steps for name in step.tell}
    if any(one.kind == "cisu" and one.name in told for one in policy.destinations):
        return []
    return ["No step tells a control room: add a destination of kind cisu and a step for it."]


def _no_step_at_request(policy: Policy) -> list[str]:
    if any(step.since == "request" for step in policy.steps):
        return []
    return [
        "Nothing happens when an operator asks for an intervention: "
        'add a step with since = "request".'
    ]


def _never_told(policy: Policy) -> list[str]:
    told = {name for step in policy.steps for name in step.tell}
    return [
        f'No step ever tells "{one.name}": name it in a step or remove it.'
        for one in policy.destinations
        if one.name not in told
    ]


def _short_secrets(policy: Policy) -> list[str]:
    return [
        f'The secret of "{one.name}" is shorter than {SHORTEST_SECRET} bytes: make a longer one.'
        for one in policy.destinations
        if isinstance(one, WebhookDestination)
        and len(secret_bytes(one.secret.get_secret_value())) < SHORTEST_SECRET
    ]


def _no_notices(policy: Policy) -> list[str]:
    if policy.notices.tell:
        return []
    return [
        "no [notices] section: deadlines of files and lost handsets are told to nobody who does not"
        " open the console."
    ]
