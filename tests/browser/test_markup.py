"""Every page, for everybody who may see it and in both languages, is valid HTML (WHATWG)."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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


def keep(
    folder: Path, seen_by: str, page: str, language: str, reply: httpx.Response, status: int = 200
) -> None:
    assert reply.status_code == status, f"{seen_by}, {page}: {reply.status_code}"
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


@contextmanager
def signed_in(town: Town, name: str, language: str) -> Iterator[tuple[httpx.Client, str]]:
    """A browser without script, and the word that its forms carry."""
    with httpx.Client(base_url=town.url, headers={"accept-language": language}) as client:
        sent = {"name": name, "password": PASSWORD}
        assert client.post("/login", data=sent).status_code == 303
        yield client, client.get("/api/session").json()["form_token"]


LOCKS = {
    "left-alone": "seen_at = now() - interval '16 minutes'",
    "over": "ends_at = now() - interval '1 minute'",
}
"""How a screen comes to be locked."""
REFUSED: dict[str, tuple[str, dict[str, str], int]] = {
    "salima": ("/alerts/Bella/take", {"over": "bruno", "reason": "short"}, 422),
    "bruno": ("/alerts/Ana/verify", {"found": "danger"}, 409),
    "camille": ("/files/Maud/grant", {"reasons": "short", "version": "1"}, 409),
}
"""Who sends what, and the status of the page that says no."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_bad_hours_are_valid(
    town: Town, judges: Path, tmp_path: Path, language: str
) -> None:
    """Refused, locked, over, not there, not signed in, not to be sent."""
    for name, (path, fields, status) in REFUSED.items():
        with signed_in(town, name, language) as (client, token):
            reply = client.post(town.address(path), data=fields | {"form_token": token})
            keep(tmp_path, name, path, language, reply, status)
    with signed_in(town, "bruno", language) as (client, token):
        keep(tmp_path, "bruno", "/none", language, client.get("/none"), 404)
        end = client.post("/shift/end", data={"form_token": token})
        keep(tmp_path, "bruno", "/shift/end", language, end, 409)
        foreign = client.post("/take-next", data={"form_token": "another"})
        keep(tmp_path, "bruno", "/take-next", language, foreign, 403)
        for state, change in LOCKS.items():
            town.ask(f"UPDATE web_session SET {change} WHERE account = 'bruno' RETURNING 1")
            keep(tmp_path, state, "/", language, client.get(f"/?alert={town.alerts['Bella']}"))
            keep(tmp_path, state, "/shift", language, client.get("/shift"))
        wrong = client.post("/unlock", data={"form_token": token, "password": "a guess"})
        keep(tmp_path, "bruno", "/unlock", language, wrong, 403)
    with httpx.Client(base_url=town.url, headers={"accept-language": language}) as anybody:
        wrong = anybody.post("/login", data={"name": "dora", "password": "a guess"})
        keep(tmp_path, "stranger", "/login", language, wrong, 403)
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
