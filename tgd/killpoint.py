"""Named places where a fault campaign may kill the process; nothing at all in service.

`TGD_KILL_AT=name:3` ends the process with SIGKILL at the third passage. Tests find every name in
the source, so that a new step of the alert's path cannot be forgotten.
"""

import os
import signal

_armed: dict[str, int] = {}


def arm(setting: str) -> None:
    """Read `name:n` (from settings); an empty text disarms."""
    _armed.clear()
    name, _, passages = setting.partition(":")
    if name:
        _armed[name] = int(passages or "1")


def reach(name: str) -> None:
    """Pass a kill point."""
    if not _armed or name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
