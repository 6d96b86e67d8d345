"""What destinations call over real HTTP: who proves nothing changes nothing, and is told why."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx
import pytest
from standardwebhooks.webhooks import Webhook
from twilio.request_validator import RequestValidator

from dispatch.answers import make_app
from dispatch.policy import read_policy
from dispatch.proving import BODY_LIMIT, Telephony
from dispatch.turn import claim
from tests.acts.dispatching import BRUNO, alert_now
from tests.world import World
from tgd import clock
from tgd.alerts import acts
from tgd.database import open_record
from tgd.rules.alert import Outcome, Verified
from tgd.serving import serve

SECRET = "whsec_YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIgYnl0ZXM="
OTHER_SECRET = "whsec_YW5vdGhlciBzZWNyZXQgb2YgYW5vdGhlciBvbmU="
ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "fictional-auth-token"
PUBLIC_URL = "https://tgd.example"
WHY = "The patrol found her unharmed."
POLICY = read_policy(
    f"""
    [[destination]]
    name = "platform"
    kind = "webhook"
    url = "https://platform.example/alerts"
    secret = "{SECRET}"

    [[destination]]
    name = "other"
    kind = "webhook"
    url = "https://other.example/alerts"
    secret = "{OTHER_SECRET}"

    [[destination]]
    name = "duty"
    kind = "voice"
    number = "+33639980101"
    language = "en"

    [[destination]]
    name = "room"
    kind = "cisu"
    url = "https://hub.example/edxl"
    recipient = "fr.police.cic92"
    token = "t0k"

    [[destination]]
    name = "open-room"
    kind = "cisu"
    url = "https://hub.example/edxl"
    recipient = "fr.police.cic93"

    [[step]]
    after_s = 0
    tell = ["platform", "other", "duty", "room", "open-room"]
    """
)


@dataclass
class Answers:
    """The listener, the one alert that everybody was told of, and ways to speak about it."""

    world: World
    http: httpx.AsyncClient
    alert: UUID

    def key(self, destination: str = "platform") -> str:
        return f"{self.alert}:opened:0:{destination}"

    async def signed(
        self, said: dict[str, Any] | bytes, *, to: str = "platform", secret: str = SECRET,
        at: datetime | None = None,
    ) -> httpx.Response:  # fmt: skip
        raw = said if isinstance(said, bytes) else json.dumps(said).encode()
        at = at or clock.now()
        headers = {
            "webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg_1", at, raw.decode("latin-1")),
        }  # fmt: skip
        return await self.http.post(f"/answers/v1/{to}", content=raw, headers=headers)

    async def by_token(
        self, said: dict[str, Any], token: str | None, to: str = "room"
    ) -> httpx.Response:
        headers = {} if token is None else {"Authorization": token}
        return await self.http.post(f"/answers/v1/{to}", json=said, headers=headers)

    async def form(
        self, form: list[tuple[str, str]], *, key: str, path: str = "duty/keypad",
        token: str = TOKEN, url: str = PUBLIC_URL, signature: str | None = None,
    ) -> httpx.Response:  # fmt: skip
        """As the provider posts it, signed over our public address."""
        path = f"/answers/v1/{path}?key={quote(key)}"
        fields: dict[str, Any] = {name: [v for n, v in form if n == name] for name, _ in form}
        made = RequestValidator(token).compute_signature(url + path, _Form(fields))
        return await self.http.post(
            path, content=urlencode(form),
            headers={"X-Twilio-Signature": signature or made,
                     "Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip

    def now(self) -> Any:
        return alert_now(self.world.session, self.alert)


class _Form(dict[str, Any]):
    """A form with several values per name, as the provider's own library reads it."""

    def getall(self, name: str) -> list[str]:
        return list(self[name])


@pytest.fixture
async def answers(world: World, record_url: str) -> AsyncIterator[Answers]:
    world.now = clock.now()
    world.hear(world.press(world.give("Ana")))
    assert len(claim(world.session, POLICY, world.now, "w1")) == 5
    world.session.commit()
    engine = open_record(record_url)
    served = await serve(make_app(engine, POLICY, TELEPHONY), "127.0.0.1:0")
    async with httpx.AsyncClient(base_url=served.url, timeout=20) as http:
        yield Answers(world, http, world.only_alert().id)
    await served.stop()
    engine.dispose()


TELEPHONY = Telephony(ACCOUNT, TOKEN, PUBLIC_URL)


def taken(key: str, **more: Any) -> dict[str, Any]:
    return {"id": "a-1", "key": key, "state": "taken"} | more


def pressed(digit: str = "1", **more: str) -> list[tuple[str, str]]:
    said = {"AccountSid": ACCOUNT, "CallSid": "CA" + "0" * 32, "Digits": digit}
    return list((said | more).items())


