"""Bruno and Ana are rung into one conversation; what the provider says of it is heard, once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from call_ground import CRIES, DESK, SORRY, Line, line

from dispatch.conversing import claim
from simulators.twilio_conferences import SILENCE
from tests.acts.dispatching import BERTA, BRUNO, POLICY
from tests.world import World
from tgd import accounts, clock, sound
from tgd.alerts import acts, calling
from tgd.database import transaction
from tgd.errors import Incomplete, SomebodyWasFaster, WrongState

CALL = "CA" + "0" * 32
FOREIGN = "CA" + "f" * 32


@pytest.fixture
async def bruno(world: World, record_url: str) -> AsyncIterator[Line]:
    async with line(world, record_url, POLICY) as made:
        yield made


async def test_bruno_is_rung_then_ana_and_they_talk(bruno: Line) -> None:
    call = bruno.want()
    assert bruno.legs(call) == {"operator": "asked", "handset": "waiting"}
    await bruno.over(call)
    assert bruno.rung() == [DESK, bruno.ana.number]
    assert bruno.legs(call) == {"operator": "ended", "handset": "ended"}
    at_desk, at_ana = bruno.provider.calls
    assert (at_desk.heard, at_ana.heard) == ([CRIES], [SORRY])
    assert len(bruno.provider._operator.conferences) == 1
    told = [
        f"{x.detail['party']} {x.detail['call']}"
        for x in bruno.ask("SELECT detail FROM journal WHERE act = 'CallMoved' ORDER BY at, seq")
    ]
    assert "operator answered" in told
    assert told.index("operator answered") < told.index("handset ringing")


async def test_whoever_only_listens_is_not_heard_where_she_hides(bruno: Line) -> None:
    await bruno.over(bruno.want(listen_only=True))
    at_desk, at_ana = bruno.provider.calls
    assert (at_desk.heard, at_ana.heard) == ([CRIES], [])


@pytest.mark.parametrize("listen_only", [False, True])
async def test_nothing_is_said_or_played_to_anybody_by_a_machine(
    bruno: Line, listen_only: bool
) -> None:
    await bruno.over(bruno.want(listen_only=listen_only))
    assert all("<Say" not in call.twiml for call in bruno.provider.calls)
    assert all('waitUrl=""' in call.twiml for call in bruno.provider.calls)
    assert all('beep="false"' in call.twiml for call in bruno.provider.calls)


@pytest.mark.parametrize(
    ("how", "state"), [({"answers": False}, "no_answer"), ({"busy": True}, "busy")]
)
async def test_her_handset_never_rings_for_nobody(
    bruno: Line, how: dict[str, Any], state: str
) -> None:
    bruno.person(DESK, **how)
    call = bruno.want()
    await bruno.over(call)
    assert bruno.rung() == [DESK]
    assert bruno.legs(call) == {"operator": state, "handset": "failed"}
    assert bruno.ask("SELECT 1 FROM call_leg WHERE why = 'operator_not_reached'")


@pytest.mark.parametrize(
    ("how", "state"), [({"answers": False}, "no_answer"), ({"busy": True}, "busy")]
)
async def test_bruno_is_not_left_alone_on_the_line(
    bruno: Line, how: dict[str, Any], state: str
) -> None:
    bruno.person(DESK, talks_s=30)
    bruno.person(bruno.ana.number, **how)
    call = bruno.want()
    await bruno.over(call)
    assert bruno.legs(call) == {"operator": "ended", "handset": state}
    assert not bruno.ask("SELECT 1 FROM recording"), "nobody spoke: nothing is kept"


async def test_bruno_hangs_up_while_her_handset_rings_and_it_stops(bruno: Line) -> None:
    bruno.person(DESK, talks_s=0.2)
    bruno.person(bruno.ana.number, after_s=25)
    call = bruno.want()
    await bruno.over(call)
    assert bruno.legs(call) == {"operator": "ended", "handset": "failed"}
    assert bruno.provider.calls[1].status == "canceled"


async def test_the_call_is_kept_as_evidence_and_erased_on_its_day(bruno: Line) -> None:
    call = bruno.want()
    await bruno.over(call)
    (kept,) = await bruno.until("SELECT * FROM recording")
    assert (kept.conversation, kept.alert) == (call, bruno.alert)
    assert kept.erase_at - kept.kept_at == timedelta(days=30)
    assert kept.duration_s >= 1
    assert await bruno.calls.erase() == 0
    bruno.ask("UPDATE recording SET erase_at = now() - interval '1 s' RETURNING 1")
    assert await bruno.calls.erase() == 1
    assert bruno.provider.recordings == []
    assert bruno.ask("SELECT 1 FROM recording WHERE erased_at IS NOT NULL")
    assert len(bruno.ask("SELECT 1 FROM journal WHERE act = 'RecordingErased'")) == 1


async def test_a_recording_that_a_procedure_needs_stays_at_the_provider(bruno: Line) -> None:
    await bruno.over(bruno.want())
    (kept,) = await bruno.until("SELECT id FROM recording")
    bruno.ask("UPDATE recording SET erase_at = now() - interval '1 s' RETURNING 1")
    bruno.keep_for_a_procedure(kept.id)
    assert await bruno.calls.erase() == 0
    assert len(bruno.provider.recordings) == 1
    bruno.ask("UPDATE kept_longer SET ended_at = now(), ended_by = 'Camille' RETURNING 1")
    assert await bruno.calls.erase() == 1
    assert bruno.provider.recordings == []


async def test_what_was_recorded_has_a_fingerprint_and_a_copy_when_a_procedure_keeps_it(
    bruno: Line,
) -> None:
    """The line in the journal has it too; what is erased leaves no copy."""
    await bruno.over(bruno.want())
    (kept,) = await bruno.until("SELECT id FROM recording")
    digest = hashlib.sha256(SILENCE).hexdigest()
    await bruno.provider.become("http_500", times=1)
    assert await bruno.calls.fetch() == 1, "not now"
    assert await bruno.calls.fetch() == 0, "tried again in a minute"
    bruno.ask("UPDATE recording SET fetch_asked_at = now() - interval '61 s' RETURNING 1")
    assert await bruno.calls.fetch() == 1
    (found,) = bruno.ask("SELECT sha256, size_bytes FROM recording")
    assert (found.sha256, found.size_bytes) == (digest, len(SILENCE))
    (line,) = bruno.ask("SELECT detail FROM journal WHERE act = 'RecordingFingerprinted'")
    assert line.detail == {"recording": str(kept.id), "sha256": digest, "bytes": len(SILENCE)}
    assert not bruno.ask("SELECT 1 FROM recording_copy")
    bruno.ask("UPDATE recording SET fetch_asked_at = now() - interval '61 s' RETURNING 1")
    assert await bruno.calls.fetch() == 0, "nobody needs a copy"
    bruno.keep_for_a_procedure(kept.id)
    assert await bruno.calls.fetch() == 1
    (copy,) = bruno.ask("SELECT sound_sealed FROM recording_copy")
    assert SILENCE not in copy.sound_sealed
    with transaction(bruno.engine) as session:
        assert sound.copy_of(session, kept.id, bruno.world.keys) == SILENCE
    assert await bruno.calls.fetch() == 0
    bruno.ask("UPDATE kept_longer SET ended_at = now(), ended_by = 'Camille' RETURNING 1")
    bruno.ask("UPDATE recording SET erase_at = now() - interval '1 s' RETURNING 1")
    assert await bruno.calls.erase() == 1
    assert not bruno.ask("SELECT 1 FROM recording_copy")


async def test_another_sound_under_its_name_is_written_down_once_and_not_copied(
    bruno: Line,
) -> None:
    await bruno.over(bruno.want())
    (kept,) = await bruno.until("SELECT id FROM recording")
    assert await bruno.calls.fetch() == 1
    bruno.provider.recordings[0].sound = SILENCE[:-1] + b"!"
    bruno.keep_for_a_procedure(kept.id)
    for expected in (1, 0):
        bruno.ask("UPDATE recording SET fetch_asked_at = now() - interval '61 s' RETURNING 1")
        assert await bruno.calls.fetch() == expected
    assert not bruno.ask("SELECT 1 FROM recording_copy")
    assert len(bruno.ask("SELECT 1 FROM journal WHERE act = 'RecordingDiffers'")) == 1
    assert bruno.ask("SELECT 1 FROM recording WHERE differs_at IS NOT NULL")


async def test_a_recording_that_the_provider_does_not_have_is_erased_already(bruno: Line) -> None:
    await bruno.over(bruno.want())
    await bruno.until("SELECT 1 FROM recording")
    bruno.provider.recordings.clear()
    bruno.ask("UPDATE recording SET erase_at = now() RETURNING 1")
    await bruno.provider.become("http_500", times=1)
    assert await bruno.calls.erase() == 0
    assert not bruno.ask("SELECT 1 FROM recording WHERE erased_at IS NOT NULL")
    assert await bruno.calls.erase() == 1
    assert bruno.ask("SELECT 1 FROM recording WHERE erased_at IS NOT NULL")


async def test_what_the_provider_refuses_is_said_and_the_alert_goes_on(bruno: Line) -> None:
    bruno.provider.account.numbers = ("+33199000099",)
    call = bruno.want()
    await bruno.over(call)
    (leg,) = bruno.ask("SELECT state, why FROM call_leg WHERE party = 'operator'")
    assert (leg.state, leg.why) == ("failed", "code_21606")
    (alert,) = bruno.ask("SELECT state, owner FROM alert")
    assert (alert.state, alert.owner) == ("taken", BRUNO.name)


async def test_a_call_that_was_placed_though_nobody_said_so_is_not_placed_twice(
    bruno: Line,
) -> None:
    await bruno.provider.become("create_then_500", times=1)
    call = bruno.want()
    await bruno.over(call)
    assert bruno.rung() == [DESK, bruno.ana.number]
    assert bruno.legs(call) == {"operator": "ended", "handset": "ended"}


async def test_a_provider_that_is_away_is_named_at_once(bruno: Line) -> None:
    await bruno.provider.become("http_500")
    call = bruno.want()
    await bruno.calls.turn()
    (leg,) = bruno.ask("SELECT state, why FROM call_leg WHERE party = 'operator'")
    assert (leg.state, leg.why) == ("asked", "unanswered")
    bruno.ask("UPDATE call_leg SET dialled_at = dialled_at - interval '80 s',"
              " changed_at = changed_at - interval '80 s' RETURNING 1")  # fmt: skip
    await bruno.over(call)
    (leg,) = bruno.ask("SELECT state, why FROM call_leg WHERE party = 'operator'")
    assert (leg.state, leg.why) == ("failed", "no_news")
    assert bruno.provider.calls == []


async def test_callbacks_that_are_lost_are_asked_for(bruno: Line) -> None:
    await bruno.provider.become("drop_webhooks")
    call = bruno.want()
    await bruno.calls.turn()
    while bruno.provider.calls[0].status != "completed":
        await asyncio.sleep(0.02)
    assert bruno.legs(call)["operator"] == "asked"
    bruno.ask("UPDATE call_leg SET changed_at = changed_at - interval '21 s' RETURNING 1")
    await bruno.over(call)
    assert bruno.legs(call) == {"operator": "ended", "handset": "failed"}


async def test_two_dispatchers_ring_once(bruno: Line) -> None:
    call = bruno.want()
    await asyncio.gather(*(bruno.calls.turn() for _ in range(8)))
    await bruno.over(call)
    assert bruno.rung() == [DESK, bruno.ana.number]


async def test_a_call_of_a_minute_ago_rings_nobody_any_more(bruno: Line) -> None:
    call = bruno.want()
    bruno.ask("UPDATE call_leg SET due_at = due_at - interval '61 s' RETURNING 1")
    await bruno.over(call)
    assert bruno.rung() == []
    assert bruno.ask("SELECT 1 FROM call_leg WHERE why = 'too_late'")


async def test_one_call_at_a_time_and_only_by_who_answers_for_the_alert(bruno: Line) -> None:
    call = bruno.want()
    with pytest.raises(WrongState, match="under way"):
        bruno.want()
    with pytest.raises(SomebodyWasFaster), transaction(bruno.engine) as session:
        calling.want_call(session, BERTA, bruno.alert, clock.now())
    await bruno.over(call)
    bruno.ask("UPDATE shift SET telephone = NULL RETURNING 1")
    with pytest.raises(Incomplete, match="telephone"):
        bruno.want()


async def test_a_stolen_handset_is_not_rung(bruno: Line) -> None:
    bruno.ask("UPDATE alert SET labels = '{stolen}' RETURNING 1")
    with pytest.raises(WrongState, match="other hands"):
        bruno.want()


async def dialled(bruno: Line) -> UUID:
    """A call whose operator's telephone rings, without a provider that interferes."""
    call = bruno.want()
    with transaction(bruno.engine) as session:
        assert [one.party for one in claim(session, clock.now()).rings] == ["operator"]
    return call


