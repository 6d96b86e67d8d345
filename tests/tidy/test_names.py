"""Names say what a thing is or does; some words say nothing, others judge a person."""

import ast
import re

from tests.tidy.house import CODE, PRODUCT, files, name_of, tree_of

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "manager", "handle", "process", "data"}
"""A file or a function with such a name does not say what it does."""

NOT_OUR_WORDS = ("victim", "tracking", "user")
"""Tables speak of a protected person, of positions, and of people with an account."""

PARTS_OF_OTHERS = {"data_dir", "_default_data_dir"}
"""A folder called the data folder is what everybody calls it."""


def words_of(name: str) -> set[str]:
    return set(re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_"))


def test_no_file_has_a_name_that_says_nothing():
    assert [name_of(p) for p in files(*CODE) if words_of(p.stem) & EMPTY_WORDS] == []


def test_no_public_function_has_a_name_that_says_nothing():
    found = [
        f"{name_of(path)}: {node.name}"
        for path in files(*CODE)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and node.name.lower() in EMPTY_WORDS
        and not is_owed_to_a_library(node)
    ]
    assert found == []


def is_owed_to_a_library(node: ast.AST) -> bool:
    """A method that overrides one of a library keeps its name; it says so by @override."""
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(d, ast.Name) and d.id == "override" for d in decorators)


def test_no_table_judges_or_watches_a_person():
    found = [
        f"{name_of(path)}: {name}"
        for path in files("tgd")
        if name_of(path).startswith("tgd/records")
        for name in identifiers(tree_of(path))
        if any(word in words_of(name) or f"{word}s" in words_of(name) for word in NOT_OUR_WORDS)
    ]
    assert found == []


def identifiers(tree: ast.Module) -> set[str]:
    """Names of classes, fields and tables of a file of records."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
            found |= table_names(node)
    return found


def table_names(node: ast.Assign | ast.AnnAssign) -> set[str]:
    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return {node.value.value} if len(node.value.value) < 64 else set()
    return set()


def test_a_moment_ends_in_at():
    """A column with a moment ends in `_at`, so that nobody takes it for a duration."""
    found = [
        f"{name_of(path)}: {node.target.id}"
        for path in files(*PRODUCT)
        if name_of(path).startswith("tgd/records")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and ast.unparse(node.annotation) in ("datetime", "datetime | None")
        and not node.target.id.endswith(("_at", "_since", "_until"))
        and node.target.id != "at"
    ]
    assert found == []
