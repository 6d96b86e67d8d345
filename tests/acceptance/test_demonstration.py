"""The demonstration as a newcomer starts it: every story of its night ends as it should."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

WITHIN_S = 240


@pytest.mark.timeout(300)
async def test_every_story_of_the_night_ends_as_it_should(open_folder: Path) -> None:
    """In an empty home, on free ports, with the strangers around it; it ends by itself."""
    home = {"HOME": str(open_folder), "XDG_DATA_HOME": str(open_folder / "data")}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TGD_")}
    night = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "tgd"), "demo", "--once",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=kept | home, cwd=open_folder, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(night.communicate(), WITHIN_S)
    finally:
        if night.returncode is None:
            os.killpg(night.pid, signal.SIGTERM)
            await night.wait()
    words = said.decode(errors="replace")
    assert night.returncode == 0, words[-3000:]
    assert "9 of 9 stories ended as they should." in words
