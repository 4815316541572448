"""The command line's root: which commands there are, each imported only when it is called."""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from opsdash import __version__
from opsdash.cli.plain import load_plan, run_plainly
from opsdash.domain.text import clean

__all__ = ["COMMANDS", "OneLineError", "cli", "config_option", "fail", "load_plan", "run"]

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("opsdash.cli.demo", "Show a simulated payment application and its incident."),
    "check": ("opsdash.cli.check", "Validate the configuration and try what it names."),
    "engine": ("opsdash.cli.engine", "Run the headless engine."),
    "audit": ("opsdash.cli.audit", "Say whether all that fires has reached somebody."),
    "drill": ("opsdash.cli.drill", "Page for real, marked TEST, and time it."),
    "status": ("opsdash.cli.status", "Say how production is, and exit 0 to 3 by it."),
    "alerts": ("opsdash.cli.alerts", "List all alerts with acknowledgement and level."),
    "rules": ("opsdash.cli.rules", "List all alert rules with figure and threshold."),
    "ack": ("opsdash.cli.respond", "Acknowledge alerts."),
    "unack": ("opsdash.cli.respond", "Take acknowledgements back."),
    "escalate": ("opsdash.cli.respond", "Move an alert to the next escalation level."),
    "silence": ("opsdash.cli.silence", "Silence alerts, list silences, extend and end them."),
    "incident": ("opsdash.cli.incident", "List incidents, and say that reports are written."),
    "failures": ("opsdash.cli.failures", "Look into failures, and say what they were."),
    "oncall": ("opsdash.cli.oncall", "Say who is on call, cover shifts, rehearse a page."),
    "reset": ("opsdash.cli.reset", "Mend a terminal whose dashboard was killed."),
    "deploy": ("opsdash.cli.deploy", "Record deployments, and list them."),
}
"""Command names in the order of the help, each with its module and its one line."""


@contextmanager
def _usage_in_one_line() -> Iterator[None]:
    """Say what is wrong with a command's words as every other error: click does so in four lines."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "opsdash"
        fail(f"{error.format_message().rstrip('.')}; see `{path} --help`")


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is used."""

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        """Read the words of the command line that stand before a command."""
        with _usage_in_one_line():
            return super().make_context(*given, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, or say in one line what is wrong with its words."""
        with _usage_in_one_line():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in their order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their one lines, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


class OneLineError(click.ClickException):
    """What is wrong and what to do, on one line of standard error; exit status 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Print the line."""
        click.echo(f"opsdash: {self.message}", err=True)


def config_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--config`."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The configuration (else $OPSDASH_CONFIG, else $XDG_CONFIG_HOME/opsdash/opsdash.toml).",
    )(command)


def fail(reason: object) -> NoReturn:
    """End with one line on standard error and exit status 2."""
    raise OneLineError(clean(reason, 4000))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example:  opsdash --config ops.toml",
)
@click.version_option(__version__, "--version", "-V", message="opsdash %(version)s")
@config_option
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """The on-call engineer's terminal: from metric to page to incident on one screen.

    Without a command it is the dashboard.
    """
    if context.invoked_subcommand is None:
        from opsdash.cli.dashboard import open_dashboard

        open_dashboard(load_plan(config))
    elif config is not None:
        os.environ["OPSDASH_CONFIG"] = str(config)


def run() -> None:
    """Run the command line; no traceback reaches a person for what is not a bug."""
    run_plainly(lambda: cli(prog_name="opsdash"))
