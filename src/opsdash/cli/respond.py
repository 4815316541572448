"""`opsdash ack`, `unack` and `escalate`: what the keys of the dashboard do."""

from pathlib import Path

import click

from opsdash import response
from opsdash.cli.acting import act_on, ids_argument
from opsdash.cli.foretold import Foretold, Seen, act_foretold, dry_run_option, yes_option
from opsdash.cli.main import config_option
from opsdash.domain.escalation import Refused
from opsdash.domain.outcome import Outcome
from opsdash.domain.text import SafeText
from opsdash.preview import escalations, pages_words
from opsdash.runtime import now, who_acts
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
@click.option(
    "--from-level", type=int, help="The level as you know it; one that has moved is refused."
)
@dry_run_option
@yes_option
def escalate(
    id: str,
    config: Path | None,
    to: int | None,
    reason: str,
    from_level: int | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Say whom the next level pages, or the one given, then move an alert there."""

    def foretell(seen: Seen) -> Foretold:
        return _foretell_escalation(seen, to, from_level)

    def act(store: Connection, seen: Seen) -> Outcome:
        levels = {alert.id: alert.level for alert in seen.alerts}
        if from_level is not None:
            levels = dict.fromkeys(seen.ids, from_level)
        return store.write(response.escalate, who_acts(), now(), seen.ids, levels, reason, to)

    act_foretold(config, (id,), foretell, act, "escalated", dry_run, yes)


def _foretell_escalation(seen: Seen, to: int | None, from_level: int | None) -> Foretold:
    lines, going = [], []
    refused = [(id, "it has resolved") for id in seen.ids if id not in {a.id for a in seen.alerts}]
    for step in escalations(seen.alerts, seen.snapshot, to):
        alert = step.alert
        if from_level is not None and alert.level != from_level:
            refused.append((alert.id, f"it is at level {alert.level} by now"))
        elif isinstance(step.target, Refused):
            refused.append((alert.id, step.target.reason))
        else:
            going.append(step)
            lines.append(f"{alert.id} {alert.name}: level {alert.level} to level {step.target}")
    told = pages_words(going)
    if going and not told:
        told = (SafeText("This goes down: nobody is paged"),)
    wakes = any(step.wakes is not None and step.wakes.reached for step in going)
    return Foretold((*lines, *told), tuple(refused), wakes)
