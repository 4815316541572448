"""Counts of failures that people look into: what rises opens a batch or joins the one that is open."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.failures import BatchState, FailureBatch, Tally, failures, follow
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.store import entries
from opsdash.store import failures as stored

QUIET = timedelta(minutes=5)
"""After how long without failures further ones are told on the timeline: an outage adds to its batch
at every refresh."""

_ENGINE = SafeText("engine")


def count_failures(
    connection: sqlite3.Connection, indicator: str, value: float, now: datetime
) -> None:
    """Follow the count of an indicator, a finite one that was read at `now`."""
    before = stored.load_tally(connection, indicator)
    tally, more = follow(before, max(0, round(value)), now)
    if tally == before:
        return
    stored.save_tally(connection, indicator, tally)
    if more:
        _join(connection, indicator, more, now)
    elif tally.height == 0:
        _end(connection, indicator, now)


def bring(connection: sqlite3.Connection, batch: FailureBatch) -> None:
    """Store the batch of an indicator that was investigated before anything was counted here."""
    if stored.load_tally(connection, batch.indicator) is not None:
        return
    stored.save_tally(connection, batch.indicator, Tally(batch.count))
    opened = stored.open_batch(connection, batch.indicator, batch.count, batch.opened_at)
    brought = replace(batch, number=opened.number)
    stored.save(connection, brought)
    _tell(connection, brought, failures(batch.count), batch.opened_at)
    at = batch.at or batch.grown_at
    entries.add(connection, Entry(at, batch.by, EntryKind.INVESTIGATED, batch.note, brought.id))


def _join(connection: sqlite3.Connection, indicator: str, more: int, now: datetime) -> None:
    """Let failures join the batch that is open, unless it has been investigated."""
    batch = stored.load_open_of(connection, indicator)
    if batch is not None and batch.state is not BatchState.INVESTIGATED:
        stored.save(connection, replace(batch, count=batch.count + more, grown_at=now))
        quiet = now - batch.grown_at
        if quiet >= QUIET:
            text = f"{more:,} more after {format_span(quiet)}, {batch.count + more:,} by now"
            _tell(connection, batch, text, now)
        return
    if batch is not None:
        stored.save(connection, replace(batch, ended_at=now))
    opened = stored.open_batch(connection, indicator, more, now)
    _tell(connection, opened, failures(more), now)


def _end(connection: sqlite3.Connection, indicator: str, now: datetime) -> None:
    batch = stored.load_open_of(connection, indicator)
    if batch is not None:
        stored.save(connection, replace(batch, ended_at=now))
        _tell(connection, batch, f"none is counted any more; it was {batch.state}", now)


def _tell(connection: sqlite3.Connection, batch: FailureBatch, text: str, now: datetime) -> None:
    entries.add(connection, Entry(now, _ENGINE, EntryKind.FAILURES, clean(text), batch.id))
