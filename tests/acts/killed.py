"""A program that does one act after the other, each in a process of its own which kills itself.

It imports everything once and forks for each line on its standard input; a child does one act on
the real record and sends itself SIGKILL where it was told to: before its n-th statement, before the
commit, with the commit on the wire, or after it. What became of the child is one line of JSON.
"""

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event
from sqlmodel import Session

from tests.acts.told_acts import STORIES
from tests.walking import Walk
from tests.world import World
from tgd.database import open_record, transaction
from tgd.purge import purge
from tgd.rules.access import Role
from tgd.seal import Keys

BEFORE_COMMIT, ON_THE_WIRE, AFTER_COMMIT = "before commit", "commit on the wire", "after commit"


def die() -> None:
    """As with a power cut: nothing runs after this."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_before(engine: Engine, where: int | str) -> None:
    """Kill this process before the n-th statement, or around the commit."""
    passed = 0

    @event.listens_for(engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        nonlocal passed
        passed += 1
        if passed == where:
            die()

    @event.listens_for(engine, "commit")
    def commit(connection: Any) -> None:
        if where == BEFORE_COMMIT:
            die()
        if where == ON_THE_WIRE:
            connection.connection.driver_connection.pgconn.send_query(b"COMMIT")
            die()


def act(asked: dict[str, Any], url: str) -> None:
    """The act in one transaction, as pages and commands do it."""
    engine = open_record(url, lane="work", connections=1)
    die_before(engine, asked["where"])
    with transaction(engine) as session:
        perform(session, asked)
    if asked["where"] == AFTER_COMMIT:
        die()


def perform(session: Session, asked: dict[str, Any]) -> None:
    now = datetime.fromisoformat(asked["now"])
    if "story" in asked:
        tell(session, asked, now)
        return
    if asked["act"] == "purge":
        assert purge(session, now).files, "nothing was due"
        return
    people = {name: (name, Role(role)) for name, role in asked["people"].items()}
    walk = Walk(World(session, Keys(bytes(range(32))), now), people)
    walk.file_id, walk.handset = UUID(asked["file"]), asked["handset"]
    getattr(walk, asked["act"])()


def tell(session: Session, asked: dict[str, Any], now: datetime) -> None:
    """One step of one of the stories of told_acts.py."""
    people = {name: (name, Role(role)) for name, role in asked["people"].items()}
    walk = Walk(World(session, Keys(bytes(range(32))), now), people)
    walk.file_id = UUID(asked["file"]) if asked["file"] else None
    walk.handset = asked["handset"]
    STORIES[asked["story"]][asked["step"]].perform(walk)


def main(url: str) -> None:
    """One child for each line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                act(json.loads(line), url)
            except BaseException as error:  # noqa: BLE001 -- a child never becomes a second parent
                print(repr(error)[:2000], file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
