"""Every page, for everybody who may see it and in both languages, is valid HTML (WHATWG)."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.browser.test_pages import OPEN_TO_ALL, PAGES
from tests.browser.town import PASSWORD, Town
from tgd.cli.demo import ACCOUNTS

LANGUAGES = ("fr", "en")
RULES = {
    "root": True,
    "extends": ["html-validate:standard"],
    "rules": {
        # Both are styles that the standard permits: we leave out what needs no quotes, no slash.
        "no-trailing-whitespace": "off",
        "attr-quotes": "off",
    },
}
"""What the standard says, and no taste beside."""


def judged(judges: Path, folder: Path) -> list[str]:
    """What is not valid in the pages of this folder: file, line, rule and sentence."""
    (folder / ".htmlvalidate.json").write_text(json.dumps(RULES))
    program = judges / "html-validate" / "bin" / "html-validate.mjs"
    node = shutil.which("node") or shutil.which("nodejs")
    assert node is not None
    done = subprocess.run(
        [node, str(program), "--formatter", "text", "--ext", "html", "."],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    return done.stdout.replace(f"{folder}/", "").splitlines()


def keep(folder: Path, seen_by: str, page: str, language: str, reply: httpx.Response) -> None:
    assert reply.status_code == 200, f"{seen_by}, {page}"
    assert reply.headers["content-type"].startswith("text/html"), page
    name = f"{seen_by}{page.replace('/', '_')}.{language}.html"
    (folder / name).write_text(reply.text, encoding="utf-8")


def test_every_page_is_valid(town: Town, judges: Path, tmp_path: Path) -> None:
    for language in LANGUAGES:
        with httpx.Client(base_url=town.url, headers={"accept-language": language}) as anybody:
            for page in OPEN_TO_ALL[:2]:
                keep(tmp_path, "stranger", page, language, anybody.get(page))
        for role, pages in PAGES.items():
            with httpx.Client(base_url=town.url, headers={"accept-language": language}) as client:
                sent = {"name": ACCOUNTS[role], "password": PASSWORD}
                assert client.post("/login", data=sent).status_code == 303
                for page in pages:
                    keep(tmp_path, role, page, language, client.get(town.address(page)))
    assert len(list(tmp_path.glob("*.html"))) == 2 * (2 + sum(len(p) for p in PAGES.values()))
    assert judged(judges, tmp_path) == []


@pytest.mark.parametrize(
    ("markup", "rule"),
    [
        ("<p><div>a block in a paragraph</div></p>", "close-order"),
        ("<ul><div>no item</div></ul>", "element-permitted-content"),
        ("<b id=one></b><b id=one></b>", "no-dup-id"),
    ],
)
def test_what_is_not_valid_is_found(judges: Path, tmp_path: Path, markup: str, rule: str) -> None:
    whole = (
        f'<!doctype html><html lang="fr"><head><title>x</title></head><body>{markup}</body></html>'
    )
    (tmp_path / "page.html").write_text(whole)
    assert any(rule in line for line in judged(judges, tmp_path))
