"""What the commands about schedules share: the setup with its overrides, moments on the team's clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from opsdash.cli.main import fail
from opsdash.cli.reading import reading
from opsdash.domain.schedule import Schedule
from opsdash.domain.setup import Setup
from opsdash.plan import Plan
from opsdash.runtime import now
from opsdash.store import overrides
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError


def rota(plan: Plan) -> Setup:
    """Return the plan's setup with the store's overrides in its schedules.

    Where the store cannot be read the rotation alone is known, which is said.
    """
    setup = _read_calendars(plan)
    try:
        with reading(plan) as store:
            return store.read(overrides.overridden, setup)
    except StoreError as error:
        if Path(plan.store_path).exists():
            click.echo(f"! covers are not known: {error}", err=True)
        return setup


@contextmanager
def opened(plan: Plan) -> Iterator[tuple[Connection, Setup]]:
    """Open the store to read, with the setup and its overrides."""
    with reading(plan) as store:
        yield store, store.read(overrides.overridden, _read_calendars(plan))


def _read_calendars(plan: Plan) -> Setup:
    if not any(layer.calendar for s in plan.setup.schedules for layer in s.layers):
        return plan.setup
    from opsdash.sources.calendars import with_calendars

    setup, problems = with_calendars(plan.setup, now())
    for problem in problems:
        click.echo(f"! {problem}", err=True)
    return setup


def chosen_schedules(setup: Setup, only: str | None) -> tuple[Schedule, ...]:
    """Return the schedules to speak of; end with one line where there is none."""
    if not setup.schedules:
        fail("no schedules are configured; add a [[schedule]] table")
    chosen = tuple(s for s in setup.schedules if only in (None, s.id))
    if not chosen:
        fail(f"there is no schedule {only!r}; there are {', '.join(s.id for s in setup.schedules)}")
    return chosen


def clock(at: datetime, setup: Setup) -> str:
    """Return a moment on the clock of the configured zone."""
    return f"{at.astimezone(ZoneInfo(setup.timezone)):%a %d %b %H:%M}"