async def test_a_signed_taken_takes_it_once(answers: Answers) -> None:
    first = await answers.signed(taken(answers.key(), by="agent-7"))
    assert (first.status_code, first.json()) == (200, {"result": "done", "state": "taken"})
    assert answers.now().owner == "platform/agent-7"
    again = await answers.signed(taken(answers.key(), by="agent-7"))
    assert (again.status_code, again.json()) == (200, {"result": "known", "state": "taken"})


async def test_nobody_without_the_secret_takes_it(answers: Answers) -> None:
    said = taken(answers.key())
    unsigned = await answers.http.post("/answers/v1/platform", json=said)
    foreign = await answers.signed(said, secret=OTHER_SECRET)
    old = await answers.signed(said, at=clock.now() - timedelta(minutes=6))
    early = await answers.signed(said, at=clock.now() + timedelta(minutes=6))
    token = await answers.by_token(said, "Bearer t0k", to="platform")
    assert {r.status_code for r in (unsigned, foreign, old, early, token)} == {401}
    assert answers.now().owner is None


async def test_a_body_changed_on_the_way_is_seen(answers: Answers) -> None:
    raw = json.dumps(taken(answers.key())).encode()
    now = clock.now()
    headers = {
        "webhook-id": "m", "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("m", now, raw.decode()),
    }  # fmt: skip
    changed = raw.replace(b"taken", b"on_scene")
    reply = await answers.http.post("/answers/v1/platform", content=changed, headers=headers)
    assert reply.status_code == 401


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", "soon", "v1,", "é"])
async def test_odd_headers_are_no_proof_and_no_fault(
    answers: Answers, header: str, value: str
) -> None:
    raw = json.dumps(taken(answers.key())).encode()
    now = clock.now()
    good = {
        "webhook-id": "m", "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("m", now, raw.decode()),
    }  # fmt: skip
    odd = [(k.encode(), v.encode()) for k, v in {**good, header: value}.items()]
    reply = await answers.http.post("/answers/v1/platform", content=raw, headers=odd)
    assert reply.status_code == 401


@pytest.mark.parametrize(
    "token", [None, "", "t0k", "Bearer", "Bearer t0", "Bearer T0K", "Basic t0k", "Bearer None"]
)
async def test_a_room_without_its_token_is_not_believed(
    answers: Answers, token: str | None
) -> None:
    assert (await answers.by_token(taken(answers.key("room")), token)).status_code == 401
    open_room = taken(answers.key("open-room"))
    assert (await answers.by_token(open_room, token, "open-room")).status_code == 401
    assert answers.now().state == "open"


async def test_a_room_with_its_token_has_the_case(answers: Answers) -> None:
    reply = await answers.by_token(taken(answers.key("room"), state="received"), "Bearer t0k")
    assert reply.status_code == 200
    assert answers.now().state == "acknowledged"


async def test_key_1_takes_the_alert_and_the_call_says_so(answers: Answers) -> None:
    reply = await answers.form(pressed(), key=answers.key("duty"))
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/xml")
    assert "It is noted" in reply.text
    assert answers.now().owner == "duty"
    again = await answers.form(pressed(), key=answers.key("duty"))
    assert "It is noted" in again.text


@pytest.mark.parametrize("digit", ["2", "", "11", "#"])
async def test_another_key_takes_nothing_and_the_call_says_so(answers: Answers, digit: str) -> None:
    reply = await answers.form(pressed(digit), key=answers.key("duty"))
    assert reply.status_code == 200
    assert "The alert goes on" in reply.text
    assert answers.now().owner is None


async def test_a_key_pressed_for_somebody_elses_telling_takes_nothing(answers: Answers) -> None:
    for key in (answers.key("platform"), "nonsense", ""):
        reply = await answers.form(pressed(), key=key)
        assert "The alert goes on" in reply.text, key
    assert answers.now().owner is None


async def test_a_forged_call_takes_nothing(answers: Answers) -> None:
    key = answers.key("duty")
    replies = [
        await answers.form(pressed(), key=key, token="another"),
        await answers.form(pressed(), key=key, signature="AAAA"),
        await answers.form(pressed(), key=key, url="https://other.example"),
        await answers.form(pressed(AccountSid="AC" + "9" * 32), key=key),
        await answers.form([*pressed(), ("AccountSid", "AC" + "9" * 32)], key=key),
        await answers.form([*pressed(), ("AccountSid", ACCOUNT)], key=key),
        await answers.form([p for p in pressed() if p[0] != "AccountSid"], key=key),
        await answers.http.post(f"/answers/v1/duty/keypad?key={key}", data=dict(pressed())),
    ]
    assert [r.status_code for r in replies] == [403] * len(replies)
    assert answers.now().owner is None


