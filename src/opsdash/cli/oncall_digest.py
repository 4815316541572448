"""`opsdash oncall handoff`: what a shift was like, for whoever takes over."""

import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from opsdash.cli.main import config_option, load_plan
from opsdash.cli.oncall_metrics import burden_shape
from opsdash.cli.output import format_option, print_json
from opsdash.cli.rota import chosen_schedules, opened
from opsdash.cli.shapes import alert_shape, failures_shape, incident_shape, rfc3339
from opsdash.digest import Digest, take_digest
from opsdash.domain.handoff import handoff_lines
from opsdash.domain.schedule import Schedule
from opsdash.domain.setup import Setup
from opsdash.runtime import now
from opsdash.snapshot import Snapshot, take_snapshot
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
    for line in handoff_lines(one.handoff):
        click.echo(line)


def digest(
    store: Connection, setup: Setup, schedule: Schedule, moment: datetime
) -> tuple[Digest, Snapshot]:
    """Return the digest of the shift that runs at `moment`, else of the last day, and its picture."""

    def read(connection: sqlite3.Connection) -> tuple[Digest, Snapshot]:
        picture = replace(take_snapshot(connection, moment), setup=setup)
        return take_digest(connection, picture, schedule, moment), picture

    return store.read(read)


def _handoff_shape(found: Digest, picture: Snapshot) -> dict[str, object]:
    one = found.handoff
    return {
        "schedule": one.schedule,
        "at": rfc3339(one.at),
        "on_call": one.name or None,
        "until": rfc3339(one.shift.end) if one.shift is not None else None,
        "next": one.next_name or None,
        "next_at": rfc3339(one.next_at),
        "since": rfc3339(one.since),
        "duties": [
            {"id": d.id, "text": d.text, "done": d.done, "missing": list(d.missing)}
            for d in found.duties
        ],
        "incidents": [incident_shape(incident) for incident in one.incidents],
        "unreported": [incident_shape(incident) for incident in one.unreported],
        "failures": [failures_shape(batch) for _, batch in one.failures],
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
        "pages": None if one.paged is None else burden_shape(one.paged),
        "text": "\n".join(handoff_lines(one)),
    }
