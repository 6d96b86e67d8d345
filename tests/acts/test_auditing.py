"""The auditor's questions on a real record: it sees what is overdue, and cannot write."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dispatch.telling import Later, Received
from tests.acts.dispatching import BRUNO, POLICY, answer, turn
from tests.world import World
from tgd import accounts
from tgd.accounts import Sound
from tgd.alerts import acts
from tgd.rules.access import Role
from tgd.rules.auditing import Finding, PolicySeen, Wrong, of_record
from tgd.store import auditing
from tgd.store.shifts import HEARD

SEEN = PolicySeen(
    frozenset(d.name for d in POLICY.destinations), len(POLICY.steps),
    machines=frozenset(d.name for d in POLICY.destinations if d.kind in ("webhook", "cisu")),
)  # fmt: skip


def found(world: World, consoles: int = 0) -> set[Finding]:
    world.session.commit()
    seen = auditing.seen(world.session, world.now)
    world.session.commit()
    return of_record(seen, SEEN, consoles, world.now)


def test_an_alert_that_nobody_plans_is_found_and_one_that_is_told_is_not(world: World) -> None:
    world.hear(world.press(world.give()))
    assert found(world) == set()
    world.wait(seconds=6)
    assert {f.wrong for f in found(world)} == {Wrong.ALERT_FORGOTTEN, Wrong.NOBODY_TOLD}
    (told,) = turn(world.session, world.now)
    assert found(world) == set(), "it is in flight"
    world.wait(seconds=9)
    assert found(world) == set()
    world.wait(seconds=20)
    assert {f.wrong for f in found(world)} == {Wrong.ALERT_FORGOTTEN, Wrong.DELIVERY_OVERDUE}
    answer(world.session, world.now, told, said=Received("ok"))
    turn(world.session, world.now)
    assert found(world) == set()


def test_a_platform_that_never_has_it_is_found_and_so_is_an_alert_that_nobody_takes(
    world: World,
) -> None:
    """Every try comes in time and is refused; later it is received, by a machine, and no human."""
    world.hear(world.press(world.give()))
    for _ in range(12):
        told = turn(world.session, world.now)
        answer(world.session, world.now, *told, said=Later("http_503"))
        world.wait(seconds=3)
    assert Finding(Wrong.NOT_ARRIVED, "platform") in found(world)
    world.wait(seconds=5)
    answer(world.session, world.now, *turn(world.session, world.now), said=Received("ok"))
    assert Finding(Wrong.NOT_ARRIVED, "platform") not in found(world)
    assert Wrong.NOBODY_ANSWERS not in {f.wrong for f in found(world)}
    world.wait(seconds=90)
    assert Wrong.NOBODY_ANSWERS in {f.wrong for f in found(world)}
    acts.take(world.session, BRUNO, world.only_alert().id, world.now)
    assert Wrong.NOBODY_ANSWERS not in {f.wrong for f in found(world)}


def test_a_flood_of_others_hides_no_alert_of_which_nobody_was_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MOST", 3)
    for number in range(6):
        world.hear(world.press(world.give(f"P{number}", number=f"+3363998100{number}")))
        answer(world.session, world.now, *turn(world.session, world.now), said=Received("ok"))
    world.hear(world.press(world.give("Ana")))
    last = world.alerts()[-1].id
    world.session.connection().execute(
        text("UPDATE alert SET look_again_at = :far WHERE id = :id"),
        {"far": world.now + timedelta(minutes=5), "id": last},
    )
    world.wait(seconds=7)
    assert Finding(Wrong.NOBODY_TOLD, str(last)) in found(world)


def test_what_is_closed_is_nobody_s_worry(world: World) -> None:
    world.hear(world.press(world.give()))
    world.session.connection().execute(text(
        "UPDATE alert SET state = 'closed', outcome = 'other', closed_by = 'b', reason = 'r',"
        " closed_at = opened_at"
    ))  # fmt: skip
    world.wait(hours=1)
    assert found(world) == set()


def test_bruno_is_on_duty_while_his_console_is_in_use(world: World) -> None:
    assert {f.wrong for f in found(world, consoles=1)} == {Wrong.NOBODY_ON_DUTY}
    accounts.make_account(world.session, "Adam", Role.ADMIN, "no hash", world.now)
    accounts.sign_in(world.session, "Adam", world.now)
    assert found(world, consoles=1), "an administrator takes no alert"
    accounts.make_account(world.session, "Bruno", Role.OPERATOR, "no hash", world.now)
    bruno = accounts.sign_in(world.session, "Bruno", world.now)
    assert found(world, consoles=1), "his console has not said that it sounds"
    accounts.tell_sound(world.session, bruno, Sound.BLOCKED, world.now)
    assert found(world, consoles=1), "and a mute one is heard by nobody"
    accounts.tell_sound(world.session, bruno, Sound.ON, world.now)
    assert found(world, consoles=1) == set()
    world.now += HEARD + timedelta(seconds=1)
    assert found(world, consoles=1), "nor is one that says nothing any more"
    world.now += auditing.WATCHED
    accounts.tell_sound(world.session, bruno, Sound.ON, world.now)
    assert {f.wrong for f in found(world, consoles=1)} == {Wrong.NOBODY_ON_DUTY}


def test_the_auditor_cannot_write(world: World) -> None:
    world.session.commit()
    auditing.seen(world.session, world.now)
    with pytest.raises(SQLAlchemyError, match="read-only"):
        world.session.connection().execute(text("DELETE FROM note"))
    world.session.rollback()
