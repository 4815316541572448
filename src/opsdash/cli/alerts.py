"""`opsdash alerts`: every alert with acknowledgement, level and what happens next."""

from datetime import timedelta
from pathlib import Path

import click

from opsdash.cli.listing import print_alerts
from opsdash.cli.main import config_option, load_plan
from opsdash.cli.output import format_option, print_columns
from opsdash.cli.reading import picture
from opsdash.cli.shapes import alert_words
from opsdash.domain.alert import Alert
from opsdash.domain.span import format_span
from opsdash.domain.upcoming import in_words
from opsdash.snapshot import Snapshot


@click.command(epilog="Example:  opsdash alerts --format json | jq '.[] | select(.level > 1)'")
@config_option
@format_option()
def alerts(config: Path | None, form: str) -> None:
    """List all alerts: those that need a person first, resolved ones of the last hour last."""
    plan = load_plan(config)
    if form == "json":
        print_alerts(plan)
        return
    snapshot = picture(plan)
    policy = snapshot.setup.policy
    if not snapshot.alerts:
        click.echo("no alerts" if not snapshot.problems else "no alerts known")
    else:
        rows = [
            (
                alert.id,
                alert_words(alert),
                alert.severity,
                alert.name,
                format_span(snapshot.taken_at - (alert.fired_at or alert.active_at)),
                alert.acknowledgement.by if alert.acknowledgement else "nobody",
                f"{alert.level} {policy.name(alert.level)}" if alert.level else "-",
                alert.incident or "-",
                _next(alert, snapshot),
            )
            for alert in snapshot.alerts
        ]
        header = ("ID", "STATE", "SEVERITY", "ALERT", "FOR", "OWNER", "LEVEL", "INCIDENT", "NEXT")
        print_columns(header, rows)
    for problem in snapshot.problems:
        click.echo(f"! {problem.text}", err=True)


def _next(alert: Alert, snapshot: Snapshot) -> str:
    """Say what happens next to an alert, to whom and in how long, as the screen does."""
    if not alert.open:
        return "-"
    step = snapshot.next_step(alert)
    if step.at is None:
        return step.text
    return in_words(step, format_span(max(step.at - snapshot.taken_at, timedelta())))
