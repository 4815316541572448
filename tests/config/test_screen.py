"""Keys that reach the program and do one thing each, themes that exist, databases that open."""

from pathlib import Path

import pytest

from opsdash.domain.actions import ACTIONS, DEFAULT_KEYS, FORBIDDEN_KEYS
from tests.config.conftest import MINIMAL, Read, Refuse


def test_keys_are_given_to_actions(read: Read) -> None:
    """One or several keys an action, and two actions may change places."""
    keys = '[keys]\nacknowledge = "f2, ctrl+g"\nescalate = "a"\nundo = "e"\n'
    assert read(MINIMAL + keys).setup().keys == {
        "acknowledge": "f2,ctrl+g",
        "escalate": "a",
        "undo": "e",
    }


def test_every_default_key_can_be_written_and_belongs_to_one_action(read: Read) -> None:
    """The defaults obey the rules that the configuration is held to."""
    lines = "".join(f"{action} = '{keys}'\n" for action, keys in DEFAULT_KEYS.items() if keys)
    assert read(MINIMAL + "[keys]\n" + lines).setup().keys == {
        action: keys for action, keys in DEFAULT_KEYS.items() if keys
    }
    assert set(ACTIONS) == set(DEFAULT_KEYS)


@pytest.mark.parametrize("key", FORBIDDEN_KEYS)
def test_keys_that_others_take_are_refused_with_the_reason(refuse: Refuse, key: str) -> None:
    """A key that tmux, screen or the terminal keeps for itself says who keeps it."""
    found = refuse(MINIMAL + f'[keys]\nundo = "{key.upper()}"\nmark = "space"\n')
    assert found == [
        f"4: keys.undo: '{key.upper()}' does not reach opsdash: {FORBIDDEN_KEYS[key]}; "
        "write another"
    ]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('acknowlege = "f2"', 'keys.acknowlege: unknown action; did you mean "acknowledge"?'),
        ('undo = "a"', "keys.undo: 'a' is the key of acknowledge; write another, or give"),
        ('undo = "f2"\nmark = "f2"', "keys.mark: 'f2' is the key of undo; write another"),
        ('undo = "f2,f2"', "keys.undo: 'f2' is the key of undo"),
        ('undo = ""', "keys.undo: '' is not a key; write it as"),
        ('undo = "f2,"', "keys.undo: '' is not a key"),
        ('undo = "control+x"', "keys.undo: 'control+x' is not a key"),
        ('undo = "shift+x"', "keys.undo: 'shift+x' is not a key"),
        ('undo = "ctrl+X"', "keys.undo: 'ctrl+X' is not a key"),
        ('undo = "Enter"', "keys.undo: 'Enter' is not a key"),
        ('undo = "\\u001b"', "is not a key"),
        ('undo = "f99"', "keys.undo: 'f99' is not a key"),
        ("undo = 1", "keys.undo: found 1; write text in quotes"),
        ('undo = ["f2"]', "keys.undo: found a list; write text in quotes"),
    ],
)
def test_a_key_that_is_none_or_taken_is_refused(refuse: Refuse, lines: str, problem: str) -> None:
    """Two actions never share a key, and what no terminal sends is said not to be one."""
    found = refuse(MINIMAL + f"[keys]\n{lines}\n")
    assert any(problem in line for line in found), found


def test_a_theme_beside_the_configuration_can_be_chosen(
    read: Read, refuse: Refuse, tmp_path: Path
) -> None:
    """A user's theme is found under its file's name, and a slip is answered with that name."""
    assert "no theme 'corporate'" in refuse('theme = "corporate"\n' + MINIMAL)[0]
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "corporate.toml").write_text("")
    assert read('theme = "corporate"\n' + MINIMAL).setup().theme == "corporate"
    assert 'did you mean "corporate"?' in refuse('theme = "corporat"\n' + MINIMAL)[0]


def test_every_shipped_theme_can_be_chosen(read: Read) -> None:
    """Each file of themes/ is a name that the configuration accepts."""
    for path in (Path(__file__).parents[2] / "themes").glob("*.toml"):
        assert read(f'theme = "{path.stem}"\n' + MINIMAL).theme == path.stem
