"""The step that reads schedules which are kept elsewhere: at PagerDuty, in calendars at an address.

What was read last is in the store and counts until it is read again: a service that does not answer
takes nobody off call. That it does not is a problem on every screen, with since when it is.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from opsdash.domain.feed import Feed, FeedState, fed, stranger_words, strangers
from opsdash.domain.frozen import dataclass
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.engine.engine import Engine
from opsdash.engine.poll import Poll, Result
from opsdash.sources.shift_feed import FeedReader
from opsdash.store import engine, feeds, lease

SOURCE = "shifts"
"""What their problems are called by."""


@dataclass(slots=True)
class OpenFeed:
    """One feed of one or more schedules: its key in the store, what people call it, how it is read."""

    key: str
    label: SafeText
    reader: FeedReader
    every: timedelta
    poll: Poll[Feed] | None = None


async def begin(engine_: Engine) -> None:
    """Make the polls of the lease's new holder, and start from what the store holds."""
    for one in engine_.feeds:
        one.poll = Poll(one.key, "shifts", one.every, one.reader.read)
    if engine_.feeds:
        states = await engine_.store.read(feeds.load)
        engine_.setup = fed(engine_.setup, states)


async def read_feeds(engine_: Engine) -> None:
    """Bring the schedules to what was read, for the engine and for every screen, and read again."""
    moment, now = engine_.clock.monotonic(), engine_.clock.now()
    ended = []
    for one in engine_.feeds:
        if one.poll is not None:
            result = one.poll.collect(moment)
            one.poll.begin(now, moment)
            if result is not None:
                ended.append((one.key, result))
    if not ended:
        return
    named = {one.key: one.label for one in engine_.feeds}
    before = engine_.setup
    engine_.setup = await engine_.store.write(_keep, engine_.held, before, ended, named, now)
    if engine_.setup != before:
        engine_.due.pop("on_call", None)


def _keep(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup,
    ended: Sequence[tuple[str, Result[Feed]]],
    named: Mapping[str, SafeText],
    now: datetime,
) -> Setup:
    """Store what the reads came to, and return the setup with it."""
    lease.require(connection, epoch)
    for key, result in ended:
        if result.value is not None:
            feeds.keep(connection, key, result.value, result.begun_at)
        else:
            feeds.note_failure(connection, key, result.reason or "it cannot be read", now)
    feeds.forget_others(connection, tuple(named))
    states = feeds.load(connection)
    changed = fed(setup, states)
    if changed != setup:
        engine.save_setup(connection, changed, now)
    found = tuple(sorted(problems(changed, states, named)))
    if found != engine.load_warnings(connection, SOURCE):
        engine.record_warnings(connection, SOURCE, found, now)
    return changed


def problems(
    setup: Setup, states: Mapping[str, FeedState], named: Mapping[str, SafeText]
) -> list[SafeText]:
    """Say which feeds cannot be read, what counts meanwhile, and whom they name that nobody is."""
    found = []
    for schedule in setup.schedules:
        for layer in schedule.layers:
            state = states.get(layer.feed) if layer.feed else None
            if state is not None and state.failed_since is not None:
                label = named.get(layer.feed, SafeText("its shifts"))
                found.append(failure_words(schedule.id, label, state))
    for id, unknown in strangers(setup, states):
        found.append(clean(f"schedule {id}: {stranger_words(unknown)}"))
    return found


def failure_words(schedule: str, label: SafeText, state: FeedState) -> SafeText:
    """Say that a feed cannot be read and what counts meanwhile: the same words until it can be."""
    if state.read_at is None:
        counts = "nobody is known to be on it"
    else:
        counts = f"what was read {state.read_at:%a %d %b %H:%M} UTC counts"
    return clean(f"schedule {schedule}: {label}: {state.reason}; {counts}")
