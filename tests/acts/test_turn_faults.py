"""One row that nobody foresaw costs nobody else an alert, and no answer is forgotten."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from dispatch.loop import Loop
from dispatch.policy import read_policy
from dispatch.telling import Answer, Destination, Received, Telling
from dispatch.turn import Fault
from tests.acts.dispatching import answer, named, rows, turn
from tests.world import World
from tgd import clock
from tgd.database import open_record, refused_by
from tgd.listening import Listener
from tgd.records import ProtectedPerson
from tgd.store import nudges

PATIENCE_S = 30
ONE = read_policy(
    """
    [[destination]]
    name = "platform"
    kind = "webhook"
    url = "https://platform.example/alerts"
    secret = "whsec_cmVwbGFjZSB0aGlzIHNlY3JldCBiZWZvcmUgdXNlIQ=="
    timeout_s = 20.0

    [[step]]
    after_s = 0
    tell = ["platform"]
    """
)


def sql(world: World, statement: str) -> None:
    world.session.connection().execute(text(statement))
    world.session.commit()


def two_presses(world: World) -> None:
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    turn(world.session, world.now)
    world.wait(seconds=1)
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    world.session.commit()


def test_an_alert_that_cannot_be_planned_holds_no_other(world: World) -> None:
    two_presses(world)
    sql(world, "UPDATE delivery SET topic = 'of tomorrow'")
    sql(world, "UPDATE alert SET look_again_at = opened_at")
    faults: list[Fault] = []
    (told,) = turn(world.session, world.now, faults=faults)
    anas, beas = world.alerts()
    assert [(f.what, f.alert) for f in faults] == [("plan_failed", anas.id)]
    assert told.telling.alert == str(beas.id)
    assert anas.look_again_at is not None
    assert timedelta(0) < anas.look_again_at - world.now <= timedelta(seconds=10)
    assert turn(world.session, world.now) == []
    sql(world, f"UPDATE delivery SET topic = 'opened' WHERE alert = '{anas.id}'")
    world.wait(seconds=21)
    again = [c for c in turn(world.session, world.now) if c.telling.alert == str(anas.id)]
    assert "platform:opened" in named(again)


def test_an_alert_whose_delivery_no_table_takes_holds_no_other(world: World) -> None:
    """A key that is there already, under another alert: hers waits a moment, the other's goes."""
    world.hear(world.press(world.give("Ana")))
    world.hear(world.press(world.give("Bea", number="+33639980002")))
    anas, beas = world.alerts()
    world.session.commit()
    answer(world.session, world.now, *turn(world.session, world.now))
    sql(world, f"DELETE FROM delivery WHERE alert = '{beas.id}'")
    sql(world, f"UPDATE delivery SET alert = '{beas.id}' WHERE alert = '{anas.id}'")
    sql(world, f"UPDATE delivery SET destination = 'nobody' WHERE alert = '{beas.id}'")
    sql(world, "UPDATE alert SET look_again_at = opened_at")
    faults: list[Fault] = []
    told = turn(world.session, world.now, faults=faults)
    assert {c.telling.alert for c in told} == {str(beas.id)}
    assert [(f.what, f.alert) for f in faults] == [("plan_failed", anas.id)]
    assert refused_by(faults[0].error) == "delivery_once"
    assert turn(world.session, world.now) == [], "tried again in a moment, not at once"


@pytest.mark.parametrize(
    "places", [["12 rue des Lilas"], {"label": "home"}, [None], [{"label": 7}]]
)
def test_a_place_that_was_written_otherwise_silences_nobody(world: World, places: object) -> None:
    ana = world.give("Ana")
    person = world.session.exec(select(ProtectedPerson)).one()
    person.places = places  # type: ignore[assignment]
    world.hear(world.press(ana))
    world.session.commit()
    (told,) = turn(world.session, world.now)
    assert told.telling.topic == "opened"
    assert all(isinstance(place.label, str) for place in told.telling.places)


@pytest.mark.parametrize("method", ["of tomorrow", ""])
def test_a_position_that_cannot_be_told_is_left_out(world: World, method: str) -> None:
    world.hear(world.press(world.give("Ana")))
    sql(world, f"UPDATE alert_position SET method = '{method[:10]}'")
    faults: list[Fault] = []
    (told,) = turn(world.session, world.now, faults=faults)
    assert told.telling.position is None
    assert [f.what for f in faults] == ["telling_without_place"]


class Platform:
    """A destination that has everything it is told, and counts."""

    name = "platform"

    def __init__(self) -> None:
        self.told: list[str] = []

    async def tell(self, telling: Telling) -> Answer:
        self.told.append(telling.key)
        return Received("ok")

    async def close(self) -> None:
        """Nothing is open."""


class Late(Platform):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()

    async def tell(self, telling: Telling) -> Answer:
        answer = await super().tell(telling)
        await self.let_go.wait()
        return answer


class Stuck(Platform):
    """A carrier that hears its first telling and never comes back from it."""

    async def tell(self, telling: Telling) -> Answer:
        answer = await super().tell(telling)
        if len(self.told) == 1:
            await asyncio.Event().wait()
        return answer


