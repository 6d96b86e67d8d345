"""Accounts, passwords and the limiter, by themselves."""

import pytest
from sqlmodel import Session

from tests.conftest import NOW
from tgd import accounts, passwords
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.rules.access import Role
from tgd.web.limiter import PER_ADDRESS, PER_NAME, WINDOW_S, Limiter


def test_a_password_is_kept_as_argon2id_and_told_from_others() -> None:
    kept = passwords.hashed("a long enough password")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.is_right(kept, "a long enough password")
    assert not passwords.is_right(kept, "a long enough passwort")
    assert not passwords.is_right("not a hash", "a long enough password")


def test_nobody_s_password_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[str] = []
    verify = passwords._HASHER.verify

    class Counting:
        def verify(self, kept: str, given: str) -> bool:
            worked.append(kept)
            return verify(kept, given)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    assert not passwords.is_right(None, "nobody has this password")
    assert worked == [passwords._NOBODYS]


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_has_a_decent_length(password: str) -> None:
    with pytest.raises(Incomplete, match="12 to 200"):
        passwords.hashed(password)


@pytest.mark.parametrize(
    "name", ["", " Ana", "a" * 81, "a\x00b", "a\u202eb", "dispatch", "Gateway"]
)
def test_some_names_cannot_be_an_account_s(session: Session, name: str) -> None:
    with pytest.raises(Incomplete):
        accounts.make_account(session, name, Role.OPERATOR, "hash", NOW)


def test_a_name_is_one_account(session: Session) -> None:
    accounts.make_account(session, "Bruno", Role.OPERATOR, "hash", NOW)
    with pytest.raises(SomebodyWasFaster):
        accounts.make_account(session, "Bruno", Role.ADMIN, "other", NOW)


def test_who_is_disabled_has_no_password_and_no_session(session: Session) -> None:
    accounts.make_account(session, "Bruno", Role.OPERATOR, "hash", NOW)
    token = accounts.sign_in(session, "Bruno", NOW)
    accounts.disable(session, "Bruno", NOW)
    assert accounts.password_hash_of(session, "Bruno") is None
    assert accounts.session_of(session, token, NOW) is None
    with pytest.raises(NotAllowed):
        accounts.sign_in(session, "Bruno", NOW)
    with pytest.raises(WrongState):
        accounts.disable(session, "Bruno", NOW)


def test_failures_are_counted_by_name_and_by_address_and_forgotten() -> None:
    now = [0.0]
    limiter = Limiter(lambda: now[0])
    for _ in range(PER_NAME):
        assert limiter.allows("Bruno", "192.0.2.1")
        limiter.failed("Bruno", "192.0.2.1")
    assert not limiter.allows("Bruno", "192.0.2.2")
    assert limiter.allows("Berthe", "192.0.2.1")
    for n in range(PER_ADDRESS):
        limiter.failed(f"name {n}", "192.0.2.1")
    assert not limiter.allows("Berthe", "192.0.2.1")
    now[0] = WINDOW_S + 1
    assert limiter.allows("Bruno", "192.0.2.1")
