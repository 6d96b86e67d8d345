"""The call on the sheet: what Bruno sees and may do, and who hears what was recorded."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from dispatch.conversing import ToRing, claim, hear_leg, hear_recording, not_placed, speaks
from dispatch.formats.conference import LegSaid, RecordingSaid
from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_conferences import SILENCE, Recording
from tests.web.conftest import NUMBER, Browser, House
from tgd import clock, sound
from tgd.rules.calling import LegState, Party
from tgd.settings import Settings
from tgd.telephone import TwilioTelephone

ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "fictional-auth-token"
DESK = "+33199000021"
KEPT = "RE" + "1" * 32
VOICE = {
    "twilio_account_sid": ACCOUNT, "twilio_auth_token": TOKEN, "voice_number": "+33199000010",
    "answers_public_url": "https://tgd.example",
}  # fmt: skip
with_voice = pytest.mark.parametrize("house", [VOICE], indirect=True)


async def on_shift(house: House, telephone: str = "01 99 00 00 21") -> Any:
    bruno = await house.signed_in("Bruno")
    reply = await bruno.post("/shift/start", heard_sound="yes", telephone=telephone)
    assert reply.status_code == 303
    return bruno


def heard(house: House, party: Party, state: LegState) -> None:
    """The provider says so."""
    (call,) = house.ask("SELECT id FROM conversation ORDER BY wanted_at DESC LIMIT 1")
    sid = f"CA{'1' if party is Party.OPERATOR else '2'}" + "0" * 31
    house.do(lambda s: claim(s, clock.now()))
    house.do(lambda s: hear_leg(s, call.id, party, LegSaid(sid, state), clock.now()))


def recorded(house: House) -> UUID:
    """The call was recorded, by the provider's word."""
    (call,) = house.ask("SELECT id FROM conversation")
    said = RecordingSaid(KEPT, "CF" + "1" * 32, 42)
    house.do(lambda s: hear_recording(s, call.id, said, timedelta(days=30), clock.now()))
    found: UUID = house.ask("SELECT id FROM recording")[0].id
    return found


@with_voice
async def test_bruno_calls_and_sees_both_telephones_as_they_are(house: House) -> None:
    alert = house.press(house.give(number=NUMBER))
    bruno = await on_shift(house)
    assert "Appeler le terminal" not in (await bruno.get(f"/alerts/{alert}")).text
    await bruno.post(f"/alerts/{alert}/take")
    assert "Appeler le terminal" in (await bruno.get(f"/alerts/{alert}")).text
    assert (await bruno.post(f"/alerts/{alert}/call")).status_code == 303
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "demandé" in page
    assert "attend que l’opérateur écoute" in page
    assert 'id="act-call"' not in page, "one call at a time"
    heard(house, Party.OPERATOR, LegState.ANSWERED)
    heard(house, Party.HANDSET, LegState.RINGING)
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "téléphone de l’opérateur\u00a0: décroché" in page, "the timeline says so"
    assert "sonne</dd>" in page
    assert 'class="tag recorded"' not in page
    assert "+33199000021" not in page


@with_voice
async def test_listen_only_is_said_on_the_sheet(house: House) -> None:
    alert = house.press(house.give(number=NUMBER))
    bruno = await on_shift(house)
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/call", listen_only="yes")
    assert "écoute seule" in (await bruno.get(f"/alerts/{alert}")).text
    assert [row.listen_only for row in house.ask("SELECT listen_only FROM conversation")] == [True]


@with_voice
async def test_who_listens_only_speaks_by_one_press(house: House) -> None:
    alert = house.press(house.give(number=NUMBER))
    bruno, sami = await on_shift(house), await house.signed_in("Sami")
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/call", listen_only="yes")
    heard(house, Party.OPERATOR, LegState.ANSWERED)
    assert 'id="act-speak"' in (await bruno.get(f"/alerts/{alert}")).text
    assert 'id="act-speak"' not in (await sami.get(f"/alerts/{alert}")).text
    assert (await bruno.post(f"/alerts/{alert}/speak")).status_code == 303
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "pas encore entendu" in page
    assert 'id="act-speak"' not in page
    (call,) = house.ask("SELECT id FROM conversation")
    house.do(lambda s: speaks(s, call.id, clock.now()))
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "entendu depuis" in page
    assert "L’opérateur est entendu dans l’appel" in page
    heard(house, Party.OPERATOR, LegState.ENDED)
    refused = await bruno.post(f"/alerts/{alert}/speak")
    assert refused.status_code == 409
    assert "personne ne vous entendrait" in refused.text


