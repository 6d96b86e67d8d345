"""`make campaign`: the fault campaigns by name, short or long; prints N, what was lost, the bound.

A failure prints the seed and the command that plays the same again.
"""

import argparse
import asyncio
import importlib
import json
import platform
import random
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from tests.campaign.outcome import missed
from tests.conftest import reachable_folder

LONG: dict[str, dict[str, Any]] = {
    "kills": {"gateway": 1000, "dispatch": 300, "record": 100},
    "brokers": {"kills": 300, "storms": 3, "away_s": 60.0},
    "everything": {"kills": 50},
    "outages": {"ids": 1000, "away_s": 600.0, "texts": 1000, "kills": 60, "killed_texts": 600},
    "freezes": {"rounds": 100},
    "consoles": {"kills": 200},
    "hostile": {"seconds": 1800.0, "each": 3},
    "clocks": {"rounds": 60},
    "disks": {"times": 10, "full_s": 20.0},
    "links": {"times": 20, "bad_s": 5.0, "black_s": 13.0, "locked_s": 20.0},
    "partitions": {"cuts": 30, "cut_s": 60.0},
}
"""Every campaign, and what is larger in its long size."""


def main(words: Sequence[str] | None = None) -> int:
    """The exit code is 1 when a promise was broken, or a goal in seconds was missed."""
    asked = _arguments(words)
    failed = 0
    print(f"{platform.machine()}, Python {platform.python_version()}", flush=True)
    for name in asked.names or LONG:
        failed += not _play(name, asked)
    return 1 if failed else 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*LONG, []], help="which; none: all")
    parser.add_argument("--long", action="store_true", help="the size of a night")
    parser.add_argument("--seed", type=int, default=0, help="0: chance")
    parser.add_argument("--size", action="append", default=[], metavar="FIELD=NUMBER")
    parser.add_argument("--json", action="store_true", help="outcomes as JSON lines")
    return parser.parse_args(words)


def _play(name: str, asked: argparse.Namespace) -> bool:
    seed = asked.seed or random.SystemRandom().randrange(1, 10**6)
    campaign = importlib.import_module(f"tests.campaign.{name}")
    size = _size(campaign.Size, LONG[name] if asked.long else {}, asked.size)
    began = time.monotonic()

    def say(sentence: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {name}: {sentence}", flush=True)

    say(f"seed {seed}, {size}")
    try:
        with reachable_folder() as folder:
            outcomes = asyncio.run(campaign.run(folder, size, seed, say))
    except Exception:  # noqa: BLE001 one broken campaign does not hide the others
        traceback.print_exc()
        words = " ".join(["--long"] * asked.long + [f"--size {one}" for one in asked.size])
        print(f"FAILED. Again: python -m tests.campaign {name} --seed {seed} {words}", flush=True)
        return False
    for one in outcomes:
        print(one.as_json() if asked.json else one.line(), flush=True)
    late = missed(outcomes)
    for sentence in late:
        print(f"GOAL MISSED, on this machine and beside what else it does. {sentence}", flush=True)
    return not late


def _size(of: Any, larger: dict[str, Any], said: list[str]) -> Any:
    """The daily size, the long one, or what was said by hand."""
    kinds = {f.name: f.type for f in fields(of)}
    for one in said:
        key, _, value = one.partition("=")
        if key not in kinds:
            sys.exit(f"{key} is none of {', '.join(kinds)}")
        larger = larger | {key: json.loads(value)}
    return of(**larger)


if __name__ == "__main__":
    sys.exit(main())
