"""What is kept longer of an alert, on the sheet and the file: by whom, until when, and let go."""

from datetime import datetime, timedelta
from uuid import UUID

from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import Browser
from tests.web.test_calls import recorded
from tgd import clock
from tgd.alerts.acts import Actor, take
from tgd.purge import purge
from tgd.rules.access import Role


def pressed(court: Court) -> tuple[str, UUID]:
    """Ana has her handset, has pressed, and her alert is closed."""
    at = court.walked("hand_over")
    court._do(lambda walk: walk.press("press"))
    alert = court.house.newest()
    court.house.close(alert)
    return at, alert


async def keep(person: Browser, alert: UUID, what: str, **fields: str) -> int:
    return int((await person.post(f"/alerts/{alert}/{what}", **fields)).status_code)


async def test_camille_keeps_the_positions_and_the_page_says_until_when(court: Court) -> None:
    _, alert = pressed(court)
    camille, bruno = await court.browser("Camille"), await court.browser("Bruno")
    assert "Positions conservées 8 jours" not in (await camille.get(f"/alerts/{alert}")).text
    assert await keep(camille, alert, "keep-positions", reason="affaire 26/7") == 303
    page = (await camille.get(f"/alerts/{alert}")).text
    assert "Positions conservées 8 jours" in page
    assert "affaire 26/7" in page
    assert 'id="act-keep-positions"' not in page
    (kept,) = (await camille.json(f"/api/alerts/{alert}"))["record"]["kept"]
    heard = court.house.ask("SELECT max(received_at) AS at FROM sighting WHERE alert = :a", a=alert)
    assert kept["by"] == "Camille"
    until = datetime.fromisoformat(kept["until"])
    assert abs(until - heard[0].at - timedelta(days=8)) < timedelta(milliseconds=1)
    seen = (await bruno.get(f"/alerts/{alert}")).text
    assert "Positions conservées 8 jours" in seen
    assert "affaire 26/7" not in seen, "why is the prosecutor's"
    assert "let-positions-go" not in seen
    assert await keep(camille, alert, "let-positions-go") == 303
    assert 'id="act-keep-positions"' in (await camille.get(f"/alerts/{alert}")).text
    assert await keep(camille, alert, "let-positions-go") == 409


async def test_camille_keeps_the_recording_and_nobody_reads_that_it_goes(court: Court) -> None:
    _, alert = pressed(court)
    court.house.ask(
        "INSERT INTO conversation (id, alert, wanted_by, wanted_at, listen_only, ended_at)"
        " VALUES (:a, :a, 'Bruno', now(), false, now()) RETURNING 1", a=alert,
    )  # fmt: skip
    recorded(court.house)
    camille = await court.browser("Camille")
    page = (await camille.get(f"/alerts/{alert}")).text
    assert "conservé jusqu’au" in page
    assert await keep(camille, alert, "keep-evidence", reason="procédure 26/1") == 303
    page = (await camille.get(f"/alerts/{alert}")).text
    assert "conservé pour une procédure" in page
    assert "conservé jusqu’au" not in page
    assert "ce qu’un procureur y mette fin" in page
    assert "Enregistrements et tout le reste conservés" in page
    file = (await camille.get(f"/files/{court.walk.file_id}")).text
    assert "Enregistrements et tout le reste conservés" in file
    assert f'href="/alerts/{alert}"' in file


async def test_who_may_not_is_told_so_and_a_reason_is_asked_for(court: Court) -> None:
    _, alert = pressed(court)
    camille = await court.browser("Camille")
    for name, status in (("Bruno", 403), ("Sami", 403), ("Corg", 403), ("Greta", 404),
                         ("Lea", 404), ("Sofia", 404), ("Dpo", 404), ("Paul", 404)):  # fmt: skip
        person = await court.browser(name)
        assert await keep(person, alert, "keep-evidence", reason="x") == status, name
        assert "act-keep-" not in (await person.get(f"/alerts/{alert}")).text, name
    assert await keep(camille, alert, "keep-evidence", reason="  ") == 422
    assert court.house.ask("SELECT 1 FROM kept_longer") == []


async def test_scripts_keep_and_let_go_by_the_same_address(court: Court) -> None:
    _, alert = pressed(court)
    camille = await court.browser("Camille")
    answer = await camille.post(f"/alerts/{alert}/keep-positions", json=True, reason="affaire 26/7")
    assert answer.status_code == 200
    assert [one["what"] for one in answer.json()["record"]["kept"]] == ["positions"]
    again = await camille.post(f"/alerts/{alert}/keep-positions", json=True, reason="affaire 26/7")
    assert (again.status_code, again.json()["sentence"]) == (409, "C’est déjà conservé.")
    assert (await camille.post(f"/alerts/{alert}/let-positions-go", json=True)).status_code == 200
    acts = [line.act for line in court.house.ask("SELECT act FROM journal WHERE alert = :a"
                                                 " AND act LIKE 'Positions%' ORDER BY seq",
                                                 a=alert)]  # fmt: skip
    assert acts == ["PositionsKept", "PositionsLetGo"]


async def test_the_page_of_a_file_says_who_holds_it_since_when(court: Court) -> None:
    at, alert = pressed(court)
    camille, cyril = await court.browser("Camille"), await court.browser("Cyril")
    await camille.post(f"{at}/hold", procedure="procedure 26/1")
    page = (await cyril.get(at)).text
    assert "par <bdi>Camille</bdi>" in page
    assert "jusqu’à ce qu’un procureur y mette fin" in page
    assert (
        "Tout le dossier est conservé pour une procédure"
        in (await cyril.get(f"/alerts/{alert}")).text
    )


async def test_what_is_gone_is_offered_to_nobody(court: Court) -> None:
    _, alert = pressed(court)
    camille = await court.browser("Camille")
    court.house.do(lambda s: purge(s, clock.now() + timedelta(days=4)))
    page = (await camille.get(f"/alerts/{alert}")).text
    assert "act-keep-" not in page
    assert await keep(camille, alert, "keep-positions", reason="affaire 26/7") == 409


async def test_after_the_eight_days_the_page_says_no_more_that_it_is_kept(court: Court) -> None:
    at, alert = pressed(court)
    camille = await court.browser("Camille")
    assert await keep(camille, alert, "keep-positions", reason="affaire 26/7") == 303
    assert "Positions conservées 8 jours" in (await camille.get(at)).text
    court.house.do(lambda s: purge(s, clock.now() + timedelta(days=9)))
    assert (await camille.json(f"/api/alerts/{alert}"))["record"]["kept"] == []
    assert '<span class="tag">Positions conservées 8 jours' not in (await camille.get(at)).text


async def test_an_open_alert_may_be_kept_before_anything_was_erased(court: Court) -> None:
    court.walked("hand_over")
    court._do(lambda walk: walk.press("press"))
    alert = court.house.newest()
    bruno = Actor("Bruno", Role.OPERATOR)
    court.house.do(lambda s: take(s, bruno, alert, clock.now()))
    camille = await court.browser("Camille")
    assert await keep(camille, alert, "keep-positions", reason="affaire 26/7") == 303
