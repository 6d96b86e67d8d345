"""Who may have the case sheet is told of a new version, and is said to have what they confirmed."""

from datetime import timedelta

import pytest

from dispatch.noticing import claim, write_answers
from dispatch.policy import read_policy
from dispatch.telling import Later, Received, Sent
from tests.acts.allocating import made_walk, open_kinds  # noqa: F401  (a fixture)
from tests.walking import LEAD, SHEET, Walk
from tgd.allocation import holding, referring, sheets, stock
from tgd.allocation.acting import NotThere
from tgd.casework import facts
from tgd.errors import NotAllowed, WrongState
from tgd.rules.handset import IncidentKind

WRITTEN = """
[[destination]]
name = "platform"
kind = "webhook"
url = "https://platform.example/alerts"
secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

[[destination]]
name = "on-call"
kind = "sms"
number = "+33639980199"

[[step]]
after_s = 0
tell = ["platform"]

[notices]
tell = ["platform", "on-call"]
"""
POLICY = read_policy(WRITTEN)


def copies(walk: Walk, who: str = "Greta") -> list[dict]:
    said = facts.file_of(walk.session, walk.officer(who), walk.id, walk.now)
    return said["person"]["copies"]


def tell(walk: Walk, answer: object) -> list[tuple[str, str, str]]:
    """One turn of dispatch, in which everybody who is told answers so; what of the stock is told
    is another story."""
    claimed = claim(walk.session, POLICY, walk.now)
    write_answers(walk.session, [(one, answer) for one in claimed], POLICY, walk.now)
    told = [(c.destination, c.noticed.kind, c.noticed.about) for c in claimed]
    return sorted(one for one in told if one[1] != "stock")


def platform(walk: Walk) -> list[tuple[int, list[str]]]:
    return [(c["version"], [t["state"] for t in c["told"]]) for c in copies(walk)
            if c["holder"] == "platform"]  # fmt: skip


def rewrite(walk: Walk) -> None:
    walk.world.wait(minutes=5)
    sheets.change_circumstances(
        walk.session, walk.officer("Lea"), walk.id, SHEET | {"pets": "none"}, walk.now
    )


def test_nobody_is_told_of_a_sheet_before_she_carries_a_handset(walk: Walk) -> None:
    walk.until("describe")
    assert tell(walk, Received()) == []
    assert copies(walk) == []


def test_a_platform_is_shown_as_it_answered(walk: Walk) -> None:
    walk.until("hand_over")
    assert platform(walk) == [(1, [])], "nobody has looked at it yet"
    assert tell(walk, Later("away")) == [("platform", "sheet", "version 1")], "and no telephone"
    assert platform(walk) == [(1, ["pending"])]
    walk.world.wait(minutes=1)
    tell(walk, Sent(60.0, "accepted"))
    assert platform(walk) == [(1, ["sent"])]
    rewrite(walk)
    assert ("platform", "sheet", "version 2") in tell(walk, Received("received"))
    assert platform(walk)[0] == (2, ["received"])


def test_rooms_and_associations_read_it_here_and_are_told_nothing(walk: Walk) -> None:
    walk.until("hand_over")
    rows = {c["holder"]: c for c in copies(walk)}
    assert set(rows) == {"platform", "association", "control_room"}
    assert [rows[h]["reads_here"] for h in ("platform", "association", "control_room")] == [
        False, True, True,
    ]  # fmt: skip
    assert rows["association"]["name"] == LEAD
    assert rows["association"]["acknowledged_at"] is None, "nobody has said so"
    assert [c["holder"] for c in copies(walk, "Lea")] == ["association"]


def test_the_association_says_that_it_works_with_the_newest_version_once(walk: Walk) -> None:
    walk.until("hand_over")
    lea = walk.officer("Lea")

    def offered() -> bool:
        said = facts.file_of(walk.session, lea, walk.id, walk.now)
        return "acknowledge-sheet" in said["may"]

    assert offered()
    sheets.acknowledge_sheet(walk.session, lea, walk.id, walk.now)
    (own,) = copies(walk, "Lea")
    assert (own["acknowledged_by"], own["acknowledged_at"]) == ("Lea", walk.now)
    assert not offered()
    with pytest.raises(WrongState):
        sheets.acknowledge_sheet(walk.session, lea, walk.id, walk.now)
    rewrite(walk)
    assert offered()
    for who, error in (("Greta", NotAllowed), ("Noa", NotThere)):
        with pytest.raises(error):
            sheets.acknowledge_sheet(walk.session, walk.officer(who), walk.id, walk.now)


def test_those_who_have_to_erase_theirs_are_named_until_it_is_said(walk: Walk) -> None:
    walk.until("take_back")
    left = [c for c in copies(walk) if c["erase_by_at"] and not c["erased_at"]]
    assert {c["holder"] for c in left} == {"platform", "association", "control_room"}
    holding.confirm_erased(walk.session, walk.officer("Greta"), walk.id, walk.now)
    assert {c["erased_at"] for c in copies(walk)} == {walk.now}


def test_of_a_lost_handset_the_file_says_who_was_told_and_whether_it_arrived(walk: Walk) -> None:
    walk.until("hand_over")
    stock.report_incident(
        walk.session, walk.officer("Lea"), walk.handset, IncidentKind.LOST, "Bus.", walk.now
    )

    def told() -> list[tuple[str, str]]:
        said = facts.file_of(walk.session, walk.officer("Greta"), walk.id, walk.now)
        (incident,) = said["handset"]["incidents"]
        return [(t["destination"], t["state"]) for t in incident["told"]]

    assert told() == []
    tell(walk, Later("away"))
    assert told() == [("on-call", "pending"), ("platform", "pending")]
    walk.world.wait(minutes=1)
    tell(walk, Received())
    assert told() == [("on-call", "received"), ("platform", "received")]


def test_who_accompanies_her_no_more_erases_theirs_and_the_new_one_may_have_it(walk: Walk) -> None:
    walk.until("hand_over")
    tell(walk, Received())
    camille = walk.officer("Camille")
    referring.entrust(walk.session, camille, walk.id, "Another association", walk.now)
    rows = {c["name"]: c for c in copies(walk) if c["holder"] == "association"}
    assert rows[LEAD]["erase_by_at"] == walk.now + timedelta(days=3)
    assert rows["Another association"]["erase_by_at"] is None
    assert tell(walk, Received()) == [], "the platform has this version"
    assert "platform_erasure" in open_kinds(walk)
    with pytest.raises(NotThere):
        sheets.acknowledge_sheet(walk.session, walk.officer("Lea"), walk.id, walk.now)
    sheets.acknowledge_sheet(walk.session, walk.officer("Noa"), walk.id, walk.now)
    holding.confirm_erased(walk.session, walk.officer("Greta"), walk.id, walk.now)
    erased = {c["name"]: c["erased_at"] for c in copies(walk)}
    assert {name for name, at in erased.items() if at} == {LEAD}
    assert "platform_erasure" not in open_kinds(walk)
