"""Runs a module as `python -m` would, and notes where its CPU time goes: `… OUT MODULE`.

Every few milliseconds each thread's stack is noted with the CPU time that this thread has used
since the last look; a thread that waits weighs nothing. Nothing of it is in the product.
"""

import json
import runpy
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

EVERY_S = 0.004
IMPORTING = "importlib._bootstrap:_find_and_load"


class Sampler(threading.Thread):
    """Looks until told to stop; `own` and `within` are seconds of CPU by function."""

    def __init__(self) -> None:
        super().__init__(name="sampler", daemon=True)
        self.own: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        self._used: dict[int, int] = {}
        self._over = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(EVERY_S):
            frames = sys._current_frames()
            for thread in threading.enumerate():
                if thread is not self and thread.ident in frames:
                    self._note(thread.ident, frames[thread.ident])

    def _note(self, ident: int, frame: FrameType) -> None:
        try:
            used = time.clock_gettime_ns(time.pthread_getcpuclockid(ident))
        except OSError:  # it has just ended
            return
        weight = (used - self._used.get(ident, used)) / 1e9
        self._used[ident] = used
        stack: FrameType | None = frame
        seen = set()
        while stack is not None:
            seen.add(_name(stack))
            stack = stack.f_back
        if IMPORTING in seen:  # measured by itself
            return
        self.own[_name(frame)] += weight  # type: ignore[assignment]  # a counter of seconds
        for name in seen:
            self.within[name] += weight  # type: ignore[assignment]

    def stop(self) -> dict[str, dict[str, float]]:
        """What was found."""
        self._over.set()
        self.join()
        return {"own": dict(self.own), "within": dict(self.within)}


def _name(frame: FrameType) -> str:
    module = frame.f_globals.get("__name__", "?")
    return f"{module}:{frame.f_code.co_qualname}"


def main() -> None:
    """The module's own exit code is ours."""
    out, module = Path(sys.argv[1]), sys.argv[2]
    sampler = Sampler()
    sampler.start()
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        out.write_text(json.dumps(sampler.stop()))


if __name__ == "__main__":
    main()
