"""The clock of the case files as an operator runs it: a real dispatch reminds, and forgets."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from destination_peers import SECRET, platform_policy
from sqlmodel import Session

from simulators.platform import Platform
from tests.acts.remembered import places_of
from tests.walking import NANTERRE, Walk
from tests.world import World
from tgd import clock
from tgd.allocation import referring


@asynccontextmanager
async def dispatch(url: str, folder: Path, platform: str) -> AsyncIterator[None]:
    """`python -m dispatch` on this record; it ends well when it is asked to."""
    policy = folder / "policy.toml"
    policy.write_text(platform_policy(platform, '[notices]\ntell = ["platform"]'))
    settings = {
        "TGD_DATABASE_URL": url, "TGD_DATA_DIR": str(folder), "TGD_POLICY": str(policy),
        "TGD_ANSWERS_LISTEN": "127.0.0.1:0", "TGD_DISPATCH_HEALTH_LISTEN": "127.0.0.1:0",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dispatch", env=os.environ | settings, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 30)
    assert process.returncode == 0


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.1)


async def test_a_due_deadline_is_told_and_a_due_file_is_forgotten_by_a_real_process(
    record_url: str, session: Session, keys, tmp_path: Path
) -> None:
    """Ana gave hers back 200 days ago; Bella was referred two days ago and nobody decided."""
    walk = Walk(World(session, keys, clock.now() - timedelta(days=200))).settle_in()
    walk.until("restock")
    bella = referring.refer(
        session, walk.officer("Lea"), NANTERRE, "Bella FICTIVE", "Il la suit.",
        clock.now() - timedelta(days=2),
    )  # fmt: skip
    session.commit()
    assert places_of(session, "Ana FICTIVE")
    session.commit()
    platform = Platform(SECRET)
    await platform.start()

    def is_told() -> bool:
        return any(
            event["data"]["about"] == "referral_waiting" and str(bella.id) in str(event)
            for event in platform.notices.values()
        )

    def is_forgotten() -> bool:
        state = walk.file().state
        session.commit()
        return state == "purged"

    try:
        async with dispatch(record_url, tmp_path, platform.url):
            await until(is_told)
            await until(is_forgotten)
    finally:
        await platform.stop()
    assert places_of(session, "Ana FICTIVE") == set()
    assert "protected_person.name" in places_of(session, "Bella FICTIVE")
    said = (tmp_path / "log").read_text() + str(platform.notices)
    for name in ("FICTIVE", "Ana", "Il la suit", "rue des"):
        assert name not in said
