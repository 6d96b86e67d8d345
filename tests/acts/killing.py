"""The program whose children act and die (killed.py), and the record that they leave."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.conftest import NOW
from tests.walking import Walk
from tests.world import World

KILLED, DONE = -9, 0
_RUNNING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
)


@dataclass
class Program:
    """It goes on, whoever of its children dies."""

    process: subprocess.Popen[str]
    engine: Engine

    def ask(self, walk: Walk, **what: Any) -> int:
        """What a child of its own does, as things stand; its exit code, or -9."""
        asked: dict[str, Any] = what | {
            "now": walk.now.isoformat(), "handset": walk.handset,
            "file": str(walk.file_id) if walk.file_id else "",
            "people": {name: role.value for name, (_, role) in walk.people.items()},
        }  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        ended: int = json.loads(self.process.stdout.readline())["ended"]
        self._wait_for_the_server()
        return ended

    def _wait_for_the_server(self) -> None:
        """Until the record has noticed the death, as it does by itself: nothing of it runs on."""
        with self.engine.connect() as connection:
            for _ in range(2000):
                if connection.execute(_RUNNING).scalar_one() == 0:
                    return
                connection.rollback()
                time.sleep(0.005)
        raise AssertionError("the dead process's transaction still runs after 10 s")


@contextmanager
def program(record_url: str, engine: Engine, keys: Any) -> Iterator[tuple[Program, Walk]]:
    """Started, and the walk that it goes on with, settled in."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.acts.killed", record_url], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    with Session(engine, expire_on_commit=False) as session:
        walk = Walk(World(session, keys, NOW)).settle_in()
        session.commit()
        yield Program(process, engine), walk
    process.communicate(timeout=10)
    assert process.returncode == 0
