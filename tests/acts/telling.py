"""How one act of a court or of its stocks is told: by the table that it is of, on a walk.

What stands in no table is done here by its own name.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from tests.walking import LEAD, NANTERRE, POOL, REASONS, Walk
from tests.world import Carried
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.allocation import agreeing, chasing, counting, courts, delegating, keeping
from tgd.allocation.acting import NotYet
from tgd.allocation.deciding import AlreadyDecided
from tgd.casework import file_acts, stock_acts, stock_csv
from tgd.casework.fields import read_all
from tgd.records import Alert, CaseFile, Handset, Partner
from tgd.rules import census
from tgd.rules.access import Role
from tgd.rules.alert import Outcome, Verified
from tgd.rules.allocation import reference
from tgd.rules.census import Lies
from tgd.rules.forgetting import Keeping
from tgd.store import counting as counted
from tgd.store import deadlines, transfers

Said = str | Callable[[Walk], str]
WHERE = {"lat": 48.89242, "lon": 2.20711, "accuracy_m": 12}


@dataclass(frozen=True, slots=True)
class Step:
    """One act, by its name in the table that it is of; `before` passes first."""

    name: str
    perform: Callable[[Walk], Any]
    before: timedelta = timedelta(minutes=1)
    is_act: bool = True
    """False for what only leads to the next act."""


def done(result: Any) -> None:
    """What a person reads as “not yet” was no act."""
    assert not isinstance(result, NotYet | AlreadyDecided), result


def said(walk: Walk, form: dict[str, Said]) -> dict[str, str]:
    return {name: one if isinstance(one, str) else one(walk) for name, one in form.items()}


def of_file(who: str, name: str, /, **form: Said) -> Step:
    one = file_acts.BY_NAME[name]

    def perform(walk: Walk) -> None:
        read = read_all(one.fields, said(walk, form))
        done(one.doing(walk.session, walk.officer(who), walk.id, read, walk.now, None))

    return Step(f"file/{name}", perform)


def of_handset(who: str, name: str, /, **form: Said) -> Step:
    one = stock_acts.BY_NAME[name]

    def perform(walk: Walk) -> None:
        read = read_all(one.fields, said(walk, form))
        done(stock_acts.do(walk.session, walk.officer(who), one, walk.handset, read, walk.now))

    return Step(f"handset/{name}", perform)


def of_stock(who: str, name: str, /, **form: Said) -> Step:
    _, fields, doing = stock_acts.IN_STOCK[name]

    def perform(walk: Walk) -> None:
        doing(walk.session, walk.officer(who), read_all(fields, said(walk, form)), walk.now)

    return Step(f"stock/{name}", perform)


def other(name: str, perform: Callable[[Walk], Any]) -> Step:
    return Step(name, lambda walk: done(perform(walk)))


def then(perform: Callable[[Walk], Any]) -> Step:
    """What leads to the next act, and is killed elsewhere."""
    return Step("", perform, is_act=False)


def after(**time: float) -> Step:
    return Step("", lambda walk: None, timedelta(**time), is_act=False)


def newest(walk: Walk, table: Any, order: Any) -> Any:
    asked = select(table).order_by(col(order).desc()).limit(1)
    return walk.session.exec(asked.execution_options(populate_existing=True)).one()


def free_one(walk: Walk) -> str:
    """A handset that lies in the stock, and is not hers."""
    asked = select(Handset.id).where(
        Handset.state == "in_stock", Handset.pool == POOL, Handset.id != walk.handset
    )
    return walk.session.exec(asked.limit(1)).one()


def deadline_of(kind: str) -> Callable[[Walk], str]:
    return lambda walk: next(
        str(one.id) for one in deadlines.of_file(walk.session, walk.id) if one.kind == kind
    )


def asked(walk: Walk) -> UUID:
    found = transfers.open_of(walk.session, walk.id)
    assert found is not None
    return found.id


def real_alert(walk: Walk) -> UUID:
    return walk.session.exec(select(Alert.id).where(Alert.lane == "real")).one()


def other_number(walk: Walk) -> str:
    """Of the newest file but the one that is walked."""
    asked = select(CaseFile.number).where(CaseFile.id != walk.id)
    found = walk.session.exec(asked.order_by(col(CaseFile.number).desc()).limit(1)).one()
    return reference(found)


def of_the_first(who: str, name: str, /, **form: Said) -> Step:
    """An act on the file that has ended, whichever was walked last."""

    def perform(walk: Walk) -> None:
        asked = select(CaseFile.id).order_by(col(CaseFile.number)).limit(1)
        walk.file_id = walk.session.exec(asked).one()
        of_file(who, name, **form).perform(walk)

    return Step(f"file/{name}", perform)


def press_and_close(walk: Walk) -> None:
    walk.world.hear(walk.world.press(Carried(walk.handset, "", ""), position=WHERE))
    bruno, alert = Actor("Bruno", Role.OPERATOR), real_alert(walk)
    acts.take(walk.session, bruno, alert, walk.now)
    acts.verify(walk.session, bruno, alert, Verified.SAFE_VOICE, walk.now)
    acts.close(walk.session, bruno, alert, Outcome.ACCIDENTAL, "She sat on it.", walk.now)


def count(walk: Walk) -> Any:
    lies = [Lies(row.model, row.state, row.count) for row in counted.lying_in(walk.session, POOL)]
    return counting.count_stock(
        walk.session, walk.officer("Greta"), POOL, census.fingerprint(lies),
        lambda n: lies[n].recorded, None, walk.now,
    )  # fmt: skip


def clear(walk: Walk) -> Any:
    return courts.clear(walk.session, walk.officer("Camille"), "Sacha",
                        walk.now + timedelta(days=90), walk.now, court=NANTERRE)  # fmt: skip


def agree(walk: Walk) -> Any:
    last_day = (walk.now + timedelta(days=300)).date()
    return agreeing.agree(walk.session, walk.officer("Camille"), NANTERRE, LEAD,
                          "convention 2026/4", last_day, walk.now)  # fmt: skip


def delegate(walk: Walk) -> Any:
    begins = walk.now.replace(tzinfo=None) + timedelta(hours=3)
    return delegating.delegate(walk.session, walk.officer("Camille"), "Paul", NANTERRE, begins,
                               begins + timedelta(hours=12), walk.now)  # fmt: skip


def know_its_token(walk: Walk) -> None:
    """The one that was printed died with the process that printed it."""
    newest(walk, Partner, Partner.made_at).token_hash = hashlib.sha256(b"token").hexdigest()


def give_a_list(walk: Walk) -> None:
    raw = f"pool,model,battery,radio,number,imei,imsi\n{POOL},Modele A,B2,volte,,,\n".encode()
    report = stock_csv.import_stock(walk.session, walk.officer("Sofia"), raw, walk.now,
                                    dry_run=False)  # fmt: skip
    assert report.kept


def enroll(walk: Walk) -> None:
    walk.session.add(Handset(id="hplaced", state="in_stock", enrolled_at=walk.now))
    walk.session.flush()
    walk.handset = "hplaced"


def keep(what: Keeping) -> Step:
    return other("keep", lambda w: keeping.keep(
        w.session, w.officer("Camille"), real_alert(w), what, REASONS, w.now))  # fmt: skip


def let_go(what: Keeping) -> Step:
    return other("let go", lambda w: keeping.let_go(
        w.session, w.officer("Camille"), real_alert(w), what, w.now))  # fmt: skip


def chase(name: str) -> Step:
    return other(name, lambda w: chasing.deadlines_due(w.session, w.now) and None)
