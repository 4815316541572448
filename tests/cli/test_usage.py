"""What is wrong with the words of a command is said in one line, as every other error."""

import pytest
from click.testing import CliRunner

from opsdash.cli.main import cli


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bogus"], "opsdash: No such option '--bogus'; see `opsdash --help`"),
        (["nope"], "opsdash: No such command 'nope'; see `opsdash --help`"),
        (["escalate", "x"], "opsdash: Missing option '--reason'; see `opsdash escalate --help`"),
        (["incident", "nope"], "opsdash: No such command 'nope'; see `opsdash incident --help`"),
        (["status", "--format", "\x1b[31m"], "opsdash: Invalid value for '--format': "),
    ],
)
def test_wrong_words_are_one_line_on_standard_error(words: list[str], said: str) -> None:
    """What is wrong, and where it is told how the command is used; exit 2."""
    done = CliRunner().invoke(cli, words, prog_name="opsdash")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


def test_a_group_without_a_command_shows_its_help() -> None:
    """There is nothing wrong with asking what there is."""
    done = CliRunner().invoke(cli, ["incident"], prog_name="opsdash")
    assert done.exit_code == 2
    assert "Commands:" in done.stdout + done.stderr
