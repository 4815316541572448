"""`opsdash ack`, `unack` and `escalate`: what the keys of the dashboard do."""

from collections.abc import Callable
from pathlib import Path

import click

from opsdash import response
from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.reading import writing
from opsdash.runtime import now, who_acts
from opsdash.store import alerts as stored
from opsdash.store.connection import Connection

_ids = click.argument("ids", nargs=-1, required=True, metavar="ID...")


@click.command(epilog="Example:  opsdash ack 5f2c --comment 'on it'")
@_ids
@config_option
@click.option("--comment", default="", help="What the others should know.")
def ack(ids: tuple[str, ...], config: Path | None, comment: str) -> None:
    """Acknowledge alerts: each ID a fingerprint, an incident as INC-001, or a clear prefix."""
    _act(
        config,
        ids,
        lambda store, found: store.write(response.acknowledge, who_acts(), now(), found, comment),
        "acknowledged",
    )


@click.command(epilog="Example:  opsdash unack INC-001")
@_ids
@config_option
def unack(ids: tuple[str, ...], config: Path | None) -> None:
    """Take acknowledgements back: the alerts are nobody's again."""
    _act(
        config,
        ids,
        lambda store, found: store.write(response.unacknowledge, who_acts(), now(), found),
        "unacknowledged",
    )


@click.command(epilog="Example:  opsdash escalate INC-001 --reason 'database locks, need Maria'")
@click.argument("id", metavar="ID")
@config_option
@click.option("--to", type=int, help="The level to go to, else the next one.")
@click.option("--reason", required=True, help="Why; it is what the next level reads first.")
def escalate(id: str, config: Path | None, to: int | None, reason: str) -> None:
    """Move an alert to the next escalation level, or to the one given."""

    def act(store: Connection, found: tuple[str, ...]) -> response.Outcome:
        seen = store.read(lambda c: [stored.load(c, one) for one in found])
        levels = {alert.id: alert.level for alert in seen if alert is not None}
        return store.write(response.escalate, who_acts(), now(), found, levels, reason, to)

    _act(config, (id,), act, "escalated")


def _act(
    config: Path | None,
    ids: tuple[str, ...],
    act: Callable[[Connection, tuple[str, ...]], response.Outcome],
    done: str,
) -> None:
    with writing(load_plan(config)) as store:
        try:
            found = [one for id in ids for one in store.read(response.find, id)]
        except LookupError as error:
            fail(error)
        outcome = act(store, tuple(dict.fromkeys(found)))
    for id in outcome.done:
        click.echo(f"{done} {id}")
    for id, reason in outcome.refused:
        click.echo(f"opsdash: {id}: {reason}", err=True)
    if outcome.refused:
        raise SystemExit(2)
