"""Plays simulated nights: one that failed, a range of seeds, or the long campaign of many hours.

`--seed N` tells one night, `--seeds A-B` plays a range, `--hours H` makes each night so long; the
campaign of `make campaign` is `--seeds 0-1000 --hours 72`. Exits 1 when a promise was broken.
"""

import argparse
import sys
import time
from collections import Counter

from tests.conftest import in_memory, reachable_folder
from tests.simulation.cover import TOO_LONG_S, Evening, chosen, evening, wanted
from tests.simulation.ground import Ground, own_ground
from tests.simulation.met import Lines, not_met
from tests.simulation.night import EVENING, WHOLE, Length, live
from tests.simulation.world import PromiseBroken


def main() -> int:
    """Read what is asked, and play."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one night, told line by line")
    parser.add_argument("--seeds", default="0-100", help="from-to, the last one not included")
    parser.add_argument("--hours", type=float, default=0.0, help="simulated hours per seed")
    parser.add_argument(
        "--whole", action="store_true", help="each bad hour is followed by a quiet night (12.5 h)"
    )
    parser.add_argument(
        "--cover", metavar="FROM-TO", help="find the few of these evenings that CI plays"
    )
    asked = parser.parse_args()
    length = WHOLE if asked.whole else EVENING
    with reachable_folder(in_memory()) as folder, own_ground(folder) as ground:
        if asked.seed is not None:
            return _one(asked.seed, ground, asked.hours, length)
        if asked.cover:
            return _cover(_range(asked.cover), ground)
        return _campaign(_range(asked.seeds), ground, asked.hours, length)


def _range(asked: str) -> range:
    first, _, last = asked.partition("-")
    return range(int(first), int(last))


def _one(seed: int, ground: Ground, hours: float, length: Length) -> int:
    try:
        world = live(seed, ground, hours=hours, length=length)
    except PromiseBroken as broken:
        print(broken)
        return 1
    print("\n".join(world.trace))
    print(f"seed {seed}: every promise kept, {world.checks} times looked at, {world.digest[:16]}")
    return 0


def _campaign(seeds: range, ground: Ground, hours: float, length: Length) -> int:
    hours = max(hours, length.hours)
    met: Counter[str] = Counter()
    failed: list[int] = []
    lines = Lines()
    begun = time.monotonic()
    for n, seed in enumerate(seeds, 1):
        try:
            with lines.noted():
                met += live(seed, ground, hours=hours, length=length).met
        except PromiseBroken as broken:
            failed.append(seed)
            print(broken, flush=True)
        if n % 10 == 0 or n == len(seeds):
            spent = time.monotonic() - begun
            print(f"{n} of {len(seeds)} seeds, {n * hours:.0f} simulated hours in {spent:.0f} s,"
                  f" {len(failed)} broken", flush=True)  # fmt: skip
    return _summed_up(len(seeds), hours, failed, met, lines.never_run())


def _summed_up(
    n: int, hours: float, failed: list[int], met: Counter[str], unplanned: set[str]
) -> int:
    """N, and what zero of N says: the rule of three bounds the rate at 95 %."""
    print("met: " + ", ".join(f"{name} {count}" for name, count in sorted(met.items()) if count))
    if failed:
        print(f"N = {n} nights of {hours:.1f} h: promises broken in {failed}")
        return 1
    print(f"N = {n} nights of {hours:.1f} h, 0 broken: below 3/N = {3 / n:.2g} a night at 95 %")
    missing = not_met(met) | unplanned
    if n >= 100 and missing:
        print(f"never met, so nothing is shown about it: {sorted(missing)}")
        return 1
    return 0


def _cover(seeds: range, ground: Ground) -> int:
    played: list[Evening] = []
    for seed in seeds:
        one = evening(seed, ground)
        if one is None:
            print(f"{seed}: left out, takes more than {TOO_LONG_S:.0f} s", flush=True)
            continue
        played.append(one)
        print(f"{seed}: shows {len(one.shown)} in {one.seconds:.1f} s", flush=True)
    few = chosen(played)
    missing = wanted() - set().union(*(one.shown for one in few))
    print(f"SEEDS = {tuple(one.seed for one in few)}, {sum(one.seconds for one in few):.0f} s")
    if missing:
        print(f"shown by none of {len(played)}: {sorted(missing)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
