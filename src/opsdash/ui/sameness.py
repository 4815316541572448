"""Whether a newer snapshot would be drawn as the one before: read again, and nothing else."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

from opsdash.domain.freshness import Freshness, freshness
from opsdash.domain.indicator import Reading
from opsdash.domain.source import EngineState, SourceView
from opsdash.snapshot import Snapshot
from opsdash.ui.moment import Moment
from opsdash.ui.panes.header import engine_state


def looks_alike(before: Snapshot, drawn_at: datetime, after: Snapshot) -> bool:
    """Return whether `after` differs from `before`, drawn at `drawn_at`, in moments of live reads alone.

    A figure that was stale when it was drawn carries its age, so a new read of it is news. Where `before`
    is later than that, it was itself as what was drawn, and was so when it was taken.
    """
    shown_at = max(drawn_at, before.taken_at)
    return (
        # What only an alert's detail shows moves nothing else: a note, a deployment.
        before.cursor == after.cursor
        and before.setup == after.setup
        and before.status is after.status
        and before.engine.state is after.engine.state
        and before.engine.holder == after.engine.holder
        and before.engine.starting_until == after.engine.starting_until
        and _minute(before.as_of) == _minute(after.as_of)
        and _same(before.alerts, after.alerts)
        and _same(before.incidents, after.incidents)
        and _same(before.tickets, after.tickets)
        and _same(before.silences, after.silences)
        and before.roster.maintenance == after.roster.maintenance
        and before.problems == after.problems
        and before.on_call == after.on_call
        and _sources_alike(before, shown_at, after)
        and _readings_alike(before, shown_at, after)
    )


def stale_at(snapshot: Snapshot) -> datetime:
    """Return when the first thing that the snapshot shows is too old, if nothing is read until then."""
    return _lasts(snapshot)[1]


def live_until(snapshot: Snapshot) -> datetime:
    """Return until when all that the snapshot shows is live: the past where something of it is old."""
    live, until = _lasts(snapshot)
    return until if live else snapshot.taken_at


def _lasts(snapshot: Snapshot) -> tuple[bool, datetime]:
    """Return whether all is live, and when the next thing is too old."""
    moment, refresh = Moment(snapshot.taken_at), snapshot.setup.refresh
    fresh = [moment.freshness(reading, refresh) for reading in _readings(snapshot)]
    fresh += [moment.freshness_of(s.last_success, s.interval) for s in snapshot.sources]
    runs = engine_state(snapshot, moment) is EngineState.RUNNING
    return runs and all(one is Freshness.LIVE for one in fresh), moment.stale_at


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    # A snapshot keeps what did not change: comparing ten thousand alerts would cost a frame.
    return one is other or (len(one) == len(other) <= 100 and one == other)


def _minute(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(second=0, microsecond=0)


def _sources_alike(before: Snapshot, shown_at: datetime, after: Snapshot) -> bool:
    if len(before.sources) != len(after.sources):
        return False
    return all(
        _kind(old) == _kind(new)
        and freshness(shown_at, old.interval, old.last_success) is Freshness.LIVE
        and freshness(after.taken_at, new.interval, new.last_success) is Freshness.LIVE
        for old, new in zip(before.sources, after.sources, strict=True)
    )


def _kind(source: SourceView) -> tuple[object, ...]:
    return source.id, source.state, source.since, source.interval, source.reason


def _readings_alike(before: Snapshot, shown_at: datetime, after: Snapshot) -> bool:
    olds, news = _readings(before), _readings(after)
    if [pane.id for pane in before.panes] != [pane.id for pane in after.panes]:
        return False
    refresh = after.setup.refresh
    return len(olds) == len(news) and all(
        _figures(old) == _figures(new)
        and _live(old, shown_at, before.setup.refresh)
        and _live(new, after.taken_at, refresh)
        for old, new in zip(olds, news, strict=True)
        if old is not new
    )


def _readings(snapshot: Snapshot) -> list[Reading]:
    header = (r for r in (snapshot.uptime, snapshot.users) if r is not None)
    return list(chain(header, *(pane.readings for pane in snapshot.panes)))


def _figures(reading: Reading) -> tuple[object, ...]:
    return (
        reading.indicator,
        reading.value,
        reading.level,
        reading.failed_at,
        reading.reason,
        reading.compared,
        reading.labels,
        reading.history,
        reading.batch,
        reading.at_least,
        reading.numerator,
        reading.denominator,
    )


def _live(reading: Reading, now: datetime, refresh: timedelta) -> bool:
    fresh = freshness(now, refresh, reading.read_at, reading.sampled_at)
    return fresh is Freshness.LIVE
