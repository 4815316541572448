"""Rollouts: what was deployed or restarted, told from which processes of a service run now and before."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.deployment import Deployment, DeploymentKind
from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText, clean

REMEMBERED = timedelta(hours=1)
"""How long an instance that is away is remembered while others of its service are seen."""

FORGOTTEN = timedelta(days=30)
"""How long a service is remembered of which nothing is seen any more."""

START_JITTER = timedelta(seconds=3)
"""How far the start of one process may seem to move: it is counted from a boot time that clocks shift."""

_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class Build:
    """What a process says it was built from."""

    version: SafeText
    commit: SafeText = SafeText("")


@dataclass(frozen=True, slots=True)
class Instance:
    """One process of a service: what it runs, since when, and when it was last seen."""

    service: SafeText
    name: SafeText
    seen_at: datetime
    builds: tuple[Build, ...] = ()
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """What was noticed: the deployments, and the instances to remember for the next look."""

    deployments: tuple[Deployment, ...]
    remembered: tuple[Instance, ...]


def notice(
    before: Sequence[Instance], present: Sequence[Instance], now: datetime, source: SafeText
) -> Rollout:
    """Return what changed between the instances remembered from `before` and those `present` now.

    A build is new where no instance ran it at the last look, and none that runs it now is known to
    have run it: an instance that was only away brings nothing new. A service that is seen for the
    first time changes nothing. A known instance that began anew with the same builds has restarted.
    """
    deployments: list[Deployment] = []
    for service in dict.fromkeys(one.service for one in present):
        known = {one.name: one for one in before if one.service == service}
        running = [one for one in present if one.service == service]
        if known:
            deployments += _new_builds(known, running, now, source)
            deployments += _restarts(known, running, now, source)
    return Rollout(tuple(deployments), _remember(before, present, now))


def _new_builds(
    known: dict[SafeText, Instance], running: Sequence[Instance], now: datetime, source: SafeText
) -> list[Deployment]:
    last = max(one.seen_at for one in known.values())
    ran = {build for one in known.values() if one.seen_at == last for build in one.builds}
    if not any(one.builds for one in known.values()):
        # Its builds are seen for the first time: a query that was mended deploys nothing.
        return []
    found = []
    for build in sorted({build for one in running for build in one.builds} - ran):
        carriers = [one for one in running if build in one.builds]
        if any(build in known[one.name].builds for one in carriers if one.name in known):
            continue
        starts = [one.started_at for one in carriers if _is_new(one, known.get(one.name))]
        at = min((start for start in starts if start is not None), default=now)
        found.append(
            Deployment(
                service=running[0].service,
                at=min(at, now),
                kind=DeploymentKind.VERSION,
                version=build.version,
                commit=build.commit,
                source=source,
            )
        )
    return found


def _restarts(
    known: dict[SafeText, Instance], running: Sequence[Instance], now: datetime, source: SafeText
) -> list[Deployment]:
    restarted = [
        one
        for one in running
        if (before := known.get(one.name)) is not None
        and before.started_at is not None
        and _is_new(one, before)
        and (not one.builds or not before.builds or set(one.builds) <= set(before.builds))
    ]
    starts = [one.started_at for one in restarted if one.started_at is not None]
    if not starts:
        return []
    versions = sorted({build.version for one in restarted for build in one.builds})
    return [
        Deployment(
            service=running[0].service,
            at=min(max(starts), now),
            kind=DeploymentKind.RESTART,
            version=versions[0] if len(versions) == 1 else SafeText(""),
            source=source,
            note=_names(restarted),
        )
    ]


def _is_new(one: Instance, before: Instance | None) -> bool:
    """Whether a process began after what was known of its instance."""
    if before is None or before.started_at is None or one.started_at is None:
        return one.started_at is not None
    return one.started_at - before.started_at > START_JITTER


def _names(instances: Sequence[Instance]) -> SafeText:
    names = [one.name for one in instances if one.name]
    more = len(names) - _NAMES_SHOWN
    return clean(", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else ""), 200)


def _remember(
    before: Iterable[Instance], present: Iterable[Instance], now: datetime
) -> tuple[Instance, ...]:
    """Keep what is present, and what was known of those that are away, for a while."""
    kept = {(one.service, one.name): one for one in before}
    for one in present:
        earlier = kept.get((one.service, one.name))
        if earlier is not None:
            # A metric that is missing for once must not look like a change when it is back.
            builds, started_at = one.builds or earlier.builds, one.started_at or earlier.started_at
            one = replace(one, builds=builds, started_at=started_at)
        kept[one.service, one.name] = one
    newest: dict[SafeText, datetime] = {}
    for one in kept.values():
        newest[one.service] = max(one.seen_at, newest.get(one.service, one.seen_at))
    return tuple(
        one
        for one in kept.values()
        if newest[one.service] - one.seen_at <= REMEMBERED
        and now - newest[one.service] <= FORGOTTEN
    )
