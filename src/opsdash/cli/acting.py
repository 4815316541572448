"""What the commands that act on alerts share: the IDs they take, and how an outcome is said."""

from collections.abc import Callable
from pathlib import Path

import click

from opsdash import response
from opsdash.cli.main import fail, load_plan
from opsdash.cli.reading import writing
from opsdash.domain.outcome import Outcome
from opsdash.store.connection import Connection

ids_argument = click.argument("ids", nargs=-1, required=True, metavar="ID...")


def act_on(
    config: Path | None,
    ids: tuple[str, ...],
    act: Callable[[Connection, tuple[str, ...]], Outcome],
    done: str,
) -> None:
    """Do `act` to the alerts that `ids` mean and say what became of each; exit 2 where one is refused.

    Each ID is a fingerprint, an incident as INC-001, or a clear prefix.
    """
    with writing(load_plan(config)) as store:
        try:
            found = [one for id in ids for one in store.read(response.find, id)]
        except LookupError as error:
            fail(error)
        outcome = act(store, tuple(dict.fromkeys(found)))
    say_outcome(outcome, done)


def say_outcome(outcome: Outcome, done: str) -> None:
    """Say what was done and what was refused, and why; exit 2 where anything was."""
    for id in outcome.done:
        click.echo(f"{done} {id}")
    for id, reason in outcome.refused:
        click.echo(f"opsdash: {id}: {reason}", err=True)
    if outcome.refused:
        raise SystemExit(2)