async def test_a_callback_before_the_answer_counts_and_none_goes_back(bruno: Line) -> None:
    call = await dialled(bruno)
    for word, result, state in [
        ("ringing", "done", "ringing"), ("in-progress", "done", "answered"),
        ("ringing", "known", "answered"), ("initiated", "known", "answered"),
        ("completed", "done", "ended"), ("in-progress", "known", "ended"),
        ("busy", "known", "ended"), ("completed", "known", "ended"),
    ]:  # fmt: skip
        reply = await bruno.form(call, "operator", CallSid=CALL, CallStatus=word)
        assert (reply.status_code, reply.json()) == (200, {"result": result})
        assert bruno.legs(call)["operator"] == state
    lines = bruno.ask("SELECT 1 FROM journal WHERE act = 'CallMoved'")
    assert len(lines) == 3, "what is repeated or late leaves no line"


async def test_whoever_is_not_the_provider_moves_nothing(bruno: Line) -> None:
    call = await dialled(bruno)
    good = {"CallSid": CALL, "CallStatus": "ringing"}
    forged = await bruno.form(call, "operator", token="not-" + "x", **good)
    moved = await bruno.form(
        call, "operator", signed_for=f"/answers/v1/calls/{call}/handset", **good
    )
    other = await bruno.form(call, "operator", **(good | {"AccountSid": "AC" + "9" * 32}))
    bare = await bruno.http.post(f"/answers/v1/calls/{call}/operator", data=good)
    assert {r.status_code for r in (forged, moved, other, bare)} == {403}
    assert bruno.legs(call)["operator"] == "asked"