async def until(true: object) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.05)


async def test_an_answer_is_written_when_the_record_is_back(
    world: World, engine: Engine, record_url: str
) -> None:
    world.now = clock.now()
    world.hear(world.press(world.give("Ana")))
    sql(world, "CREATE TABLE trouble (seen int)")
    sql(
        world,
        "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'shutting down' USING ERRCODE = '57P01'; END $$",
    )
    sql(
        world,
        "CREATE TRIGGER away BEFORE UPDATE ON delivery FOR EACH ROW"
        " WHEN (NEW.state = 'received') EXECUTE FUNCTION away()",
    )
    platform = Platform()
    destinations: dict[str, Destination] = {"platform": platform}
    listener = Listener(record_url, (nudges.DISPATCH,), holds="w1")
    loop = Loop(engine, ONE, destinations, listener, "w1")
    await listener.open()
    await loop.open()
    try:
        await until(lambda: loop.unwritten == 1)
        assert rows(engine, "SELECT state FROM delivery") == [("pending",)]
        sql(world, "DROP TRIGGER away ON delivery")
        await until(lambda: rows(engine, "SELECT state FROM delivery") == [("received",)])
    finally:
        await loop.close()
        await listener.close()
    assert len(platform.told) == 1
    assert rows(engine, "SELECT attempts FROM delivery") == [(1,)]
    assert loop.unwritten == 0


async def test_an_alert_that_somebody_holds_holds_no_other(
    world: World, engine: Engine, record_url: str
) -> None:
    """What Ana's platform said cannot be written while her row is locked; Bea is told all the
    same, and Ana's answer is not forgotten."""
    world.now = clock.now()
    world.hear(world.press(world.give("Ana")))
    bea = world.give("Bea", number="+33639980002")
    world.session.commit()
    ana = world.only_alert().id
    listener = Listener(record_url, (nudges.DISPATCH,), holds="w1")
    platform = Late()
    own = open_record(record_url, lane="dispatch", connections=8)
    loop = Loop(own, ONE, {"platform": platform}, listener, "w1")
    await listener.open()
    await loop.open()
    with engine.connect() as held:
        try:
            await until(lambda: platform.told)
            held.execute(text("SELECT 1 FROM alert WHERE id = :a FOR UPDATE"), {"a": ana})
            platform.let_go.set()
            await until(lambda: loop.unwritten == 1)
            world.now = clock.now()
            world.hear(world.press(bea))
            world.session.commit()
            await until(lambda: len(platform.told) == 2)
            assert rows(engine, f"SELECT state FROM delivery WHERE alert = '{ana}'") == [
                ("pending",)
            ]
            held.rollback()
            await until(
                lambda: rows(engine, "SELECT DISTINCT state FROM delivery") == [("received",)]
            )
        finally:
            held.rollback()
            await loop.close()
            await listener.close()
            own.dispose()
    assert len(platform.told) == 2


async def test_an_answer_that_no_table_takes_holds_no_other(
    world: World, engine: Engine, record_url: str
) -> None:
    world.now = clock.now()
    two_presses(world)
    sql(world, "DELETE FROM delivery")
    sql(world, "UPDATE alert SET look_again_at = now()")
    poison = world.alerts()[0].id
    sql(
        world,
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'poison'; END $$",
    )
    sql(
        world,
        "CREATE TRIGGER poison BEFORE UPDATE ON delivery FOR EACH ROW"
        f" WHEN (NEW.state = 'received' AND NEW.alert = '{poison}') EXECUTE FUNCTION poison()",
    )
    listener = Listener(record_url, (nudges.DISPATCH,), holds="w1")
    loop = Loop(engine, ONE, {"platform": Platform()}, listener, "w1")
    await listener.open()
    await loop.open()
    try:
        good = f"SELECT state FROM delivery WHERE alert <> '{poison}'"
        await until(lambda: rows(engine, good) == [("received",)])
        await until(lambda: loop.unwritten == 0)
    finally:
        await loop.close()
        await listener.close()


async def test_a_carrier_that_never_returns_is_given_up_and_tried_again(
    world: World, engine: Engine, record_url: str
) -> None:
    """With the same key; it is a net under the limit that each carrier keeps by itself."""
    world.now = clock.now()
    world.hear(world.press(world.give("Ana")))
    world.session.commit()
    (platform,) = ONE.destinations
    brisk = ONE.model_copy(
        update={"destinations": (platform.model_copy(update={"timeout_s": 0.1}),)}
    )
    stuck = Stuck()
    listener = Listener(record_url, (nudges.DISPATCH,), holds="w1")
    loop = Loop(engine, brisk, {"platform": stuck}, listener, "w1")
    await listener.open()
    await loop.open()
    try:
        await until(lambda: rows(engine, "SELECT state FROM delivery") == [("received",)])
    finally:
        await loop.close()
        await listener.close()
    assert len(stuck.told) == 2
    assert len(set(stuck.told)) == 1
    assert rows(engine, "SELECT attempts FROM delivery") == [(2,)]
