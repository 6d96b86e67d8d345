"""Tellings about Ana's handset, for every test of an outgoing format."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dispatch.telling import Place, Said, Telling, Topic
from tgd.rules.trigger import Method, Position

ALERT = "0190b2c4-7d11-7c3e-9a52-1f0e6b8d4a10"
OPENED_AT = datetime(2026, 11, 23, 21, 40, 5, 123456, tzinfo=UTC)
TOLD_AT = datetime(2026, 11, 23, 21, 40, 6, 987654, tzinfo=UTC)
FIX = Position(48.89, 2.2, radius_m=12.0, method=Method.GNSS, at=OPENED_AT)
HOME = Place("12 rue des Essais, Nanterre", city="Nanterre", insee="92050")
CORSICA = Place("Hameau d'essai, Ajaccio", city="Ajaccio", insee="2A004")
NOTES = (Said(OPENED_AT, "Il est armé.\nLes enfants sont là."), Said(TOLD_AT, "é" * 4000))

STANDARDS = Path(__file__).resolve().parents[3] / "shared" / "standards"


def telling(topic: Topic = Topic.OPENED, **changes: Any) -> Telling:
    """What a control room is told of AL-000042."""
    base = Telling(
        key=f"{ALERT}:{topic}:1:control-room-92",
        topic=topic,
        alert=ALERT,
        reference="AL-000042",
        lane="real",
        state="open",
        labels=(),
        opened_at=OPENED_AT,
        told_at=TOLD_AT,
        presses=1,
        position=FIX,
        handset="h-7f3a",
        handset_number="+33639980001",
        person="p-91c0",
    )
    return replace(base, **changes)


def variants() -> list[Telling]:
    """Every topic, with and without a fix, at home and in Corsica, doubted or not, ended or not."""
    found = []
    for topic in Topic:
        outcomes = ("accidental", "made_safe", None) if topic is Topic.CLOSED else (None,)
        for outcome in outcomes:
            for position in (FIX, Position(41.9, 8.7, method=Method.CELL), None):
                for places in ((), (HOME,), (CORSICA,), (CORSICA, HOME)):
                    for labels in ((), ("unsigned", "late"), ("a_word_of_tomorrow",)):
                        found.append(
                            telling(
                                topic,
                                outcome=outcome,
                                position=position,
                                places=places,
                                labels=labels,
                                handset_number=None if labels else "+33639980001",
                                finding="danger" if labels else None,
                                notes=NOTES if labels else (),
                            )
                        )
    return found


def standards(part: str) -> Path:
    """The folder of outside schemas, or a loud skip."""
    folder = STANDARDS / part
    if not folder.exists():
        pytest.skip(f"NOT SHOWN: outside schemas are absent ({part}); put them beside the project")
    return folder
