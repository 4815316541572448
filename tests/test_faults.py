"""Every fault, hostile input and trap that is known has a test that proves what becomes of it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.kit.hostile import HOSTILE
from tests.kit.source_tree import ROOT

TESTS = ROOT / "tests"
SOURCE = ROOT / "src" / "opsdash"
KNOWN = {
    "faults": [f"F{n:02}" for n in range(1, 59)],
    "inputs": [f"H{n:02}" for n in range(1, 66)],
    "traps": [f"T{n:02}" for n in range(1, 26)],
}
"""The numbers that faults.toml has to answer for."""


def _each(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every number of a table with what it says, ranges taken apart."""
    for name, said in table.items():
        first, _, last = name.partition("-")
        begin, end = int(first[1:]), int((last or first)[1:])
        yield from ((f"{first[0]}{n:02}", said) for n in range(begin, end + 1))


MAP = {
    kind: list(_each(table))
    for kind, table in tomllib.loads((TESTS / "faults.toml").read_text()).items()
}
EACH = [pytest.param(said, id=number) for kind in MAP for number, said in MAP[kind]]


@pytest.mark.parametrize("kind", KNOWN)
def test_each_is_answered_for_once(kind: str) -> None:
    """No number is missing, none is there twice, and none is there that is not known."""
    assert [number for number, _ in MAP[kind]] == KNOWN[kind]


@pytest.mark.parametrize("said", EACH)
def test_what_it_names_is_there(said: Any) -> None:
    """Each named test exists; what opsdash is said not to have, it has not."""
    if isinstance(said, list):
        assert said
        for name in said:
            path, _, function = name.partition("::")
            assert function in _functions(TESTS / path), (
                f"{name} is not there: name the test that proves it now"
            )
        return
    assert set(said) == {"absent", "why"}
    found = [line for line in _lines() if re.search(said["absent"], line)]
    assert not found, (
        f"{said['why']}, and this looks like it: name the test in faults.toml: {found[:3]}"
    )


def test_the_strings_are_those_of_the_list() -> None:
    """What the tests of text run through has every input that is text for a screen."""
    assert {f"H{n:02}" for n in range(1, 51)} <= set(HOSTILE) <= set(KNOWN["inputs"])


@cache
def _functions(path: Path) -> frozenset[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(n.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, kinds))


@cache
def _lines() -> tuple[str, ...]:
    return tuple(
        f"{path.relative_to(SOURCE)}: {line}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line in path.read_text().splitlines()
    )
