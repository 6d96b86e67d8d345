"""Who sees what of a file, by what is really sent: a word for each group, looked for everywhere."""

import pytest

from tests.walking import REASONS
from tests.web.casework_ground import OFFICERS, OTHER_ROOM, Court, made_court  # noqa: F401
from tests.web.conftest import PEOPLE, Browser
from tests.web.test_reach import AT_HOME, cleared, pressed
from tgd.rules.access import Role
from tgd.rules.scope import GROUPS, FileGroup

PLANTED: dict[str, tuple[str, str]] = {
    "person": ("VIOLETTE", "UPDATE case_sheet SET sheet = jsonb_set(sheet, '{contacts}',"
               " '[\"VIOLETTE\"]')"),
    "decision": ("2031-05-04", "UPDATE case_file SET ends_at = '2031-05-04T22:00Z'"),
    "consents": ("MIMOSA", "UPDATE consent SET recorded_by = 'MIMOSA'"),
    "referral": ("JONQUILLE", "UPDATE referral SET words = 'JONQUILLE'"),
    "assessment": ("PIVOINE", "UPDATE opinion SET words = 'PIVOINE'"),
    "conditions": ("ORTIE", "UPDATE restrained_person SET name = 'ORTIE'"),
    "ban_dates": ("2031-07-14", "UPDATE condition_record SET found = jsonb_set(found,"
                  " '{bans,0,until}', '\"2031-07-14\"') WHERE condition = 'ban'"),
    "follow_up": ("PRIMEVERE", "UPDATE follow_up SET words = 'PRIMEVERE'"),
    "deadlines": ("ANEMONE", "UPDATE deadline SET acknowledged_by = 'ANEMONE',"
                  " acknowledged_at = now() WHERE case_file IS NOT NULL AND settled_at IS NULL"),
    # parts of a group, and what stands in the head of the file
    "evidence": ("CHARDON", "UPDATE condition_record SET evidence = 'CHARDON'"),
    "reasons": (REASONS[:40], ""),  # a signed decision is never changed
    "release": ("2031-08-15", "UPDATE case_file SET release_on = '2031-08-15'"),
    "end_reason": ("restrained_person_detained",
                   "UPDATE case_file SET end_reason = 'restrained_person_detained'"),
    "incident": ("COLCHIQUE", "UPDATE handset_incident SET words = 'COLCHIQUE'"),
}  # fmt: skip
"""Where each word is put; nothing else that is sent holds one of them."""
_COURT = {Role.PROSECUTOR, Role.REGISTRY}
PARTS: dict[str, set[Role]] = {
    "evidence": _COURT | {Role.CONTROL_ROOM}, "reasons": _COURT,
    "release": _COURT | {Role.ASSOCIATION, Role.CONTROL_ROOM},
    "end_reason": _COURT | {Role.ASSOCIATION, Role.CONTROL_ROOM},
    "incident": _COURT | {Role.ASSOCIATION},
}  # fmt: skip
THEIRS = ("Camille", "Greta", "Lea", "Bruno", "Sami", "Corg")
OTHERS = ("Paul", "Rosa", "Noa", "Sofia", "Sacha", "Corinne", "Dpo", "Root")
BY_ALERT = ("Bruno", "Sami", "Corg")


def role(name: str) -> Role:
    return OFFICERS[name][0] if name in OFFICERS else PEOPLE.get(name, Role.CONTROL_ROOM)


def planted(court: Court) -> str:
    """Ana carries a handset, much is known of her, and she presses at home."""
    at = court.walked("hand_over")
    file = court.walk.file_id
    court.house.ask(
        "INSERT INTO follow_up (id, case_file, words, by, at)"
        " VALUES (gen_random_uuid(), :f, 'x', 'Lea', now()) RETURNING 1",
        f=file,
    )
    court.house.ask(
        "INSERT INTO restrained_person (case_file, name, about)"
        " VALUES (:f, 'x', '{}') ON CONFLICT DO NOTHING RETURNING 1",
        f=file,
    )
    court.house.ask("INSERT INTO handset_incident (id, handset, case_file, kind, words, told, by,"
                    " reported_at) VALUES (gen_random_uuid(), :h, :f, 'broken', 'x', '{}', 'Lea',"
                    " now()) RETURNING 1", f=file, h=court.walk.handset)  # fmt: skip
    for name, (_, put) in PLANTED.items():
        assert not put or court.house.ask(f"{put} RETURNING 1"), name
    cleared(court, "Corinne", OTHER_ROOM)
    return at


async def all_of_it(court: Court, browser: Browser, at: str) -> str:
    """Every address of pages and scripts that could hold something of this file."""
    alert, handset = court.house.newest(), court.walk.handset
    paths = [
        at, f"{at}/sheet", f"{at}/assess", f"{at}/hand-over", f"/api/v1{at}", "/files",
        "/files?words=Ana", "/api/v1/files", "/deadlines", "/api/v1/deadlines", "/transfers",
        "/api/v1/transfers", "/clearances", "/stock", f"/stock/{handset}", "/stock.csv",
        "/api/v1/stock", f"/api/v1/stock/{handset}", "/", f"/alerts/{alert}",
        f"/alerts/{alert}?part=live", "/api/alerts", f"/api/alerts/{alert}", "/sync?since=1",
        "/on-paper", "/technical", "/journal",
    ]  # fmt: skip
    replies = {path: await browser.get(path) for path in paths}
    assert {reply.status_code for reply in replies.values()} <= {200, 303, 404}
    return "\n".join(reply.text for reply in replies.values())


def wanted(name: str) -> set[str]:
    """The words that the rules give to this person of a file that is theirs."""
    groups = {group.value for group in GROUPS[role(name)]} & set(PLANTED)
    return groups | {part for part, roles in PARTS.items() if role(name) in roles}


def found_in(sent: str) -> set[str]:
    return {name for name, (planted_word, _) in PLANTED.items() if planted_word in sent}


def test_each_group_has_its_word() -> None:
    assert set(PLANTED) == {g.value for g in FileGroup} - {"handset", "photograph"} | set(PARTS)


@pytest.mark.parametrize("name", THEIRS)
async def test_each_role_is_sent_its_groups_and_no_word_more(court: Court, name: str) -> None:
    at = planted(court)
    browser = await court.browser(name)
    before = found_in(await all_of_it(court, browser, at))
    assert before == (set() if name in BY_ALERT else wanted(name)), "nobody has pressed yet"
    alert = pressed(court, AT_HOME)
    assert found_in(await all_of_it(court, browser, at)) == wanted(name)
    court.house.close(alert)
    after = found_in(await all_of_it(court, browser, at))
    assert after == (set() if name in BY_ALERT else wanted(name)), "it is over"


@pytest.mark.parametrize("name", OTHERS)
async def test_nobody_else_is_sent_a_word(court: Court, name: str) -> None:
    at = planted(court)
    browser = await court.browser(name)
    pressed(court, AT_HOME)
    assert found_in(await all_of_it(court, browser, at)) == set()
