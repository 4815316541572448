"""`opsdash ack`, `unack` and `escalate`: what the keys of the dashboard do."""

from pathlib import Path

import click

from opsdash import response
from opsdash.cli.acting import act_on, ids_argument
from opsdash.cli.main import config_option
from opsdash.domain.outcome import Outcome
from opsdash.runtime import now, who_acts
from opsdash.store import alerts as stored
from opsdash.store.connection import Connection


@click.command(epilog="Example:  opsdash ack 5f2c --comment 'on it'")
@ids_argument
@config_option
@click.option("--comment", default="", help="What the others should know.")
def ack(ids: tuple[str, ...], config: Path | None, comment: str) -> None:
    """Acknowledge alerts: each ID a fingerprint, an incident as INC-001, or a clear prefix."""
    act_on(
        config,
        ids,
        lambda store, found: store.write(response.acknowledge, who_acts(), now(), found, comment),
        "acknowledged",
    )


@click.command(epilog="Example:  opsdash unack INC-001")
@ids_argument
@config_option
def unack(ids: tuple[str, ...], config: Path | None) -> None:
    """Take acknowledgements back: the alerts are nobody's again."""
    act_on(
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

    def act(store: Connection, found: tuple[str, ...]) -> Outcome:
        seen = store.read(lambda c: [stored.load(c, one) for one in found])
        levels = {alert.id: alert.level for alert in seen if alert is not None}
        return store.write(response.escalate, who_acts(), now(), found, levels, reason, to)

    act_on(config, (id,), act, "escalated")