async def test_a_key_that_was_signed_for_one_alert_says_nothing_of_another(
    answers: Answers,
) -> None:
    path = "/answers/v1/duty/keypad"
    url = f"{PUBLIC_URL}{path}?key={quote(answers.key('other'))}"
    made = RequestValidator(TOKEN).compute_signature(url, dict(pressed()))
    reply = await answers.http.post(
        f"{path}?key={quote(answers.key('duty'))}", content=urlencode(pressed()),
        headers={"X-Twilio-Signature": made},
    )  # fmt: skip
    assert reply.status_code == 403


async def test_a_busy_line_is_told_at_once_and_the_rest_waits(answers: Answers) -> None:
    form = [("AccountSid", ACCOUNT), ("CallSid", "CA1"), ("CallStatus", "busy")]
    reply = await answers.form(form, key=answers.key("duty"), path="duty/status")
    assert reply.json() == {"result": "done", "state": "failed"}
    ringing = [*form[:2], ("CallStatus", "ringing")]
    reply = await answers.form(ringing, key=answers.key("duty"), path="duty/status")
    assert reply.json()["result"] == "nothing"


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"\xff", b"[" * 60_000, b'{"state":"taken"}', b'{"state":"gone"}']
)
async def test_what_nobody_can_read_is_answered_with_a_sentence(
    answers: Answers, raw: bytes
) -> None:
    at = clock.now()
    signature = _sign(raw, at)
    headers = {
        "webhook-id": "m", "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }  # fmt: skip
    reply = await answers.http.post("/answers/v1/platform", content=raw, headers=headers)
    expected = 401 if raw == b"\xff" else 400  # signed text is UTF-8 in this standard
    assert reply.status_code == expected
    assert reply.json()["error"].endswith(".")


def _sign(raw: bytes, at: datetime) -> str:
    try:
        return str(Webhook(SECRET).sign("m", at, raw.decode()))
    except UnicodeDecodeError:
        return "v1,AAAA"


async def test_too_much_is_not_read(answers: Answers) -> None:
    much = b" " * (BODY_LIMIT + 1)
    for path in ("platform", "room", "duty/keypad", "duty/status"):
        reply = await answers.http.post(f"/answers/v1/{path}", content=much)
        assert reply.status_code == 413, path


@pytest.mark.parametrize("path", ["nobody", "duty", "platform/keypad", "room/status", "x/keypad"])
async def test_who_is_not_there_is_not_found(answers: Answers, path: str) -> None:
    reply = await answers.http.post(f"/answers/v1/{path}", json={})
    assert reply.status_code == 404


async def test_another_destinations_telling_is_not_found(answers: Answers) -> None:
    for said in (
        taken(answers.key("other")),
        taken(f"{answers.alert}:opened:7:platform"),
        {"id": "a", "alert": "AL-999999", "state": "taken"},
    ):
        assert (await answers.signed(said)).status_code == 404
    assert answers.now().owner is None


async def test_what_is_missing_is_said_and_nothing_has_changed(answers: Answers) -> None:
    for more in (
        {"outcome": "made_safe"},
        {"reason": WHY},
        {"outcome": "not_found", "reason": WHY},
    ):
        said = taken(answers.key(), **more) | {"state": "closed"}
        reply = await answers.signed(said)
        assert reply.status_code == 422, more
        assert reply.json()["error"]
    assert answers.now().state == "open"


async def test_what_is_over_is_a_conflict_and_what_ours_have_is_kept(answers: Answers) -> None:
    said = taken(answers.key(), outcome="made_safe", reason=WHY) | {
        "state": "closed",
        "by": "nadia",
    }
    acts.take(answers.world.session, BRUNO, answers.alert, clock.now())
    answers.world.session.commit()
    assert (await answers.signed(said)).status_code == 200
    assert answers.now().state == "taken"
    said |= {"id": "another"}
    now = clock.now()
    acts.verify(answers.world.session, BRUNO, answers.alert, Verified.SAFE_VOICE, now)
    acts.close(answers.world.session, BRUNO, answers.alert, Outcome.ACCIDENTAL, WHY, now)
    answers.world.session.commit()
    assert (await answers.signed(said)).status_code == 409


async def test_without_the_record_they_are_asked_to_try_again(answers: Answers) -> None:
    nowhere = open_record("postgresql+psycopg://nobody@127.0.0.1:1/none")
    served = await serve(make_app(nowhere, POLICY, TELEPHONY), "127.0.0.1:0")
    async with httpx.AsyncClient(base_url=served.url, timeout=20) as http:
        answers.http = http
        replies = [
            await answers.signed(taken(answers.key())),
            await answers.form(pressed(), key=answers.key("duty")),
        ]
    await served.stop()
    nowhere.dispose()
    assert [r.status_code for r in replies] == [503, 503]
    assert "noted" not in replies[1].text