@with_voice
async def test_without_a_telephone_bruno_is_told_what_is_missing(house: House) -> None:
    alert = house.press(house.give(number=NUMBER))
    bruno = await on_shift(house, telephone="")
    await bruno.post(f"/alerts/{alert}/take")
    refused = await bruno.post(f"/alerts/{alert}/call")
    assert refused.status_code == 422
    assert "Prendre le poste avec le numéro de votre téléphone" in refused.text
    odd = await bruno.post("/shift/telephone", telephone="abc")
    assert odd.status_code == 422
    assert "Ce n’est pas un numéro de téléphone" in odd.text
    assert (await bruno.post("/shift/telephone", telephone=DESK)).status_code == 303
    assert (await bruno.post(f"/alerts/{alert}/call")).status_code == 303
    assert DESK not in str(house.ask("SELECT detail::text, who FROM journal"))


async def test_where_no_voice_is_set_up_the_number_is_there_to_dial(house: House) -> None:
    alert = house.press(house.give(number=NUMBER))
    bruno, corg = await house.signed_in("Bruno"), await house.signed_in("Corg")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "Pas d’appel depuis cet écran" in page
    assert f'href="tel:{NUMBER}"' in page
    stranger = house.text("+33639980066", "aidez moi")
    page = (await corg.get(f"/alerts/{stranger}")).text
    assert "Pas d’appel depuis cet écran" in page
    assert "tel:" not in page


@with_voice
async def test_a_call_that_changed_is_a_fact_for_the_consoles(house: House) -> None:
    _, bruno = await called(house)
    before = (await bruno.json("/sync?since=0"))["rows"][0]["mark"]
    heard(house, Party.OPERATOR, LegState.RINGING)
    assert (await bruno.json("/sync?since=0"))["rows"][0]["mark"] > before
    house.do(lambda s: claim(s, clock.now()))
    (call,) = house.ask("SELECT id FROM conversation")
    before = (await bruno.json("/sync?since=0"))["rows"][0]["mark"]
    house.do(lambda s: not_placed(s, _ring(call.id), "status_500", clock.now(), is_certain=False))
    assert (await bruno.json("/sync?since=0"))["rows"][0]["mark"] >= before


async def called(house: House) -> tuple[UUID, Browser]:
    """An alert whose handset Bruno, who has it, has asked to be rung."""
    alert = house.press(house.give(number=NUMBER))
    bruno = await on_shift(house)
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/call")
    return alert, bruno


def _ring(call: UUID) -> Any:
    return ToRing(call, Party.OPERATOR, DESK, listen_only=False)


@pytest.fixture
async def provider(house: House) -> AsyncIterator[SmsProvider]:
    """The provider that keeps the recording; the console reaches it by its settings."""
    made = SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    await made.start()
    made._operator.recordings.append(Recording(KEPT, ACCOUNT, "CF" + "1" * 32, 42, clock.now()))
    assert house.console.telephone is not None
    await house.console.telephone.close()
    house.console.telephone = TwilioTelephone(ACCOUNT, TOKEN, made.url)
    yield made
    await made.stop()


@with_voice
async def test_the_supervisor_and_the_prosecutor_hear_it_and_it_is_written_down(
    house: House, provider: SmsProvider
) -> None:
    alert, _ = await called(house)
    kept = recorded(house)
    for name in ("Sami", "Camille"):
        person = await house.signed_in(name)
        page = (await person.get(f"/alerts/{alert}")).text
        assert f'href="/recordings/{kept}"' in page
        assert KEPT not in page
        assert "twilio" not in page.lower()
        sound = await person.get(f"/recordings/{kept}")
        assert (sound.status_code, sound.content) == (200, SILENCE)
        assert sound.headers["content-type"] == "audio/mpeg"
        assert sound.headers["cache-control"] == "no-store"
    lines = house.ask("SELECT who, detail FROM journal WHERE act = 'RecordingHeard' ORDER BY seq")
    assert [(x.who, x.detail["recording"]) for x in lines] == [
        ("Sami", str(kept)), ("Camille", str(kept)),
    ]  # fmt: skip


