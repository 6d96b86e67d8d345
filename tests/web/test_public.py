"""Anybody may report, without an account; nobody learns anything by it, and nobody floods it."""

import asyncio
from ipaddress import ip_network

import pytest
from starlette.requests import Request

from tests.walking import NANTERRE
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import FULL_DISK
from tgd.settings import Settings
from tgd.web.caller import address_of
from tgd.web.rate import IN_ALL, PER_ADDRESS, WINDOW_S, Rate

SAID = {"court": NANTERRE, "name": "Ana FICTIVE", "words": "Il la suit jusqu’à son travail."}


async def test_a_neighbour_reports_and_the_court_reads_it(court: Court) -> None:
    stranger = court.house.browser()
    assert "appelez le 17" in (await stranger.get("/signalement")).text
    reply = await stranger.post("/signalement", **SAID)
    assert reply.status_code == 200
    assert "Votre signalement a été reçu" in reply.text
    assert "Ana" not in reply.text
    assert "TGD-" not in reply.text
    greta = await court.browser("Greta")
    assert "Ana FICTIVE" in (await greta.get("/files")).text


async def test_the_answer_is_the_same_for_somebody_who_has_a_file(court: Court) -> None:
    court.walked("hand_over")
    stranger = court.house.browser()
    known = await stranger.post("/signalement", **SAID)
    unknown = await stranger.post("/signalement", **SAID | {"name": "Personne D’AUTRE"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


async def test_what_a_program_fills_in_is_thanked_for_and_not_kept(court: Court) -> None:
    stranger = court.house.browser()
    good = await stranger.post("/signalement", **SAID)
    bot = await stranger.post("/signalement", **SAID, website="https://spam.example")
    assert bot.text == good.text
    assert len(court.house.ask("SELECT 1 FROM referral")) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"court": "NOWHERE"}, {"name": ""}, {"words": ""}, {"words": "x" * 9000}, {"name": "n" * 300}],
    ids=str,
)
async def test_a_bad_report_gets_a_sentence_and_leaves_nothing(
    court: Court, wrong: dict[str, str]
) -> None:
    reply = await court.house.browser().post("/signalement", **SAID | wrong)
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text
    assert court.house.ask("SELECT 1 FROM referral") == []
    assert court.house.ask("SELECT 1 FROM protected_person") == []


async def test_a_report_that_met_an_outage_is_kept_when_it_is_sent_again(court: Court) -> None:
    """A neighbour sends, is told to try again, and tries again: “received” means kept."""
    stranger = court.house.browser()
    with court.house.refusing("referral", FULL_DISK):
        lost = await stranger.post("/signalement", **SAID, once="abc")
    assert lost.status_code == 503
    again = await stranger.post("/signalement", **SAID, once="abc")
    assert "Votre signalement a été reçu" in again.text
    assert len(court.house.ask("SELECT 1 FROM referral")) == 1
    third = await stranger.post("/signalement", **SAID, once="abc")
    assert third.text == again.text
    assert len(court.house.ask("SELECT 1 FROM referral")) == 1


async def test_a_double_click_in_an_outage_is_not_told_that_it_was_received(court: Court) -> None:
    """The second click waits for how the first one ends: a browser shows the last answer only."""
    one, other = court.house.browser(), court.house.browser()
    with court.house.refusing("referral", FULL_DISK):
        replies = await asyncio.gather(
            *(browser.post("/signalement", **SAID, once="abc") for browser in (one, other))
        )
    assert [reply.status_code for reply in replies] == [503, 503]


async def test_a_double_click_keeps_one_report(court: Court) -> None:
    one, other = court.house.browser(), court.house.browser()
    replies = await asyncio.gather(
        *(browser.post("/signalement", **SAID, once="abc") for browser in (one, other))
    )
    assert [reply.status_code for reply in replies] == [200, 200]
    assert len(court.house.ask("SELECT 1 FROM referral")) == 1


async def test_a_body_that_is_too_large_or_foreign_is_refused(court: Court) -> None:
    stranger = court.house.browser()
    assert (await stranger.post("/signalement", **SAID, more="x" * 40_000)).status_code == 413
    foreign = await stranger.client.post(
        "/signalement", data=SAID, headers={"sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
    assert court.house.ask("SELECT 1 FROM referral") == []


async def test_a_flood_from_one_address_is_slowed_down(court: Court) -> None:
    stranger = court.house.browser()
    seen = [(await stranger.post("/signalement", **SAID)).status_code for _ in range(21)]
    assert seen == [200] * PER_ADDRESS + [429]
    assert len(court.house.ask("SELECT 1 FROM referral")) == PER_ADDRESS


def test_the_rate_is_per_address_and_in_all_and_forgets() -> None:
    now = [0.0]
    rate = Rate(lambda: now[0])
    assert [rate.admits("a") for _ in range(PER_ADDRESS + 1)][-1] is False
    assert rate.admits("b")
    let_in = sum(rate.admits(f"n{n}") for n in range(IN_ALL))
    assert let_in == IN_ALL - PER_ADDRESS - 1
    now[0] = WINDOW_S
    assert rate.admits("a")


OURS = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"))


@pytest.mark.parametrize(
    ("peer", "said", "counted"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger says who he is
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the left is anybody's
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),  # two proxies of ours
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"), ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "unknown", "127.0.0.1"), ("127.0.0.1", "x, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2::9", "198.51.100.1", "2001:db8:1:2::/64"),
    ],
)  # fmt: skip
def test_by_which_address_somebody_counts(peer: str, said: str, counted: str) -> None:
    headers = [(b"x-forwarded-for", said.encode())] if said else []
    scope = {"type": "http", "client": (peer, 1), "headers": headers}
    assert address_of(Request(scope), OURS) == counted


def test_without_a_setting_nobody_is_believed() -> None:
    headers = [(b"x-forwarded-for", b"198.51.100.1")]
    scope = {"type": "http", "client": ("127.0.0.1", 1), "headers": headers}
    assert address_of(Request(scope), ()) == "127.0.0.1"


async def test_behind_our_proxy_one_flood_stops_nobody_else(court: Court) -> None:
    court.house.console.settings.console_proxies = "127.0.0.1"
    stranger = court.house.browser()

    async def report(said: str) -> int:
        headers = {"x-forwarded-for": said, "sec-fetch-site": "same-origin"}
        return (await stranger.client.post("/signalement", data=SAID, headers=headers)).status_code

    seen = [await report(f"203.0.113.{n}, 198.51.100.1") for n in range(PER_ADDRESS + 1)]
    assert seen == [200] * PER_ADDRESS + [429], "what he writes himself changes nothing"
    assert await report("198.51.100.2") == 200


@pytest.mark.parametrize("wrong", ["proxy", "10.0.0.1/8", "0.0.0.0/0", "::/0"])
def test_a_setting_that_believes_everybody_or_nobody_knows_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Settings.model_validate({"console_proxies": wrong})
