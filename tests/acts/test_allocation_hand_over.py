"""What must be there before she is given a handset, and who has which version of her sheet."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlmodel import col, select

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
)
from tests.walking import LEAD, SHEET
from tests.world import Carried
from tgd.allocation import equipping, sheets
from tgd.allocation.acting import NotYet
from tgd.casework import file_acts
from tgd.casework.fields import NotReadable
from tgd.errors import Incomplete, WrongState
from tgd.records import CaseSheet, Handset, Journal, ProtectedPerson, SheetCopy
from tgd.rules.guards import Missing
from tgd.rules.handset import ConsentScope


def test_nothing_is_handed_over_until_nothing_is_missing(walk):
    walk.until("find")
    greta = walk.officer("Greta")
    with pytest.raises(WrongState):
        equipping.hand_over(walk.session, greta, walk.id, walk.now)
    walk.grant()
    missing = [equipping.readiness(walk.session, greta, walk.id, walk.now)]
    for step in (walk.reserve, walk.provision, walk.consent, walk.describe):
        step()
        missing.append(equipping.readiness(walk.session, greta, walk.id, walk.now))
        assert isinstance(equipping.hand_over(walk.session, greta, walk.id, walk.now), NotYet)
    assert [sorted(set(a) - set(b)) for a, b in pairwise(missing)] == [
        ["handset"], ["keys"], ["device_consent", "geolocation_answer"],
        ["area", "case_sheet", "platform_profile"],
    ]  # fmt: skip
    assert missing[-1] == (Missing.TEST_PRESS,)
    assert equipping.test(walk.session, greta, walk.id, walk.now) == NotYet((Missing.TEST_PRESS,))
    walk.press()
    walk.test()
    walk.hand_over()


def test_two_handsets_swapped_in_the_drawer_are_found_out(walk):
    walk.until("describe")
    other = walk.order("+33639980022")
    walk.session.get(Handset, other).secret_hash = "x"
    walk.press(handset=other)  # somebody pressed the wrong one
    greta = walk.officer("Greta")
    assert equipping.test(walk.session, greta, walk.id, walk.now) == NotYet((Missing.TEST_PRESS,))
    assert isinstance(equipping.hand_over(walk.session, greta, walk.id, walk.now), NotYet)


def test_a_real_press_is_no_test_and_new_keys_need_a_new_test(walk):
    walk.until("describe")
    greta = walk.officer("Greta")
    walk.press("press")
    assert equipping.test(walk.session, greta, walk.id, walk.now) == NotYet((Missing.TEST_PRESS,))
    walk.press()
    walk.test()
    walk.world.wait(minutes=1)
    walk.provision()
    assert equipping.readiness(walk.session, greta, walk.id, walk.now) == (Missing.TEST_PRESS,)


def test_an_old_or_unfinished_sheet_is_read_through_again(walk):
    walk.until("test")
    walk.world.wait(days=31)
    greta = walk.officer("Greta")
    assert equipping.readiness(walk.session, greta, walk.id, walk.now) == (Missing.SHEET_CURRENT,)
    sheets.confirm_sheet(walk.session, walk.officer("Lea"), walk.id, walk.now)
    assert equipping.readiness(walk.session, greta, walk.id, walk.now) == ()
    unfinished = {k: v for k, v in SHEET.items() if k != "contacts"}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, unfinished, walk.now)
    walk.tell_nobody()
    told = equipping.hand_over(walk.session, greta, walk.id, walk.now)
    assert told == NotYet((Missing.SHEET_COMPLETE,), ("contacts",))


def test_a_home_whose_force_nobody_knows_is_said(walk):
    walk.until("test")
    moved = SHEET | {"places": [{"label": "1 rue", "city": "Ailleurs", "insee": "99999"}]}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, moved, walk.now)
    walk.tell_nobody()
    told = equipping.readiness(walk.session, walk.officer("Greta"), walk.id, walk.now)
    assert told == (Missing.AREA,)


def test_nothing_about_him_slips_into_the_sheet(walk):
    walk.until("grant")
    with pytest.raises(Incomplete):
        sheets.change_circumstances(
            walk.session, walk.officer("Lea"), walk.id, SHEET | {"restrained": "Hugo"}, walk.now
        )


def test_geolocation_is_asked_apart_and_a_no_is_an_answer(walk, world):
    walk.until("provision")
    greta = walk.officer("Greta")
    for scope, agreed in ((ConsentScope.DEVICE, True), (ConsentScope.GEOLOCATION, False)):
        equipping.record_consent(walk.session, greta, walk.id, scope, walk.now, agreed=agreed)
    walk.describe()
    walk.press()
    walk.test()
    walk.hand_over()
    here = {"position": {"lat": 48.89, "lon": 2.2}}
    carried = Carried(walk.handset, "+33639980021", "s" * 43)
    world.hear(world.press(carried, **here))
    alert = next(a for a in world.alerts() if a.lane == "real")
    assert "position_withheld" in alert.labels
    assert world.positions(alert.id) == []
    world.wait(seconds=1)  # of two answers in one instant nobody knows which was the last
    equipping.record_consent(
        walk.session, greta, walk.id, ConsentScope.GEOLOCATION, walk.now, agreed=True
    )
    world.hear(world.press(carried, **here))
    assert len(world.positions(alert.id)) == 1
    equipping.withdraw_consent(
        walk.session, greta, walk.id, ConsentScope.GEOLOCATION, walk.now + timedelta(seconds=1)
    )
    world.wait(minutes=1)
    world.hear(world.press(carried, **here))
    assert len(world.positions(alert.id)) == 1


def test_who_has_which_version_is_known_and_its_erasure_has_a_day(walk):
    walk.until("hand_over")
    moved = SHEET | {"pets": "no more cat"}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, moved, walk.now)
    versions = walk.session.exec(select(CaseSheet).order_by(col(CaseSheet.version))).all()
    assert [v.version for v in versions] == [1, 2]
    copies = walk.session.exec(select(SheetCopy)).all()
    holders = {"platform", "control_room:control-room-92", f"association:{LEAD}"}
    assert {(c.sheet, c.holder) for c in copies} == {
        (v.id, holder) for v in versions for holder in holders
    }
    person = walk.session.get(ProtectedPerson, walk.file().person, populate_existing=True)
    assert (person.name, person.places, person.note) == (moved["name"], moved["places"], None)
    walk.withdraw()
    walk.take_back()
    walk.session.expire_all()
    days = {(c.erase_by_at - walk.now).days for c in walk.session.exec(select(SheetCopy))}
    assert days == {3}


def test_the_box_that_is_open_is_the_one_that_was_kept_for_her(walk):
    walk.until("test")
    right = "490154203237518"
    walk.session.get(Handset, walk.handset).imei = right
    walk.session.flush()
    give = file_acts.BY_NAME["hand-over"]

    def hand(imei):
        said = {"identity_checked": True, "imei": imei}
        return give.doing(walk.session, walk.officer("Greta"), walk.id, said, walk.now, None)

    with pytest.raises(Incomplete, match="is another one"):
        hand("356938035643809")
    with pytest.raises(NotReadable, match="one digit is mistyped"):
        hand("490154203237519")
    assert walk.file().state == "granted"
    assert isinstance(hand(f"IMEI:{right};SN:A1"), equipping.HandedOver)
    (line,) = walk.session.exec(select(Journal).where(Journal.act == "HandsetHandedOver"))
    assert line.detail["imei_compared"] is True
    assert right not in str(line.detail)
