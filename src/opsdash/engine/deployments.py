"""Steps that notice deployments and restarts in the metrics, and read the commits they brought.

What was seen last is in the store, written with what it led to: a change is recorded once, whichever
engine looks, and also one that came while none did.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

from opsdash.domain.deployment import Deployment
from opsdash.domain.frozen import dataclass
from opsdash.domain.rollout import Instance, notice
from opsdash.domain.text import SafeText, clean
from opsdash.engine import change_events
from opsdash.engine.engine import Engine
from opsdash.engine.poll import Poll
from opsdash.sources.gitlog import Log, read_log
from opsdash.sources.instances import InstantSource, Watch, read_instances
from opsdash.sources.vector import QueryError
from opsdash.store import deployments as stored
from opsdash.store import engine, instances, lease
from opsdash.store.errors import StoreError
from opsdash.store.session import Store

SOURCE = "deployments"
"""What the watch for deployments is called where it warns."""

LOOK_EVERY = timedelta(minutes=1)
"""How often the metrics are asked what runs."""

READ_EVERY = timedelta(seconds=5)
"""How often it is looked whether a deployment came whose commits are not known."""

_READS_AT_ONCE = 5
_STORY_SINCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the metrics saw; `fault` says which query cannot be asked."""

    instances: tuple[Instance, ...] = ()
    fault: SafeText = SafeText("")


Read = list[tuple[Deployment, Log]]
"""Deployments with what their repositories say of them."""


@dataclass(slots=True)
class Deployments:
    """What one engine watches: the queries, and the repository of each service."""

    watch: Watch = field(default_factory=Watch)
    repositories: Mapping[str, Path] = field(default_factory=dict)
    looks: list[Poll[Look]] = field(default_factory=list)
    logs: list[Poll[Read]] = field(default_factory=list)
    events: list[Poll[int]] = field(default_factory=list)
    fault: SafeText | None = None
    told_until: datetime | None = None

    @property
    def polls(self) -> tuple[Poll[Any], ...]:
        """Every read that it makes."""
        return (*self.looks, *self.logs, *self.events)


class Story(Protocol):
    """What a simulated source has beyond an ordinary one: what its people deploy."""

    def deployments(self, since: datetime, until: datetime) -> tuple[Deployment, ...]:
        """Return the deployments after `since` up to `until`."""
        ...


def begin(engine_: Engine) -> None:
    """Make the reads anew for the epoch that begins."""
    watched = engine_.deployments
    if watched is None:
        return
    asked = watched.watch.versions or watched.watch.starts
    sources = [s for s in engine_.metric_sources if asked and hasattr(s, "vector")]
    watched.looks = [_look_poll(cast("InstantSource", s), s.id, watched.watch) for s in sources]
    watched.logs = [_log_poll(engine_.store, watched)] if watched.repositories else []
    watched.events = change_events.polls(engine_)
    watched.fault = None
    watched.told_until = None


def _look_poll(source: InstantSource, id: str, watch: Watch) -> Poll[Look]:
    async def look(now: datetime) -> Look:
        try:
            return Look(tuple(await read_instances(source, watch, now)))
        except QueryError as error:
            return Look(fault=clean(f"cannot tell what runs: {error.reason}", 300))

    return Poll(id, SOURCE, LOOK_EVERY, look)


def _log_poll(store: Store, watched: Deployments) -> Poll[Read]:
    async def read(now: datetime) -> Read:
        try:
            unread = await store.read(stored.load_unread, tuple(watched.repositories), now)
            pairs = [(d, await store.read(stored.load_before, d)) for d in unread[:_READS_AT_ONCE]]
        except StoreError:
            # The store is everybody's trouble, and told by the loop.
            return []
        return [
            (one, await read_log(watched.repositories[one.service], _names(one), _names(before)))
            for one, before in pairs
        ]

    return Poll("git", SOURCE, READ_EVERY, read)


def _names(deployment: Deployment | None) -> tuple[str, ...]:
    """What a repository may know a deployment by, the surest first."""
    if deployment is None:
        return ()
    found = (deployment.commit, *(c.id for c in deployment.commits[:1]), deployment.version)
    return tuple(dict.fromkeys(name for name in found if name))


async def notice_deployments(engine_: Engine) -> None:
    """Record what the looks that ended show to have changed, and begin those that are due."""
    watched = engine_.deployments
    if watched is None:
        return
    for poll in watched.looks:
        result = poll.collect(engine_.clock.monotonic())
        poll.begin(engine_.clock.now(), engine_.clock.monotonic())
        if result is None:
            continue
        if result.value is None:
            # A source that is down says so itself; here it only means to look again.
            engine_.complaints.say(SOURCE, str(result.reason), engine_.clock.monotonic())
            continue
        engine_.complaints.over(SOURCE, engine_.clock.monotonic())
        fault = result.value.fault
        told, watched.fault = watched.fault, fault
        source = SafeText(poll.id)
        seen = result.value.instances
        if seen or fault != told:
            await engine_.store.write(_record, engine_.held, seen, result.begun_at, source, fault)
    await _tell_story(engine_, watched)


def _record(
    connection: sqlite3.Connection,
    epoch: int,
    present: Sequence[Instance],
    at: datetime,
    source: SafeText,
    fault: SafeText,
) -> None:
    lease.require(connection, epoch)
    engine.record_warnings(connection, SOURCE, (fault,) if fault else (), at)
    before = instances.load(connection)
    found = notice(before, present, at, source)
    for deployment in found.deployments:
        stored.record(connection, deployment)
    if present:
        instances.save(connection, before, found.remembered)


async def _tell_story(engine_: Engine, watched: Deployments) -> None:
    """Record what the simulated people of the demo deployed since the last beat."""
    story = next((s for s in engine_.metric_sources if hasattr(s, "deployments")), None)
    if story is None:
        return
    now = engine_.clock.now()
    since = watched.told_until or now - _STORY_SINCE
    told = cast("Story", story).deployments(since, now)
    if told:
        await engine_.store.write(_tell, engine_.held, told)
    watched.told_until = now


def _tell(connection: sqlite3.Connection, epoch: int, told: Sequence[Deployment]) -> None:
    lease.require(connection, epoch)
    for deployment in told:
        stored.record(connection, deployment)


async def read_commits(engine_: Engine) -> None:
    """Store the commits that were read, and begin to read those of new deployments."""
    watched = engine_.deployments
    if watched is None:
        return
    for poll in watched.logs:
        result = poll.collect(engine_.clock.monotonic())
        poll.begin(engine_.clock.now(), engine_.clock.monotonic())
        if result is not None and result.value:
            now = engine_.clock.now()
            await engine_.store.write(_keep, engine_.held, result.value, now)


def _keep(connection: sqlite3.Connection, epoch: int, read: Read, now: datetime) -> None:
    lease.require(connection, epoch)
    for deployment, found in read:
        stored.set_commits(connection, deployment.id, found.commits, found.count, found.note, now)
