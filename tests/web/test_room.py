"""Shift, hand-over, supervision, and technical items that are put aside for a time."""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from tests.web.conftest import NAME, House
from tgd import clock


def items(house: House, *kinds: str) -> list[Any]:
    ana = house.give()
    for kind in kinds:
        house.ask(
            "INSERT INTO technical_item (id, handset, kind, raised_at)"
            " VALUES (gen_random_uuid(), :h, :k, now()) RETURNING 1", h=ana.handset, k=kind,
        )  # fmt: skip
    return house.ask("SELECT id, handset, kind FROM technical_item ORDER BY kind")


async def test_a_shift_begins_with_a_tone_and_ends_without_alerts(house: House) -> None:
    bruno, sami = await house.signed_in("Bruno"), await house.signed_in("Sami")
    assert "Prendre le poste" in (await bruno.get("/shift")).text
    assert (await bruno.post("/shift/start", heard_sound="no")).status_code == 303
    assert (await bruno.post("/shift/start", heard_sound="yes")).status_code == 409
    room = (await sami.get("/supervision")).text
    assert "son d’essai non entendu" in room
    alert = house.press(house.give())
    await bruno.post(f"/alerts/{alert}/take")
    assert (await bruno.post("/shift/end")).status_code == 409
    await bruno.post(f"/alerts/{alert}/release")
    assert (await bruno.post("/shift/end")).status_code == 303
    assert "Personne n’est en poste." in (await sami.get("/supervision")).text
    written = [r.act for r in house.ask("SELECT act FROM journal WHERE act LIKE 'Shift%'")]
    assert sorted(written) == ["ShiftEnded", "ShiftStarted"]


async def test_a_hand_over_is_signed_by_two(house: House) -> None:
    """It names what is open and put aside; nobody confirms the own one, nor twice, nor unread."""
    (item,) = items(house, "silent")
    alert = house.press(house.give("Eve", number="+33639980002"))
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    await bruno.post(f"/technical/{item.id}/shelve", hours="12", why="Elle est à l'hôpital.")
    words = "Eve rappelle à 22 h <script>"
    assert (await bruno.post("/shift/hand-over", words=words)).status_code == 303
    assert (await bruno.post("/shift/hand-over", words="encore")).status_code == 409
    page = (await berthe.get("/shift")).text
    number = house.ask("SELECT number FROM alert WHERE id = :a", a=alert)[0].number
    assert f"AL-{number:06d}" in page
    assert item.handset in page
    assert "Eve rappelle à 22 h &lt;script&gt;" in page
    left = str(house.ask("SELECT id FROM hand_over")[0].id)
    assert (await bruno.post("/shift/confirm", hand_over=left)).status_code == 409
    assert page.count('name="line-') == 3
    unread = await berthe.post("/shift/confirm", hand_over=left, **{"line-1": "y", "line-3": "y"})
    assert unread.status_code == 422
    assert "Lisez et cochez chaque ligne." in unread.text
    read = {"line-1": "y", "line-2": "y", "line-3": "y"}
    assert (await berthe.post("/shift/confirm", hand_over=left, **read)).status_code == 303
    assert (await berthe.post("/shift/confirm", hand_over=left, **read)).status_code == 409
    assert 'name="line-' not in (await berthe.get("/shift")).text
    assert (await berthe.post("/shift/confirm", hand_over="nothing")).status_code == 404
    (row,) = house.ask("SELECT leaving, coming, confirmed_at FROM hand_over")
    assert (row.leaving, row.coming) == ("Bruno", "Berthe")
    assert row.confirmed_at is not None


async def test_a_hand_over_names_what_is_to_be_mended_and_a_release_that_is_near(
    house: House,
) -> None:
    """Nobody has put them aside: a battery, and he comes out the day after tomorrow. The room is
    told which handset to watch more closely, and nothing of him (order of 22 April 2015, 3)."""
    ana, eve = house.give(), house.give("Eve", number="+33639980002")
    house.ask(
        "INSERT INTO technical_item (id, handset, kind, raised_at)"
        " VALUES (gen_random_uuid(), :h, 'low_battery', now()) RETURNING 1", h=ana.handset,
    )  # fmt: skip
    house.ask(
        "UPDATE case_file f SET release_on = current_date"
        " + CASE a.handset WHEN :near THEN 2 ELSE 4 END FROM allocation a"
        " WHERE a.person = f.person RETURNING 1", near=ana.handset,
    )  # fmt: skip
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    assert (await bruno.post("/shift/hand-over", words="")).status_code == 303
    page = (await berthe.get("/shift")).text
    assert f'Point à régler <span class="figures">{ana.handset}</span>' in page
    assert "libération" not in page
    days = [house.ask("SELECT to_char(current_date + :n, 'DD/MM/YYYY') AS day", n=n)[0].day
            for n in (2, 5)]  # fmt: skip
    assert not [day for day in days if day in page], "neither his day nor the end of the watch"
    assert page.count('name="line-') == 2
    watched = f'À surveiller de plus près ces jours-ci</b> <span class="figures">{ana.handset}'
    assert page.count(watched) == 1
    assert eve.handset not in page, "four days are not near"
    assert NAME not in page, "the room reads no name"
    left = str(house.ask("SELECT id FROM hand_over")[0].id)
    unread = await berthe.post("/shift/confirm", hand_over=left, **{"line-1": "y"})
    assert unread.status_code == 422
    house.ask("UPDATE allocation SET ended_at = now() RETURNING 1")
    both = {"line-1": "y", "line-2": "y"}
    assert (await berthe.post("/shift/confirm", hand_over=left, **both)).status_code == 303
    assert watched in (await berthe.get("/shift")).text


