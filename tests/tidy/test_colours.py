"""What imports cannot say about the colours: no await, no clock, no chance, no environment."""

import ast
from pathlib import Path

import pytest

from tests.tidy.house import (
    GREY,
    PRODUCT,
    WHITE,
    coloured,
    dotted,
    files,
    imports_of,
    name_of,
    tree_of,
)

CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "dt.datetime.now",
    "dt.date.today", "clock.now", "time.time", "time.time_ns",
}  # fmt: skip
CHANCE = {"uuid.uuid4", "uuid.uuid1", "uuid4", "uuid1", "os.urandom", "urandom"}
ENVIRONMENT = {"os.environ", "os.getenv", "environ", "getenv", "os.environb"}

NOT_IN_WHITE = {
    "time", "random", "secrets", "socket", "asyncio", "threading", "subprocess", "sqlalchemy",
    "sqlmodel", "psycopg", "structlog",
}  # fmt: skip
NOT_IN_GREY = {"time", "random", "secrets", "socket", "asyncio", "threading", "subprocess"}

# A query is asked elsewhere only of something that is not a table of ours.
ASKS_ELSEWHERE = {
    "tgd/database.py": "opens the record: limits of a connection",
    "tgd/doctor/record.py": "asks the server for its settings, reads no table",
    "tgd/listening.py": "LISTEN on a connection of its own",
    "tgd/embedded": "asks whether the server lives, before there is a record",
    "tgd/migrations": "makes the tables",
    "tgd/records": "clauses of constraints and indexes, no question",
    "tgd/spool.py": "a file of its own in front of the record",
}

BOTH = [*coloured(WHITE), *coloured(GREY)]


def awaits(path: Path) -> list[int]:
    """Lines with await or `async def`; a declaration in a Protocol says what others must do."""
    tree = tree_of(path)
    declared = {
        id(method)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(dotted(b) == "Protocol" for b in node.bases)
        for method in node.body
    }
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, waiting) and id(node) not in declared
    ]


def uses(path: Path, names: set[str]) -> list[str]:
    return [
        f"{name_of(path)}:{node.lineno} {dotted(node)}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute | ast.Name) and dotted(node) in names
    ]


def test_the_table_of_colours_still_finds_its_files():
    assert len(coloured(WHITE)) > 10
    assert len(coloured(GREY)) > 5


@pytest.mark.parametrize("path", BOTH, ids=name_of)
def test_white_and_grey_never_wait(path):
    assert awaits(path) == []


@pytest.mark.parametrize("path", BOTH, ids=name_of)
def test_white_and_grey_are_given_the_moment_and_the_environment(path):
    assert uses(path, CLOCKS | ENVIRONMENT) == []


@pytest.mark.parametrize("path", coloured(WHITE), ids=name_of)
def test_white_has_no_chance_no_socket_no_store(path):
    roots = {name.partition(".")[0] for name in imports_of(tree_of(path))}
    assert roots & NOT_IN_WHITE == set()
    assert uses(path, CHANCE) == []


@pytest.mark.parametrize("path", coloured(GREY), ids=name_of)
def test_grey_has_no_chance_and_no_socket(path):
    roots = {name.partition(".")[0] for name in imports_of(tree_of(path))}
    assert roots & NOT_IN_GREY == set()
    assert uses(path, CHANCE) == []


def test_the_environment_is_read_in_one_place():
    # Whoever starts a child process hands the environment on: that is not reading a setting.
    allowed = {"tgd/settings.py"}
    handed_on = {"tgd/embedded/", "tgd/demo", "tgd/up", "tgd/cli"}
    found = [
        said
        for path in files(*PRODUCT, "simulators")
        if name_of(path) not in allowed and not name_of(path).startswith(tuple(handed_on))
        for said in uses(path, ENVIRONMENT)
    ]
    assert found == []


def test_the_clock_is_read_in_one_place():
    found = [
        said
        for path in files(*PRODUCT)
        if name_of(path) != "tgd/clock.py"
        for said in uses(path, CLOCKS - {"clock.now"})
    ]
    assert found == []


def test_every_query_is_in_the_store():
    found = [
        f"{name_of(path)}:{node.lineno} {dotted(node.func)}("
        for path in files(*PRODUCT)
        if not name_of(path).startswith(("tgd/store", *ASKS_ELSEWHERE))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and is_a_query(node, imports_of(tree_of(path)))
    ]
    assert found == []


def is_a_query(call: ast.Call, imported: set[str]) -> bool:
    """select(…), text(…) of SQLAlchemy, and session.exec(…) or session.execute(…)."""
    name = dotted(call.func)
    if name in ("select", "text", "insert", "update", "delete"):
        return any(i.endswith(f".{name}") and i.startswith("sql") for i in imported)
    return name.rpartition(".")[2] in ("exec", "exec_driver_sql") or (
        name.rpartition(".")[2] == "execute"
        and name.rpartition(".")[0].rpartition(".")[2] in ("session", "connection", "cursor")
    )


def test_the_search_sees_what_it_looks_for(tmp_path, monkeypatch):
    guilty = tmp_path / "guilty.py"
    guilty.write_text(
        "import os\n"
        "from datetime import datetime\n"
        "from typing import Protocol\n"
        "from sqlmodel import select\n"
        "class Teller(Protocol):\n"
        "    async def tell(self): ...\n"
        "async def wait(session):\n"
        "    await session\n"
        "    session.exec(select(1))\n"
        "    return datetime.now(), os.environ\n"
    )
    monkeypatch.setitem(globals(), "name_of", lambda path: path.name)
    assert awaits(guilty) == [7, 8]
    assert [said.split()[1] for said in uses(guilty, CLOCKS)] == ["datetime.now"]
    assert [said.split()[1] for said in uses(guilty, ENVIRONMENT)] == ["os.environ"]
    tree = tree_of(guilty)
    asked = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and is_a_query(n, imports_of(tree))
    ]
    assert len(asked) == 2
