"""Whatever somebody wrote as a name, a place, a note: on list, sheet and paper it is only words."""

import json

from tests.hostile.naughty import MARK, NAUGHTY, shows_safely
from tests.web.conftest import House

MORE = {
    "marks": MARK + "e" + "\u0301\u0489\u20dd" * 3400,
    "one-long-word": MARK + "x" * 9000,
    "spreadsheet": f"+cmd|' /C calc'!A0{MARK}\t@SUM(1)",
}
ALL = NAUGHTY | MORE
LONGEST_PAGE = 400_000


LONGEST_NOTE = 3000
"""Characters; what a form may hold is bounded in bytes, and refused whole beyond."""


async def test_it_is_only_words_on_list_sheet_and_paper(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    for what, words in ALL.items():
        said = words.replace("\x00", "")  # no column takes it: a form drops it
        place = [{"label": said, "city": said, "lat": "48.8923", "lon": "2.2071"}]
        house.ask("UPDATE protected_person SET name = :w, note = :w, places = :p RETURNING 1",
                  w=said, p=json.dumps(place))  # fmt: skip
        reply = await bruno.post(f"/alerts/{alert}/note", words=words[:LONGEST_NOTE])
        assert reply.status_code == 303, what
        for path in (f"/alerts/{alert}?part=live", "/on-paper"):
            page = (await bruno.get(path)).text
            assert MARK in page, (what, path)
            assert shows_safely(page), (what, path)
            assert len(page) < LONGEST_PAGE, (what, path)
        assert (await bruno.json(f"/api/alerts/{alert}"))["person"]["name"] == said
    listed = (await bruno.get("/")).text
    assert MARK not in listed
    assert shows_safely((await bruno.get(f"/alerts/{alert}")).text)


async def test_what_is_longer_than_a_form_is_refused_whole(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    reply = await bruno.post(f"/alerts/{alert}/note", words=MORE["marks"])
    assert reply.status_code == 413
    assert house.ask("SELECT 1 FROM note") == []
