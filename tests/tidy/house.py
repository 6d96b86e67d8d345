"""The tree as the tidy tests see it: which files there are, and which colour each one has."""

import ast
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("tgd", "gateway", "dispatch")
CODE = (*PRODUCT, "simulators")
ROOMS = (*CODE, "tests", "deploy")

WHITE = (
    "tgd/rules/*", "tgd/errors.py", "tgd/unseen.py", "tgd/casework/csv_list.py",
    "tgd/casework/fields.py",
    "tgd/casework/findings.py", "tgd/casework/grid.py", "tgd/casework/imei.py",
    "tgd/casework/sheet_form.py", "gateway/formats/*", "gateway/heard.py", "gateway/calls.py",
    "dispatch/routing.py", "dispatch/coming.py", "dispatch/blind_facts.py", "dispatch/policy.py",
    "dispatch/policy_values.py", "dispatch/policy_warnings.py", "dispatch/telling.py",
    "dispatch/formats/*",
)  # fmt: skip
"""Values in, values out: no store, no socket, no clock, no chance, no await."""

GREY = (
    "tgd/alerts/*", "tgd/allocation/*", "tgd/casework/*", "tgd/papers/heading.py",
    "tgd/papers/decision.py", "tgd/papers/dossier.py", "tgd/papers/handing_over.py",
    "tgd/papers/stock.py",
    "tgd/inventory.py", "tgd/stock_list.py", "tgd/accounts.py", "tgd/looks.py",
    "tgd/purge.py",
    "tgd/technical.py", "tgd/store/*", "tgd/journal.py", "tgd/records/*", "gateway/intake.py",
    "gateway/telemetry.py", "dispatch/turn.py", "dispatch/composing.py", "dispatch/hearing.py",
    "dispatch/adopting.py", "dispatch/remembering.py", "dispatch/noticing.py",
    "dispatch/conversing.py", "tgd/shifts.py", "tgd/room_words.py", "tgd/sound.py",
)  # fmt: skip
"""Given a session and a moment, one transaction: no socket, no clock, no await."""


def files(*rooms: str) -> list[Path]:
    """Every Python file of these rooms."""
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    """The path as a person writes it, from the root."""
    return path.relative_to(ROOT).as_posix()


def coloured(patterns: tuple[str, ...]) -> list[Path]:
    """The files of one colour."""
    return [p for p in files(*PRODUCT) if any(fnmatch(name_of(p), one) for one in patterns)]


@cache
def tree_of(path: Path) -> ast.Module:
    """The file, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_of(tree: ast.Module) -> set[str]:
    """Every dotted name that the file imports, at any depth."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def dotted(node: ast.AST) -> str:
    """`datetime.now` for the expression; an empty word for what has no such name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def texts() -> list[Path]:
    """Every text file that belongs to the project, whether it is committed already or not."""
    kinds = {
        ".py", ".md", ".toml", ".yml", ".yaml", ".conf", ".service", ".sql", ".json", ".html",
        ".js", ".css", ".ini", ".txt", ".sh", ".mako",
    }  # fmt: skip
    named = {"Makefile", "Dockerfile", "Caddyfile", "acl", "enabled_plugins", ".importlinter"}
    places = [ROOT / room for room in (*ROOMS, "docs", ".ci")]
    found = [p for place in places if place.is_dir() for p in place.rglob("*")]
    found += [p for p in ROOT.iterdir() if p.is_file()]
    skipped = {"node_modules", "__pycache__", ".hypothesis"}
    return sorted(
        p
        for p in found
        if p.is_file()
        and (p.suffix in kinds or p.name in named)
        and not skipped & set(p.relative_to(ROOT).parts)
    )
