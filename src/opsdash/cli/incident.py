"""`opsdash incident list`, `reported` and `unreported`: incidents, and whether each has its report."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

from opsdash import reporting
from opsdash.cli.acting import say_outcome
from opsdash.cli.main import config_option, load_plan
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.reading import reading, writing
from opsdash.cli.shapes import incident_shape
from opsdash.domain.incident import Incident
from opsdash.domain.outcome import Outcome
from opsdash.domain.span import format_span
from opsdash.runtime import now, who_acts
from opsdash.store import incidents as stored
from opsdash.store.connection import Connection

LISTED = 100
"""Incidents that are listed, the newest."""

_ids = click.argument("ids", nargs=-1, required=True, metavar="INC...")


@click.group(epilog="Example:  opsdash incident reported INC-001 --url https://wiki/pir/1")
def incident() -> None:
    """List incidents, and say that the reports on them are written."""


@incident.command(name="list", epilog="Example:  opsdash incident list --unreported --format json")
@config_option
@click.option("--unreported", is_flag=True, help="Only those that owe a report, all of them.")
@format_option()
def list_(config: Path | None, unreported: bool, form: str) -> None:
    """List the newest 100 incidents, the newest first, and whether each has its report."""
    with reading(load_plan(config)) as store:
        found = (
            store.read(stored.load_owing) if unreported else store.read(stored.load_newest, LISTED)
        )
    if form == "json":
        print_json([incident_shape(one) for one in found])
        return
    if not found:
        click.echo("every incident has its report" if unreported else "no incidents")
        return
    moment = now()
    header = ("ID", "SEVERITY", "STATE", "OPENED", "REPORT", "TITLE")
    print_columns(header, [_row(one, moment) for one in found])


def _row(one: Incident, moment: datetime) -> tuple[str, ...]:
    report = "owed" if one.owes_report else "due" if one.open else "none"
    if one.reported is not None and not one.owes_report:
        report = one.reported.url or one.reported.note
    opened = f"{format_span(moment - one.opened_at)} ago"
    return (one.id, one.severity, one.state, opened, report, one.title)


@incident.command(epilog="Example:  opsdash incident reported INC-001 --url https://wiki/pir/1")
@_ids
@config_option
@click.option("--url", default="", help="Where the report is, http or https.")
@click.option("--note", default="", help="Where else it is, or why none is needed.")
def reported(ids: tuple[str, ...], config: Path | None, url: str, note: str) -> None:
    """Say that the reports on incidents that are over are written, and where; one of the two is needed."""
    _act(
        config,
        "reported",
        lambda store: store.write(reporting.report, who_acts(), now(), ids, url, note),
    )


@incident.command(epilog="Example:  opsdash incident unreported INC-001")
@_ids
@config_option
def unreported(ids: tuple[str, ...], config: Path | None) -> None:
    """Say that reports are not written after all."""
    _act(
        config,
        "owes its report again:",
        lambda store: store.write(reporting.unreport, who_acts(), now(), ids),
    )


def _act(config: Path | None, done: str, act: Callable[[Connection], Outcome]) -> None:
    with writing(load_plan(config)) as store:
        outcome = act(store)
    say_outcome(outcome, done)
