"""A policy that could leave an alert untold is refused in one sentence; a weak one is warned of."""

from pathlib import Path

import pytest

from dispatch.policy import CisuDestination, Policy, WebhookDestination, read_policy
from dispatch.policy_warnings import warnings
from tgd.errors import Misconfigured

ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIgYnl0ZXM="
PLATFORM = f"""
[[destination]]
name = "platform"
kind = "webhook"
url = "https://platform.example/alerts"
secret = "{SECRET}"
"""
ROOM = """
[[destination]]
name = "control-room-92"
kind = "cisu"
url = "https://hub.example/edxl"
recipient = "fr.police.cic92"
"""
BELL = """
[[destination]]
name = "supervisor"
kind = "voice"
number = "+33639980101"
"""
AT_ONCE = """
[[step]]
after_s = 0
until = "closed"
tell = ["platform"]
"""
ASKED = '\n[[step]]\nsince = "request"\nafter_s = 0\nuntil = "{}"\ntell = ["platform"]\n'
SMALL = PLATFORM + AT_ONCE


def refused(text: str) -> str:
    with pytest.raises(Misconfigured) as wrong:
        read_policy(text)
    sentence = str(wrong.value)
    assert sentence.startswith("Policy: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_the_example_is_accepted_without_a_warning() -> None:
    policy = read_policy((ROOT / "deploy" / "policy.example.toml").read_text())
    assert warnings(policy) == []
    assert (policy.ownership.lapse_s, policy.console.tones_s) == (60, (20, 40, 60))
    assert {one.kind for one in policy.destinations} == {"webhook", "cisu", "voice", "sms"}


def test_the_short_shape_is_enough_and_has_the_known_defaults() -> None:
    policy = read_policy(PLATFORM + ROOM + AT_ONCE)
    platform, room = policy.destinations
    assert isinstance(platform, WebhookDestination)
    assert isinstance(room, CisuDestination)
    assert (platform.timeout_s, platform.lane_test) == (5, True)
    assert (room.sender, room.acknowledge_within_s, room.lane_test) == ("fr.justice.tgd", 20, False)
    assert (policy.steps[0].since, policy.steps[0].after_s) == ("opening", 0)
    assert policy.destination("platform") is platform
    assert policy.destination("nobody") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[destination", ["TOML", "end"]),
        ("a = ", ["TOML"]),
        ("x y\n", ["TOML", "line 1"]),
        ("", ["[[destination]]", "add"]),
        (PLATFORM, ["[[step]]", "add"]),
        ('destination = "platform"', ['"destination"', "[[destination]]"]),
        (SMALL + "[escalation]\n", ["escalation", "remove"]),
        (SMALL + "[ownership]\nlaps = 3\n", ["laps", "lapse_s"]),
        (SMALL + "[ownership]\nlapse_s = 0\n", ["lapse_s"]),
        ("ownership = 3\n" + SMALL, ["ownership"]),
        (SMALL + "[console]\ntones_s = [20, 20]\n", ["console", "tones_s", "order"]),
        (SMALL + "[console]\ntones_s = [40, 20]\n", ["tones_s", "later"]),
        (SMALL + "[console]\ntones_s = [0]\n", ["tones_s", "greater than 0"]),
        (SMALL + "[console]\ntones_s = 20\n", ["tones_s"]),
        (SMALL + "[console]\ntones_s = [1, 2, 3, 4, 5, 6]\n", ["tones_s", "5"]),
        (SMALL + "[console]\ntone_s = [20]\n", ["tone_s", "tones_s"]),
        ("console = 3\n" + SMALL, ["console"]),
        (SMALL.replace('"webhook"', '"pigeon"'), ['"platform"', "kind", "webhook, cisu"]),
        (SMALL.replace('kind = "webhook"', ""), ["kind"]),
        (SMALL.replace("secret =", "sekret ="), ['"platform"', "sekret"]),
        (SMALL.replace("secret =", "# "), ["secret", "missing"]),
        (PLATFORM + SMALL, ["two destinations", '"platform"', "rename"]),
        (SMALL.replace('name = "platform"', 'name = "Plat_form"'), ["name", "small letters"]),
        (SMALL.replace('["platform"]', "[]"), ["step 1", "tell", "nobody"]),
        (SMALL.replace('["platform"]', '"platform"'), ["step 1", "tell", "list"]),
        (SMALL.replace('["platform"]', '["platform", "platform"]'), ["tell", "twice"]),
        (SMALL.replace('["platform"]', '["police"]'), ["step 1", "police", "no destination"]),
        (SMALL.replace("after_s = 0", "after_s = 5"), ["at once", "after_s = 0"]),
        (SMALL.replace("after_s = 0", 'after_s = 0\nsince = "request"'), ["at once"]),
        (SMALL.replace("after_s = 0", "after_s = -1"), ["step 1", "after_s", "0"]),
        (SMALL.replace("after_s = 0", "after_s = nan"), ["after_s"]),
        (SMALL.replace("after_s = 0", "after_s = true"), ["after_s"]),
        (SMALL.replace("after_s = 0", 'after_s = "0"'), ["after_s"]),
        (SMALL.replace('"closed"', '"tired"'), ["until", "received"]),
        (SMALL + ASKED.format("taken"), ["step 2", "until", "tell nobody", "acknowledged"]),
        (SMALL + ASKED.format("received"), ["step 2", "until", "tell nobody", "acknowledged"]),
        (SMALL.replace("https:", "http:"), ["url", "https"]),
        (SMALL.replace("https:", "ftp:"), ["url", "https"]),
        (SMALL.replace("platform.example", "ana:pass@platform.example"), ["url", "credentials"]),
        (SMALL.replace("platform.example", "platform.example:99999"), ["url"]),
        (SMALL.replace("platform.example", "[::1"), ["url"]),
        (SMALL.replace("https://platform.example/alerts", "https:///x"), ["url", "address"]),
        (SMALL.replace("whsec_", ""), ["secret", "whsec_"]),
        (SMALL.replace(SECRET, "whsec_***"), ["secret", "base64"]),
        (SMALL.replace(SECRET, "whsec_"), ["secret", "new one"]),
        (SMALL.replace("secret =", 'secret_file = "s"\nsecret ='), ["secret_file", "keep one"]),
        (SMALL.replace(f'secret = "{SECRET}"', 'secret_file = "s"'), ["secret_file"]),
        (SMALL + BELL.replace("+33639980101", "06 39 98 01 01"), ["supervisor", "number", "+33"]),
        (SMALL + BELL + "lane_test = true\n", ["supervisor", "lane_test", "remove"]),
        (SMALL + ROOM + "lane_test = true\n", ["control-room-92", "lane_test", "remove"]),
        (SMALL + ROOM.replace("fr.police.cic92", "police"), ["recipient", "dots"]),
        (SMALL + ROOM + 'token = "a b"\n', ["token"]),
        (SMALL + ROOM + 'nature_code = "TGD"\n', ["nature_code"]),
        (SMALL + ROOM + "timeout_s = 0\n", ["timeout_s"]),
        (SMALL + ROOM + 'client_cert = "c.pem"\n', ["client_cert", "client_key"]),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(text: str, words: list[str]) -> None:
    sentence = refused(text)
    for word in words:
        assert word in sentence
    assert SECRET not in sentence
    assert "ana:pass" not in sentence


def test_a_step_of_a_request_may_wait_for_what_a_request_has_not() -> None:
    for until in ("acknowledged", "closed"):
        assert read_policy(SMALL + ASKED.format(until)).steps[1].until == until


def test_http_is_accepted_on_this_machine_only() -> None:
    for host in ("127.0.0.1:8099", "localhost:8099", "[::1]:8099"):
        read_policy(SMALL.replace("https://platform.example", f"http://{host}"))
    refused(SMALL.replace("https://platform.example", "http://127.0.0.1.example"))


def test_secrets_come_out_of_files_beside_the_policy() -> None:
    asked: list[Path] = []

    def read(path: Path) -> str:
        asked.append(path)
        return f"{SECRET}\n"

    text = SMALL.replace(
        f'secret = "{SECRET}"', 'secret_file = "keys/platform"\nca_file = "ca.pem"'
    )
    policy = read_policy(text, Path("/etc/tgd"), read)
    told = policy.destinations[0]
    assert isinstance(told, WebhookDestination)
    assert told.secret.get_secret_value() == SECRET
    assert asked == [Path("/etc/tgd/keys/platform")]
    assert told.ca_file == Path("/etc/tgd/ca.pem")
    assert SECRET not in repr(policy)

    def missing(path: Path) -> str:
        raise FileNotFoundError(path)

    with pytest.raises(Misconfigured, match="secret_file"):
        read_policy(text, Path("/etc/tgd"), missing)


def warned(text: str) -> str:
    return "\n".join(warnings(read_policy(text)))


def test_a_lonely_platform_is_accepted_and_warned_of() -> None:
    said = warned(SMALL)
    assert '"platform" is silent' in said
    assert "rung within 90 s" in said
    assert "control room" in said
    assert 'since = "request"' in said


def test_a_bell_that_a_machine_can_silence_does_not_count() -> None:
    step = '\n[[step]]\nafter_s = 60\nuntil = "{}"\ntell = ["supervisor"]\n'
    assert "rung within 90 s" in warned(SMALL + BELL + step.format("received"))
    assert "rung within 90 s" not in warned(SMALL + BELL + step.format("taken"))
    late = step.format("taken").replace("60", "91")
    assert "rung within 90 s" in warned(SMALL + BELL + late)


def test_the_same_host_twice_is_no_second_way() -> None:
    second = PLATFORM.replace('"platform"', '"second"')
    step = '\n[[step]]\nafter_s = 10\ntell = ["second"]\n'
    assert '"platform" is silent' in warned(SMALL + second + step)
    elsewhere = second.replace("platform.example", "elsewhere.example")
    assert '"platform" is silent' not in warned(SMALL + elsewhere + step)


def test_a_short_secret_and_an_idle_destination_are_named() -> None:
    said = warned(SMALL.replace(SECRET, "whsec_c2hvcnQ=") + BELL)
    assert 'secret of "platform" is shorter' in said
    assert 'No step ever tells "supervisor"' in said


def test_a_policy_cannot_be_changed() -> None:
    policy = read_policy(SMALL)
    with pytest.raises(ValueError, match="frozen"):
        policy.steps = ()  # type: ignore[misc]
    assert isinstance(policy, Policy)
