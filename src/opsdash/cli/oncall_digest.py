"""`opsdash oncall handoff` and `opsdash oncall metrics`: what a shift was like."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.moment import parse_moment
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.rota import chosen_schedules, clock, opened
from opsdash.cli.shapes import alert_shape, incident_shape, rfc3339
from opsdash.digest import take_digest
from opsdash.domain.burden import Burden, burden, by_person, by_service
from opsdash.domain.handoff import Handoff, handoff_lines
from opsdash.domain.schedule import Schedule, shifts
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.runtime import now
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.store import paged
from opsdash.store.connection import Connection


@click.command(epilog="Example:  opsdash oncall handoff | pbcopy")
@config_option
@click.option("--schedule", "only", help="The id of the schedule; the first one without it.")
@format_option()
def handoff(config: Path | None, only: str | None, form: str) -> None:
    """Print one digest for whoever takes over: what is open, what ends soon, what flaps, what it cost."""
    with opened(load_plan(config)) as (store, setup):
        one, picture = digest(store, setup, chosen_schedules(setup, only)[0], now())
    if form == "json":
        print_json(_handoff_shape(one, picture))
        return
    for line in handoff_lines(one):
        click.echo(line)


def digest(
    store: Connection, setup: Setup, schedule: Schedule, moment: datetime
) -> tuple[Handoff, Snapshot]:
    """Return the digest of the shift that runs at `moment`, else of the last day, and its picture."""

    def read(connection: sqlite3.Connection) -> tuple[Handoff, Snapshot]:
        picture = replace(take_snapshot(connection, moment), setup=setup)
        return take_digest(connection, picture, schedule, moment).handoff, picture

    return store.read(read)


@click.command(epilog="Example:  opsdash oncall metrics --from 2025-12-01 --until 2026-01-01")
@config_option
@click.option("--from", "start", default="-7d", show_default=True, help="When the window begins.")
@click.option("--until", default="now", show_default=True, help="When it ends.")
@format_option()
def metrics(config: Path | None, start: str, until: str, form: str) -> None:
    """Say how long pages waited for somebody, and how many there were, per person, service and shift."""
    with opened(load_plan(config)) as (store, setup):
        moment = now()
        begins = parse_moment(start, setup.timezone, moment, "--from")
        ends = parse_moment(until, setup.timezone, moment, "--until")
        if begins >= ends:
            fail("--from must be before --until")
        known = store.read(paged.load_between, begins, ends)
    zone = setup.timezone
    total, people, services = burden(known, zone), by_person(known, zone), by_service(known, zone)
    per_shift = [
        (shift, burden([p for p in known if shift.covers(p.at)], zone))
        for schedule in setup.schedules[:1]
        for shift in shifts(schedule, begins, ends)
    ]
    if form == "json":
        print_json(
            {
                "from": rfc3339(begins),
                "until": rfc3339(ends),
                "all": _burden_shape(total),
                "people": {name: _burden_shape(one) for name, one in people.items()},
                "services": {name: _burden_shape(one) for name, one in services.items()},
                "shifts": [
                    {
                        "schedule": shift.schedule,
                        "person": shift.person,
                        "start": rfc3339(shift.start),
                        "end": rfc3339(shift.end),
                        **_burden_shape(one),
                    }
                    for shift, one in per_shift
                ],
            }
        )
        return
    rows = [_row("all", total)]
    rows += [_row(f"person {name}", one) for name, one in people.items()]
    rows += [_row(f"service {name}", one) for name, one in services.items()]
    rows += [
        _row(f"shift {shift.person} {clock(shift.start, setup)}", one) for shift, one in per_shift
    ]
    header = ("", "ALERTS", "PAGES", "TAKEN", "MEAN", "MEDIAN", "90%", "OUT OF HOURS", "AT NIGHT")
    print_columns(header, rows)


def _row(name: str, one: Burden) -> tuple[str, ...]:
    counts = (one.occurrences, one.pages, one.acknowledged)
    spans = (one.mean, one.median, one.p90)
    return (
        name,
        *map(str, counts),
        *("-" if span is None else format_span(span) for span in spans),
        str(one.out_of_hours),
        str(one.at_night),
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 3)


def _burden_shape(one: Burden) -> dict[str, object]:
    return {
        "alerts": one.occurrences,
        "pages": one.pages,
        "acknowledged": one.acknowledged,
        "mean_seconds": _seconds(one.mean),
        "median_seconds": _seconds(one.median),
        "p90_seconds": _seconds(one.p90),
        "out_of_hours": one.out_of_hours,
        "at_night": one.at_night,
    }


def _handoff_shape(one: Handoff, picture: Snapshot) -> dict[str, object]:
    return {
        "schedule": one.schedule,
        "at": rfc3339(one.at),
        "on_call": one.name or None,
        "until": rfc3339(one.shift.end) if one.shift is not None else None,
        "next": one.next_name or None,
        "next_at": rfc3339(one.next_at),
        "incidents": [incident_shape(incident) for incident in one.incidents],
        "alerts": [
            {
                **alert_shape(
                    alert, picture.setup.policy_for(alert.labels), picture.next_step(alert)
                ),
                "owner": whose or None,
            }
            for alert, whose in one.alerts
        ],
        "silences": [
            {"id": s.id, "until": rfc3339(s.until), "matchers": s.text, "comment": s.comment}
            for s in one.silences
        ],
        "flapping": [{"alert": name, "fired": count} for name, count in one.flapping],
        "gaps": one.gaps or None,
        "pages": None if one.paged is None else _burden_shape(one.paged),
        "text": "\n".join(handoff_lines(one)),
    }