async def test_a_long_hand_over_is_confirmed_too(house: House) -> None:
    """More lines than a form usually has fields."""
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    assert (await bruno.post("/shift/hand-over", words="Nuit longue.")).status_code == 303
    handset = house.give("Eve", number="+33639980002").handset
    (left,) = house.ask(
        "WITH many AS (INSERT INTO technical_item (id, handset, kind, raised_at, settled_at)"
        " SELECT gen_random_uuid(), :h, 'silent', now(), now() FROM generate_series(1, 60)"
        " RETURNING id)"
        " UPDATE hand_over SET items = ARRAY(SELECT id FROM many) RETURNING id", h=handset,
    )  # fmt: skip
    named = (await berthe.get("/shift")).text.count('name="line-')
    assert named > 60
    read = {f"line-{n}": "y" for n in range(1, named + 1)}
    assert (await berthe.post("/shift/confirm", hand_over=str(left.id), **read)).status_code == 303


async def test_an_item_put_aside_comes_back_by_itself(house: House) -> None:
    silent = items(house, "silent", "low_battery")[1]
    bruno = await house.signed_in("Bruno")
    shelve = f"/technical/{silent.id}/shelve"
    assert (await bruno.post(shelve, hours="48", why="Elle est en voyage.")).status_code == 422
    assert (await bruno.post(shelve, hours="4", why="bof")).status_code == 422
    assert (await bruno.post(shelve, hours="4", why="Elle est en voyage.")).status_code == 303
    page = (await bruno.get("/technical")).text
    assert page.count(f"/technical/{silent.id}/settle") == 0
    assert "Elle est en voyage." in page
    (kept,) = house.ask(
        "UPDATE technical_item SET shelved_until = now() WHERE id = :i"
        " RETURNING shelved_until, raised_at", i=silent.id,
    )  # fmt: skip
    assert kept.shelved_until - kept.raised_at < timedelta(hours=5)
    assert f"/technical/{silent.id}/settle" in (await bruno.get("/technical")).text


async def test_the_supervisor_sees_whose_and_what_is_late(house: House) -> None:
    taken, late = house.press(house.give()), house.press(house.give("Eve", number="+33639980002"))
    bruno, sami = await house.signed_in("Bruno"), await house.signed_in("Sami")
    await bruno.post(f"/alerts/{taken}/take")
    assert "en retard" not in (await sami.get("/supervision")).text
    with house.engine.begin() as record:
        record.execute(
            text("UPDATE alert SET waiting_since = :at WHERE id = :a"),
            {"a": late, "at": clock.now() - timedelta(seconds=11)},
        )
    page = (await sami.get("/supervision")).text
    assert page.count("en retard : personne ne l’a prise") == 1
    assert "<bdi>Bruno</bdi>" in page
    assert (await bruno.get("/supervision")).status_code == 404
    camille = await house.signed_in("Camille")
    assert (await camille.get("/shift")).status_code == 404


async def test_the_supervisor_sees_a_request_that_no_room_has_acknowledged(house: House) -> None:
    """For a minute the room may be at it; an exercise rings in no room."""
    alert = house.press(house.give())
    bruno, sami = await house.signed_in("Bruno"), await house.signed_in("Sami")
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/request")
    late = "en retard\u00a0: aucune salle n’a accusé réception de la demande de"
    assert late not in (await sami.get("/supervision")).text
    earlier = "UPDATE alert SET requested_at = requested_at - interval '61 seconds' RETURNING 1"
    house.ask(earlier)
    assert late in (await sami.get("/supervision")).text
    house.ask("UPDATE alert SET acknowledged_at = now() RETURNING 1")
    assert late not in (await sami.get("/supervision")).text
    house.ask("UPDATE alert SET acknowledged_at = NULL, lane = 'exercise' RETURNING 1")
    assert late not in (await sami.get("/supervision")).text


async def test_the_supervisor_sees_times_and_a_flood(house: House) -> None:
    """Eleven press within ten minutes and one console is heard."""
    bruno, sami = await house.signed_in("Bruno"), await house.signed_in("Sami")
    page = (await sami.get("/supervision")).text
    assert "Aucune alerte réelle sur cette durée." in page
    await bruno.post("/shift/start", heard_sound="yes")
    await bruno.post("/sound/state", json=True, state="on")
    alerts = [house.press(house.give(f"P{n:02d}", number=f"+336399801{n:02d}")) for n in range(11)]
    await bruno.post(f"/alerts/{alerts[0]}/take")
    house.ask("UPDATE alert SET opened_at = opened_at - interval '95 seconds' RETURNING 1")
    page = (await sami.get("/supervision")).text
    assert "Afflux" in page
    assert re.search(r">1:3\d – trop long</b>", page)
    house.ask("UPDATE alert SET opened_at = opened_at - interval '10 minutes'"
              " WHERE id = :a RETURNING 1", a=alerts[0])  # fmt: skip
    assert "Afflux" not in (await sami.get("/supervision")).text


async def test_a_hand_over_says_which_alert_is_an_exercise_or_a_test(house: House) -> None:
    """Whoever takes over reads it before ticking."""
    for name, number, lane in (("Ana", "+33639980001", "real"), ("Eve", "+33639980002", "test"),
                               ("Ida", "+33639980003", "exercise")):  # fmt: skip
        alert = house.press(house.give(name, number=number))
        house.ask("UPDATE alert SET lane = :l WHERE id = :a RETURNING 1", l=lane, a=alert)
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    await bruno.post("/shift/hand-over", words="")
    lines = re.findall(r"Alerte ouverte .*?</label>", (await berthe.get("/shift")).text)
    assert [(">Essai<" in one, ">EXERCICE<" in one) for one in lines] == [
        (False, False), (True, False), (False, True),
    ]  # fmt: skip
