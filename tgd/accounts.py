"""Accounts and signed-in browsers: who somebody is, for how long, and when the screen locks.

Passwords are not seen here: the edge verifies them outside the transaction (tgd/passwords.py).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session

from tgd import ids, journal
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.journal import Line
from tgd.rules.access import Role
from tgd.store import accounts as store

LONGEST = timedelta(hours=12)
"""A session ends after a shift, whatever was done in it; an operator's or a supervisor's goes on
by the password (decision 0036)."""
ENDS_SOON = timedelta(minutes=30)
"""From then on before its end the console says so."""
LOCKED_FOR = timedelta(hours=2)
"""After its end a console of the room goes on ringing behind the lock for so long."""
THERE_FOR = timedelta(minutes=2)
"""After its end its person is still taken to be there for so long: time to type a password."""
IDLE = timedelta(minutes=15)
"""Without an act of its person an office session ends, and an operator's or supervisor's locks:
a console is never signed out in a shift, alarms go on behind the lock."""
TOUCHED_EVERY = timedelta(seconds=20)
"""Not every page needs a write."""
FORMS_KEPT = timedelta(days=1)
"""Longer than a session, so that no page that can still be sent holds a forgotten form."""
SHIFT_ROLES = frozenset({Role.OPERATOR, Role.SUPERVISOR})
LONGEST_NAME = 80
LONGEST_PRINTED = 120
RESERVED = frozenset({"dispatch", "gateway"})
"""Names that stand in the journal for a machine."""


class Sound(StrEnum):
    """Whether a browser would be heard."""

    ON = "on"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Seat:
    """A person at a signed-in browser."""

    name: str
    role: Role
    form_token: str
    locked: bool
    ends_at: datetime
    words_key: str | None = None
    """Opens what its person was writing in this browser; never given to a locked screen."""

    def ends_soon(self, now: datetime) -> bool:
        """Whether this person of the room should give the password now, before the screen locks."""
        return self.role in SHIFT_ROLES and self.ends_at - ENDS_SOON <= now < self.ends_at

    def has_ended(self, now: datetime) -> bool:
        """Whether the twelve hours are over: the screen is locked until the password is given."""
        return self.ends_at <= now

    def is_there(self, now: datetime) -> bool:
        """Whether the screen still stands for its person."""
        return now < self.ends_at + THERE_FOR


def make_account(
    session: Session, name: str, role: Role, password_hash: str, now: datetime,
    by: str = "command line", *, full_name: str | None = None, capacity: str | None = None,
) -> None:  # fmt: skip
    """Somebody may sign in from now on. Raises Incomplete for a name that cannot be one, and
    SomebodyWasFaster when the name is taken."""
    if not name or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Incomplete(f"A name has 1 to {LONGEST_NAME} printable characters.")
    if name.lower() in RESERVED:
        raise Incomplete("This name is kept for a machine.")
    row = {"name": name, "role": role.value, "password_hash": password_hash, "now": now,
           "full_name": _printed(full_name), "capacity": _printed(capacity)}  # fmt: skip
    if not store.add_account(session, row):
        raise SomebodyWasFaster("There is an account with this name already.")
    journal.write(session, [Line(now, by, "AccountMade", detail={"of": name, "role": role.value})])


def describe(
    session: Session, name: str, now: datetime, by: str = "command line", *,
    full_name: str | None = None, capacity: str | None = None,
) -> None:  # fmt: skip
    """How papers name this person from now on; what was signed before keeps the words of its day.

    None leaves a word as it is. Raises WrongState when there is no such account, and Incomplete.
    """
    said = {"full_name": _printed(full_name), "capacity": _printed(capacity)}
    if not any(said.values()):
        raise Incomplete("Say the full name, the capacity, or both.")
    if not store.describe_account(session, {"name": name} | said):
        raise WrongState("There is no such account.")
    journal.write(session, [Line(now, by, "AccountDescribed", detail={"of": name})])


def _printed(words: str | None) -> str | None:
    """On one line of a paper. Raises Incomplete for what does not fit there."""
    if words is None:
        return None
    said = " ".join(words.split())
    if not said or len(said) > LONGEST_PRINTED or not said.isprintable():
        raise Incomplete(f"A name on papers has 1 to {LONGEST_PRINTED} printable characters.")
    return said


def disable(session: Session, name: str, now: datetime, by: str = "command line") -> None:
    """Nobody signs in under this name any more, and its browsers are signed out. Raises
    WrongState when there is no such account."""
    if not store.disable_account(session, name, now):
        raise WrongState("There is no such account.")
    store.remove_seats_of(session, name)
    journal.write(session, [Line(now, by, "AccountDisabled", detail={"of": name})])


def password_hash_of(session: Session, name: str) -> str | None:
    """The hash to verify a password against; None for nobody and for a disabled account."""
    found = store.account(session, name)
    return found.password_hash if found else None


def sign_in(session: Session, name: str, now: datetime, *, before: str | None = None) -> str:
    """A new session for a person whose password was right; gives its token, kept only as a hash.

    `before` is the token that the browser had until now: it is worth nothing any more. Raises
    NotAllowed when the account was disabled meanwhile.
    """
    if store.account(session, name) is None:
        raise NotAllowed
    if before is not None:
        store.remove_seat(session, _kept(before))
    store.remove_ended_seats(session, now - LOCKED_FOR)
    store.remove_old_forms(session, now - FORMS_KEPT)
    token = ids.new_secret()
    row = {"token_hash": _kept(token), "account": name, "form_token": ids.new_secret(),
           "words_key": ids.new_secret(), "now": now, "ends_at": now + LONGEST}  # fmt: skip
    store.add_seat(session, row)
    journal.write(session, [Line(now, name, "SignedIn")])
    return token


def renew(session: Session, name: str, now: datetime, *, before: str) -> str:
    """The person of this browser gave the password again: a new token, and twelve hours more.

    What is open in the browser goes on: its forms stay good. Raises NotAllowed like `sign_in`.
    """
    token = ids.new_secret()
    row = {"old": _kept(before), "account": name, "token_hash": _kept(token), "now": now,
           "ends_at": now + LONGEST}  # fmt: skip
    if not store.renew_seat(session, row):
        return sign_in(session, name, now)
    journal.write(session, [Line(now, name, "SignedIn")])
    return token


def refuse_sign_in(session: Session, name: str, now: datetime) -> None:
    """A wrong password for a name that exists is written down; other names are not ours to keep."""
    if store.account(session, name) is not None:
        journal.write(session, [Line(now, name, "SignInRefused")])


def session_of(
    session: Session, token: str | None, now: datetime, *, acting: bool = False
) -> Seat | None:
    """Who sits behind this token; None when nobody does any more.

    `acting` says that the person did something just now (a page, a form): it keeps the session
    from idling. What the page does by itself never does.
    """
    if not token:
        return None
    row = store.seat(session, _kept(token), now - LOCKED_FOR)
    if row is None:
        return None
    role, idle = Role(row.role), now - row.seen_at
    locked = idle >= IDLE or row.ends_at <= now
    if locked and role not in SHIFT_ROLES:
        store.remove_seat(session, _kept(token))
        return None
    if acting and not locked and idle >= TOUCHED_EVERY:
        store.touch_seat(session, _kept(token), now)
    return Seat(row.account, role, row.form_token, locked, row.ends_at, row.words_key)


def tell_sound(session: Session, token: str, sound: Sound, now: datetime) -> None:
    """The page of this browser says, each minute, whether an alert would be heard there."""
    store.tell_sound(session, _kept(token), sound.value, now)


def tell_looks(session: Session, token: str, alerts: list[UUID], now: datetime) -> None:
    """The pages of this browser say which alerts they show, when that changes."""
    store.tell_looks(session, _kept(token), alerts, now)


def go_on_looking(session: Session, token: str, now: datetime) -> None:
    """A beat of this browser's stream: what it shows is on a screen still."""
    store.go_on_looking(session, _kept(token), now)


def sign_out(session: Session, token: str, now: datetime) -> None:
    """The session is over; unknown tokens change nothing."""
    name = store.remove_seat(session, _kept(token))
    if name is not None:
        journal.write(session, [Line(now, name, "SignedOut")])


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
