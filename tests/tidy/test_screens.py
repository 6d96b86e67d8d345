"""The pictures of the documentation: each is made by the script and shown somewhere."""

import re

from tests.browser.screens import SCREENS
from tests.tidy.house import ROOT

DOCS = ROOT / "docs"


def test_every_picture_is_made_by_the_script_and_none_is_missing() -> None:
    assert {picture.stem for picture in (DOCS / "screens").iterdir()} == set(SCREENS)


def test_every_picture_is_shown_in_the_documentation() -> None:
    shown = set(re.findall(r"\(screens/([a-z-]+)\.png\)", (DOCS / "console.md").read_text()))
    assert shown == set(SCREENS)