@with_voice
@pytest.mark.parametrize("name", ["Bruno", "Corg", "Lise", "Stock", "Dpo", "Root"])
async def test_nobody_else_hears_it(house: House, provider: SmsProvider, name: str) -> None:
    alert, _ = await called(house)
    kept = recorded(house)
    person = await house.signed_in(name)
    assert "/recordings/" not in (await person.get(f"/alerts/{alert}")).text
    assert (await person.get(f"/recordings/{kept}")).status_code == 404
    assert not house.ask("SELECT 1 FROM journal WHERE act = 'RecordingHeard'")


@with_voice
async def test_another_sound_is_not_played_but_our_own_copy_is(
    house: House, provider: SmsProvider
) -> None:
    """Both are written down; a provider that is away or has lost it is stood in for as well."""
    alert, _ = await called(house)
    kept, sami = recorded(house), await house.signed_in("Sami")
    assert "pas encore d’empreinte" in (await sami.get(f"/alerts/{alert}")).text
    one = SimpleNamespace(id=kept, alert=alert, sha256=None, held=False)
    fetched = partial(sound.fetched, one=one, sound=SILENCE, now=clock.now(), by="dispatch",
                      keys=house.keys)  # fmt: skip
    house.do(fetched)
    digest = hashlib.sha256(SILENCE).hexdigest()
    assert (await sami.get(f"/alerts/{alert}")).text.count(digest) == 2, "recording and timeline"
    heard = await sami.get(f"/recordings/{kept}")
    assert heard.headers["repr-digest"].startswith("sha-256=:")
    provider.recordings[0].sound = b"another"
    refused = await sami.get(f"/recordings/{kept}")
    assert (refused.status_code, "n’est pas le son" in refused.text) == (409, True)
    assert "donne un autre son" in (await sami.get(f"/alerts/{alert}")).text
    one.sha256, one.held = digest, True
    house.do(fetched)
    assert (await sami.get(f"/recordings/{kept}")).content == SILENCE
    provider.recordings.clear()
    assert (await sami.get(f"/recordings/{kept}")).content == SILENCE
    await provider.become("http_500")
    assert (await sami.get(f"/recordings/{kept}")).content == SILENCE
    assert len(house.ask("SELECT 1 FROM journal WHERE act = 'RecordingDiffers'")) == 1
    assert len(house.ask("SELECT 1 FROM journal WHERE act = 'RecordingHeard'")) == 5


@with_voice
async def test_what_was_erased_or_is_lost_is_not_there(house: House, provider: SmsProvider) -> None:
    alert, _ = await called(house)
    kept = recorded(house)
    sami = await house.signed_in("Sami")
    await provider.become("http_500")
    assert (await sami.get(f"/recordings/{kept}")).status_code == 503
    await provider.become("ok")
    provider.recordings.clear()
    assert (await sami.get(f"/recordings/{kept}")).status_code == 502
    house.ask("UPDATE recording SET erased_at = now() RETURNING 1")
    assert (await sami.get(f"/recordings/{kept}")).status_code == 404
    assert "effacé" in (await sami.get(f"/alerts/{alert}")).text


def test_voice_needs_an_account_a_number_and_a_way_back() -> None:
    assert Settings.model_validate(VOICE).has_voice
    for missing in VOICE:
        assert not Settings.model_validate(VOICE | {missing: ""}).has_voice


@with_voice
async def test_a_call_shows_since_when_it_runs_and_that_it_is_recorded(house: House) -> None:
    alert, bruno = await called(house)
    heard(house, Party.OPERATOR, LegState.ANSWERED)
    heard(house, Party.HANDSET, LegState.ANSWERED)
    calls = (await bruno.get(f"/alerts/{alert}")).text.partition('id="calls"')[2]
    assert 'class="big" datetime=' in calls.partition("</section>")[0]
    assert "enregistré</b>" in calls
    heard(house, Party.HANDSET, LegState.ENDED)
    calls = (await bruno.get(f"/alerts/{alert}")).text.partition('id="calls"')[2]
    assert 'class="big"' not in calls.partition("</section>")[0]


async def test_what_is_heard_is_a_note_by_one_press_for_the_owner(house: House) -> None:
    alert = house.press(house.give(number=NUMBER))
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    await bruno.post(f"/alerts/{alert}/take")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert 'name="words" value="Cris"' in page
    assert 'id="act-heard"' not in (await berthe.get(f"/alerts/{alert}")).text
    await bruno.post(f"/alerts/{alert}/note", words="Cris", once="abc")
    assert house.ask("SELECT who, words FROM note") == [("Bruno", "Cris")]
