"""Every setting is in docs/settings.md, and nothing there is a setting that does not exist."""

import ast
import re

from tests.tidy.house import ROOT, tree_of

DOCUMENT = ROOT / "docs" / "settings.md"


def fields() -> set[str]:
    """`TGD_X` for every public field of the class Settings, read from its text."""
    tree = tree_of(ROOT / "tgd" / "settings.py")
    (settings,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings")
    return {
        f"TGD_{node.target.id.upper()}"
        for node in settings.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def secrets() -> set[str]:
    """Settings that may also be given as a file."""
    for node in tree_of(ROOT / "tgd" / "settings.py").body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_SECRETS":
            return set(ast.literal_eval(node.value))
    raise AssertionError("tgd/settings.py no longer lists its secrets")


def documented() -> set[str]:
    assert DOCUMENT.is_file(), "docs/settings.md is missing"
    return set(re.findall(r"\bTGD_[A-Z0-9_]+\b", DOCUMENT.read_text(encoding="utf-8")))


def test_every_setting_is_documented():
    assert fields() - documented() == set()


def test_every_secret_is_documented_as_a_file_too():
    assert {f"{name}_FILE" for name in secrets()} - documented() == set()


def test_no_setting_is_documented_that_does_not_exist():
    assert documented() - fields() - {f"{name}_FILE" for name in secrets()} == set()


def test_what_deploy_sets_exists():
    known = fields() | {f"{name}_FILE" for name in secrets()}
    unknown = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "deploy").rglob("*")
        if path.is_file()
        for name in re.findall(r"\bTGD_[A-Z0-9_]+\b", path.read_text(errors="replace"))
        if name not in known
    }
    assert unknown == set()
