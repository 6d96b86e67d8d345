"""No phone before the profile is live: the platform knows of her before she carries it."""

from collections.abc import Callable
from typing import Any

import pytest

from dispatch.formats import cloudevents
from dispatch.noticing import ClaimedNotice, claim, write_answers
from dispatch.policy import Policy, read_policy
from dispatch.telling import Later, Received
from tests.acts.allocating import acts, made_walk, open_kinds  # noqa: F401  (a fixture)
from tests.acts.test_sheet_copies import POLICY, WRITTEN
from tests.walking import REASONS, SHEET, Walk
from tgd.allocation import deciding, equipping, profiles, sheets, stock
from tgd.allocation.acting import NotYet
from tgd.casework import facts
from tgd.errors import Incomplete, Misconfigured, NotAllowed, WrongState
from tgd.records import Decision
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.guards import Missing
from tgd.rules.handset import ConsentScope
from tgd.rules.notice import NoticeKind

KEPT = POLICY.model_copy(
    update={"notices": POLICY.notices.model_copy(update={"profile": "platform"})}
)
WHY = "The platform's web service is down; it was read out to them."


@pytest.fixture(name="walk")
def told_walk(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """A walk on which a platform outside keeps profiles: nothing is answered for it."""
    monkeypatch.setattr(Walk, "tell_nobody", lambda self: None)
    return walk


def turn(walk: Walk, answer: object, policy: Policy = KEPT) -> list[ClaimedNotice]:
    """One turn of dispatch, in which everybody answers so; the profiles that were told."""
    claimed = claim(walk.session, policy, walk.now)
    write_answers(walk.session, [(one, answer) for one in claimed], policy, walk.now)
    return [one for one in claimed if one.noticed.kind == NoticeKind.PROFILE]


def missing(walk: Walk) -> tuple[Missing, ...]:
    return equipping.readiness(walk.session, walk.officer("Greta"), walk.id, walk.now)


def shown(walk: Walk) -> dict[str, Any]:
    said = facts.file_of(walk.session, walk.officer("Greta"), walk.id, walk.now)
    found: dict[str, Any] = said["handset"]["profile"]
    return found


def test_she_is_given_nothing_before_the_platform_has_said_that_it_knows_of_her(walk: Walk) -> None:
    walk.until("test")
    greta = walk.officer("Greta")
    assert missing(walk) == (Missing.PLATFORM_PROFILE,)
    refused = equipping.hand_over(walk.session, greta, walk.id, walk.now)
    assert refused == NotYet((Missing.PLATFORM_PROFILE,))
    turn(walk, Later("away"))
    assert missing(walk) == (Missing.PLATFORM_PROFILE,)
    assert [(t["destination"], t["state"]) for t in shown(walk)["told"]] == [
        ("platform", "pending")
    ], "and no telephone"
    walk.world.wait(minutes=1)
    turn(walk, Received("received"))
    assert missing(walk) == ()
    assert shown(walk)["is_live"]
    assert "ProfileLive" in acts(walk)
    walk.hand_over()


def test_the_profile_is_what_the_matrix_gives_and_no_code_word(walk: Walk) -> None:
    walk.until("consent")
    said = SHEET | {"code_word": "the blue scarf", "duress_word": "the red one"}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, said, walk.now)
    (told,) = turn(walk, Received())
    body = cloudevents.compose_notice(told.noticed).decode()
    for word in ("Ana FICTIVE", "+33639980021", "3 rue des Exemples", "her sister", walk.handset):
        assert word in body
    for word in ("scarf", "the red one", "Hugo", "judicial_supervision"):
        assert word not in body
    assert told.noticed.profile is not None
    assert (told.noticed.profile["version"], told.noticed.profile["may_be_located"]) == (1, True)
    assert "Ana" not in repr(told), "not even in a trace"


def test_nothing_of_her_leaves_before_she_has_agreed(walk: Walk) -> None:
    walk.until("provision")
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, SHEET, walk.now)
    assert turn(walk, Received()) == []
    for agreed in (True, False):
        equipping.record_consent(
            walk.session, walk.officer("Greta"), walk.id, ConsentScope.DEVICE, walk.now,
            agreed=agreed,
        )  # fmt: skip
        walk.world.wait(minutes=1)
    (told,) = turn(walk, Received())
    assert told.noticed.profile is None, "she has said no meanwhile"


def test_new_keys_and_a_new_sheet_are_a_new_profile(walk: Walk) -> None:
    walk.until("test")
    turn(walk, Received())
    walk.world.wait(minutes=1)
    walk.provision()
    assert Missing.PLATFORM_PROFILE in missing(walk)
    turn(walk, Received())
    assert missing(walk) == (Missing.TEST_PRESS,)
    walk.world.wait(minutes=1)
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, SHEET, walk.now)
    assert Missing.PLATFORM_PROFILE in missing(walk)


def test_while_she_carries_it_a_new_version_is_waited_for_and_chased(walk: Walk) -> None:
    walk.until("test")
    turn(walk, Received())
    walk.hand_over()
    assert DeadlineKind.PROFILE_WAITING not in open_kinds(walk)
    walk.world.wait(minutes=1)
    new = SHEET | {"pets": "no more cat"}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, new, walk.now)
    assert DeadlineKind.PROFILE_WAITING in open_kinds(walk)
    (told,) = turn(walk, Later("away"))
    assert told.noticed.profile is not None
    assert (told.noticed.profile["sheet"]["pets"], told.noticed.about) == (
        "no more cat", "version 2",
    )  # fmt: skip
    walk.world.wait(days=1)
    assert DeadlineKind.PROFILE_WAITING in {one.kind for one in walk.chase()}
    turn(walk, Received())
    assert DeadlineKind.PROFILE_WAITING not in open_kinds(walk)


