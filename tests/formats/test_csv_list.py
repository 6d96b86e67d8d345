"""Lists as people save them: any bytes are a list or a sentence; what is written comes back."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tgd.casework.csv_list import (
    CELLS,
    FORMULA,
    MOST_LINES,
    NO_LINES,
    NOT_UTF8,
    QUOTE,
    TOO_MANY,
    NotAList,
    Table,
    read,
    written,
)

COLUMNS = ("number", "name", "note")
LINE = "\u2028"  # a line of a text, and no line of a list
CELL = st.text(
    st.one_of(
        st.sampled_from(f";,\"'=+-@\t\r\n \x00\x0b\x1c\x85{LINE}\ufeffé"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=8,
)
ROW = st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELL)).filter(
    lambda row: any(cell.strip() for cell in row.values())
)


def cells(raw: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.cells) for row in read(raw).rows]


def refused(raw: bytes) -> str:
    with pytest.raises(NotAList) as said:
        read(raw)
    return str(said.value)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["bare", "with a mark"])
@pytest.mark.parametrize("comma", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_every_spelling_of_a_spreadsheet_is_the_same_list(mark, comma, end):
    raw = mark + end.join([f"Number {comma} NAME", f'06{comma}"Ana{comma};, F"', ""]).encode()
    table = read(raw)
    assert table.heading == ("number", "name")
    assert table.said(table.rows[0]) == {"number": "06", "name": f"Ana{comma};, F"}


def test_each_row_is_named_by_the_line_where_it_begins():
    raw = b'\n\nname;note\n\nAna;"two\nlines"\n ; \nBella;one\n'
    assert cells(raw) == [(5, ("Ana", "two\nlines")), (8, ("Bella", "one"))]


@pytest.mark.parametrize("odd", [LINE, "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"], ids=ascii)
def test_what_ends_a_line_elsewhere_ends_none_here(odd):
    assert cells(f"name;note\nAna;a{odd}b\nBella;\n".encode()) == [
        (2, ("Ana", f"a{odd}b")), (3, ("Bella", "")),
    ]  # fmt: skip


def test_a_nul_is_a_character_of_its_cell_which_each_list_judges():
    assert cells(b"name;note\nAna;a\x00b\n") == [(2, ("Ana", "a\x00b"))]


def test_a_row_with_other_cells_than_the_heading_is_a_bad_line():
    found = read(b"name;note\nAna\nBella;1;2\nEmma;1\n").rows
    assert [(row.line, row.problem) for row in found] == [(2, CELLS), (3, CELLS), (4, None)]


@pytest.mark.parametrize(
    "broken",
    ['"Bella;1\nEmma;2\n', '"Bel"la;1\nEmma;2\n', '"' + "x" * 200_000 + '";1\nEmma;2\n'],
    ids=["never closed", "words behind the quote", "endless cell"],
)
def test_a_line_that_cannot_be_parted_is_named_and_is_the_last(broken):
    found = read(f"name;note\nAna;1\n\n{broken}".encode()).rows
    assert [(row.line, row.problem) for row in found] == [(2, None), (4, QUOTE)]


def test_what_is_no_list_gets_a_sentence():
    assert refused("modèle;é\n1;2\n".encode("latin-1")) == NOT_UTF8
    assert refused("name;note\nAna;1\n".encode("utf-16")) == NOT_UTF8
    assert refused(b"") == refused(b"\n\n") == refused(b"name;note\n ; \n") == NO_LINES
    assert refused(b'"name;note\n1;2') == QUOTE
    most = b"name\n" + b"x\n" * MOST_LINES
    assert len(read(most + b"\n\n").rows) == MOST_LINES
    assert refused(most + b"\nx\n") == TOO_MANY


@settings(max_examples=500)
@given(rows=st.lists(ROW, min_size=1, max_size=6))
@example(rows=[{"number": "'=1", "name": "''", "note": "'"}])
@example(rows=[{"number": "\r=1", "name": '"', "note": "\ufeff"}])
def test_what_is_written_comes_back_and_holds_no_formula(rows: list[dict[str, Any]]):
    raw = written(rows, COLUMNS)
    assert [cells for _, cells in cells_of(raw)] == [
        tuple(row[name] for name in COLUMNS) for row in rows
    ]
    assert not any(f";{mark}" in f";{line}" for line in plain(raw) for mark in FORMULA[:4])


def cells_of(raw: bytes) -> list[tuple[int, tuple[str, ...]]]:
    assert all(row.problem is None for row in read(raw).rows)
    return cells(raw)


def plain(raw: bytes) -> list[str]:
    """Lines of a file without any quote, whose cells begin where a semicolon ends."""
    text = raw.decode("utf-8-sig")
    return [] if '"' in text else text.split("\r\n")


def list_or_sentence(raw: bytes) -> Table | str:
    try:
        return read(raw)
    except NotAList as refusal:
        return str(refusal)


SENTENCES = (NOT_UTF8, NO_LINES, QUOTE, TOO_MANY)
BYTES = st.one_of(
    st.binary(max_size=60),
    st.text(st.sampled_from("ab;,\"\n\r'=\x00é" + LINE), max_size=60).map(str.encode),
)


@settings(max_examples=1000)
@given(raw=BYTES)
@example(raw=b'"')
@example(raw=b"\xef\xbb\xbf")
@example(raw=b'a;b\n"a"b;c')
def test_any_bytes_are_a_list_or_a_refusal(raw: bytes):
    table = list_or_sentence(raw)
    if isinstance(table, str):
        assert table in SENTENCES
        return
    lines = [row.line for row in table.rows]
    assert lines == sorted(set(lines))
    assert all(row.problem or len(row.cells) == len(table.heading) for row in table.rows)
    assert not any(row.problem == QUOTE for row in table.rows[:-1])
