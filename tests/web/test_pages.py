"""Bruno sees who calls, takes it, acts and closes; whoever has not signed in sees nothing."""

import asyncio
import re

import pytest

from tests.web.conftest import BROKEN_RULE, FULL_DISK, House
from tgd.web.once import Once

CLOSED_DOORS = [
    "/", "/alerts/00000000-0000-0000-0000-000000000001", "/technical", "/journal", "/sync",
    "/events", "/api/session", "/api/alerts", "/api/alerts/00000000-0000-0000-0000-000000000001",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED_DOORS)
async def test_nobody_sees_anything_without_signing_in(house: House, path: str) -> None:
    house.press(house.give())
    reply = await house.browser().get(path)
    assert reply.status_code in (303, 401)
    assert reply.headers.get("location", "/login") == "/login"
    assert "AL-0" not in reply.text


@pytest.mark.parametrize("act", ["take", "release", "verify", "request", "note", "close"])
async def test_nobody_acts_without_signing_in(house: House, act: str) -> None:
    alert = house.press(house.give())
    reply = await house.browser().post(f"/alerts/{alert}/{act}")
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert (await house.browser().post("/take-next", json=True)).status_code == 401
    assert house.ask("SELECT owner FROM alert")[0].owner is None


async def test_an_alert_from_its_arrival_to_its_closing(house: House) -> None:
    alert = house.press(house.give(number="+33639980077"))
    bruno = await house.signed_in("Bruno")
    page = (await bruno.get("/")).text
    assert "Nouvelle" in page
    assert "position reçue" in page
    assert "personne ne l’a prise" in page
    taken = await bruno.post("/take-next")
    assert taken.headers["location"] == f"/alerts/{alert}"
    sheet = (await bruno.get(f"/alerts/{alert}")).text
    assert "Ana SENTINELLE" in sheet
    assert "48.89234, 2.20711" in sheet
    assert "± 12\u00a0m" in sheet
    for act, fields in [
        ("verify", {"found": "safe_voice"}), ("request", {}), ("note", {"words": "voix d’homme"}),
    ]:  # fmt: skip
        assert (await bruno.post(f"/alerts/{alert}/{act}", **fields)).status_code == 303
    shut = await bruno.post(
        f"/alerts/{alert}/close", json=True, outcome="accidental", reason="appui dans le sac à main"
    )
    assert (shut.json()["state"], shut.json()["outcome"]) == ("closed", "accidental")
    sheet = (await bruno.get(f"/alerts/{alert}")).text
    for words in ("Alerte reçue", "Alerte prise en charge", "Doute levé", "voix d’homme"):
        assert words in sheet
    assert re.search(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", sheet)


async def test_of_two_who_take_one_alert_one_wins_and_the_other_reads_why(house: House) -> None:
    alert = house.press(house.give())
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    replies = await asyncio.gather(
        bruno.post(f"/alerts/{alert}/take"), berthe.post(f"/alerts/{alert}/take")
    )
    assert sorted(r.status_code for r in replies) == [303, 409]
    loser = next(r for r in replies if r.status_code == 409)
    winner = house.ask("SELECT owner FROM alert")[0].owner
    assert f"{winner} a déjà pris cette alerte en charge." in loser.text
    assert f"<bdi>{winner}</bdi>" in loser.text


async def test_two_who_take_the_next_at_once_get_two_alerts(house: House) -> None:
    for name, number in (("Ana", "+33639980001"), ("Eve", "+33639980002")):
        house.press(house.give(name, number=number))
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    one, other = await asyncio.gather(bruno.post("/take-next"), berthe.post("/take-next"))
    assert one.headers["location"] != other.headers["location"]
    assert {r.owner for r in house.ask("SELECT owner FROM alert")} == {"Bruno", "Berthe"}


@pytest.mark.parametrize(("fault", "status"), [(FULL_DISK, 503), (BROKEN_RULE, 500)])
async def test_a_note_that_met_a_fault_is_kept_when_it_is_sent_again(
    house: House, fault: str, status: int
) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    said = {"words": "voix d’homme", "once": "abc"}
    with house.refusing("note", fault):
        assert (await bruno.post(f"/alerts/{alert}/note", **said)).status_code == status
    assert (await bruno.post(f"/alerts/{alert}/note", **said)).status_code == 303
    assert len(house.ask("SELECT 1 FROM note")) == 1


async def test_a_form_that_is_sent_twice_acts_once(house: House) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    for _ in range(2):
        assert (await bruno.post(f"/alerts/{alert}/take")).status_code == 303
    fields = {"words": "cris derrière la porte", "once": "abc"}
    replies = await asyncio.gather(*(bruno.post(f"/alerts/{alert}/note", **fields) for _ in "ab"))
    assert [r.status_code for r in replies] == [303, 303]
    assert len(house.ask("SELECT 1 FROM note")) == 1
    for _ in range(2):
        reply = await bruno.post(f"/alerts/{alert}/request", once="def")
        assert reply.status_code == 303


async def test_a_form_that_is_sent_again_to_another_console_acts_once(house: House) -> None:
    """The console died after the commit and before its answer; the browser sends the same again."""
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    for form in (
        {"act": "note", "words": "cris derrière la porte", "once": "abc"},
        {"act": "verify", "found": "danger", "once": "def"},
        {"act": "close", "outcome": "", "once": "ghi"},
    ):
        act = form.pop("act")
        statuses = []
        for _ in range(2):
            house.console.once = Once()  # one that remembers nothing
            statuses.append((await bruno.post(f"/alerts/{alert}/{act}", **form)).status_code)
        assert statuses == ([422, 422] if act == "close" else [303, 303]), "refused is not done"
    acts = [row.act for row in house.ask("SELECT act FROM journal WHERE who = 'Bruno'")]
    assert (acts.count("NoteWritten"), acts.count("VerificationDone")) == (1, 1)
    assert len(house.ask("SELECT 1 FROM note")) == 1


async def test_four_eyes_are_two_people(house: House) -> None:
    alert = house.press(house.give())
    sami, sonia = await house.signed_in("Sami"), await house.signed_in("Sonia")
    await sami.post(f"/alerts/{alert}/take")
    page = (await sami.get(f"/alerts/{alert}")).text
    assert "une deuxième personne devra contresigner" in page
    fields = {"outcome": "not_found", "reason": "personne à l'adresse connue"}
    await sami.post(f"/alerts/{alert}/close", **fields)
    assert house.ask("SELECT state FROM alert")[0].state == "taken"
    assert "Contresigner la clôture" not in (await sami.get(f"/alerts/{alert}")).text
    assert (await sami.post(f"/alerts/{alert}/countersign")).status_code == 403
    assert "Contresigner la clôture" in (await sonia.get(f"/alerts/{alert}")).text
    assert (await sonia.post(f"/alerts/{alert}/countersign")).status_code == 303
    (row,) = house.ask("SELECT state, closed_by, countersigned_by FROM alert")
    assert tuple(row) == ("closed", "Sami", "Sonia")


@pytest.mark.parametrize(
    ("act", "fields", "sentence"),
    [
        ("verify", {"found": "maybe"}, "Dites ce que vous avez constaté."),
        ("verify", {}, "Dites ce que vous avez constaté."),
        ("close", {"outcome": "", "reason": "long enough for it"}, "Choisissez comment"),
        ("close", {"outcome": "other", "reason": "court"}, "10 caractères"),
        ("note", {"words": "  "}, "Écrivez d’abord"),
    ],
)
async def test_a_wrong_field_is_answered_by_a_sentence(
    house: House, act: str, fields: dict[str, str], sentence: str
) -> None:
    alert = house.press(house.give())
    bruno = await house.signed_in("Bruno")
    await bruno.post(f"/alerts/{alert}/take")
    reply = await bruno.post(f"/alerts/{alert}/{act}", **fields)
    assert reply.status_code == 422
    assert sentence in reply.text


async def test_a_canary_is_on_the_technical_page_and_in_no_list(house: House) -> None:
    canary, unheard = [house.do(lambda session: house.world(session).canary()) for _ in range(2)]
    alert = house.press(canary)
    bruno = await house.signed_in("Bruno")
    page = (await bruno.get("/technical")).text
    assert f"{canary.handset}</b> entendu en dernier" in page
    assert f"{unheard.handset}</b> jamais entendu" in page
    assert str(alert) not in (await bruno.get("/")).text
    assert str(alert) not in (await bruno.get("/api/alerts")).text
    assert (await bruno.get(f"/alerts/{alert}")).status_code == 404
    assert (await bruno.get(f"/api/alerts/{alert}")).status_code == 404
    assert (await bruno.post(f"/alerts/{alert}/take")).status_code == 404


async def test_real_alerts_tests_and_technical_items_never_mix(house: House) -> None:
    ana = house.give()
    real = house.press(ana)
    trial = house.press(ana, kind="test")
    house.ask(
        "INSERT INTO technical_item (id, handset, kind, raised_at)"
        " VALUES (gen_random_uuid(), :h, 'silent', now()) RETURNING 1", h=ana.handset,
    )  # fmt: skip
    bruno = await house.signed_in("Bruno")
    page = (await bruno.get("/")).text
    lanes = dict(re.findall(r'data-list="(\w+)">(.*?)</ol>', page, re.S))
    assert str(real) in lanes["real"]
    assert str(trial) not in lanes["real"]
    assert str(trial) in lanes["test"]
    assert ana.handset not in page
    assert ana.handset in (await bruno.get("/technical")).text
    item = house.ask("SELECT id FROM technical_item")[0].id
    assert (await bruno.post(f"/technical/{item}/settle")).status_code == 303
    assert (await bruno.post(f"/technical/{item}/settle")).status_code == 409
    assert ana.handset not in (await bruno.get("/technical")).text


async def test_a_stolen_handset_says_what_to_do(house: House) -> None:
    alert = house.press(house.give(state="stolen"))
    bruno = await house.signed_in("Bruno")
    page = (await bruno.get(f"/alerts/{alert}")).text
    assert "Ana SENTINELLE" not in page
    assert "Rue du Repère" not in page
    assert "Peut être l’agresseur\u00a0: ne pas rappeler sur le téléphone" in page
    english = (await bruno.get(f"/alerts/{alert}?lang=en")).text
    assert "May be the aggressor: do not call the handset back" in english
    await bruno.post(f"/alerts/{alert}/take")
    await bruno.post(f"/alerts/{alert}/verify", found="danger")
    assert "Ana SENTINELLE" in (await bruno.get(f"/alerts/{alert}")).text, "a human has looked"


@pytest.mark.parametrize("path", ["/alerts/nonsense", "/alerts/1", "/nowhere", "/static/x/live.js"])
async def test_what_is_not_there_is_a_page_that_says_so(house: House, path: str) -> None:
    bruno = await house.signed_in("Bruno")
    reply = await bruno.get(path)
    assert reply.status_code == 404
    assert "Cette page n’existe pas ici." in reply.text


@pytest.mark.parametrize("house", [{"demonstration": True}], indirect=True)
async def test_a_demonstration_says_so_on_every_page(house: House) -> None:
    house.press(house.give())
    assert "DÉMONSTRATION" in (await house.browser().get("/login")).text
    bruno = await house.signed_in("Bruno")
    assert "DÉMONSTRATION" in (await bruno.get("/")).text
