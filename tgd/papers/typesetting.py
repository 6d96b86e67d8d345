"""Sets a paper: PDF/A-2a and PDF/UA-1 by typst, with its own fonts and no network."""

import json
from pathlib import Path
from typing import Any, Final, Literal

import typst

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: Final[list[Literal["a-2a", "ua-1"]]] = ["a-2a", "ua-1"]
"""Kept for long, and read aloud: the compiler refuses what does not conform."""


def pdf(template: str, values: dict[str, Any]) -> bytes:
    """The paper of these values; the same values give the same words on the same day."""
    return typst.compile(
        str(TEMPLATES / f"{template}.typ"), root=str(TEMPLATES), format="pdf",
        sys_inputs={"values": json.dumps(values, ensure_ascii=False)}, pdf_standards=[*STANDARDS],
        ignore_system_fonts=True,
    )  # fmt: skip
