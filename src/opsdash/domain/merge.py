"""One list of alerts out of what several sources show: which opened, changed and resolved."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from opsdash.domain.alert import Alert, AlertState, Observation, severity_of
from opsdash.domain.frozen import dataclass
from opsdash.domain.sight import Sight
from opsdash.domain.silence import Muting

_KEPT_EXACTLY = timedelta(milliseconds=1)
"""What the store keeps of a moment: a smaller difference is none."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference to what the store holds. `resolved` come before `opened` of the same alert."""

    opened: tuple[Alert, ...] = ()
    updated: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.updated or self.resolved)

    def parts(self, size: int) -> "Iterator[Changes]":
        """Yield the changes in parts of at most `size` alerts, in the order that they have."""
        for name in ("resolved", "opened", "updated"):
            alerts: tuple[Alert, ...] = getattr(self, name)
            for start in range(0, len(alerts), size):
                yield Changes(**{name: alerts[start : start + size]})


def merge(
    open_alerts: Mapping[str, Alert],
    sights: Mapping[str, Sight | None],
    now: datetime,
    begun_again: Iterable[str] = (),
    muting: Muting | None = None,
    only: Set[str] | None = None,
) -> Changes:
    """Return what changed between the open occurrences and what the sources show.

    `sights` has every configured source; None is one that has not answered since this engine
    started. An occurrence resolves only when every configured source that showed it has answered
    without it and none of those has just restarted: a source that is down resolves nothing.
    The same holds for what it mutes. `begun_again` are fingerprints that resolved and fired again
    between two reads. `muting` are the silences that count beside what the sources say. `only` are
    the fingerprints that can differ at all, where that is known; None for every one.
    """
    muting = muting or Muting()
    again = set(begun_again)
    shown = _shown(sights, only)
    opened: list[Alert] = []
    updated: list[Alert] = []
    resolved: list[Alert] = []
    for fingerprint, seen in shown.items():
        current = open_alerts.get(fingerprint)
        if current is not None and fingerprint in again:
            resolved.append(_resolve(current, now))
            current = None
        if current is None:
            opened.append(_open(fingerprint, seen, sights, now, muting))
        elif (after := _follow(current, seen, sights, muting)) is not None:
            updated.append(after)
    for fingerprint in _of(open_alerts, only):
        if fingerprint in shown:
            continue
        current = open_alerts[fingerprint]
        if _gone(current, sights):
            resolved.append(_resolve(current, now))
        elif (after := _follow_unseen(current, muting)) is not None:
            updated.append(after)
    return Changes(tuple(opened), tuple(updated), tuple(resolved))


def _shown(
    sights: Mapping[str, Sight | None], only: Set[str] | None
) -> dict[str, dict[str, Observation]]:
    shown: dict[str, dict[str, Observation]] = {}
    for source, sight in sights.items():
        if sight is not None:
            seen = sight.observations
            for fingerprint in _of(seen, only):
                shown.setdefault(fingerprint, {})[source] = seen[fingerprint]
    return shown


def _of(names: Iterable[str], only: Set[str] | None) -> Iterable[str]:
    """Return `names`, or those of them that are in `only`, in their order."""
    return names if only is None else [name for name in names if name in only]


def _combine(seen: Mapping[str, Observation]) -> Observation:
    """Several sources' view of one alert as one: firing wins, the earliest times, all that mutes it."""
    views = list(seen.values())
    if len(views) == 1:
        return views[0]
    firing = next((v for v in views if v.state is AlertState.FIRING), views[0])
    return replace(
        firing,
        annotations=next((v.annotations for v in views if v.annotations), {}),
        active_at=min((v.active_at for v in views if v.active_at), default=None),
        fired_at=min((v.fired_at for v in views if v.fired_at), default=None),
        fires_at=None
        if firing.state is AlertState.FIRING
        else min((v.fires_at for v in views if v.fires_at), default=None),
        value=next((v.value for v in views if v.value is not None), None),
        silenced_by=tuple(dict.fromkeys(s for v in views for s in v.silenced_by)),
        inhibited_by=tuple(dict.fromkeys(s for v in views for s in v.inhibited_by)),
        generator_url=next(
            (v.generator_url for v in views if v.generator_url), firing.generator_url
        ),
    )


