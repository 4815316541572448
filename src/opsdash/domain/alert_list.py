"""The alerts of one picture: in their order, known by id, and counted; the next list follows from it."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple, Self

from opsdash.domain.alert import Alert, AlertState, Severity, urgency

_Key = tuple[int, int, float, str]


class Tally(NamedTuple):
    """Firing alerts that nothing mutes, by severity; those that nobody has; and pending ones."""

    critical: int = 0
    warning: int = 0
    waiting: int = 0
    pending: int = 0

    @property
    def worst(self) -> Severity | None:
        """The worst severity that fires unmuted, None where it is no more than info."""
        if self.critical:
            return Severity.CRITICAL
        return Severity.WARNING if self.warning else None


class AlertList(tuple[Alert, ...]):
    """Alerts in the order they were given, with what every drawing asks of them.

    What is told of a list is made of its alerts once, or of the list before and of what changed:
    ten thousand of them are not walked for one.
    """

    @classmethod
    def by_urgency(cls, alerts: Iterable[Alert]) -> Self:
        """Return the alerts in the order of urgency."""
        return cls._of_pairs([(urgency(alert), alert) for alert in alerts])

    @classmethod
    def _of_pairs(cls, pairs: list[tuple[_Key, Alert]]) -> Self:
        # Keys end with the id and differ: no two alerts are compared. A sorted start is kept cheaply.
        pairs.sort()
        made = cls(alert for _, alert in pairs)
        made.__dict__["_keys"] = [key for key, _ in pairs]
        return made

    def follow(self, changed: Collection[Alert], gone: Collection[str] = ()) -> Self:
        """Return the list, itself in the order of urgency, with some changed or new, others gone."""
        known = self.by_id
        new = {alert.id: alert for alert in changed}
        out = {*new, *gone}
        left = [known[id] for id in out if id in known]
        pairs = [pair for pair in zip(self._keys, self, strict=True) if pair[0][3] not in out]
        made = self._of_pairs([*pairs, *((urgency(alert), alert) for alert in new.values())])
        made.__dict__["tally"] = _sum(self.tally, _count(new.values()), _count(left))
        made.__dict__["calling"] = (self.calling - out) | _calling(new.values())
        members = dict(self.members)
        for alert, by in (*((a, 1) for a in new.values()), *((a, -1) for a in left)):
            if alert.open and alert.incident is not None:
                members[alert.incident] = members.get(alert.incident, 0) + by
        made.__dict__["members"] = {id: count for id, count in members.items() if count}
        return made

    @cached_property
    def _keys(self) -> list[_Key]:
        return list(map(urgency, self))

    @cached_property
    def ids(self) -> list[str]:
        """The ids, in order."""
        return [alert.id for alert in self]

    @cached_property
    def by_id(self) -> Mapping[str, Alert]:
        """Each alert by its id."""
        return dict(zip(self.ids, self, strict=True))

    @cached_property
    def tally(self) -> Tally:
        """How many are in which state."""
        return _count(self)

    @cached_property
    def calling(self) -> frozenset[str]:
        """The ids of the critical ones that need a person."""
        return _calling(self)

    @cached_property
    def members(self) -> Mapping[str, int]:
        """How many open alerts each incident has, of those that have any."""
        found: dict[str, int] = {}
        for alert in self:
            if alert.incident is not None and alert.open:
                found[alert.incident] = found.get(alert.incident, 0) + 1
        return found


def _count(alerts: Iterable[Alert]) -> Tally:
    critical = warning = waiting = pending = 0
    for alert in alerts:
        if alert.state is AlertState.PENDING:
            pending += 1
        elif alert.state is AlertState.FIRING and not (alert.silenced_by or alert.inhibited_by):
            if alert.severity is Severity.CRITICAL:
                critical += 1
            elif alert.severity is Severity.WARNING:
                warning += 1
            if alert.acknowledgement is None:
                waiting += 1
    return Tally(critical, warning, waiting, pending)


def _sum(before: Tally, more: Tally, less: Tally) -> Tally:
    return Tally(*(a + b - c for a, b, c in zip(before, more, less, strict=True)))


def _calling(alerts: Iterable[Alert]) -> frozenset[str]:
    return frozenset(
        alert.id for alert in alerts if alert.severity is Severity.CRITICAL and alert.needs_person
    )
