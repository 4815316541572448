"""`opsdash rules`: every alert rule with its figure against its threshold, as the rules screen has it."""

from datetime import timedelta
from pathlib import Path

import click

from opsdash.cli.main import config_option, load_plan
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.reading import picture
from opsdash.cli.shapes import rule_shape
from opsdash.domain.rules.view import RuleView
from opsdash.domain.span import format_span
from opsdash.snapshot import Snapshot


@click.command(epilog="Example:  opsdash rules --format json | jq '.[] | select(.error)'")
@config_option
@format_option()
def rules(config: Path | None, form: str) -> None:
    """List all alert rules, opsdash' own and Prometheus': those that fail or fire first."""
    snapshot = picture(load_plan(config))
    found = sorted(snapshot.rules, key=lambda view: view.rank)
    if form == "json":
        print_json([rule_shape(view) for view in found])
        return
    if not found:
        click.echo("no alert rules: rule_files names none")
        return
    header = ("STATE", "RULE", "VALUE", "THRESHOLD", "ALERTS", "EVALUATED", "GROUP", "BY", "ERROR")
    print_columns(header, [_row(view, snapshot) for view in found])


def _row(view: RuleView, snapshot: Snapshot) -> tuple[str, ...]:
    ago = "never"
    if view.evaluated_at is not None:
        ago = f"{format_span(max(snapshot.taken_at - view.evaluated_at, timedelta()))} ago"
    return (
        view.state,
        view.name,
        view.figure,
        view.threshold,
        f"{view.firing} firing, {view.pending} pending" if view.firing or view.pending else "none",
        ago,
        view.group,
        view.source or "opsdash",
        view.error or "",
    )
