"""Makes pages of values: Jinja2 with autoescape, words of the reader's language, no raw markup."""

import hashlib
import secrets
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tgd import clock
from tgd.accounts import Seat
from tgd.rules.access import Act, may
from tgd.rules.walk import TARGET_S
from tgd.unseen import made_visible
from tgd.web import labels, moments
from tgd.web.console import Console
from tgd.web.door import language_of
from tgd.web.live import GONE

HERE = Path(__file__).parent
STATIC = HERE / "static"
VENDOR = HERE / "vendor"
"""What others wrote, byte for byte as `vendor/lock.json` says."""
WEAK_PCT = 15
"""A battery below it may die before somebody is there (CONSOLE 3.7)."""


def static_files() -> dict[str, Path]:
    """Every file that a browser may ask for, by its name."""
    return {path.name: path for folder in (STATIC, VENDOR) for path in sorted(folder.iterdir())}


def _fingerprint() -> str:
    """Changes with the files, so that a browser may keep them for ever."""
    found = hashlib.sha256()
    for path in static_files().values():
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


STATIC_VERSION = _fingerprint()
_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True, finalize=lambda value: shown(value),
)  # fmt: skip


def shown(value: Any) -> Any:
    """Every text of every page: what cannot be seen, or turns its neighbours around, is named."""
    return made_visible(value) if type(value) is str else value


class Pages:
    """The templates of one console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def page(
        self, request: Request, template: str, seat: Seat | None = None, status: int = 200,
        **values: Any,
    ) -> Response:  # fmt: skip
        """A whole page."""
        language = language_of(self._console, request)
        html = self.html(template, language, seat, **values)
        response = HTMLResponse(html, status, headers={"content-language": language})
        if request.query_params.get("lang") == language:
            response.set_cookie("tgd-lang", language, path="/", samesite="lax", httponly=True)
        return response

    def html(self, template: str, language: str, seat: Seat | None = None, **values: Any) -> str:
        """A page or a part of one, in this language."""
        now = values.pop("now", None) or clock.now()
        return _TEMPLATES.get_template(template).render(
            self._common(language, now) | {"seat": seat, "now": now} | values
        )

    def rows(self, language: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows of the list for the live channel: where each belongs, and its markup."""
        return [
            {
                "id": row["id"], "list": row["list"], "order": order(row),
                "mark": row["mark"], "presses": row["presses"],
                "reference": row["reference"], "owner": row["owner"],
                "offered_to": row["offered_to"], "lane": row["lane"],
                "opened_at": iso(row["opened_at"]),
                "waits_since": iso(row["waiting_since"]), "tones": row["tones_s"],
                "waiting": row["owner"] is None and row["list"] == "real",
                "html": self.html("row.html", language, row=row, selected=None),
            }
            if row["list"] != GONE
            else {"id": row["id"], "list": GONE, "order": "", "mark": row["mark"], "presses": 0,
                  "waits_since": None, "tones": [], "waiting": False, "html": ""}
            for row in rows
        ]  # fmt: skip

    def _common(self, language: str, now: datetime) -> dict[str, Any]:
        console = self._console
        zone = console.zone
        return {
            "_": lambda text, **v: console.words.say(language, text, **v),
            "language": language, "labels": labels, "static": f"/static/{STATIC_VERSION}",
            "demonstration": console.settings.demonstration, "Act": Act, "may": may,
            "degraded_line": console.settings.degraded_line,
            "records_calls": console.settings.recording_kept_days > 0,
            "basemap": console.basemap, "has_voice": console.settings.has_voice,
            "clock_time": lambda at: moments.clock_time(at, zone),
            "day_and_time": lambda at: moments.day_and_time(at, zone),
            "day": lambda at: moments.day(at, zone),
            "last_day": lambda at, own: moments.last_day(at, ZoneInfo(own) if own else zone),
            "court_time": lambda at, own: moments.day_and_minute(at, ZoneInfo(own)),
            "distance": lambda metres: moments.distance(metres, language),
            "target": lambda step: f"{TARGET_S[step] // 60}:{TARGET_S[step] % 60:02d}",
            "left": lambda at: moments.left(at, now),
            "age": lambda at: moments.age(at, now), "iso": iso, "zone": zone.key,
            "duration": lambda seconds: timedelta(seconds=seconds),
            "time_in": lambda at, own: moments.clock_time(at, ZoneInfo(own)),
            "weak": lambda pct: pct is not None and pct < WEAK_PCT,
            "place_of": lambda own: own.rpartition("/")[2].replace("_", " "), "order": order,
            "link_name": lambda seat: link_name(seat, language),
            "once": lambda: secrets.token_hex(12),
        }  # fmt: skip


def browser_of(seat: Seat) -> str:
    """A name of this signed-in browser, from its sign-in to its sign-out."""
    return hashlib.sha256(seat.form_token.encode()).hexdigest()[:16]


def link_name(seat: Seat, language: str) -> str:
    """Which tabs share one stream: those of this very session and language, and no other's."""
    return f"{browser_of(seat)}-{language}"


def order(row: dict[str, Any]) -> str:
    """What the list is sorted by, as text: unowned first, then oldest; closed ones newest first."""
    if row["list"] == "closed":
        at = row["closed_at"] or row["opened_at"]
        return f"{10**12 - int(at.timestamp() * 10):013d}"
    return f"{int(row['owner'] is not None)}{int(row['opened_at'].timestamp() * 10):012d}"


def iso(at: datetime | None) -> str | None:
    """A moment for scripts: ISO 8601, UTC, `Z`."""
    if at is None:
        return None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Values as JSON has them."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def as_json(value: Any, status: int = 200) -> Response:
    """A reply for scripts."""
    return JSONResponse(plain(value), status)


def as_list(raw: bytes, name: str) -> Response:
    """A list in CSV that a browser keeps under this name."""
    shown = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(raw, 200, shown, "text/csv; charset=utf-8")
