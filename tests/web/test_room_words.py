"""What a supervisor says to everybody on shift: seen by each until read, by nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from tests.web.conftest import Browser, House
from tests.web.test_live import events, until
from tgd import clock
from tgd.store.purging import Recorded
from tgd.store.purging_nobody import erase_words

SAID = "Le réseau B est coupé : rappelez par <b>l’autre</b> ligne."


async def on_shift(house: House, name: str) -> Browser:
    who = await house.signed_in(name)
    await who.post("/shift/start", heard_sound="yes")
    return who


async def words_that(stream: Any, holds: Any) -> list[dict[str, str]]:
    while True:
        found: list[dict[str, str]] = (await until(stream, "beat"))["words"]
        if holds(found):
            return found


async def test_each_on_shift_is_shown_it_until_it_is_read(house: House) -> None:
    bruno, berthe = await on_shift(house, "Bruno"), await house.signed_in("Berthe")
    sami, camille = await on_shift(house, "Sami"), await house.signed_in("Camille")
    his, hers = events(bruno), events(berthe)
    theirs, own = events(camille), events(sami)
    assert (await sami.post("/room/words", words=SAID)).headers["location"] == "/supervision"
    (said,) = await words_that(his, len)
    assert (said["by"], said["words"]) == ("Sami", SAID)
    for other in (hers, theirs, own):
        assert (await until(other, "beat"))["words"] == [], "no shift, no room, or the own words"
    page = (await bruno.get("/shift")).text
    assert "rappelez par &lt;b&gt;l’autre&lt;/b&gt; ligne." in page
    assert "personne encore" in (await sami.get("/supervision")).text
    path = f"/room/words/{said['id']}"
    for _ in range(2):
        assert (await bruno.post(f"{path}/read", json=True)).status_code == 200
    await words_that(his, lambda found: not found)
    assert "lu par <bdi>Bruno</bdi>" in (await sami.get("/supervision")).text
    await berthe.post("/shift/start", heard_sound="yes")
    await words_that(hers, len)
    assert (await sami.post(f"{path}/end")).status_code == 303
    assert (await sami.post(f"{path}/end")).status_code == 409
    await words_that(hers, lambda found: not found)
    for stream in (his, hers, theirs, own):
        await stream.aclose()
    written = house.ask("SELECT who, act, detail::text AS said FROM journal WHERE act LIKE 'Room%'"
                        " ORDER BY seq")  # fmt: skip
    assert [(line.who, line.act) for line in written] == [
        ("Sami", "RoomTold"), ("Bruno", "RoomWordsRead"), ("Sami", "RoomWordsEnded"),
    ]  # fmt: skip
    assert not [line for line in written if "réseau" in line.said], "the words stand elsewhere"


async def test_a_locked_screen_says_none_of_it(house: House) -> None:
    bruno, sami = await on_shift(house, "Bruno"), await on_shift(house, "Sami")
    his = events(bruno)
    await sami.post("/room/words", words=SAID)
    await words_that(his, len)
    house.idle("Bruno", minutes=20)
    await words_that(his, lambda found: not found)
    assert "rappelez" not in (await bruno.get("/shift")).text
    house.idle("Sami", minutes=20)
    assert "rappelez" not in (await sami.get("/supervision")).text
    await his.aclose()


@pytest.mark.parametrize(("name", "words", "status"), [
    ("Bruno", SAID, 404), ("Camille", SAID, 404), ("Sami", "  ", 422), ("Sami", "x" * 401, 422),
])  # fmt: skip
async def test_a_supervisor_says_it_in_a_few_words(
    house: House, name: str, words: str, status: int
) -> None:
    who = await house.signed_in(name)
    assert (await who.post("/room/words", words=words)).status_code == status
    assert house.ask("SELECT 1 FROM room_words") == []


async def test_lines_are_lines_as_browsers_send_them(house: House) -> None:
    sami, said = await house.signed_in("Sami"), "\r\n".join(["x" * 99] * 4)
    assert (await sami.post("/room/words", words=said + "\x00\u202e")).status_code == 303
    assert house.ask("SELECT words FROM room_words")[0].words == "\n".join(["x" * 99] * 4)
    assert "&lt;U+" not in (await sami.get("/supervision")).text
    await sami.post("/shift/start", heard_sound="yes")
    await sami.post("/shift/hand-over", words="Une ligne.\r\nUne autre.")
    page = (await sami.get("/shift")).text
    assert "Une ligne.\nUne autre." in page


async def test_twenty_at_once_and_no_more(house: House) -> None:
    sami = await house.signed_in("Sami")
    for n in range(20):
        assert (await sami.post("/room/words", words=f"n° {n}")).status_code == 303
    assert (await sami.post("/room/words", words="et un")).status_code == 409


async def test_three_days_after_its_end_the_words_are_forgotten(house: House) -> None:
    sami, now = await house.signed_in("Sami"), clock.now()
    await sami.post("/room/words", words=SAID)
    later = now + timedelta(hours=12, days=2)
    assert house.do(lambda s: erase_words(s, Recorded.by(later), later, 10)) == {}
    later += timedelta(days=1, minutes=1)
    assert house.do(lambda s: erase_words(s, Recorded.by(later), later, 10)) == {"room": 1}
    assert house.ask("SELECT words FROM room_words")[0].words == ""
