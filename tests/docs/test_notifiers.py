"""docs/notifiers.md names every kind, every key of each, and shows a configuration that works."""

import re
from pathlib import Path

import pytest

from opsdash.config.check_notify import KEYS
from opsdash.config.reading import parse
from opsdash.notifiers.apprise import neutral
from opsdash.notifiers.courier import LONGEST_WAIT
from opsdash.notifiers.pagerduty import KEY_LIMIT, SUMMARY_LIMIT
from opsdash.notifiers.webhook import SIGNATURE

PAGE = (Path(__file__).parents[2] / "docs" / "notifiers.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_has_a_section_with_all_its_keys(kind: str) -> None:
    """A key that is added to a kind is described where people look for it."""
    missing = [key for key in sorted(KEYS[kind]) if f"`{key}" not in SECTIONS[kind]]
    assert missing == []


def test_no_section_is_of_a_kind_that_is_not() -> None:
    """Every heading of one word in small letters is a kind."""
    assert {name for name in SECTIONS if name.islower()} == set(KEYS)


def test_the_keys_of_every_kind_are_named() -> None:
    """`id`, `kind` and `timeout`."""
    for key in ("id", "kind", "timeout"):
        assert f"`{key}`" in PAGE


def test_the_example_works() -> None:
    """What people copy from the page is accepted."""
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    setup = parse(example.encode(), Path("/somewhere/opsdash.toml")).setup()
    assert setup.paging.notifiers == ("pagerduty", "chat")


def test_the_figures_are_the_programs() -> None:
    """Limits and names on the page are those in the code."""
    assert f"more than {KEY_LIMIT} characters" in PAGE
    assert f"{SUMMARY_LIMIT} characters at most" in PAGE
    assert LONGEST_WAIT.total_seconds() == 300
    assert f"`{SIGNATURE}:" in PAGE
    assert f"`{neutral('<!channel>')}`" in PAGE
    assert f"`{neutral('@everyone')}`" in PAGE
