"""A court behind the console: its people sign in, and Ana's file is walked as far as asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from tests.walking import EXAMPLE, LEAD, NANTERRE, OTHER_POOL, POOL, Walk
from tests.web.conftest import Browser, House, hash_once
from tgd import accounts, clock, ids
from tgd.allocation import courts
from tgd.database import transaction
from tgd.records import ModelAcceptance
from tgd.rules.access import Role
from tgd.rules.territory import DEMO
from tgd.store import files

OFFICERS: dict[str, tuple[Role, str | None]] = {
    "Camille": (Role.PROSECUTOR, NANTERRE), "Cyril": (Role.PROSECUTOR, NANTERRE),
    "Greta": (Role.REGISTRY, NANTERRE), "Sofia": (Role.STOCK_MANAGER, NANTERRE),
    "Paul": (Role.PROSECUTOR, EXAMPLE), "Rosa": (Role.REGISTRY, EXAMPLE),
    "Sacha": (Role.STOCK_MANAGER, EXAMPLE), "Lea": (Role.ASSOCIATION, LEAD),
    "Noa": (Role.ASSOCIATION, "Another association"), "Bruno": (Role.OPERATOR, None),
}  # fmt: skip
"""Those of Nanterre and LEAD, and their like elsewhere."""
ROOM, OTHER_ROOM = "control-room-92", "corg-99"
"""That of Corg, who is sent to Ana's home, and another one of the same court."""


@dataclass
class Court:
    """The console's house with a court in it."""

    house: House
    walk: Walk

    def walked(self, last: str) -> str:
        """Ana's file, walked in the last hour up to this step; gives its address."""
        self._do(lambda walk: walk.until(last), hours=-1)
        return f"/files/{self.walk.file_id}"

    def go_on(self, *steps: str) -> None:
        """More steps of the walk."""
        for step in steps:
            self._do(lambda walk, step=step: getattr(walk, step)())

    def _do(self, act: Callable[[Walk], Any], **since: float) -> None:
        with transaction(self.house.engine) as session:
            self.walk.world = self.house.world(session)
            self.walk.world.wait(**since)
            act(self.walk)

    async def browser(self, name: str) -> Browser:
        return await self.house.signed_in(name)

    def state(self) -> str:
        return str(self.house.ask("SELECT state FROM case_file")[0].state)


@pytest.fixture(name="court")
def made_court(house: House) -> Court:
    def settle(session: Session) -> Walk:
        now = clock.now() - timedelta(hours=2)
        courts.make_court(session, NANTERRE, "TJ de Nanterre", "Europe/Paris", now)
        courts.make_court(session, EXAMPLE, "TJ d'Exemple", "Indian/Reunion", now)
        courts.make_pool(session, POOL, NANTERRE, "Parquet de Nanterre", now)
        courts.make_pool(session, OTHER_POOL, EXAMPLE, "Parquet d'Exemple", now)
        courts.import_communes(session, DEMO, now)
        for model in ("Modele A", "Modele B"):
            files.add(
                session,
                ModelAcceptance(
                    id=ids.new(now),
                    model=model,
                    accepted_at=now,
                    test="Invented report 1.",
                    accepted_by="Sofia",
                ),
            )
        walk = Walk(house.world(session))
        for name, (role, of) in OFFICERS.items():
            if name not in ("Camille", "Bruno"):
                accounts.make_account(session, name, role, hash_once(), now)
            walk.people[name] = (name, role)
            if of is not None:
                named = {"association": of} if role is Role.ASSOCIATION else {"court": of}
                courts.clear(session, None, name, now + timedelta(days=900), now, **named)
        courts.clear(session, None, "Corg", now + timedelta(days=900), now, control_room=ROOM)
        return walk

    return Court(house, house.do(settle))
