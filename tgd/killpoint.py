"""Named places where a fault campaign may kill or freeze the process; nothing at all in service.

`TGD_KILL_AT=name:3` ends the process with SIGKILL at the third passage, `name:3:stop` freezes it
there with SIGSTOP. Tests find every name in the source, so that a new step of the alert's path
cannot be forgotten.
"""

import os
import signal
from collections.abc import Callable

_armed: dict[str, int] = {}
_signal = signal.SIGKILL
_watcher: Callable[[str], None] | None = None


def watch(watcher: Callable[[str], None] | None) -> None:
    """Let somebody hear of every passage, and stop it by raising (simulation only)."""
    global _watcher
    _watcher = watcher


def arm(setting: str) -> None:
    """Read `name:n` or `name:n:stop` (from settings); an empty text disarms."""
    global _signal
    _armed.clear()
    name, _, rest = setting.partition(":")
    passages, _, how = rest.partition(":")
    _signal = signal.SIGSTOP if how == "stop" else signal.SIGKILL
    if name:
        _armed[name] = int(passages or "1")


def reach(name: str) -> None:
    """Pass a kill point."""
    if _watcher is not None:
        _watcher(name)
    if not _armed or name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] <= 0:
        _armed.clear()  # whoever is woken again passes freely
        os.kill(os.getpid(), _signal)
