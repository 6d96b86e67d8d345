"""Starts our own programs from a process that has imported them already.

Two and a half seconds of CPU of every start are imports, and the tests start a program more than a
thousand times: half of all that they cost. What is started so is a process like any other, a child
of whoever asked, with its own environment, folder, pipes and signals; only what its imports give
was made before. `TGD_TEST_COLD=1` starts everything from nothing, as do campaigns and benchmarks,
and every start that asks for more than this file understands.

The nursery stays single and opens nothing. It forks twice for each, so that the kernel gives the
new process to whoever asked (prctl(2), PR_SET_CHILD_SUBREAPER).
"""

import ctypes
import faulthandler
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tgd.cli import children

PROGRAMS = {
    "gateway": "gateway.__main__:main",
    "gateway.canary": "gateway.canary.__main__:main",
    "dispatch": "dispatch.__main__:main",
    "dispatch.auditor": "dispatch.auditor.__main__:main",
    "tgd.web": "tgd.web.__main__:main",
    "tgd.cli": "tgd.cli:main",
    "simulators": "simulators.__main__:main",
}
"""What is run as `python -m`, and what it calls."""
INSTALLED = {
    "tgd": "tgd.cli", "tgd-gateway": "gateway", "tgd-dispatch": "dispatch",
    "tgd-console": "tgd.web", "tgd-simulate": "simulators",
}  # fmt: skip
"""Commands beside our interpreter."""
_OF_THE_INTERPRETER = ("PYTHON", "LD_", "FAKETIME")
_PR_SET_CHILD_SUBREAPER = 36
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_Cold = subprocess.Popen


def warm_up() -> None:
    """From now on `subprocess` and `asyncio` start our programs so, in this process."""
    if _prctl is not None and not os.environ.get("TGD_TEST_COLD"):
        subprocess.Popen = Warm  # type: ignore[misc]


def cool_down() -> None:
    """Everything is started from nothing again."""
    subprocess.Popen = _Cold  # type: ignore[misc]


class Warm(_Cold):  # type: ignore[type-arg]
    """A Popen that knows our programs; whatever else it is asked for, it does as ever."""

    def _execute_child(
        self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, pass_fds: Any,
        cwd: Any, env: Any, startupinfo: Any, creationflags: Any, shell: Any,
        p2cread: int, p2cwrite: int, c2pread: int, c2pwrite: int, errread: int, errwrite: int,
        restore_signals: Any, gid: Any, gids: Any, uid: Any, umask: Any,
        start_new_session: Any, *rest: Any,
    ) -> None:  # fmt: skip
        pipes = (p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)
        asked = _asked(args, dict(os.environ if env is None else env), preexec_fn)
        if asked is None or executable or pass_fds or shell or uid is not None or gid is not None:
            super()._execute_child(  # type: ignore[misc]
                args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo,
                creationflags, shell, *pipes, restore_signals, gid, gids, uid, umask,
                start_new_session, *rest,
            )  # fmt: skip
            return
        asked |= {"folder": os.fspath(cwd or os.getcwd()), "session": bool(start_new_session)}
        ends = [p2cread, c2pwrite, errwrite]
        self.pid = nursery().bear(asked, [own if own >= 0 else n for n, own in enumerate(ends)])
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def _asked(args: Any, env: dict[str, str], before: Any) -> dict[str, Any] | None:
    """What the nursery must know; None for a start that it does not understand."""
    words = [os.fspath(word) for word in ([args] if isinstance(args, str | os.PathLike) else args)]
    here = Path(sys.executable).parent
    if words[:2] == [sys.executable, "-m"] and words[2] in PROGRAMS:
        name, words = words[2], words[2:]
    elif Path(words[0]).parent == here and Path(words[0]).name in INSTALLED:
        name = INSTALLED[Path(words[0]).name]
    else:
        return None
    special = {k: v for k, v in env.items() if k.startswith(_OF_THE_INTERPRETER)}
    special.pop("PYTHONFAULTHANDLER", None)
    if any(os.environ.get(k) != v for k, v in special.items()):
        return None
    if before is not None and before.__module__ != children.__name__:
        return None
    return {"program": name, "words": words, "env": env, "dies_with_parent": before is not None}


class Nursery:
    """A process that has imported all programs; it ends with the one that began it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line, self._turn, self.owner = ours, threading.Lock(), os.getpid()
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TGD_")}
        self._process = _Cold(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())], env=clean,
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()

    def bear(self, asked: dict[str, Any], ends: Sequence[int]) -> int:
        """Start a program with these as its standard streams; gives its process id, ours now."""
        assert _prctl is not None
        with self._turn:
            _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            try:
                socket.send_fds(self._line, [json.dumps(asked).encode()], list(ends))
                answer = self._line.recv(64)
            finally:
                _prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        assert answer, "the nursery is gone"
        return int(answer)


_nursery: list[Nursery] = []


def nursery() -> Nursery:
    """The one of this process; a fork of it would need its own."""
    if not _nursery or _nursery[0].owner != os.getpid():
        _nursery[:] = [Nursery()]
    return _nursery[0]


def main() -> Any:
    """Import all programs, then fork for each that is asked for; returns in the new ones only."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for where in PROGRAMS.values():
        _called(where)
    gc.freeze()  # what is shared stays shared
    while True:
        asked, ends, *_ = socket.recv_fds(line, 1 << 20, 3)
        if not asked:
            return 0
        come, go = os.pipe()
        between = os.fork()
        if not between:
            parent, born = os.getpid(), os.fork()
            if not born:
                return _become(json.loads(asked), ends, parent)
            os.write(go, str(born).encode())
            os._exit(0)
        os.waitpid(between, 0)
        line.send(os.read(come, 64))
        for one in (come, go, *ends):
            os.close(one)


def _called(where: str) -> Any:
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def _become(asked: dict[str, Any], ends: Sequence[int], between: int) -> Any:
    """Be the program that was asked for, to its end, once whoever asked is our parent."""
    while os.getppid() == between:
        time.sleep(0.001)
    for own, end in enumerate(ends):
        os.dup2(end, own)
    os.closerange(3, 1024)
    if asked["session"]:
        os.setsid()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    if asked["dies_with_parent"]:
        children.die_with(os.getppid())()
    if "PYTHONFAULTHANDLER" in os.environ:
        faulthandler.enable()
    sys.argv[:] = asked["words"]
    sys.modules["__main__"].__package__ = None  # a command is named after its file
    return _called(PROGRAMS[asked["program"]])()


if __name__ == "__main__":
    sys.exit(main())