def _open(
    fingerprint: str,
    seen: Mapping[str, Observation],
    sights: Mapping[str, Sight | None],
    now: datetime,
    muting: Muting,
) -> Alert:
    view = _combine(seen)
    firing = view.state is AlertState.FIRING
    return Alert(
        id="",  # the store numbers occurrences
        fingerprint=fingerprint,
        occurrence=0,
        state=view.state,
        severity=severity_of(view.labels),
        labels=view.labels,
        annotations=view.annotations,
        active_at=view.active_at or view.fired_at or now,
        fired_at=(view.fired_at or now) if firing else None,
        fires_at=view.fires_at,
        value=None if view.value is None or view.value != view.value else view.value,
        silenced_by=muting.all_of(fingerprint, view.labels, view.silenced_by),
        inhibited_by=view.inhibited_by,
        generator_url=view.generator_url,
        sources=_names(tuple(s for s in sights if s in seen)),
    )


@cache
def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return one tuple for all alerts that the same sources show: there are ten thousand of them."""
    return names


def _follow(
    current: Alert,
    seen: Mapping[str, Observation],
    sights: Mapping[str, Sight | None],
    muting: Muting,
) -> Alert | None:
    """Return `current` as the sources show it now, None where nothing of it changed."""
    view = _combine(seen)
    # A source that is down or has just restarted still vouches for what it showed before.
    vouching = {s for s in current.sources if s not in seen and _keeps(sights, s, current)}
    sources = tuple(s for s in sights if s in seen or s in vouching)
    # An alert that fired stays so until it resolves: what shows it pending is a server that has
    # restarted, or the other one of a pair. One that truly began anew is told by `begun_again`.
    state = current.state if current.fired_at else view.state
    fired_at = current.fired_at
    if state is AlertState.FIRING and fired_at is None:
        fired_at = view.fired_at or view.fires_at or current.fires_at
        fired_at = fired_at or current.active_at
    active_at = current.active_at
    if view.active_at is not None and active_at - view.active_at >= _KEPT_EXACTLY:
        active_at = view.active_at
    fires_at = None if state is AlertState.FIRING else _kept(current.fires_at, view.fires_at)
    value = None if view.value is None or view.value != view.value else view.value
    # What a source muted stays muted while it cannot be asked.
    kept = current.silenced_by if vouching else ()
    silenced_by = muting.all_of(current.fingerprint, view.labels, view.silenced_by, kept)
    inhibited_by = view.inhibited_by
    if vouching:
        inhibited_by = tuple(dict.fromkeys((*inhibited_by, *current.inhibited_by)))
    unchanged = (
        state is current.state
        and active_at == current.active_at
        and fired_at == current.fired_at
        and fires_at == current.fires_at
        and value == current.value
        and silenced_by == current.silenced_by
        and inhibited_by == current.inhibited_by
        and sources == current.sources
        and view.annotations == current.annotations
        and view.generator_url == current.generator_url
    )
    if unchanged:
        return None
    return replace(
        current,
        state=state,
        annotations=view.annotations,
        active_at=active_at,
        fired_at=fired_at,
        fires_at=fires_at,
        value=value,
        silenced_by=silenced_by,
        inhibited_by=inhibited_by,
        generator_url=view.generator_url,
        sources=sources,
    )


def _follow_unseen(current: Alert, muting: Muting) -> Alert | None:
    """Return an alert whose sources cannot be asked as our own silences leave it, None if as before."""
    kept = muting.all_of(current.fingerprint, current.labels, (), current.silenced_by)
    return None if kept == current.silenced_by else replace(current, silenced_by=kept)


def _kept(known: datetime | None, seen: datetime | None) -> datetime | None:
    """Return `seen`, or what is known where that differs by less than the store keeps."""
    if known is not None and seen is not None and abs(known - seen) < _KEPT_EXACTLY:
        return known
    return seen


def _keeps(sights: Mapping[str, Sight | None], source: str, alert: Alert) -> bool:
    """Whether a source's not showing `alert` proves nothing."""
    if source not in sights:
        return False
    sight = sights[source]
    return sight is None or (sight.restarted and alert.fingerprint not in sight.ended)


def _gone(current: Alert, sights: Mapping[str, Sight | None]) -> bool:
    # Where none that showed it is configured any more, all the others have to be asked first.
    known = [source for source in current.sources if source in sights] or list(sights)
    return not any(_keeps(sights, source, current) for source in known)


def _resolve(current: Alert, now: datetime) -> Alert:
    return replace(current, state=AlertState.RESOLVED, resolved_at=now, fires_at=None)
