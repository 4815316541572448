"""Who is on call: rotations in layers, with overrides on top of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import lcm

from opsdash.domain.frozen import dataclass
from opsdash.domain.notify_rule import NotifyRule
from opsdash.domain.override import Override, apply_overrides
from opsdash.domain.rotation import NOBODY, WEEKDAYS, Layer, Turn, Window, layer_shifts
from opsdash.domain.shift import Shift, left_by
from opsdash.domain.text import SafeText

__all__ = [
    "NOBODY",
    "WEEKDAYS",
    "Layer",
    "Person",
    "Schedule",
    "Shift",
    "Turn",
    "Window",
    "on_call",
    "shifts",
    "who",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can be on call. `notify` are the destinations that reach them: `NOTIFIER[:ADDRESS]`.

    `rules` choose others for pages of some severities or levels, or tell them later.
    `email` and `pagerduty`, their id there, say who they are on schedules that are kept elsewhere.
    """

    id: str
    name: SafeText
    expertise: tuple[SafeText, ...] = ()
    notify: tuple[str, ...] = ()
    email: str = ""
    pagerduty: str = ""
    rules: tuple[NotifyRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rotation of one or more weeks, each naming who takes over on which day.

    `weeks` maps a weekday (`mon` … `sun`) to the id of the person whose shift begins then at
    `handoff` in `timezone`; a day not named continues the shift before it. `anchor` is the Monday
    on which the first week of the cycle began. `notify` are destinations that are told beside
    whoever is on call: a service's pager, a channel. `within` restricts the rotation to these hours;
    `layers` lie over it, later ones over earlier ones. `gaps_allowed` says that nobody being on call
    is meant. `overrides` are the store's, put here by whoever reads both.
    """

    id: str
    timezone: str
    handoff: time
    weeks: tuple[Mapping[str, str], ...]
    anchor: date = date(2024, 1, 1)
    notify: tuple[str, ...] = ()
    within: tuple[Window, ...] = ()
    layers: tuple[Layer, ...] = ()
    gaps_allowed: bool = False
    overrides: tuple[Override, ...] = ()

    @property
    def every_layer(self) -> tuple[Layer, ...]:
        """The rotation itself and the layers over it, the lowest first."""
        return (Layer(self.weeks, self.handoff, self.anchor, self.within), *self.layers)

    @property
    def cycle(self) -> timedelta:
        """How long it takes until all its rotations begin anew together, at most a year."""
        weeks = lcm(*(max(len(layer.weeks), 1) for layer in self.every_layer))
        return timedelta(weeks=min(weeks, 52))


def who(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Shift | None:
    """Return the shift that covers `at`, or None where nobody is on call.

    `overrides` count beside those of the schedule itself. Of several people who are on call at once
    it is the one of the rotation, or in place of them; `on_call` has all.
    """
    return next(iter(on_call(schedule, at, overrides)), None)


_MOST_KNOWN = 64
_KNOWN: dict[int, tuple[Schedule, datetime, tuple[Shift, ...]]] = {}
"""Who was on call when it was last asked of a schedule, by the schedule's identity."""


def on_call(
    schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()
) -> tuple[Shift, ...]:
    """Return the shifts of everybody who is on call at `at`, those added by an override last."""
    known = _KNOWN.get(id(schedule))
    # Thousands of alerts that fire together ask the same of one schedule.
    if known is not None and not overrides and known[0] is schedule and known[1] == at:
        return known[2]
    resolved = _resolved(schedule, at, at + timedelta.resolution, overrides)
    found = tuple(shift for shift in resolved if shift.covers(at))
    if not overrides:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[id(schedule)] = (schedule, at, found)
    return found


def shifts(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()
) -> tuple[Shift, ...]:
    """Return every shift that shares a moment with the time from `start` to `end`, in order.

    They are whole, not cut to that time. Two overlap only where an override added somebody.
    """
    found = _resolved(schedule, start, end, overrides)
    around = (shift for shift in found if shift.overlaps(start, end))
    return tuple(sorted(around, key=lambda shift: (shift.start, shift.end)))


def _resolved(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override]
) -> list[Shift]:
    """The shifts around a time; only those that share a moment with it are sure to be whole."""
    layers = schedule.every_layer

    def shifts_of(layer: Layer) -> list[Shift]:
        return layer_shifts(layer, schedule.id, schedule.timezone, start, end)

    # What cuts a shift may lie outside the time that is asked about, but not outside the shift, be
    # it a rotation's or one that an override adds.
    changes = (*schedule.overrides, *overrides)
    touching = [one for one in changes if one.start < end and one.end > start]
    start = min((start, *(one.start for one in touching)))
    end = max((end, *(one.end for one in touching)))
    around = [shift for layer in layers for shift in shifts_of(layer)]
    start = min((shift.start for shift in around), default=start)
    end = max((shift.end for shift in around), default=end)
    found: list[Shift] = []
    for layer in layers:
        over = shifts_of(layer)
        found = [*left_by(found, over), *over] if found else over
    found.sort(key=lambda shift: shift.start)
    return apply_overrides(found, changes, schedule.id) if changes else found
