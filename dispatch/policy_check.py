"""`python -m dispatch.policy_check FILE [--json]`: says whether a policy is valid, and how weak.

Exit code 0 for a valid one, weak or not; 1 for one that would be refused.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dispatch.policy import read_policy
from dispatch.policy_warnings import warnings
from tgd.errors import Misconfigured

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
             "destinations": [], "steps": 0}  # fmt: skip
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
    }  # fmt: skip


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
