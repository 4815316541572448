"""What a schedule said at a time in the past: as it was configured and overridden then, not as it is now.

The past is read from versions, the future is computed: an edit changes what comes, and never who was
on call (GoAlert keeps both apart in the same way).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.override import Override
from opsdash.domain.rotation import Layer
from opsdash.domain.schedule import Schedule, shifts
from opsdash.domain.shift import Shift, inside

_EVER = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rota:
    """A schedule as it was configured from `since` on; None where it was none any more."""

    since: datetime
    schedule: Schedule | None


def said(
    schedule: Schedule,
    before: Sequence[Rota],
    overrides: Sequence[Override],
    start: datetime,
    end: datetime,
    now: datetime,
) -> tuple[Shift, ...]:
    """Return who was and will be on call from `start` to `end`, as `shifts` does.

    Until `now` each of the versions `before` counts from its `since` to the next one's, the first of
    them also before that, with `overrides` cut to the time in which they counted; from `now` on the
    schedule itself, with its own. Where an edit or an override changed nothing a shift stays whole.
    """
    pieces = _pieces(schedule, before, overrides, now)
    around = [shift for *_, shift in _asked(pieces, start, end)]
    # A shift that an edit or the present moment lies in goes on beyond what is asked about.
    first = min((shift.start for shift in around), default=start)
    last = max((shift.end for shift in around), default=end)
    found: list[Shift] = []
    for begins, ends, shift in _asked(pieces, min(first, start), max(last, end)):
        part = inside(shift, begins, ends)
        if part is not None:
            _append(found, part, cut=shift.start < begins)
    asked = (shift for shift in found if shift.overlaps(start, end))
    return tuple(sorted(asked, key=lambda shift: (shift.start, shift.end)))


def _asked(
    pieces: Sequence[tuple[datetime, datetime, Schedule | None]], start: datetime, end: datetime
) -> list[tuple[datetime, datetime, Shift]]:
    """Return the shifts of a time with the piece of the past that says so, each as it is there."""
    return [
        (begins, ends, shift)
        for begins, ends, one in pieces
        if one is not None and max(begins, start) < min(ends, end)
        for shift in shifts(one, max(begins, start), min(ends, end))
    ]


def _pieces(
    schedule: Schedule, before: Sequence[Rota], overrides: Sequence[Override], now: datetime
) -> list[tuple[datetime, datetime, Schedule | None]]:
    past = sorted((one for one in before if one.since < now), key=lambda one: one.since)
    if not past:
        past = [Rota(_NEVER, schedule)]
    starts = [_NEVER, *(one.since for one in past[1:]), now]
    then = tuple(o for o in overrides if o.schedule == schedule.id)
    found: list[tuple[datetime, datetime, Schedule | None]] = [
        (begins, ends, None if one.schedule is None else _as_then(one.schedule, schedule, then))
        for one, begins, ends in zip(past, starts, starts[1:], strict=False)
    ]
    return [*found, (now, _EVER, schedule)]


def _as_then(one: Schedule, current: Schedule, overrides: tuple[Override, ...]) -> Schedule:
    """Return an old version with the overrides of its time, and with turns that are kept elsewhere.

    What a calendar or another service says of the past is what it says of it now.
    """
    turns = {_elsewhere(layer): layer.turns for layer in current.layers if _elsewhere(layer)}
    layers = tuple(
        replace(layer, turns=turns.get(_elsewhere(layer), ())) if _elsewhere(layer) else layer
        for layer in one.layers
    )
    return replace(one, layers=layers, overrides=overrides)


def bare(schedule: Schedule) -> Schedule:
    """Return what makes a version of a schedule: no overrides, no turns that are kept elsewhere."""
    layers = tuple(
        replace(layer, turns=(), until=None) if _elsewhere(layer) else layer
        for layer in schedule.layers
    )
    return replace(schedule, layers=layers, overrides=(), notify=())


def _elsewhere(layer: Layer) -> str:
    return layer.feed or layer.calendar


def _append(found: list[Shift], part: Shift, cut: bool) -> None:
    """Add a part of a shift; to what came before the `cut` where the edit did not touch it."""
    for place, known in enumerate(found):
        if (
            cut
            and known.end == part.start
            and replace(known, end=part.end, start=part.start) == part
        ):
            found[place] = replace(known, end=part.end)
            return
    found.append(part)
