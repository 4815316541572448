"""What the environment says of the terminal."""

import os
import subprocess
import sys

import pytest

from opsdash.domain.setup import Setup
from opsdash.ui.preferences import Colours, colours_of, preferences_of, speaks_utf8


@pytest.mark.parametrize(
    ("environment", "speaks"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "en_US.utf8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "de_DE@euro"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, True),
        ({"LANG": "nonsense.no-codec"}, False),
    ],
)
def test_the_locale_decides_the_glyphs(environment: dict[str, str], speaks: bool) -> None:
    """LC_ALL before LC_CTYPE before LANG; no locale at all is C."""
    assert speaks_utf8(environment) is speaks


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color"}, Colours.FULL),
        ({"TERM": "screen.xterm-256color"}, Colours.FULL),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, Colours.FULL),
        ({"TERM": "xterm-kitty"}, Colours.FULL),
        ({"TERM": "linux"}, Colours.SIXTEEN),
        ({"TERM": "xterm"}, Colours.SIXTEEN),
        ({"TERM": "dumb"}, Colours.NONE),
        ({}, Colours.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, Colours.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Colours.FULL),
    ],
)
def test_the_terminal_decides_the_colours(environment: dict[str, str], colours: Colours) -> None:
    """NO_COLOR wins over everything, and an empty one is not set (no-color.org)."""
    assert colours_of(environment) is colours


def test_preferences_come_from_the_setup_and_the_environment() -> None:
    """Theme, keys and zone are configured; glyphs and colours are the terminal's."""
    setup = Setup(theme="ember", timezone="Europe/Berlin", keys={"acknowledge": "x"})
    found = preferences_of(setup, None, {"LANG": "C", "TERM": "linux"})
    assert (found.theme, found.timezone, found.keys) == (
        "ember",
        "Europe/Berlin",
        {"acknowledge": "x"},
    )
    assert found.ascii
    assert found.colours is Colours.SIXTEEN


@pytest.mark.parametrize(
    ("environment", "ascii"),
    [
        ({"LANG": "C"}, True),
        ({}, True),
        ({"LC_ALL": "C"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),
    ],
)
def test_pythons_own_change_of_the_locale_is_seen_through(
    environment: dict[str, str], ascii: bool
) -> None:
    """In a C locale Python sets LC_CTYPE to C.UTF-8, which says nothing of the terminal."""
    program = (
        "from opsdash.domain.setup import Setup\n"
        "from opsdash.ui.preferences import preferences_of\n"
        "print(preferences_of(Setup()).ascii)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "TERM": "xterm", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(ascii)