def no_geolocation(walk: Walk) -> None:
    lea, scope = walk.officer("Lea"), ConsentScope.GEOLOCATION
    equipping.withdraw_consent(walk.session, lea, walk.id, scope, walk.now)


def another_number(walk: Walk) -> None:
    sofia, said = walk.officer("Sofia"), {"number": "+33639980066"}
    stock.describe(walk.session, sofia, walk.handset, said, walk.now)


def renewed(walk: Walk) -> None:
    camille = walk.officer("Camille")
    assert isinstance(
        deciding.renew(walk.session, camille, walk.id, REASONS * 2, walk.now), Decision
    )


def elsewhere(walk: Walk) -> None:
    walk.ask_elsewhere()
    walk.be_taken_over()


@pytest.mark.parametrize(
    ("act", "part"),
    [
        (no_geolocation, "may_be_located"), (another_number, "number"), (renewed, "until"),
        (elsewhere, "court"),
    ],
)  # fmt: skip
def test_whatever_the_profile_says_of_her_is_told_anew_when_it_changes(
    walk: Walk, act: Callable[[Walk], None], part: str
) -> None:
    walk.until("test")
    (before,) = turn(walk, Received())[-1:]
    walk.hand_over()
    walk.world.wait(minutes=1)
    act(walk)
    (told,) = turn(walk, Received())
    assert before.noticed.profile is not None
    assert told.noticed.profile is not None
    assert told.noticed.profile[part] != before.noticed.profile[part]
    assert DeadlineKind.PROFILE_WAITING not in open_kinds(walk)


def test_where_nobody_outside_keeps_profiles_nothing_is_waited_for(walk: Walk) -> None:
    walk.until("test")
    assert missing(walk) == (Missing.PLATFORM_PROFILE,), "no dispatcher has looked yet"
    assert turn(walk, Received(), POLICY) == []
    assert missing(walk) == ()
    assert not shown(walk)["is_kept_outside"]
    assert DeadlineKind.PROFILE_WAITING not in open_kinds(walk)


def test_no_life_depends_on_a_dead_web_service(walk: Walk) -> None:
    walk.until("test")
    greta = walk.officer("Greta")
    with pytest.raises(Incomplete, match="10 characters"):
        profiles.waive(walk.session, greta, walk.id, "down", walk.now)
    with pytest.raises(NotAllowed):
        profiles.waive(walk.session, walk.officer("Lea"), walk.id, WHY, walk.now)
    profiles.waive(walk.session, greta, walk.id, WHY, walk.now)
    assert (shown(walk)["waived_by"], shown(walk)["waived_why"]) == ("Greta", WHY)
    assert "ProfileWaived" in acts(walk)
    walk.hand_over()
    assert DeadlineKind.PROFILE_WAITING in open_kinds(walk), "it is still told, and chased"
    (told,) = turn(walk, Received())
    assert told.noticed.profile is not None


def test_what_was_waived_for_old_keys_is_asked_again_for_new_ones(walk: Walk) -> None:
    walk.until("test")
    profiles.waive(walk.session, walk.officer("Greta"), walk.id, WHY, walk.now)
    walk.world.wait(minutes=1)
    walk.provision()
    assert Missing.PLATFORM_PROFILE in missing(walk)
    turn(walk, Received())
    with pytest.raises(WrongState, match="has the profile already"):
        profiles.waive(walk.session, walk.officer("Greta"), walk.id, WHY, walk.now)


def test_a_handset_that_is_kept_no_longer_waits_for_nobody(walk: Walk) -> None:
    walk.until("describe")
    equipping.unreserve(walk.session, walk.officer("Greta"), walk.id, walk.now)
    assert DeadlineKind.PROFILE_WAITING not in open_kinds(walk)
    with pytest.raises(WrongState, match="No handset is prepared"):
        profiles.waive(walk.session, walk.officer("Greta"), walk.id, WHY, walk.now)


@pytest.mark.parametrize("name", ["nobody", "on-call", "room"])
def test_only_a_platform_that_is_told_of_files_keeps_profiles(name: str) -> None:
    with pytest.raises(Misconfigured, match='"profile" names'):
        read_policy(
            f"""{WRITTEN}
            profile = "{name}"

            [[destination]]
            name = "room"
            kind = "webhook"
            url = "https://room.example/alerts"
            secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
            """
        )


def test_a_profile_of_before_the_keys_of_now_is_none(walk: Walk) -> None:
    """She takes her consent back: the new keys make no profile, and the old one counts no more."""
    walk.until("test")
    turn(walk, Received())
    equipping.withdraw_consent(
        walk.session, walk.officer("Greta"), walk.id, ConsentScope.DEVICE, walk.now
    )
    walk.world.wait(minutes=1)
    walk.provision()
    assert {Missing.PLATFORM_PROFILE, Missing.DEVICE_CONSENT} <= set(missing(walk))
