"""What the commands about schedules share: the setup with its overrides, moments on the team's clock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from opsdash.cli.main import fail
from opsdash.cli.reading import reading
from opsdash.domain.feed import FeedState, fed
from opsdash.domain.schedule import Schedule, Shift, shifts
from opsdash.domain.setup import Setup
from opsdash.plan import Plan
from opsdash.runtime import now
from opsdash.store import feeds, overrides
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError


def rota(plan: Plan, read: Mapping[str, FeedState] | None = None) -> Setup:
    """Return the plan's setup with the store's overrides in its schedules.

    Shifts that are kept elsewhere are those of `read`, else those that the engine read last. Where
    the store cannot be read the rotation alone is known, which is said.
    """
    setup = fed(read_calendars(plan), read or {})
    try:
        with reading(plan) as store:
            if read is None:
                _say_feeds(plan, store.read(feeds.load) if plan.feeds else {})
            return store.read(overrides.overridden, setup)
    except StoreError as error:
        if Path(plan.store_path).exists():
            click.echo(f"! covers are not known: {error}", err=True)
        elif read is None:
            _say_feeds(plan, {})
        return setup


def _say_feeds(plan: Plan, states: Mapping[str, FeedState]) -> None:
    """Say which shifts that are kept elsewhere are not what is there now."""
    if not plan.feeds:
        return
    from opsdash.engine.feeds import problems
    from opsdash.sources.shift_feed import label_of

    named = {one.key: label_of(one) for one in plan.feeds}
    for text in problems(plan.setup, states, named):
        click.echo(f"! {text}", err=True)
    for key, label in named.items():
        if key not in states:
            click.echo(f"! {label} was not read yet: run `opsdash engine`", err=True)


@contextmanager
def opened(plan: Plan) -> Iterator[tuple[Connection, Setup]]:
    """Open the store to read, with the setup and its overrides."""
    with reading(plan) as store:
        yield store, store.read(overrides.overridden, read_calendars(plan))


def read_calendars(plan: Plan) -> Setup:
    """Return the plan's setup with the calendars that are files, and say what is wrong with them."""
    if not any(layer.calendar for s in plan.setup.schedules for layer in s.layers):
        return plan.setup
    from opsdash.sources.calendars import with_calendars

    setup, problems = with_calendars(plan.setup, now())
    for problem in problems:
        click.echo(f"! {problem}", err=True)
    return setup


def told_shifts(
    plan: Plan, schedule: Schedule, start: datetime, end: datetime
) -> tuple[Shift, ...]:
    """Return the shifts of a time: past ones as the rota said then, where the store can be read."""
    moment = now()
    if start < moment:
        # What lies ahead is computed, and needs none of it.
        from opsdash.store import rotas

        try:
            with reading(plan) as store:
                return store.read(rotas.shifts_said, schedule, start, end, moment)
        except StoreError:
            pass
    return shifts(schedule, start, end)


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
