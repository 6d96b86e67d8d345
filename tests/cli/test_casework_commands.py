"""`tgd allocation` and `tgd handset act`: the acts of a court at a terminal."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.cli.commanding import Desk
from tests.conftest import NOW
from tests.walking import NANTERRE, REASONS, Walk
from tests.world import World
from tgd.database import transaction
from tgd.seal import Keys


@pytest.fixture
def walk(engine: Engine, keys: Keys) -> Walk:
    """Ana's file, referred and ready to be decided."""
    with transaction(engine) as session:
        return Walk(World(session, keys, NOW)).settle_in().until("find")


def test_a_file_is_decided_at_a_terminal_in_somebodys_name(desk: Desk, walk: Walk) -> None:
    listed = desk.tgd("allocation", "list", "--as", "Camille", "--json")
    assert [one["state"] for one in listed.json["lists"]["to_decide"]] == ["decision_pending"]
    assert "Ana" not in listed.out
    do = ("allocation", "act", "TGD-000001")
    short = desk.tgd(*do, "grant", "--as", "Camille", "reasons=short")
    assert short.code == 2
    assert "10 characters" in short.err
    granted = desk.tgd(*do, "grant", "--as", "Camille", f"reasons={REASONS}", "--json")
    assert granted.json["done"] is True
    late = desk.tgd(*do, "refuse", "--as", "Cyril", f"reasons={REASONS}")
    assert late.code == 5
    assert "Camille has decided it meanwhile" in late.err
    seen = desk.tgd("allocation", "show", "TGD-000001", "--as", "Camille", "--json").json
    assert (seen["state"], seen["decision"][0]["by"]) == ("granted", "Camille")


def test_what_is_not_theirs_is_not_found(desk: Desk, walk: Walk) -> None:
    for words in (
        ("allocation", "show", str(walk.file_id), "--as", "Noa"),
        ("allocation", "act", str(walk.file_id), "open", "--as", "Paul"),
        ("allocation", "show", "TGD-000999", "--as", "Camille"),
        ("handset", "act", "hnobody", "wipe", "--as", "Sofia"),
        ("allocation", "list", "--as", "nobody"),
    ):
        assert desk.tgd(*words).code == 3, words


def test_a_referral_at_a_terminal_is_a_file(desk: Desk, walk: Walk) -> None:
    said = (f"court={NANTERRE}", "name=Bella FICTIVE", "words=Il la suit.")
    made = desk.tgd("allocation", "refer", "--as", "Lea", *said, "--json")
    assert made.code == 0, made.err
    assert desk.tgd("allocation", "show", made.json["file"], "--as", "Lea").out.startswith("TGD-")
    assert desk.tgd("allocation", "act", made.json["file"], "fly", "--as", "Lea").code == 2
    assert desk.tgd("allocation", "refer", "--as", "Lea", "name").code == 2


def test_a_purge_names_files_and_counts_and_first_says_what_it_would_do(
    desk: Desk, walk: Walk, engine: Engine
) -> None:
    with transaction(engine) as session:
        walk.world.session = session
        walk.go_on("find")
        session.connection().exec_driver_sql(
            "UPDATE case_file SET purge_at = now() - interval '1 day'"
        )
    seen = desk.tgd("allocation", "purge", "--dry-run", "--json")
    assert seen.code == 0, seen.err
    (file,) = seen.json["files"]
    assert (file["reference"], file["stage"]) == ("TGD-000001", "file")
    assert file["counts"]["decisions"] == 2
    assert desk.tgd("allocation", "purge", "--dry-run", "--json").json == seen.json
    done = desk.tgd("allocation", "purge", "--json")
    assert done.json["files"][0]["id"] == file["id"]
    assert "Ana" not in seen.out + done.out
    again = desk.tgd("allocation", "purge", "--json").json
    assert (again["files"], again["positions"], again["messages"]) == ([], 0, 0)
    assert desk.tgd("journal", "verify").code == 0
    shown = desk.tgd("allocation", "show", "TGD-000001", "--as", "Camille")
    assert "purged" in shown.out


def test_a_stock_is_ordered_refilled_and_recalled_at_a_terminal(
    desk: Desk, walk: Walk, tmp_path: Path
) -> None:
    act = ("stock", "act")
    made = desk.tgd(*act, "order", "--as", "Sofia", "pool=NANTERRE-1", "model=Modele A", "--json")
    assert made.json["handset"].startswith("h")
    full = desk.tgd(*act, "refill", "--as", "Sofia", "pool=NANTERRE-1", "model=Modele A")
    assert full.code == 4, "it is on its way"
    assert "on its way" in full.err
    said = ("criterion=model", "value=Modele A", "reasons=It falls apart.")
    recalled = desk.tgd(*act, "recall", "--as", "Sofia", *said, "--json").json
    assert (recalled["set_aside"], recalled["carried"]) == ([], [])
    tried = ("model=Modele A", "test=Fall and water, invented report 7.", "tried=yes")
    assert desk.tgd(*act, "accept-model", "--as", "Sofia", *tried).out.strip() == "model: Modele A"
    assert desk.tgd(*act, "order", "--as", "Greta", "pool=NANTERRE-1").code == 4
    assert desk.tgd(*act, "fly", "--as", "Sofia").code == 2


def test_a_list_of_a_stock_is_judged_and_ordered_at_a_terminal(
    desk: Desk, walk: Walk, tmp_path: Path
) -> None:
    head = "pool,model,battery,radio,number,imei\n"
    good = "NANTERRE-1,Modele A,B1,volte,+33639980031,490154203237518\n"
    table = tmp_path / "ordered.csv"
    table.write_text(head + good + "NOWHERE,Modele A,,,,\n")
    bad = desk.tgd("stock", "import", str(table), "--as", "Sofia", "--json")
    assert (bad.code, bad.json["kept"]) == (1, False)
    assert [one["problem"] is None for one in bad.json["lines"]] == [True, False]
    table.write_text(head + good)
    sound = desk.tgd("stock", "import", str(table), "--as", "Sofia", "--dry-run")
    assert sound.code == 0
    assert "nothing was changed" in sound.err
    kept = desk.tgd("stock", "import", str(table), "--as", "Sofia", "--json").json
    assert (kept["kept"], kept["lines"][0]["handset"][:1]) == (True, "h")
    again = desk.tgd("stock", "import", str(table), "--as", "Sofia")
    assert "already" in again.out
