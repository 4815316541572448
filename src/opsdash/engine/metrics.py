"""Steps over metrics: read every tile, file its series, and what it was a day ago."""

import logging
import math
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from opsdash.domain.companion import beside, judged
from opsdash.domain.indicator import judge
from opsdash.domain.sample import Answer
from opsdash.domain.setup import Setup
from opsdash.domain.source import SourceState
from opsdash.domain.text import SafeText
from opsdash.engine.ahead import poll
from opsdash.engine.engine import Engine, Series
from opsdash.engine.failures import count_failures
from opsdash.engine.poll import Poll, Result
from opsdash.sources.source import MetricSource
from opsdash.store import changes, engine, lease, readings

log = logging.getLogger("opsdash.engine")

COMPARE_EVERY = timedelta(minutes=1)
"""How often it is read what the figures were a day ago."""

GAP = 3
"""Missed refreshes after which the series are filled from the source again."""

LENGTHS = {readings.MINUTE: timedelta(days=1), readings.FINE: timedelta(hours=1)}
"""How far back each series is filled: a day at one minute, an hour at every refresh."""


@runtime_checkable
class Wary(Protocol):
    """A source of metrics that names what a person should know of it though it answers."""

    id: str

    @property
    def warnings(self) -> tuple[SafeText, ...]:
        """What is not right."""
        ...


def compare_poll(source: MetricSource, setup: Setup) -> Poll[dict[str, Answer]]:
    """Return the poll that reads what the indicators with `compare` were that long ago."""
    wanted = [i for i in setup.indicators if i.compare is not None]

    async def read(now: datetime) -> dict[str, Answer]:
        return dict(await source.compare(wanted, now)) if wanted else {}

    return Poll(source.id, source.kind, COMPARE_EVERY, read)


def series_poll(source: MetricSource, engine_: Engine) -> Poll[Series]:
    """Return the poll that reads what is missing of the series, if anything is."""

    async def read(now: datetime) -> Series:
        missing = dict(engine_.unfilled)
        return [
            (step, since, await source.history(engine_.setup.indicators, since, now, width))
            for step, since in missing.items()
            if (width := step or engine_.setup.refresh)
        ]

    return Poll(source.id, source.kind, timedelta(seconds=10), read)


def polls(engine_: Engine) -> list[Poll[dict[str, Answer]]]:
    """Return the polls of all sources of metrics: those that were begun ahead, or new ones."""
    if any(one.task for one in engine_.metric_polls):
        return engine_.metric_polls
    return [poll(source, engine_.setup) for source in engine_.metric_sources]


async def drop_ahead(engine_: Engine) -> None:
    """End the reads that were begun ahead of a lease that was not gained."""
    for one in engine_.metric_polls:
        await one.cancel()


async def read_metrics(engine_: Engine) -> None:
    """Record the reads that ended, and begin those that are due."""
    for source, one in zip(engine_.metric_sources, engine_.metric_polls, strict=True):
        result = one.collect(engine_.clock.monotonic())
        one.begin(engine_.clock.now(), engine_.clock.monotonic())
        if result is not None:
            now = engine_.clock.now()
            await engine_.store.write(_record, engine_.held, engine_.setup, one, result, now)
            if isinstance(source, Wary):
                await _warn(engine_, source, now)
            one.ended_at = result.begun_at
            if result.value is not None:
                await _notice_gap(engine_, now)


async def _warn(engine_: Engine, source: Wary, now: datetime) -> None:
    """Tell what a source warns of though it answers; written only where it is news."""
    known = await engine_.store.read(engine.load_warnings, source.id)
    if tuple(sorted(source.warnings)) != known:
        await engine_.store.write(_record_warnings, engine_.held, source.id, source.warnings, now)


def _record_warnings(
    connection: sqlite3.Connection, epoch: int, id: str, texts: tuple[SafeText, ...], now: datetime
) -> None:
    lease.require(connection, epoch)
    engine.record_warnings(connection, id, texts, now)


