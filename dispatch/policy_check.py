"""`python -m dispatch.policy_check FILE [--json]`: says whether a policy is valid, and how weak.

Exit code 0 for a valid one, weak or not; 1 for one that would be refused.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dispatch.policy import CisuDestination, Policy, WebhookDestination, read_policy
from dispatch.policy_warnings import warnings
from tgd.errors import Misconfigured
from tgd.rules.secret import fault_of

SCHEMA = "tgd/policy-check/1"


def main() -> int:
    """Read one file, print what it is."""
    asked = argparse.ArgumentParser(prog="dispatch.policy_check", description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--json", action="store_true", dest="as_json")
    given = asked.parse_args()
    found = looked_at(given.file)
    if given.as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_sentences(found)) + "\n")
    return 0 if found["valid"] else 1


def looked_at(path: Path) -> dict[str, Any]:
    """What there is to say of a policy file, with stable keys; raises nothing for a bad one."""
    empty = {"schema": SCHEMA, "valid": False, "problem": None, "warnings": [],
             "destinations": [], "steps": 0, "secrets": [], "files": {}}  # fmt: skip
    try:
        written = path.read_text(encoding="utf-8")
        policy = read_policy(written, path.parent, lambda one: one.read_text(encoding="utf-8"))
    except OSError as error:
        return empty | {"problem": f"The file cannot be read ({error.strerror})."}
    except UnicodeDecodeError:
        return empty | {"problem": "The file is no text in UTF-8."}
    except Misconfigured as error:
        return empty | {"problem": str(error)}
    return empty | {
        "valid": True, "warnings": warnings(policy), "steps": len(policy.steps),
        "destinations": [one.name for one in policy.destinations],
        "secrets": list(_poor_secrets(policy)), "files": _files(policy, written, path.parent),
    }  # fmt: skip


def _poor_secrets(policy: Policy) -> Iterator[str]:
    """Sentences about the secrets that stand for nothing; none quotes one."""
    for told in policy.destinations:
        word, secret = "secret", getattr(told, "secret", None)
        if secret is None:
            word, secret = "token", getattr(told, "token", None)
        if secret is None:
            continue
        if fault := fault_of(secret.get_secret_value()):
            yield f'The {word} of "{told.name}" {fault}.'


def _files(policy: Policy, written: str, base: Path) -> dict[str, list[str]]:
    """The files that it names, by what they are: for whoever looks at their ends and modes."""
    found: dict[str, list[str]] = {"certificates": [], "keys": [], "secrets": []}
    for told in policy.destinations:
        if isinstance(told, WebhookDestination | CisuDestination):
            found["certificates"] += [str(f) for f in (told.ca_file, told.client_cert) if f]
            found["keys"] += [str(told.client_key)] if told.client_key else []
    for raw in tomllib.loads(written)["destination"]:
        named = (raw.get(key) for key in ("secret_file", "token_file"))
        found["secrets"] += [str(base / name) for name in named if name]
    return found


def _sentences(found: dict[str, Any]) -> list[str]:
    if not found["valid"]:
        return [found["problem"]]
    told = ", ".join(found["destinations"])
    return [
        f"The policy is valid: {found['steps']} steps, telling {told}.",
        *(f"Warning: {sentence}" for sentence in found["warnings"]),
    ]


if __name__ == "__main__":
    sys.exit(main())
