"""The registry of actions, and the two pages that describe keys and themes."""

import re
from pathlib import Path

import pytest

from opsdash.domain.actions import DEFAULT_KEYS, FORBIDDEN_KEYS
from opsdash.ui.acts import ACTS
from opsdash.ui.keys import ACTIONS, first_key, keys_of, shown_key
from opsdash.ui.themes import TOKENS, read_theme, theme_files

DOCS = Path(__file__).parents[2] / "docs"


def test_no_two_actions_have_one_key() -> None:
    """And none has a key that never arrives."""
    keys = [key for found in keys_of({}).values() for key in found]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set(FORBIDDEN_KEYS)


def test_every_action_that_has_a_key_is_one_the_configuration_knows() -> None:
    """Names in the registry and in `[keys]` are the same."""
    without_key = {"acknowledge_with"}
    assert {action.name for action in ACTIONS} - without_key <= set(DEFAULT_KEYS)
    assert set(ACTS) <= {action.name for action in ACTIONS}


def test_the_configuration_changes_keys() -> None:
    """Several, separated by commas; the others stay."""
    keys = keys_of({"acknowledge": "f5, x", "unknown": "y"})
    assert keys["acknowledge"] == ("f5", "x")
    assert keys["undo"] == ("u",)
    assert "unknown" not in keys
    assert first_key("acknowledge", keys) == "f5"
    assert first_key("no such", keys) == ""


def test_keys_are_written_as_people_write_them() -> None:
    """`esc`, not `escape`."""
    assert shown_key("escape") == "esc"
    assert shown_key("ctrl+r") == "ctrl+r"


@pytest.mark.parametrize("action", [a.name for a in ACTIONS if a.name != "acknowledge_with"])
def test_every_action_is_documented_with_its_keys(action: str) -> None:
    """docs/keys.md names it as the configuration does."""
    text = (DOCS / "keys.md").read_text()
    if action.startswith("pane_"):
        assert "`pane_1` … `pane_5`" in text
        return
    rows = [line for line in text.splitlines() if line.startswith("|")]
    row = next(line for line in rows if f"`{action}`" in line.split("|")[1])
    first = DEFAULT_KEYS[action].split(",")[0]
    assert f"`{first}`" in row


def test_the_themes_page_is_true(tmp_path: Path) -> None:
    """It lists what ships, and its example is a theme."""
    text = (DOCS / "themes.md").read_text()
    for name in theme_files():
        assert f"| `{name}` |" in text
    example = re.search(r"```toml\n(.*?)```", text, re.S)
    assert example is not None
    (tmp_path / "mine.toml").write_text(example[1])
    assert set(read_theme(tmp_path / "mine.toml").tokens) == set(TOKENS)