async def test_a_call_that_nobody_wanted_is_not_heard_of(bruno: Line) -> None:
    call = await dialled(bruno)
    known = {"CallSid": CALL, "CallStatus": "ringing"}
    assert (await bruno.form(uuid4(), "operator", **known)).status_code == 404
    assert (await bruno.form(call, "nobody", **known)).status_code == 404
    not_rung_yet = await bruno.form(call, "handset", **known)
    assert not_rung_yet.status_code == 404
    assert (await bruno.form(call, "operator", **known)).status_code == 200
    foreign = await bruno.form(call, "operator", CallSid=FOREIGN, CallStatus="completed")
    assert foreign.status_code == 404
    assert bruno.legs(call) == {"operator": "ringing", "handset": "waiting"}


async def test_a_call_of_one_alert_says_nothing_of_another(bruno: Line) -> None:
    first = await dialled(bruno)
    await bruno.form(first, "operator", CallSid=CALL, CallStatus="completed")
    bella = bruno.world.give("Bella", number="+33639980002")
    bruno.world.hear(bruno.world.press(bella))
    second_alert = bruno.world.alerts()[-1].id
    acts.take(bruno.world.session, BRUNO, second_alert, clock.now())
    bruno.world.session.commit()
    bruno.alert = second_alert
    second = await dialled(bruno)
    replayed = await bruno.form(second, "operator", CallSid=CALL, CallStatus="in-progress")
    assert replayed.status_code == 404
    assert bruno.legs(second)["operator"] == "asked"


