"""What races share: acts that are let loose at one moment, and how often."""

import os
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from tgd.errors import Refusal

MANY = os.environ.get("TGD_TEST_RACES")
"""Read at once: the settings of a test are its own."""


def rounds(daily: int) -> int:
    """How often a race is run: so often each day, and `TGD_TEST_RACES` by `make races`."""
    return int(MANY or daily)


def both(engine: Engine, *acts: Callable[[Session], Any], deadlocks: bool = False) -> list[Any]:
    """Each act in a session and a transaction of its own, let loose at one moment. A deadlock is
    nobody's answer, but where rows are written past the acts, which take their turns before."""
    gate, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(n: int, act: Callable[[Session], Any]) -> None:
        with Session(engine, expire_on_commit=False) as session:
            session.connection()
            gate.wait(10)
            try:
                answers[n] = act(session)
                session.commit()
            except OperationalError as failed:
                session.rollback()
                answers[n] = failed
            except (Refusal, IntegrityError) as refused:
                session.rollback()
                answers[n] = refused

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert None not in answers, "an act never ended"
    failed = [a for a in answers if isinstance(a, OperationalError)]
    assert not failed or (deadlocks and all("deadlock" in str(f) for f in failed)), answers
    return answers


def won(answers: list[Any]) -> list[int]:
    """Whose act was done, by their places."""
    return [n for n, a in enumerate(answers) if not isinstance(a, Exception)]
