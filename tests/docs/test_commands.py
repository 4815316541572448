"""The documentation of the command line is whole and true."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from opsdash.cli.main import COMMANDS, cli

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
README = (Path(__file__).parents[2] / "README.md").read_text()


def _command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert isinstance(command, click.Command)
    return command


def _with_inner(name: str) -> Iterator[tuple[str, click.Command]]:
    """The command as it is typed, and where it is a group each of its own."""
    command = _command(name)
    yield name, command
    if isinstance(command, click.Group):
        yield from ((f"{name} {inner}", one) for inner, one in command.commands.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    """Each command has its row and section on the page, each visible option is named there."""
    assert re.search(rf"`opsdash {name}[ `]", PAGE), f"no row for {name}"
    assert re.search(rf"^## .*opsdash {name}\b", PAGE, re.MULTILINE), f"no section for {name}"
    for typed, command in _with_inner(name):
        assert command.name is not None and command.name in PAGE, typed
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert any(option in PAGE for option in parameter.opts), (typed, parameter.opts)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """`--help` says what the command does and shows one example."""
    for typed, command in _with_inner(name):
        assert command.help, typed
        assert command.epilog, typed
        assert f"opsdash {typed}" in command.epilog


def test_the_page_names_no_command_that_is_not_there() -> None:
    """Every `opsdash WORD` in the table and sections is a command."""
    named = set(re.findall(r"opsdash ([a-z]+)\b", PAGE)) - {"engine"}
    assert named <= set(COMMANDS), named - set(COMMANDS)


def test_the_readme_names_only_commands_that_exist() -> None:
    """What the README tells people to type is there to be typed."""
    named = set(re.findall(r"`opsdash ([a-z]+)\b", README))
    assert named
    assert named <= set(COMMANDS), named - set(COMMANDS)
