"""One Chromium, one rule book of accessibility and one town for all tests of a file."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

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
AXE = "axe-core/axe.min.js"


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
def town(cluster: str) -> Iterator[Town]:
    """A court, a night and a console of this file's own."""
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        settings = Settings.model_validate({"console_insecure_http": True})
    with fresh_record(cluster) as url, open_town(url, settings) as opened:
        yield opened


@pytest.fixture(scope="package")
def axe(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core: the exact version of package-lock.json, kept once npm proved it."""
    lock = HERE / "package-lock.json"
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir("axe-core") / f"{lock.stat().st_mtime_ns}.js"
    if not kept.exists():
        _install(tmp_path_factory.mktemp("axe"), kept)
    return kept.read_text(encoding="utf-8")


def _install(folder: Path, kept: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("SKIPPED: npm is missing: install it to have axe-core judge the pages")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert "EINTEGRITY" not in done.stderr, done.stderr
    if done.returncode:
        pytest.skip("SKIPPED: npm could not install axe-core: is there a package registry?")
    copied = folder / "axe.js"
    shutil.copy(folder / "node_modules" / AXE, copied)
    shutil.copy(copied, kept.with_suffix(f".{os.getpid()}"))
    kept.with_suffix(f".{os.getpid()}").replace(kept)