async def test_a_recording_belongs_to_one_call_and_is_kept_once(bruno: Line) -> None:
    call = await dialled(bruno)
    form = {"RecordingSid": "RE" + "1" * 32, "ConferenceSid": "CF" + "1" * 32,
            "RecordingStatus": "completed", "RecordingDuration": "12"}  # fmt: skip
    assert (await bruno.form(call, "recording", **form)).json() == {"result": "done"}
    assert (await bruno.form(call, "recording", **form)).json() == {"result": "known"}
    other = form | {"ConferenceSid": "CF" + "2" * 32, "RecordingSid": "RE" + "2" * 32}
    assert (await bruno.form(call, "recording", **other)).status_code == 404
    forged = await bruno.form(call, "recording", token="guess", **other)
    assert forged.status_code == 403
    for odd in ({"RecordingDuration": "-1"}, {"RecordingSid": "../../x"}, {"RecordingStatus": ""}):
        assert (await bruno.form(call, "recording", **(form | odd))).status_code == 400
    assert len(bruno.ask("SELECT 1 FROM recording")) == 1


async def test_no_number_stands_in_the_journal_or_in_the_rows_of_calls(bruno: Line) -> None:
    await bruno.over(bruno.want())
    for table in ("journal", "conversation", "call_leg", "recording"):
        said = str(bruno.ask(f"SELECT t::text FROM {table} t"))
        assert DESK not in said, table
        assert bruno.ana.number not in said, table


async def test_the_one_who_rings_is_a_person_with_an_account(bruno: Line) -> None:
    with transaction(bruno.engine) as session:
        accounts.make_account(session, BERTA.name, BERTA.role, "no hash", clock.now())
        acts.release(session, BRUNO, bruno.alert, clock.now())
    with pytest.raises(WrongState, match="Take the alert"):
        bruno.want()
