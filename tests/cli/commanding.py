"""Runs `tgd` as its user does: the installed program, a data folder, what it prints and returns."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TGD = Path(sys.executable).with_name("tgd")


@dataclass(frozen=True)
class Said:
    """What one command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one document."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """Somebody at a terminal, with settings."""

    settings: dict[str, str]

    def tgd(self, *words: str, stdin: str = "") -> Said:
        """Run one command to its end; a stack trace is never an answer."""
        done = subprocess.run(
            [str(TGD), *words], input=stdin, capture_output=True, text=True, timeout=90,
            env=self.environment,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Run one command beside others."""
        return subprocess.Popen(
            [str(TGD), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=self.environment,
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """What the command finds around it."""
        return {"PATH": os.environ["PATH"], "NO_COLOR": "1", "COLUMNS": "200"} | self.settings
