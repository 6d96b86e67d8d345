"""`python -m tests.hostile`: the fuzzers without pytest, long, with progress and a replay.

`--live` attacks a running service by every way in, while handsets press, and judges it.
"""

import argparse
import random
import sys
import time

from tests.campaign import __main__ as campaigns
from tests.hostile.fuzzing import case
from tests.hostile.reads import READS, try_one

SHORT, LONG = 5_000, 100_000
EVERY = 5_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{LONG:,} inputs, not {SHORT:,}")
    parser.add_argument("--seed", type=int, default=None, help="the seed of a run to repeat")
    parser.add_argument("--only", choices=sorted(READS), help="one format")
    parser.add_argument("--live", action="store_true", help="a running service, not the readers")
    parser.add_argument("--replay", metavar="FORMAT:SEED:NUMBER", help="one case, and its bytes")
    asked = parser.parse_args()
    if asked.replay:
        return _replay(asked.replay)
    if asked.live:
        return campaigns.main(_campaign(asked))
    seed = random.SystemRandom().randrange(2**31) if asked.seed is None else asked.seed
    return _run([asked.only] if asked.only else sorted(READS), seed, LONG if asked.long else SHORT)


def _campaign(asked: argparse.Namespace) -> list[str]:
    """The words of `make campaign` for the same."""
    return ["hostile", *["--long"] * asked.long, "--seed", str(asked.seed or 0)]


def _replay(words: str) -> int:
    name, seed, number = words.split(":")
    print(case(name, int(seed), int(number)))
    try_one(name, int(seed), int(number))
    print("This case is read without a fault.")
    return 0


def _run(names: list[str], seed: int, inputs: int) -> int:
    print(f"seed {seed}, {inputs:,} inputs over {len(names)} formats", flush=True)
    failures, started = 0, time.monotonic()
    for done in range(inputs):
        name = names[done % len(names)]
        try:
            try_one(name, seed, done // len(names))
        except AssertionError as failure:
            failures += 1
            print(failure, flush=True)
        if (done + 1) % EVERY == 0:
            rate = (done + 1) / (time.monotonic() - started)
            print(f"{done + 1:>8,} read, {failures} failures, {rate:,.0f}/s", flush=True)
    print(f"{inputs:,} read, {failures} failures; again: --seed {seed}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
