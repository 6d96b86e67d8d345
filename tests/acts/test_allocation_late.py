"""A renewal that comes after the end: she kept the handset, and all is watched as before."""

from datetime import date, timedelta

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
)
from tests.walking import REASONS, Walk
from tgd.allocation import deciding, releasing
from tgd.records import Decision
from tgd.store import deadlines

END = date(2027, 5, 24)


def renew_late(walk: Walk) -> None:
    walk.world.now = walk.file().ends_at + timedelta(minutes=1)
    walk.chase()
    assert walk.file().state == "expired"
    walk.world.wait(days=2)
    camille = walk.officer("Camille")
    assert isinstance(
        deciding.renew(walk.session, camille, walk.id, REASONS, walk.now), Decision
    )  # fmt: skip


def test_tests_bans_and_his_release_are_watched_again(walk: Walk) -> None:
    """Camille renews two days late; nothing that was watched before is forgotten."""
    walk.until("hand_over")
    greta = walk.officer("Greta")
    releasing.expect_release(walk.session, greta, walk.id, END + timedelta(days=20), walk.now)
    before = open_kinds(walk)
    assert {"test_due", "ban_end", "release"} <= before
    renew_late(walk)
    walk.tell_nobody()
    assert open_kinds(walk) == before
    due = {one.kind: one.due_at for one in deadlines.of_file(walk.session, walk.id)}
    assert due["test_due"] < walk.now, "the last test is months ago: said at once"
    assert {told.kind for told in walk.chase()} >= {"test_due"}
