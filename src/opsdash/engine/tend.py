"""Steps that keep the house: the lease, requests from screens, who is on call, old rows, the WAL."""

import sqlite3
from datetime import datetime, timedelta

from opsdash.domain.coverage import gap_words, gaps_ahead
from opsdash.domain.on_call import OnCall
from opsdash.domain.reach import person_name
from opsdash.domain.schedule import on_call
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean
from opsdash.engine.engine import Engine
from opsdash.store import (
    alerts,
    deployments,
    engine,
    lease,
    overrides,
    readings,
    shift_changes,
    sightings,
    silences,
)

RENEW_EVERY = 1.5
"""Seconds between renewals of the lease."""

ALERTS_KEPT = timedelta(days=90)
"""How long resolved occurrences outside incidents are kept."""

SILENCES_KEPT = timedelta(days=90)
"""How long silences that ended are kept."""


async def renew_lease(engine_: Engine) -> None:
    """Prolong the lease while the loop is alive, and say when a cycle is whole.

    A loop that hangs loses it.
    """
    whole = _whole_cycle_at(engine_)
    if engine_.is_due("lease", RENEW_EVERY) or whole != engine_.cycle_at:
        engine_.due["lease"] = engine_.clock.monotonic() + RENEW_EVERY
        await engine_.store.write(lease.renew, engine_.held, engine_.clock.now(), whole)
        engine_.cycle_at = whole


def _whole_cycle_at(engine_: Engine) -> datetime | None:
    """The moment up to which every source has been asked at least once."""
    ended = [poll.ended_at for poll in engine_.refresh_polls]
    known = [at for at in ended if at is not None]
    return min(known) if known and len(known) == len(ended) else None


async def take_requests(engine_: Engine) -> None:
    """Make every source due at once when a screen asked for a refresh."""
    asked = engine_.counters["refresh"]
    if asked != engine_.refreshes_asked:
        engine_.refreshes_asked = asked
        for poll in engine_.refresh_polls:
            poll.hasten()


async def keep_on_call(engine_: Engine) -> None:
    """Write who is on call now on each schedule, at start and each minute."""
    if engine_.is_due("on_call", 15.0):
        now = engine_.clock.now()
        await engine_.store.write(_save_on_call, engine_.held, engine_.setup, now)


def _save_on_call(connection: sqlite3.Connection, epoch: int, setup: Setup, now: datetime) -> None:
    lease.require(connection, epoch)
    setup = overrides.overridden(connection, setup, now)
    people = []
    for schedule in setup.schedules:
        shifts = on_call(schedule, now)
        if shifts:
            names = ", ".join(person_name(setup, shift.person) for shift in shifts)
            people.append(OnCall(schedule.id, clean(names), min(shift.end for shift in shifts)))
    missing = (gap_words(gaps_ahead(s, now), s.timezone) for s in setup.schedules)
    found = [text for text in missing if text]
    if tuple(sorted(found)) != engine.load_warnings(connection, "schedules"):
        engine.record_warnings(connection, "schedules", found, now)
    if tuple(people) != engine.load_on_call(connection):
        engine.save_on_call(connection, people)


async def prune(engine_: Engine) -> None:
    """Drop what no screen shows any more, every ten minutes."""
    if engine_.is_due("prune", 600.0):
        await engine_.store.write(_prune, engine_.held, engine_.clock.now())


def _prune(connection: sqlite3.Connection, epoch: int, now: datetime) -> None:
    lease.require(connection, epoch)
    readings.prune(connection, now)
    alerts.prune(connection, now, ALERTS_KEPT)
    sightings.prune(connection)
    silences.prune(connection, now, SILENCES_KEPT)
    deployments.prune(connection, now)
    shift_changes.prune(connection, now - ALERTS_KEPT)


async def checkpoint(engine_: Engine) -> None:
    """Move the WAL into the database: the lease's holder does it for everyone."""
    if engine_.is_due("checkpoint", 2.0):
        await engine_.store.checkpoint()
