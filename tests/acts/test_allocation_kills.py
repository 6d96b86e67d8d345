"""The plug is pulled in the middle of any act: nothing of it is there, and the person goes on."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.acts.remembered import fingerprint
from tests.conftest import NOW
from tests.walking import Walk
from tests.world import World
from tgd.records import Handset


def kill(engine: Engine, session: Session) -> None:
    """The act's connection dies before its commit, as with its process or its network."""
    pid = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with engine.connect() as other:
        assert other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid}).scalar_one()
    with pytest.raises(DBAPIError):
        session.commit()
    session.rollback()


def test_a_kill_in_every_act_of_the_walk_leaves_a_record_to_go_on_from(engine, keys):
    session = Session(engine, expire_on_commit=False)
    walk = Walk(World(session, keys, NOW)).settle_in()
    session.commit()
    done = []
    for step in walk.steps:
        name = step.__name__
        walk.world.wait(minutes=1)
        if name == "reserve":
            walk.handset = walk.order()
            session.commit()
        before, known = fingerprint(engine), (walk.file_id, walk.handset)
        session.rollback()
        step()
        kill(engine, session)
        assert fingerprint(engine) == before, f"something of “{name}” was kept"
        walk.file_id, walk.handset = known
        step()
        session.commit()
        assert fingerprint(engine) != before, f"“{name}” changed nothing"
        done.append(name)
    assert len(done) == 18
    handset = session.get(Handset, walk.handset, populate_existing=True)
    assert (walk.file().state, handset.state) == ("closed", "in_stock")
    session.close()
