"""Deadlines and lost handsets reach somebody outside the pages, once, and nobody is named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from destination_peers import ACCOUNT, SECRET, TOKEN, noticing, platform_policy
from sqlalchemy import Engine, text

from dispatch.notices import Notices
from dispatch.noticing import LEASE, claim, write_answers
from dispatch.policy import Policy, read_policy
from dispatch.policy_warnings import warnings
from dispatch.telling import Received
from simulators.platform import Platform
from simulators.sms_provider import Account, SmsProvider
from tests.walking import NANTERRE, Walk
from tgd.allocation import referring, releasing, stock
from tgd.database import transaction
from tgd.errors import Misconfigured
from tgd.rules.handset import IncidentKind

ON_CALL = "+33639980199"
TEXTED = f"""
[[destination]]
name = "on-call"
kind = "sms"
number = "{ON_CALL}"
"""
TOLD = '[notices]\ntell = ["platform", "on-call"]\n'


def policy(platform: str = "https://platform.example", more: str = TOLD) -> Policy:
    return read_policy(platform_policy(platform, TEXTED + more))


@dataclass
class Outside:
    """Those who are told, as strangers, and the part of dispatch that tells them."""

    platform: Platform
    provider: SmsProvider
    notices: Notices
    engine: Engine

    async def turn(self, later_s: float = 0.0) -> int:
        """One look, as if so much time had passed."""
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE notice_telling"
                    " SET next_try_at = next_try_at - make_interval(secs => CAST(:s AS float))"
                ),
                {"s": later_s},
            )
        return await self.notices.turn()

    def rows(self, question: str) -> list[Any]:
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(question))]

    @property
    def texts(self) -> list[str]:
        return [line["body"] for line in self.provider.ledger if line["event"] == "message"]


@asynccontextmanager
async def outside(engine: Engine) -> AsyncIterator[Outside]:
    platform, provider = Platform(SECRET), SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    await platform.start()
    await provider.start()
    try:
        async with noticing(engine, policy(platform.url), provider.url) as notices:
            yield Outside(platform, provider, notices, engine)
    finally:
        await provider.stop()
        await platform.stop()


def lose(walk: Walk) -> None:
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.LOST, "Dans le bus", walk.now
    )
    walk.session.commit()


async def test_an_urgent_matter_of_the_evening_is_a_text_of_its_own(
    walk: Walk, engine: Engine
) -> None:
    """After the text of the morning: somebody is in danger now, and he comes out tomorrow."""
    walk.world.wait(days=15, hours=1)
    walk.chase()
    walk.session.commit()
    async with outside(engine) as out:
        await out.turn()
        assert len(out.texts) == 1
        walk.world.wait(hours=2)
        referring.refer(
            walk.session, walk.officer("Lea"), NANTERRE, "Bella FICTIVE", "He is at her door.",
            walk.now, source="association", is_urgent=True,
        )  # fmt: skip
        tomorrow = walk.now.date() + timedelta(days=1)
        releasing.expect_release(walk.session, walk.officer("Greta"), walk.id, tomorrow, walk.now)
        assert {one.kind for one in walk.chase()} == {"referral_waiting", "release"}
        walk.session.commit()
        await out.turn()
        assert len(out.texts) == 3
        assert "Bella" not in str(out.texts)
        walk.world.wait(hours=25)
        walk.chase()
        walk.session.commit()
        urgent = out.rows("SELECT count(*) FROM notice WHERE is_urgent")
        assert urgent == [(3,)], "his release: for two, by one text; from then on once a day"


async def test_a_lost_handset_is_told_to_the_platform_and_to_whoever_is_on_call(
    walk: Walk, engine: Engine
) -> None:
    lose(walk)
    async with outside(engine) as out:
        assert await out.turn() == 2
        assert await out.turn(4000) == 0, "what was told is told once"
        (event,) = out.platform.notices.values()
        assert out.platform.incidents == {}, "it is no alert"
        assert out.texts == [
            "TGD : un terminal est perdu, en panne ou retrouvé. Ouvrez la console."
        ]
    assert event["type"] == "org.tgd.notice.handset.v1"
    assert (event["data"]["about"], event["data"]["handset"]) == ("lost", walk.handset)
    for name in ("Ana", "FICTIVE", "bus", "Nanterre", "+336"):
        assert name not in str(event)
    acts = [act for (act,) in out.rows("SELECT act FROM journal WHERE act LIKE 'Notice%'")]
    assert acts == ["NoticeTold", "NoticeTold"]


async def test_a_deaf_platform_and_a_provider_that_fails_are_told_again_by_the_same_key(
    walk: Walk, engine: Engine
) -> None:
    lose(walk)
    async with outside(engine) as out:
        await out.platform.become("http_500", times=2)
        await out.provider.become("http_500", times=1)
        for _ in range(4):
            await out.turn(4000)
        assert len(out.platform.notices) == len(out.texts) == 1
        answered = [line["event"] for line in out.platform.ledger]
        assert answered.count("not_kept") == 2
    told = out.rows("SELECT destination, state, attempts FROM notice_telling ORDER BY destination")
    assert told == [("on-call", "sent", 2), ("platform", "received", 3)]
    acts = out.rows(
        "SELECT act, count(*) FROM journal WHERE act LIKE 'Notice%' GROUP BY 1 ORDER BY 1"
    )
    assert acts == [("NoticeNotTold", 2), ("NoticeTold", 2)]


async def test_a_deadline_that_comes_near_is_a_text_a_day_and_an_event_each(
    walk: Walk, engine: Engine
) -> None:
    async with outside(engine) as out:
        walk.world.wait(days=15, hours=1)  # she has missed the test of the fifteenth day
        told = walk.chase()
        walk.session.commit()
        assert [(one.kind, one.is_escalation) for one in told] == [("test_due", False)]
        await out.turn()
        walk.world.wait(days=5)
        assert any(one.is_escalation for one in walk.chase())
        walk.session.commit()
        await out.turn()
        about = [
            (e["type"].split(".")[3], e["data"]["about"]) for e in out.platform.notices.values()
        ]
        assert {one for _, one in about} == {"test_due", "test_call", "test_visit"}
        assert sorted(one for one in about if one[1] == "test_due") == [
            ("escalation", "test_due"),
            ("reminder", "test_due"),
            ("reminder", "test_due"),
        ]
        assert out.texts == [
            "TGD : un dossier attend votre décision. Ouvrez la console.",
            "TGD : un dossier attend, personne n'a répondu. Ouvrez la console.",
        ], "the second reminder of a day is no second text"


def test_a_dispatcher_that_dies_in_the_middle_is_followed_and_its_late_answer_counts_nothing(
    walk: Walk, engine: Engine
) -> None:
    lose(walk)
    told, now = policy(), walk.now
    with transaction(engine) as session:
        first = claim(session, told, now)
    with transaction(engine) as session:
        assert len(first) == 2
        assert claim(session, told, now + LEASE / 2) == [], "they are somebody's"
        second = claim(session, told, now + LEASE)
    assert {one.noticed.key for one in second} == {one.noticed.key for one in first}
    with transaction(engine) as session:
        late = [(one, Received()) for one in first]
        assert write_answers(session, late, told, now + LEASE) == 0
        assert write_answers(session, [(one, Received()) for one in second], told, now + LEASE) == 2
        assert claim(session, told, now + timedelta(days=30)) == []


def test_an_act_that_is_undone_tells_nobody(walk: Walk, engine: Engine) -> None:
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.LOST, "Dans le bus", walk.now
    )
    walk.session.rollback()
    with transaction(engine) as session:
        assert claim(session, policy(), walk.now) == []


def test_without_anybody_to_tell_the_policy_warns_and_nothing_piles_up(
    walk: Walk, engine: Engine
) -> None:
    nobody = policy(more="")
    assert any("[notices]" in sentence for sentence in warnings(nobody))
    assert not any("[notices]" in sentence for sentence in warnings(policy()))
    lose(walk)
    with transaction(engine) as session:
        assert claim(session, nobody, walk.now) == []
        assert claim(session, policy(), walk.now) == [], "what is old is not told years later"


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ('[notices]\ntell = ["nobody"]', "names “nobody”"),
        ("[notices]\ntell = []", "tells nobody"),
        ("notices = 3", "write \\[notices\\]"), ('[notices]\ntold = ["platform"]', "unknown key"),
        ('[notices]\ntell = ["platform", "platform"]', "twice"),
    ],
)  # fmt: skip
def test_a_section_that_tells_nobody_is_refused(section: str, why: str) -> None:
    before, after = ("", section) if section.startswith("[") else (section, "")
    with pytest.raises(Misconfigured, match=why.replace("“", '"').replace("”", '"')):
        read_policy(before + platform_policy("https://p.example", TEXTED + after))
