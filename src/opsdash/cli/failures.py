"""`opsdash failures list`, `take`, `done` and `give-back`: what the keys on a tile do."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec

import click

from opsdash import inquiry
from opsdash.cli.acting import say_outcome
from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.reading import reading, writing
from opsdash.cli.shapes import failures_shape
from opsdash.domain.failures import FailureBatch
from opsdash.domain.outcome import Outcome
from opsdash.domain.span import format_span
from opsdash.domain.timeline import Actor
from opsdash.runtime import now, who_acts
from opsdash.store import failures as stored

P = ParamSpec("P")

LISTED = 100
"""Batches that `--all` lists at most, the newest."""

_id = click.argument("id", required=False, default="", metavar="[ID]")


@click.group(epilog="Example:  opsdash failures done F3 --note 'issuer was down, retried'")
def failures() -> None:
    """Look into the failures that tiles count, such as failed payments, and say what they were."""


@failures.command(name="list", epilog="Example:  opsdash failures list --format json")
@config_option
@click.option("--all", "whole", is_flag=True, help="Those that have ended too, the newest 100.")
@format_option()
def list_(config: Path | None, whole: bool, form: str) -> None:
    """List the batches of failures that have not ended, the newest first."""
    with reading(load_plan(config)) as store:
        known = store.read(stored.load_newest, LISTED)
        opened = store.read(stored.load_open)
    shown = known if whole else sorted(opened.values(), key=lambda b: b.number, reverse=True)
    if form == "json":
        print_json([failures_shape(batch) for batch in shown])
        return
    if not shown:
        click.echo("no failures to look into")
        return
    moment = now()
    header = ("ID", "FIGURE", "COUNT", "SINCE", "STATE", "BY", "NOTE")
    print_columns(header, [_row(batch, moment) for batch in shown])


def _row(batch: FailureBatch, moment: datetime) -> tuple[str, ...]:
    ended = ", ended" if batch.ended_at is not None else ""
    return (
        batch.id,
        batch.indicator,
        f"{batch.count:,}",
        f"{format_span(moment - batch.opened_at)} ago",
        f"{batch.state}{ended}",
        batch.by or "nobody",
        batch.note,
    )


@failures.command(epilog="Example:  opsdash failures take F3")
@_id
@config_option
@click.option("--over", is_flag=True, help="Also where somebody else looks into it.")
def take(id: str, config: Path | None, over: bool) -> None:
    """Look into a batch: F3, 3, the id of its figure, or nothing for the only one that waits."""
    _act(config, id, "investigating", inquiry.take, over)


@failures.command(epilog="Example:  opsdash failures done F3 --note 'issuer was down, retried'")
@_id
@config_option
@click.option("--note", required=True, help="What the failures were.")
def done(id: str, config: Path | None, note: str) -> None:
    """Say that a batch is investigated, and what it was."""
    _act(config, id, "investigated", inquiry.conclude, note)


@failures.command(name="give-back", epilog="Example:  opsdash failures give-back F3")
@_id
@config_option
def give_back(id: str, config: Path | None) -> None:
    """Look into a batch no longer: it is new again."""
    _act(config, id, "gave back", inquiry.give_back)


def _act(
    config: Path | None,
    id: str,
    done: str,
    act: Callable[Concatenate[sqlite3.Connection, Actor, datetime, FailureBatch, P], Outcome],
    *args: P.args,
    **kw: P.kwargs,
) -> None:
    with writing(load_plan(config)) as store:
        try:
            seen = store.read(inquiry.find, id)
        except LookupError as error:
            fail(error)
        outcome = store.write(act, who_acts(), now(), seen, *args, **kw)
    say_outcome(outcome, done)
    if outcome.said:
        click.echo(outcome.said)
