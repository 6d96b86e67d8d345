"""A ledger keeps every line over a crash, and the strangers import nothing of ours."""

import ast
import json
from enum import StrEnum
from pathlib import Path

import pytest

from simulators.ledger import Ledger
from simulators.misbehaving import Misbehaviour

ROOT = Path(__file__).parents[2]


class Mode(StrEnum):
    OK = "ok"
    DEAF = "deaf"
    SLOW = "slow"


def test_lines_are_on_disk_at_once(tmp_path: Path) -> None:
    """Before the writer goes on, another reader finds the line."""
    ledger = Ledger(tmp_path / "deep" / "l.jsonl")
    ledger.write("kept", key="ç")
    read = json.loads((tmp_path / "deep" / "l.jsonl").read_text())
    assert (read["event"], read["key"]) == ("kept", "ç")
    assert read == ledger.lines[0]
    ledger.close()


def test_torn_line_is_survived(tmp_path: Path) -> None:
    """A crash in the middle of a line loses that line alone, and spoils no other."""
    path = tmp_path / "l.jsonl"
    path.write_bytes(b'{"event": "a", "at": "x"}\n{"event": "b", "a')
    ledger = Ledger(path)
    ledger.write("c")
    ledger.close()
    again = Ledger(path)
    assert [line["event"] for line in again.lines] == ["a", "c"]
    again.close()


def test_misbehaviour_counts_down() -> None:
    """Twice means twice; `ok` ends all; an unknown mode is named in the refusal."""
    faults = Misbehaviour(Mode)
    faults.become("deaf", times=2)
    faults.obey({"mode": "slow", "seconds": 3})
    assert [bool(faults.strike("deaf")) for _ in range(3)] == [True, True, False]
    slow = faults.strike("slow")
    assert slow is not None
    assert slow.seconds == 3
    faults.become("ok")
    assert faults.strike("slow") is None
    for nonsense in ({"mode": "loud"}, {}, {"mode": "slow", "seconds": "long"}):
        with pytest.raises(ValueError):
            faults.obey(nonsense)


def test_strangers_import_nothing_of_ours() -> None:
    """A misreading of a protocol cannot be shared by both sides: no common line of code."""
    ours = {"tgd", "gateway", "dispatch", "tests"}
    for path in [*ROOT.glob("simulators/**/*.py"), *ROOT.glob("tests/simulators/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} imports relatively"
                names = [node.module or ""]
            assert not ours & {name.split(".")[0] for name in names}, path
