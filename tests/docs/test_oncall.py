"""The table of how opsdash compares is whole, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "oncall.md").read_text()
ROWS = re.findall(
    r"^\| ([a-z][^|]*) \| ([^|]+) \| ([^|]+) \|$",
    PAGE.split("## How it compares")[1].split("## Stories")[0],
    re.MULTILINE,
)

STORIES = re.findall(
    r"^\| ([^|]+) \| (`tests/[^|]+) \|$", PAGE.split("## Stories")[1], re.MULTILINE
)

RULES = {
    *("states", "dedup key", "duplicate while open", "engine tick", "first level", "level timeout"),
    *(
        "end of policy",
        "who is on call",
        "policy edited mid-flight",
        "ack",
        "ack timeout",
        "snooze",
    ),
    *("manual escalate", "ack then escalate", "reassign", "auto-resolve", "condition kinds"),
    *("maintenance", "notification rules", "throttle", "rotation", "precedence", "override shape"),
    *("handoff", "urgency", "pending automation shown", "log"),
}
"""The rules that a serious on-call tool must match."""


def test_every_rule_has_its_row() -> None:
    """No rule is left out, and none is made up."""
    assert {rule for rule, _, _ in ROWS if rule != "rule"} == RULES


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_row_names_tests_that_exist(rule: str) -> None:
    """A row is only a promise until a test holds it."""
    (held,) = [held for name, _, held in ROWS if name == rule]
    exist(held)


@pytest.mark.parametrize(("story", "held"), STORIES)
def test_every_story_is_a_test_that_exists(story: str, held: str) -> None:
    """Each policy feature, and what happens in the middle of a climb."""
    exist(held)


def test_no_story_is_left_out() -> None:
    """What has to be told whatever else is."""
    told = " ".join(story for story, _ in STORIES)
    for word in (
        *("takeover", "daylight saving", "override in mid climb", "edited in mid climb"),
        *("two operators", "same second", "a notifier", "forgotten", "exhausted", "empty"),
    ):
        assert word in told


def exist(held: str) -> None:
    """Check that every test that a row names is there."""
    named = re.findall(r"`(tests/[^`:]+)::(test_\w+)`", held)
    assert named
    assert held.count("`") == 2 * len(named)
    for file, test in named:
        assert test in functions_of(file), f"{file} has no {test}"


@cache
def functions_of(file: str) -> frozenset[str]:
    """Return the names of the functions of a test file."""
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def test_the_page_names_only_commands_that_exist() -> None:
    """What people copy from the page is there to be typed."""
    import click

    from opsdash.cli.oncall import oncall

    assert isinstance(oncall, click.Group)
    named = set(re.findall(r"opsdash oncall ([a-z]+)", PAGE))
    assert named
    assert named <= set(oncall.commands)