def _record(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup,
    source: Poll[dict[str, Answer]],
    result: Result[dict[str, Answer]],
    now: datetime,
) -> None:
    lease.require(connection, epoch)
    state = SourceState.FAILING if result.value is None else SourceState.OK
    interval, reason = setup.refresh, result.reason
    engine.record_source(connection, source.id, source.kind, state, now, interval, reason)
    if result.value is None:
        # The last good values stay as they are and age: the screen dims them.
        return
    # An answer is as old as its question: a process that was stopped meanwhile has read old news.
    read_at = min(result.begun_at, now)
    for indicator in setup.indicators:
        answer = result.value.get(indicator.id)
        if answer is None:
            readings.record_failure(connection, indicator.id, now, "the source has no such figure")
        elif answer.value is None or not math.isfinite(answer.value):
            reason_given = answer.reason or f"the value is {answer.value}"
            readings.record_failure(connection, indicator.id, now, reason_given)
        else:
            known = beside(indicator, result.value)
            readings.record(
                connection,
                indicator.id,
                read_at,
                answer.value,
                judged(indicator, judge(indicator, answer), known),
                answer.sampled_at,
                answer.reason,
                answer.labels,
                known,
            )
            if indicator.investigate:
                count_failures(connection, indicator.id, answer.value, read_at)


async def read_compared(engine_: Engine) -> None:
    """Record what the figures with `compare` were that long ago, and begin the next read."""
    for one in engine_.compare_polls:
        result = one.collect(engine_.clock.monotonic())
        if result is not None and result.value is not None:
            await engine_.store.write(_record_compared, engine_.held, result.value)
        one.begin(engine_.clock.now(), engine_.clock.monotonic())


def _record_compared(
    connection: sqlite3.Connection, epoch: int, answers: Mapping[str, Answer]
) -> None:
    lease.require(connection, epoch)
    for id, answer in answers.items():
        usable = answer.value is not None and math.isfinite(answer.value)
        readings.record_compared(connection, id, answer.value if usable else None)


async def fill_series(engine_: Engine) -> None:
    """Fill what is missing of the series from the source: at start, and after a gap."""
    for one in engine_.series_polls:
        result = one.collect(engine_.clock.monotonic())
        if result is not None and result.value is not None:
            await engine_.store.write(_add, engine_.held, result.value)
            for step, since, _ in result.value:
                # A gap that opened while this was read is still to be filled.
                if engine_.unfilled.get(step) == since:
                    del engine_.unfilled[step]
        elif result is not None:
            log.info("filling the series of %s: %s", one.id, result.reason)
        # A day of points takes long to read: the first figures come before it.
        if engine_.unfilled and all(poll.ended_at for poll in engine_.metric_polls):
            one.begin(engine_.clock.now(), engine_.clock.monotonic())


def missing(
    connection: sqlite3.Connection, epoch: int, setup: Setup, now: datetime
) -> dict[timedelta, datetime]:
    """Return from when each series has to be filled, and note it; empty where they reach up to now.

    The series that is furthest behind decides: one that was configured a moment ago has none. What
    an engine began to fill and never ended is noted from before.
    """
    lease.require(connection, epoch)
    found = readings.unfilled(connection)
    for step, length in LENGTHS.items():
        newest = readings.newest_points(connection, step)
        oldest = now - length
        behind = min((newest.get(i.id, oldest) for i in setup.indicators), default=now)
        if now - behind > GAP * max(step, setup.refresh):
            found[step] = min(behind, found.get(step, behind))
        if step in found:
            found[step] = max(found[step], oldest)
    readings.note_unfilled(connection, found)
    return found


def _note(connection: sqlite3.Connection, epoch: int, found: Mapping[timedelta, datetime]) -> None:
    lease.require(connection, epoch)
    readings.note_unfilled(connection, found)


async def _notice_gap(engine_: Engine, now: datetime) -> None:
    before, engine_.metrics_read_at = engine_.metrics_read_at, now
    if before is not None and now - before > GAP * engine_.setup.refresh:
        for step, length in LENGTHS.items():
            if now - before > step:
                since = min(before, engine_.unfilled.get(step, before))
                engine_.unfilled[step] = max(since, now - length)
        await engine_.store.write(_note, engine_.held, engine_.unfilled)


def _add(connection: sqlite3.Connection, epoch: int, series: Series) -> None:
    lease.require(connection, epoch)
    for step, _, history in series:
        for id, points in history.items():
            readings.fill(connection, id, step, [p for p in points if math.isfinite(p.value)])
    readings.forget_unfilled(connection, [(step, since) for step, since, _ in series])
    changes.note_filled(connection)
