"""Which processes of the watched services run, as metrics show them: their builds and their starts."""

import asyncio
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from opsdash.domain.frozen import dataclass
from opsdash.domain.labels import Labels
from opsdash.domain.promql import quote
from opsdash.domain.rollout import Build, Instance
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText, clean
from opsdash.sources.vector import Vector

MOST_INSTANCES = 5000
"""Samples of one answer that are looked at; a query that gives more is too wide."""

_COMMIT_LABELS = ("revision", "commit", "git_commit", "commit_sha", "sha")
_SERVICE_LABELS = ("service", "job")
_UNKNOWN = {"", "unknown", "(unknown)", "(devel)", "none", "n/a"}


class InstantSource(Protocol):
    """What answers a query with whole vectors."""

    async def vector(self, query: str, at: datetime) -> Vector:
        """Return what `query` gives at `at`."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """The two queries by which deployments are noticed; an empty one asks nothing.

    `versions` gives one sample a build of an instance, with `version` and where there is one a
    commit among its labels; `starts` gives when each process began, in seconds since 1970. Both name
    `job` (or `service`) and `instance`.
    """

    versions: str = ""
    starts: str = ""


def watch_jobs(jobs: Sequence[str], versions: str = "", starts: str = "") -> Watch:
    """Return what to ask about `jobs`, each query replaced by the one given.

    `go_build_info` is left out: it tells of Go's modules and not of the service.
    """
    if not jobs:
        return Watch(versions, starts)
    matcher = f"job={quote(jobs[0])}"
    if len(jobs) > 1:
        matcher = f"job=~{quote('|'.join(map(re.escape, jobs)))}"
    builds = '{__name__=~".+_build_info",__name__!="go_build_info",' + matcher + "}"
    labels = ", ".join(("job", "instance", "version", *_COMMIT_LABELS))
    began = f"max by (job, instance) (process_start_time_seconds{{{matcher}}})"
    return Watch(versions or f"count by ({labels}) ({builds})", starts or began)


async def read_instances(source: InstantSource, watch: Watch, now: datetime) -> list[Instance]:
    """Return the instances that run at `now`; raise RemoteError where the source cannot tell.

    Both queries ask for one moment, so that a new process never shows its start before its build.
    """
    builds, starts = await asyncio.gather(
        _ask(source, watch.versions, now), _ask(source, watch.starts, now)
    )
    return _joined(builds, starts, now)


async def _ask(source: InstantSource, query: str, now: datetime) -> Sequence[Sample]:
    return (await source.vector(query, now)).samples[:MOST_INSTANCES] if query else ()


def _joined(versions: Iterable[Sample], starts: Iterable[Sample], now: datetime) -> list[Instance]:
    builds: dict[tuple[SafeText, SafeText], set[Build]] = {}
    began: dict[tuple[SafeText, SafeText], datetime] = {}
    for sample in versions:
        build, place = _build(sample.labels), _place(sample.labels)
        if build is not None and place is not None:
            builds.setdefault(place, set()).add(build)
    for sample in starts:
        at, place = _moment(sample.value, now), _place(sample.labels)
        if at is not None and place is not None:
            began[place] = max(at, began.get(place, at))
    return [
        Instance(*place, now, tuple(sorted(builds.get(place, ()))), began.get(place))
        for place in dict.fromkeys((*builds, *began))
    ]


def _place(labels: Labels) -> tuple[SafeText, SafeText] | None:
    """Return service and instance; None where the query gives no service, for it is nobody's then."""
    service = next((labels[name] for name in _SERVICE_LABELS if labels.get(name)), "")
    return (clean(service, 100), clean(labels.get("instance", ""), 200)) if service else None


def _build(labels: Labels) -> Build | None:
    version = clean(labels.get("version", ""), 100)
    commits = (labels.get(name, "") for name in _COMMIT_LABELS)
    commit = clean(next((one for one in commits if one.lower() not in _UNKNOWN), ""), 100)
    version = SafeText("") if version.lower() in _UNKNOWN else version
    return Build(version, commit) if version or commit else None


def _moment(seconds: float, now: datetime) -> datetime | None:
    """Return a start time to the second; None for what is none, or lies in the future."""
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    try:
        at = datetime.fromtimestamp(math.floor(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at <= now + timedelta(minutes=5) else None
