"""`tgd court`: a court, its stock, its communes and those who work for it, by hand."""

from datetime import timedelta
from pathlib import Path

import pytest

from tgd import clock
from tgd.allocation.acting import officer
from tgd.rules.access import Role
from tgd.store import files

HEAD = "insee,name,court,force,control_room,south,west,north,east\n"
LINES = (
    "99101,Exempleville,TJ-A,police,room-99,45,2,45.1,2.1\n"
    "99102,Fictigny,TJ-A,gendarmerie,corg-99,,,,\n"
)


def test_a_court_is_set_up_and_camille_works_for_it(desk, session, tmp_path):
    table = Path(tmp_path, "communes.csv")
    table.write_text(HEAD + LINES)
    for words in (
        ("account", "add", "camille", "--role", "prosecutor"),
        ("court", "add", "TJ-A", "TJ d'Exemple", "--zone", "Indian/Reunion"),
        ("court", "pool", "A-1", "--court", "TJ-A", "--floor", "2"),
        ("court", "communes", str(table)),
        ("court", "clear", "camille", "--court", "TJ-A", "--days", "30"),
    ):
        said = desk.tgd(*words)
        assert said.code == 0, said.err
    known = {a.insee: (a.force.value, a.box is None) for a in files.areas(session)}
    assert known == {"99101": ("police", False), "99102": ("gendarmerie", True)}
    camille = officer(session, "camille", Role.PROSECUTOR, clock.now())
    assert camille.reach.courts == {"TJ-A"}


def test_who_signs_is_named_and_the_doctor_says_who_is_not(desk):
    assert desk.tgd("account", "add", "camille", "--role", "prosecutor").code == 0
    assert "camille" in desk.tgd("doctor").out
    said = desk.tgd(
        "account", "describe", "camille", "--full-name", "Camille EXEMPLE", "--capacity",
        "vice-procureure",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "camille" not in desk.tgd("doctor").out
    assert desk.tgd("account", "describe", "camille").code == 2
    assert desk.tgd("account", "describe", "nobody", "--capacity", "x").code == 4


def test_the_law_is_numbered_anew_by_a_file(desk, tmp_path):
    shown = desk.tgd("court", "text", "show", "41-3-1/2024-06-15").out
    again = Path(tmp_path, "text.toml")
    again.write_text(
        shown.replace("41-3-1/2024-06-15", "L9999-1").replace("2024-06-15", "2025-01-01")
    )
    tried = desk.tgd("court", "text", "add", str(again), "--dry-run")
    assert (tried.code, "would count" in tried.err) == (0, True), tried.err
    listed = desk.tgd("court", "text", "list", "--json").json["texts"]
    assert len(listed) == 3
    assert desk.tgd("court", "text", "add", str(again)).code == 0
    listed = desk.tgd("court", "text", "list", "--json").json["texts"]
    assert [t["version"] for t in listed if t["in_force"]] == ["L9999-1"]
    assert "L9999-1" in desk.tgd("court", "text", "list").out
    said = desk.tgd("court", "text", "add", str(again), "--json")
    assert (said.code, said.json["kept"]) == (2, False)
    assert "known already" in said.json["problems"][0]
    for odd in ("months = ", 'months = 0\nversion = "x"', "\x00"):
        again.write_text(odd)
        said = desk.tgd("court", "text", "add", str(again), "--dry-run")
        assert said.code == 2, odd
        assert said.err.strip()
    assert desk.tgd("court", "text", "show", "nothing").code == 2


def test_a_partner_is_made_listed_and_revoked(desk):
    assert desk.tgd("court", "add", "TJ-A", "TJ d'Exemple").code == 0
    made = desk.tgd("partner", "add", "CHU d'Exemple", "--court", "TJ-A", "--json").json
    assert len(made["token"]) == 43
    said = desk.tgd("partner", "list", "--json")
    assert [p["courts"] for p in said.json["partners"]] == [["TJ-A"]]
    assert made["token"] not in said.out
    assert desk.tgd("partner", "revoke", made["id"]).code == 0
    assert desk.tgd("partner", "revoke", made["id"]).code == 4
    assert desk.tgd("partner", "list", "--json").json["partners"][0]["revoked_at"]
    assert len(desk.tgd("partner", "add", "Police", "--court", "TJ-A").out.strip()) == 43
    assert desk.tgd("partner", "add", "Police", "--court", "nowhere").code == 3


def test_agreements_clearances_and_deadlines_by_hand(desk):
    for words in (
        ("account", "add", "camille", "--role", "prosecutor"),
        ("account", "add", "lea", "--role", "association"),
        ("court", "add", "TJ-A", "TJ d'Exemple"),
        ("court", "clear", "camille", "--court", "TJ-A", "--days", "30"),
        ("court", "agree", "Association Exemple", "--court", "TJ-A", "--reference", "2026/4",
         "--last-day", f"{clock.now() + timedelta(days=40):%Y-%m-%d}"),
        ("court", "clear", "lea", "--association", "Association Exemple", "--days", "20"),
    ):  # fmt: skip
        said = desk.tgd(*words)
        assert said.code == 0, said.err
    listed = desk.tgd("court", "clearances", "--as", "camille", "--json").json
    assert {c["account"]: c["standing"] for c in listed["clearances"]} == {
        "camille": "running", "lea": "running",
    }  # fmt: skip
    (agreed,) = listed["agreements"]
    asked = ("allocation", "deadlines", "--as", "camille")
    due = desk.tgd(*asked, "--json").json["deadlines"]
    assert {d["kind"] for d in due} == {"clearance_end", "agreement_end"}
    assert "agreement_end" in desk.tgd(*asked).out
    assert desk.tgd("allocation", "seen", due[0]["id"], "--as", "camille").code == 0
    assert desk.tgd("court", "end-agreement", agreed["id"]).code == 0
    for one in listed["clearances"]:
        assert desk.tgd("court", "revoke", one["id"]).code == 0
    assert desk.tgd(*asked, "--json").json["deadlines"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("court", "add", "TJ-B", "B", "--zone", "Mars/Olympus"),
        ("court", "pool", "B-1", "--court", "nowhere"),
        ("court", "clear", "nobody", "--association", "Association Exemple"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(desk, words):
    said = desk.tgd(*words)
    assert said.code in (2, 3, 4), said
    assert said.err.strip()
