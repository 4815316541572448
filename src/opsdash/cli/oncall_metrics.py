"""`opsdash oncall metrics`: how long pages waited, how many a shift had, how many out of hours."""

from datetime import timedelta
from pathlib import Path

import click

from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.moment import parse_moment
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.rota import clock, opened
from opsdash.cli.shapes import rfc3339
from opsdash.domain.burden import Burden
from opsdash.domain.reach import person_name
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.runtime import now
from opsdash.workload import Load, load_of

_HEADER = (
    *("", "ALERTS", "PAGES", "TAKEN", "OPEN", "MEAN", "MEDIAN", "90%"),
    *("OUT OF HOURS", "AT NIGHT", "SHIFTS", "A SHIFT"),
)


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
        found = store.read(load_of, setup, begins, ends, moment)
    if form == "json":
        print_json({"from": rfc3339(begins), "until": rfc3339(ends), **_shape(found, setup)})
        return
    rows = [_row("all", found.all)]
    rows += [_row(f"person {name}", one) for name, one in found.people.items()]
    rows += [_row(f"service {name}", one) for name, one in found.services.items()]
    rows += [
        _row(f"shift {shift.schedule} {name} {clock(shift.start, setup)}", one)
        for shift, name, one in found.shifts
    ]
    print_columns(_HEADER, rows)


def burden_shape(one: Burden) -> dict[str, object]:
    """Return the figures of some pages as every JSON of this program has them: spans in seconds."""
    return {
        "alerts": one.occurrences,
        "pages": one.pages,
        "acknowledged": one.acknowledged,
        "unacknowledged": one.unacknowledged,
        "mean_seconds": _seconds(one.mean),
        "median_seconds": _seconds(one.median),
        "p90_seconds": _seconds(one.p90),
        "out_of_hours": one.out_of_hours,
        "at_night": one.at_night,
    }


def _shape(found: Load, setup: Setup) -> dict[str, object]:
    return {
        "timezone": setup.timezone,
        "all": _with_shifts(found.all),
        "people": {name: _with_shifts(one) for name, one in found.people.items()},
        "services": {name: _with_shifts(one) for name, one in found.services.items()},
        "shifts": [
            {
                "schedule": shift.schedule,
                "person": shift.person,
                "name": person_name(setup, shift.person),
                "start": rfc3339(shift.start),
                "end": rfc3339(shift.end),
                **burden_shape(one),
            }
            for shift, _, one in found.shifts
        ],
    }


def _with_shifts(one: Burden) -> dict[str, object]:
    each = one.pages_per_shift
    shape = burden_shape(one)
    return shape | {"shifts": one.shifts, "pages_per_shift": each and round(each, 3)}


def _row(name: str, one: Burden) -> tuple[str, ...]:
    counts = (one.occurrences, one.pages, one.acknowledged, one.unacknowledged)
    spans = (one.mean, one.median, one.p90)
    each = one.pages_per_shift
    return (
        name,
        *map(str, counts),
        *("-" if span is None else format_span(span) for span in spans),
        str(one.out_of_hours),
        str(one.at_night),
        str(one.shifts or "-"),
        "-" if each is None else f"{each:.2g}" if each < 10 else f"{each:.0f}",
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 3)
