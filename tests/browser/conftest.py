"""One Chromium, one rule book of accessibility and one town for all tests of a file."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.post import Post, open_post
from tests.browser.town import Town, open_town
from tests.conftest import forget_settings, fresh_record
from tgd.settings import Settings

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-3d-apis", "--disable-quic",
    "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
"""A browser that speaks to this machine alone."""
DRAWING = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the browser."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.needs_system_package)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium, with a profile of its own that goes away with it."""
    if CHROMIUM is None:
        pytest.skip("SKIPPED: chromium is not installed")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield opened
        finally:
            opened.close()


@pytest.fixture(scope="module")
def drawing(browser: Browser) -> Iterator[Browser]:
    """A Chromium with WebGL in software."""
    flags = [flag for flag in QUIET if flag not in ("--disable-gpu", "--disable-3d-apis")]
    opened = browser.browser_type.launch(executable_path=CHROMIUM, args=[*flags, *DRAWING])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def town(cluster: str) -> Iterator[Town]:
    """A court, a night and a console of this file's own."""
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        voice = {
            "twilio_account_sid": "AC" + "0" * 32, "twilio_auth_token": "fictional",
            "voice_number": "+33199000010", "answers_public_url": "https://tgd.example",
            "twilio_api_base": "http://127.0.0.1:9", "degraded_line": "01 99 00 00 50",
        }  # fmt: skip
        settings = Settings.model_validate({"console_insecure_http": True} | voice)
    with fresh_record(cluster) as url, open_town(url, settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def post(cluster: str) -> Iterator[Post]:
    """A console in a process of its own, and those who sit at it."""
    with open_post(cluster) as opened:
        yield opened


@pytest.fixture(scope="package")
def judges(pytestconfig: pytest.Config) -> Path:
    """The judges of pages, exactly as in package-lock.json, kept once npm proved them."""
    lock = HERE / "package-lock.json"
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir("judges") / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not kept.exists():
        _install(kept)
    return kept / "node_modules"


@pytest.fixture(scope="package")
def axe(judges: Path) -> str:
    """The script of axe-core, which judges accessibility in the page itself."""
    return (judges / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def _install(kept: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("SKIPPED: npm is missing: install it to have the pages judged")
    with tempfile.TemporaryDirectory(dir=kept.parent) as name:
        folder = Path(name) / "done"
        folder.mkdir()
        for one in ("package.json", "package-lock.json"):
            shutil.copy(HERE / one, folder)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
        assert "EINTEGRITY" not in done.stderr, done.stderr
        if done.returncode:
            pytest.skip("SKIPPED: npm could not install the judges: is there a package registry?")
        if not kept.exists():  # the other worker may have been first
            folder.rename(kept)
