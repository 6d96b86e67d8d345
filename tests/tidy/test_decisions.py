"""Every page of docs/decisions/ has one row in its list, in order, under its own number."""

import re

from tests.tidy.house import ROOT

PAGES = ROOT / "docs" / "decisions"
ROW = re.compile(r"^\| \[(\d{4})\]\((\d{4}-[a-z0-9-]+\.md)\) \|", re.MULTILINE)


def test_the_list_names_every_page_in_order() -> None:
    rows = ROW.findall((PAGES / "README.md").read_text(encoding="utf-8"))
    assert [page for _, page in rows] == sorted(p.name for p in PAGES.glob("[0-9]*.md"))
    assert all(page.startswith(number) for number, page in rows)
