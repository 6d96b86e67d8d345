"""A hospital's software reports by its token: once, to its courts, and it learns nothing by it."""

import httpx
import pytest

from tests.walking import EXAMPLE, NANTERRE
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tgd import clock
from tgd.allocation import partners
from tgd.errors import Incomplete, WrongState

REPORT = {"court": NANTERRE, "name": "Ana FICTIVE", "words": "Elle a été reçue cette nuit."}


def partner(court: Court, *courts: str) -> tuple[str, str]:
    """Its id and its token."""

    def add(session):
        made, token = partners.add_partner(session, "CHU d’Exemple", courts or [NANTERRE],
                                           clock.now())  # fmt: skip
        return str(made.id), token

    return court.house.do(add)


async def reported(
    court: Court, token: str | None, said: dict[str, str], key: str = ""
) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    headers |= {"idempotency-key": key} if key else {}
    async with httpx.AsyncClient(base_url=court.house.served.url) as client:
        return await client.post("/api/v1/referrals", json=said, headers=headers)


async def test_a_partner_reports_and_its_name_is_the_source(court: Court) -> None:
    _, token = partner(court)
    reply = await reported(court, token, REPORT | {"urgent": "yes"})
    assert reply.status_code == 201, reply.text
    assert set(reply.json()) == {"received", "referral"}
    (one,) = court.house.ask("SELECT r.*, f.court, f.state FROM referral r JOIN case_file f"
                             " ON f.id = r.case_file")  # fmt: skip
    assert (one.source, one.by, one.is_urgent) == ("CHU d’Exemple", "partner CHU d’Exemple", True)
    assert (one.court, one.state, str(one.id)) == (NANTERRE, "reported", reply.json()["referral"])
    lines = court.house.ask("SELECT who FROM journal WHERE act = 'ReferralReceived'")
    assert [line.who for line in lines] == ["partner CHU d’Exemple"]


async def test_the_same_key_reports_once_and_another_report_is_refused(court: Court) -> None:
    _, token = partner(court)
    replies = [await reported(court, token, REPORT, "k1") for _ in range(2)]
    assert [r.status_code for r in replies] == [201, 201]
    assert replies[0].json() == replies[1].json()
    assert len(court.house.ask("SELECT 1 FROM referral")) == 1
    for other in ("words", "name", "contact"):
        said = REPORT | {other: "Une autre."}
        assert (await reported(court, token, said, "k1")).status_code == 422, other
    assert (await reported(court, token, REPORT | {"urgent": "yes"}, "k1")).status_code == 422
    assert (await reported(court, token, REPORT, "k2")).status_code == 201
    assert len(court.house.ask("SELECT 1 FROM referral")) == 2


async def test_no_token_another_court_and_no_words_keep_nothing(court: Court) -> None:
    known, token = partner(court)
    for wrong in (None, "x", "a" * 101, token + "x"):
        assert (await reported(court, wrong, REPORT)).status_code == 401, wrong
    assert (await reported(court, token, REPORT | {"court": EXAMPLE})).status_code == 422
    assert (await reported(court, token, REPORT | {"words": ""})).status_code == 422
    assert (await reported(court, token, REPORT | {"name": "x" * 300})).status_code == 422
    court.house.do(lambda s: partners.revoke_partner(s, known, clock.now()))
    assert (await reported(court, token, REPORT)).status_code == 401
    assert court.house.ask("SELECT 1 FROM referral") == []
    with pytest.raises(WrongState):
        court.house.do(lambda s: partners.revoke_partner(s, known, clock.now()))


async def test_strangers_take_no_partner_s_place(court: Court) -> None:
    _, token = partner(court)
    replies = [(await reported(court, f"x{n}", REPORT)).status_code for n in range(25)]
    assert (replies[0], replies[-1]) == (401, 429)
    assert (await reported(court, token, REPORT)).status_code == 201
    replies = [(await reported(court, token, REPORT)).status_code for n in range(20)]
    assert (replies[0], replies[-1]) == (201, 429)


async def test_a_token_opens_nothing_else(court: Court) -> None:
    _, token = partner(court)
    at = court.walked("refer")
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=court.house.served.url, headers=headers) as client:
        for path in ("/api/v1/files", f"/api/v1{at}", "/api/v1/stock", "/api/alerts"):
            assert (await client.get(path)).status_code == 401, path
        assert (await client.get("/api/v1/referrals")).status_code in (404, 405)


def test_a_partner_has_a_name_and_a_court(court: Court) -> None:
    for name, courts in (("", [NANTERRE]), ("x" * 41, [NANTERRE]), ("CHU", [])):
        with pytest.raises(Incomplete):
            court.house.do(lambda s, n=name, c=courts: partners.add_partner(s, n, c, clock.now()))
    assert partner(court)[1] not in str(court.house.ask("SELECT * FROM partner"))
