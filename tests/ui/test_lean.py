"""Textual without its command palette does all that the dashboard asks of it."""

import re
import subprocess
import sys
from pathlib import Path

import textual

from opsdash.ui.lean import STANDING_IN
from tests.kit.source_tree import ROOT

_ASKED = re.compile(r"^from textual\.command import (.+)$", re.MULTILINE)


def run(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.split()


def test_the_palette_and_its_widgets_stay_out() -> None:
    """The whole dashboard is imported, and neither the palette nor what it alone needs comes with it."""
    there = run(
        "from opsdash.ui.lean import leave_out_command_palette\n"
        "leave_out_command_palette()\n"
        "import opsdash.cli.screen, opsdash.ui.acts, opsdash.ui.screens.open, sys\n"
        "print(*sorted(sys.modules))"
    )
    left_out = {"_input", "_option_list", "_select", "_tree", "_directory_tree"}
    assert {f"textual.widgets.{name}" for name in left_out}.isdisjoint(there)


def test_all_that_textual_imports_of_it_stands_in() -> None:
    """When this fails Textual uses another name of the palette's: look at what for, then add it."""
    folder = Path(textual.__file__).parent
    asked = {
        name.strip()
        for module in ("app", "theme")
        for names in _ASKED.findall((folder / f"{module}.py").read_text())
        for name in names.split(",")
    }
    assert asked
    assert asked <= set(STANDING_IN)


def test_any_other_name_is_the_real_one() -> None:
    """A name that nothing stands in for costs the import, and is right."""
    assert run(
        "from opsdash.ui.lean import leave_out_command_palette\n"
        "leave_out_command_palette()\n"
        "from textual.command import SearchIcon\n"
        "print(SearchIcon.__mro__[1].__name__)"
    ) == ["Static"]


def test_where_textual_is_there_already_nothing_is_replaced() -> None:
    """A program that has imported Textual keeps its palette."""
    assert run(
        "import textual.app, textual.command\n"
        "from opsdash.ui.lean import leave_out_command_palette\n"
        "leave_out_command_palette()\n"
        "print(textual.command.CommandPalette.__mro__[1].__name__)"
    ) == ["SystemModalScreen"]
