"""Deployments: what changed of a service and when, and which of it a person needs to be told."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.alert import Alert
from opsdash.domain.frozen import dataclass
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean

SAME_ROLLOUT = timedelta(hours=1)
"""How far apart what a pipeline reports and what metrics show of one version may be."""

SAME_START = timedelta(minutes=10)
"""How far a restart may be from a deployment, or another restart, and still belong to it."""

_SERVICE_LABELS = ("service", "job")
_SHORT = 7


class DeploymentKind(StrEnum):
    """How it is known: a pipeline or person reported it, or the engine saw it in the metrics."""

    DEPLOY = "deploy"
    VERSION = "version seen"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a deployment; `id` is its hash in git's short form."""

    id: SafeText
    author: SafeText
    subject: SafeText
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """One change of what runs of a service.

    `author`, `url`, `commit` and `version` are empty where nobody said. `source` is who said so: the
    operating system's user, or the metric source. `commits` are the newest of the `commit_count`
    that it brought, newest first; `note` says what else is known, or why there are none.
    """

    service: SafeText
    at: datetime
    kind: DeploymentKind = DeploymentKind.DEPLOY
    version: SafeText = SafeText("")
    commit: SafeText = SafeText("")
    author: SafeText = SafeText("")
    url: SafeText = SafeText("")
    source: SafeText = SafeText("")
    commits: tuple[Commit, ...] = ()
    commit_count: int = 0
    note: SafeText = SafeText("")
    id: int = 0

    @property
    def short_commit(self) -> SafeText:
        """The commit as people write it: a hash is cut to seven digits."""
        if not self.commit:
            return self.commits[0].id if self.commits else SafeText("")
        hashed = len(self.commit) > _SHORT and all(c in "0123456789abcdef" for c in self.commit)
        return SafeText(self.commit[:_SHORT]) if hashed else self.commit

    @property
    def by(self) -> SafeText:
        """Who deployed it, else who wrote what was deployed."""
        return self.author or (self.commits[0].author if self.commits else SafeText(""))

    @property
    def subject(self) -> SafeText:
        """What the deployed commit says of itself."""
        return self.commits[0].subject if self.commits else SafeText("")

    @property
    def named(self) -> SafeText:
        """The service with what runs of it now: `payments-api v1.4.2 4e91c0a`."""
        parts = (self.service, self.version, self.short_commit)
        if self.kind is DeploymentKind.RESTART:
            parts = (self.service, self.version, SafeText("restarted"))
        return SafeText(" ".join(part for part in parts if part))


def services_of(alert: Alert) -> tuple[str, ...]:
    """Return the services that an alert names by its `service` and `job` labels; empty where none."""
    named = (alert.labels.get(label, "") for label in _SERVICE_LABELS)
    return tuple(dict.fromkeys(name for name in named if name))


def telling(deployments: Iterable[Deployment]) -> tuple[Deployment, ...]:
    """Return what a person should be told of `deployments`, newest first, each change once.

    A version that the metrics show is the deployment that a pipeline reported, a start of which no
    version is known is part of the deployment it came with, and restarts in a row are one.
    """
    found = sorted(deployments, key=lambda one: (one.at, one.id), reverse=True)
    reported = [one for one in found if one.kind is DeploymentKind.DEPLOY]
    seen = [one for one in found if one.kind is DeploymentKind.VERSION]
    changes = [_completed(one, seen) for one in reported]
    changes += [one for one in seen if not any(_same_rollout(one, other) for other in reported)]
    restarts = [
        one for one in found if one.kind is DeploymentKind.RESTART and not _explained(one, reported)
    ]
    told = (*changes, *_streaks(restarts))
    return tuple(sorted(told, key=lambda one: (one.at, one.id), reverse=True))


def words(deployment: Deployment, moment: datetime) -> SafeText:
    """Return a deployment in one line, its distance to `moment` in words.

    `payments-api v1.4.2 4e91c0a by alice 7m before: retry loop (+3 commits)`.
    """
    by = f" by {deployment.by}" if deployment.by else ""
    return clean(f"{deployment.named}{by} {distance(deployment, moment)}{brought(deployment)}")


def distance(deployment: Deployment, moment: datetime) -> str:
    """Return how long before or after `moment` a deployment was: `7m before`."""
    way = "before" if deployment.at <= moment else "after"
    span = format_span(abs(moment - deployment.at))
    minutes, _, seconds = span.partition("m")
    return f"{minutes}m {way}" if seconds.endswith("s") else f"{span} {way}"


def brought(deployment: Deployment) -> str:
    """Return what a deployment brought, `: retry loop (+3 commits)`, empty where nobody knows."""
    others = deployment.commit_count - 1
    more = f" (+{others} commit{'s' if others > 1 else ''})" if others > 0 else ""
    said = f"{deployment.subject}{more}" if deployment.subject else deployment.note
    return f": {said}" if said else ""


def _near(one: Deployment, other: Deployment, within: timedelta) -> bool:
    return one.service == other.service and abs(one.at - other.at) <= within


def _same_rollout(seen: Deployment, reported: Deployment) -> bool:
    """Whether the metrics show what a pipeline reported: the same version or commit, close by."""
    if not _near(seen, reported, SAME_ROLLOUT):
        return False
    version = bool(seen.version) and seen.version.lstrip("v") == reported.version.lstrip("v")
    return version or _same_commit(seen.commit, reported.commit)


def _same_commit(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= _SHORT and longer.startswith(shorter)


def _explained(restart: Deployment, reported: Iterable[Deployment]) -> bool:
    """Whether a start is that of a reported version; of a known build it is one that crashed."""
    return not restart.version and any(_near(restart, one, SAME_START) for one in reported)


def _completed(reported: Deployment, seen: Iterable[Deployment]) -> Deployment:
    """Add the commits that only the metrics' version led to: a pipeline need not name any."""
    if reported.commits:
        return reported
    same = (one for one in seen if one.commits and _same_rollout(one, reported))
    known = next(same, reported)
    commit = reported.commit or known.commit
    return replace(reported, commit=commit, commits=known.commits, commit_count=known.commit_count)


def _streaks(restarts: Iterable[Deployment]) -> list[Deployment]:
    """Return the last restart of each streak, newest first, with how many it was in how long."""
    streaks: list[list[Deployment]] = []
    for one in restarts:
        streak = next((s for s in streaks if _near(one, s[-1], SAME_START)), None)
        if streak is None:
            streaks.append([one])
        else:
            streak.append(one)
    return [_streak(streak) for streak in streaks]


def _streak(streak: Sequence[Deployment]) -> Deployment:
    last, first = streak[0], streak[-1]
    if last is first:
        return last
    span = format_span(last.at - first.at)
    return replace(last, note=clean(f"{len(streak)} times within {span}"))
