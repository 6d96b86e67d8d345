"""A text about a file or a handset is followed: what did not arrive is told to others, and seen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from destination_peers import ACCOUNT, PUBLIC_URL, TOKEN
from sqlalchemy import Engine
from test_notices_outside import ON_CALL, Outside, lose, outside, policy
from twilio.request_validator import RequestValidator

from dispatch.answers import make_app
from dispatch.destinations.ringing import answers_url
from dispatch.formats.texts_in import TextSaid, read_text_status
from dispatch.noticing import claim, hear_text, write_answers
from dispatch.proving import Telephony
from dispatch.telling import Answer, Later, Refused, Sent
from simulators.twilio_calls import Person
from tests.walking import LEAD, NANTERRE, Walk
from tgd.allocation import agreeing, courts, releasing
from tgd.casework.due import due_shown
from tgd.casework.facts import file_of
from tgd.database import transaction
from tgd.rules.delivery import MessageStatus
from tgd.serving import serve
from tgd.store import notices
from tgd.web.stock import the_handset

FIRST, SECOND = "SM" + "1" * 32, "SM" + "2" * 32


@dataclass
class Heard:
    """The others outside, and the address at which the provider says what became of a text."""

    out: Outside
    http: httpx.AsyncClient

    async def until(self, state: str) -> Any:
        """The text's row, once it is in this state."""
        async with asyncio.timeout(20):
            while True:
                rows = self.out.rows(
                    "SELECT state, said, not_delivered_at IS NOT NULL FROM notice_telling"
                    f" WHERE destination = 'on-call' AND state = '{state}' ORDER BY made_at"
                )
                if rows:
                    return rows[0]
                await asyncio.sleep(0.02)

    async def form(self, key: str, token: str = TOKEN, to: str = "on-call", **form: str) -> int:
        """What the provider (or somebody who says so) posts; gives the status."""
        url = answers_url(PUBLIC_URL, to, "notice", key)
        fields = {"AccountSid": ACCOUNT} | form
        signature = RequestValidator(token).compute_signature(url, fields)
        reply = await self.http.post(
            url.removeprefix(PUBLIC_URL), content=urlencode(fields),
            headers={"X-Twilio-Signature": signature,
                     "Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        return reply.status_code


@asynccontextmanager
async def followed(engine: Engine, *, is_dead: bool = False) -> AsyncIterator[Heard]:
    async with outside(engine) as out:
        served = await serve(
            make_app(engine, policy(), Telephony(ACCOUNT, TOKEN, PUBLIC_URL)), "127.0.0.1:0"
        )
        out.provider.connect_customer(**{PUBLIC_URL: served.url})
        if is_dead:
            out.provider.people[ON_CALL] = Person(ON_CALL, sms_error=30003)
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as http:
            yield Heard(out, http)
        await served.stop()


async def test_a_text_that_arrived_is_known_to_have(walk: Walk, engine: Engine) -> None:
    lose(walk)
    async with followed(engine) as heard:
        await heard.out.turn()
        assert await heard.until("received") == ("received", "delivered", False)
        acts = heard.out.rows("SELECT act FROM journal WHERE act LIKE 'NoticeArr%'")
        assert acts == [("NoticeArrived",)]
        assert await heard.out.turn(4000) == 0
        assert notices.undelivered(walk.session, file=walk.id) == {}


async def test_one_that_did_not_arrive_is_told_to_the_others_and_shown_and_sent_again(
    walk: Walk, engine: Engine
) -> None:
    lose(walk)
    async with followed(engine, is_dead=True) as heard:
        await heard.out.turn()
        assert await heard.until("pending") == ("pending", "undelivered 30003", True)
        await heard.out.turn()
        about = [(e["type"].split(".")[3], e["data"]["about"], e["data"]["handset"])
                 for e in heard.out.platform.notices.values()]  # fmt: skip
        assert sorted(about) == [("handset", "lost", walk.handset),
                                 ("undelivered", "lost", walk.handset)]  # fmt: skip
        shown = file_of(walk.session, walk.officer("Greta"), walk.id, walk.now)
        assert shown["handset"]["incidents"][0]["not_delivered_at"] is not None
        sofia = walk.officer("Sofia")
        assert the_handset(walk.session, sofia, walk.handset)["not_delivered_at"] is not None
        heard.out.provider.people.clear()  # the telephone is on again
        await heard.out.turn(4000)
        await heard.until("received")
        async with asyncio.timeout(20):
            while notices.undelivered(walk.session, file=walk.id):
                walk.session.rollback()
                await asyncio.sleep(0.02)
    lines = heard.out.rows("SELECT detail->>'kind' FROM journal WHERE act = 'NoticeNotDelivered'")
    assert ("handset",) in lines
    assert ON_CALL not in str(heard.out.rows("SELECT detail::text FROM journal"))


async def test_a_deadline_whose_text_did_not_arrive_goes_further_up_at_once(
    walk: Walk, engine: Engine
) -> None:
    async with followed(engine, is_dead=True) as heard:
        walk.world.wait(days=15, hours=1)  # she has missed the test of the fifteenth day
        assert [one.is_escalation for one in walk.chase()] == [False]
        walk.session.commit()
        await heard.out.turn()
        await heard.until("pending")
        up = "SELECT detail->>'why', detail->>'to' FROM journal WHERE act = 'DeadlineEscalated'"
        assert heard.out.rows(up) == [("not_delivered", "prosecutor")]
        await heard.out.turn()
        kinds = sorted(e["type"].split(".")[3] for e in heard.out.platform.notices.values())
        assert kinds == ["escalation", "reminder", "undelivered"]
        walk.session.rollback()
        shown = file_of(walk.session, walk.officer("Lea"), walk.id, walk.now)
        test = next(d for d in shown["deadlines"] if d["kind"] == "test_due")
        assert test["not_delivered_at"] is not None
        assert test["escalated_at"] is not None


async def test_a_status_before_the_sending_has_returned_counts(walk: Walk, engine: Engine) -> None:
    lose(walk)
    async with followed(engine, is_dead=True) as heard:
        await heard.out.provider.become("callback_before_response")
        await heard.out.turn()
        assert await heard.until("pending") == ("pending", "undelivered 30003", True)


async def test_statuses_out_of_their_order_never_go_back(walk: Walk, engine: Engine) -> None:
    lose(walk)
    async with followed(engine) as heard:
        await heard.out.provider.become("out_of_order_status")
        await heard.out.turn()
        await heard.until("received")
        key = heard.out.rows("SELECT key FROM notice_telling WHERE destination = 'on-call'")[0][0]
        for status in ("sent", "undelivered", "failed"):
            assert await heard.form(key, MessageSid=FIRST, MessageStatus=status) == 200
        assert await heard.until("received") == ("received", "delivered", False)


async def test_whoever_is_not_the_provider_moves_nothing(walk: Walk, engine: Engine) -> None:
    lose(walk)
    async with followed(engine) as heard:
        heard.out.provider.connect_customer(**{PUBLIC_URL: "http://127.0.0.1:1"})
        await heard.out.turn()
        rows = "SELECT key FROM notice_telling WHERE destination = '{}'"
        key = heard.out.rows(rows.format("on-call"))[0][0]
        other = heard.out.rows(rows.format("platform"))[0][0]
        good = {"MessageSid": FIRST, "MessageStatus": "delivered"}
        assert await heard.form(key, token="guess", **good) == 403
        assert await heard.form(other, **good) == 404
        assert await heard.form("reminder:2026-01-01:on-call", **good) == 404
        assert await heard.form(key, to="platform", **good) == 404
        assert await heard.form(key, MessageSid="SM1", MessageStatus="delivered") == 400
        assert await heard.form(key, MessageSid=FIRST, MessageStatus="eaten") == 400
        assert (await heard.until("sent"))[0] == "sent"


def sent(walk: Walk, engine: Engine, sid: str) -> str:
    """The text was taken by the provider under this name; gives its key."""
    with transaction(engine) as session:
        (one,) = [c for c in claim(session, policy(), walk.now)
                  if c.destination == "on-call" and c.noticed.kind != "undelivered"]  # fmt: skip
        write_answers(session, [(one, Sent(60, "sent", sid))], policy(), walk.now)
    return one.noticed.key


def said(walk: Walk, engine: Engine, key: str, sid: str, status: MessageStatus) -> str:
    with transaction(engine) as session:
        return hear_text(session, "on-call", key, TextSaid(sid, status), walk.now)


def state(engine: Engine) -> str:
    with engine.connect() as connection:
        asked = ("SELECT state FROM notice_telling WHERE destination = 'on-call'"
                 " ORDER BY made_at LIMIT 1")  # fmt: skip
        return str(connection.exec_driver_sql(asked).scalar_one())


def test_a_failure_counts_of_the_last_attempt_only_and_an_arrival_of_any(
    walk: Walk, engine: Engine
) -> None:
    lose(walk)
    bad, good = MessageStatus.UNDELIVERED, MessageStatus.DELIVERED
    key = sent(walk, engine, FIRST)
    assert said(walk, engine, key, FIRST, bad) == "done"
    assert said(walk, engine, key, FIRST, bad) == "known"
    walk.world.wait(hours=1)
    assert sent(walk, engine, SECOND) == key
    assert state(engine) == "sent"
    assert said(walk, engine, key, FIRST, MessageStatus.FAILED) == "kept"
    assert state(engine) == "sent"
    assert said(walk, engine, key, FIRST, good) == "done"
    assert said(walk, engine, key, SECOND, bad) == "known"
    assert state(engine) == "received"


def test_an_arrival_that_is_heard_first_is_not_overwritten_by_the_sending(
    walk: Walk, engine: Engine
) -> None:
    lose(walk)
    with transaction(engine) as session:
        (one,) = [c for c in claim(session, policy(), walk.now) if c.destination == "on-call"]
    key = one.noticed.key
    assert said(walk, engine, key, FIRST, MessageStatus.DELIVERED) == "done"
    with transaction(engine) as session:
        answered = [(one, Sent(60, "sent", FIRST))]
        assert write_answers(session, answered, policy(), walk.now) == 0
    assert state(engine) == "received"


def test_a_text_of_a_day_is_given_up_when_the_next_one_says_the_same(
    walk: Walk, engine: Engine
) -> None:
    walk.world.wait(days=15, hours=1)
    walk.chase()
    walk.session.commit()
    key = sent(walk, engine, FIRST)
    walk.world.wait(days=1, minutes=1)
    assert said(walk, engine, key, FIRST, MessageStatus.FAILED) == "done"
    with engine.connect() as connection:
        asked = "SELECT state, next_try_at, not_delivered_at FROM notice_telling WHERE key = %s"
        row = connection.exec_driver_sql(asked, (key,)).one()
    assert (row.state, row.next_try_at) == ("refused", None)
    assert row.not_delivered_at == walk.now


def test_what_joins_a_text_of_the_day_that_did_not_arrive_goes_further_up_too(
    walk: Walk, engine: Engine
) -> None:
    walk.world.wait(days=15, hours=1)
    walk.chase()
    walk.session.commit()
    key = sent(walk, engine, FIRST)
    assert said(walk, engine, key, FIRST, MessageStatus.UNDELIVERED) == "done"
    walk.world.wait(minutes=5)
    soon = walk.now.date() + timedelta(days=10)
    releasing.expect_release(walk.session, walk.officer("Camille"), walk.id, soon, walk.now)
    assert "release" in [one.kind for one in walk.chase()]
    walk.session.commit()
    with transaction(engine) as session:
        claim(session, policy(), walk.now)
    lines = ("SELECT detail->>'kind' FROM journal WHERE act = 'DeadlineEscalated'"
             " AND detail->>'why' = 'not_delivered' ORDER BY seq")  # fmt: skip
    with engine.connect() as connection:
        assert list(connection.exec_driver_sql(lines).scalars()) == ["test_due", "release"]


def further_up(engine: Engine) -> list[tuple[str, str]]:
    """Which deadlines went to whom because a text did not arrive."""
    asked = ("SELECT detail->>'kind', detail->>'to' FROM journal WHERE act = 'DeadlineEscalated'"
             " AND detail->>'why' = 'not_delivered' ORDER BY seq")  # fmt: skip
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(asked)]


def test_the_end_of_a_clearance_or_an_agreement_goes_further_up_at_once_too(
    walk: Walk, engine: Engine
) -> None:
    """The registry is told within minutes, and not after the fifteen days of the rule."""
    last_day = walk.now.date() + timedelta(days=20)
    agreeing.agree(walk.session, walk.officer("Camille"), NANTERRE, LEAD, "convention 2026/4",
                   last_day, walk.now)  # fmt: skip
    courts.clear(walk.session, walk.officer("Camille"), "Paul", walk.now + timedelta(days=20),
                 walk.now, court=NANTERRE)  # fmt: skip
    assert {one.kind for one in walk.chase()} == {"agreement_end", "clearance_end"}
    walk.session.commit()
    key = sent(walk, engine, FIRST)
    assert said(walk, engine, key, FIRST, MessageStatus.UNDELIVERED) == "done"
    both = [("agreement_end", "registry"), ("clearance_end", "registry")]
    assert sorted(further_up(engine)) == both
    shown = due_shown(walk.session, walk.officer("Greta"), walk.now)["deadlines"]
    ends = {d["kind"] for d in shown if d["not_delivered_at"] is not None}
    assert ends == {"agreement_end", "clearance_end"}
    walk.world.wait(days=1)
    walk.chase()
    walk.session.commit()
    with transaction(engine) as session:
        claim(session, policy(), walk.now)
    assert sorted(further_up(engine)) == both, "once"


@pytest.mark.parametrize(
    ("answer", "waited", "is_told"),
    [(Refused("21610"), timedelta(), True), (Later("status_503"), timedelta(minutes=90), False),
     (Later("status_503"), timedelta(hours=2), True)],
)  # fmt: skip
def test_a_text_that_the_provider_does_not_take_goes_further_up_once(
    walk: Walk, engine: Engine, answer: Answer, waited: timedelta, is_told: bool
) -> None:
    walk.world.wait(days=15, hours=1)
    walk.chase()
    walk.session.commit()
    walk.world.wait(minutes=waited / timedelta(minutes=1))
    for _ in range(2):
        with transaction(engine) as session:
            due = [c for c in claim(session, policy(), walk.now) if c.destination == "on-call"]
            (one,) = [c for c in due if c.noticed.kind == "reminder"]
            write_answers(session, [(one, answer)], policy(), walk.now)
        assert further_up(engine) == ([("test_due", "prosecutor")] if is_told else [])
        walk.session.rollback()
        assert set(notices.undelivered(walk.session, file=walk.id)) == (
            {"test_due"} if is_told else set()
        )
        with engine.begin() as connection:
            asked = "UPDATE notice_telling SET next_try_at = made_at WHERE destination = 'on-call'"
            connection.exec_driver_sql(asked)


def test_a_later_text_that_arrived_says_the_same(walk: Walk, engine: Engine) -> None:
    walk.world.wait(days=15, hours=1)
    walk.chase()
    walk.session.commit()
    key = sent(walk, engine, FIRST)
    assert said(walk, engine, key, FIRST, MessageStatus.FAILED) == "done"
    assert set(notices.undelivered(walk.session, file=walk.id)) == {"test_due"}
    walk.world.wait(days=1)
    walk.chase()
    walk.session.commit()
    with transaction(engine) as session:
        due = [c for c in claim(session, policy(), walk.now) if c.destination == "on-call"]
        (one,) = [c for c in due if c.noticed.kind == "reminder" and c.noticed.key != key]
        write_answers(session, [(one, Sent(60, "sent", SECOND))], policy(), walk.now)
    assert said(walk, engine, one.noticed.key, SECOND, MessageStatus.DELIVERED) == "done"
    assert notices.undelivered(walk.session, file=walk.id) == {}


@pytest.mark.parametrize(
    "raw",
    [b"", b"MessageSid=SM1", b"MessageStatus=sent", b"\xff\xfe", b"MessageSid=" + b"a" * 5000,
     f"MessageSid={FIRST}&MessageSid={FIRST}&MessageStatus=sent".encode()],
)  # fmt: skip
def test_what_names_no_text_is_read_as_nothing(raw: bytes) -> None:
    assert read_text_status(raw) is None


def test_the_code_of_the_provider_is_kept_when_it_is_one() -> None:
    form = f"MessageSid={FIRST}&MessageStatus=undelivered&ErrorCode="
    assert read_text_status((form + "30003").encode()) == TextSaid(
        FIRST, MessageStatus.UNDELIVERED, "30003"
    )
    odd = read_text_status((form + "<b>").encode())
    assert odd is not None
    assert odd.error is None
