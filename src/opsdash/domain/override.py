"""Overrides: changes that people make to a schedule for a while, with who made them and why.

Three kinds, as GoAlert's: *add* puts somebody on call beside the rest, *replace* puts one in place of
another, *remove* takes one off. They are applied in the order in which they were made. A replacement
takes the shifts over one by one, so that it neither merges them nor hides a gap between them. A
*temporary* schedule is GoAlert's as well: while it lasts one person is on call and nobody else,
whatever rotation and overrides say, those that are made later too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.shift import Shift, inside, left_by, outside
from opsdash.domain.text import SafeText


class OverrideKind(StrEnum):
    """What an override does."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class Override:
    """One change of a schedule from `start` until just before `end`.

    `person` comes on call (add, replace, temporary); `replaces` goes off (remove, replace): empty in a
    replacement for whoever is on call. `by` made it at `made_at`, for `reason`.
    """

    schedule: str
    kind: OverrideKind
    start: datetime
    end: datetime
    person: str = ""
    replaces: str = ""
    by: SafeText = SafeText("")
    reason: SafeText = SafeText("")
    made_at: datetime | None = None
    id: int = 0


def apply_overrides(
    shifts: Sequence[Shift], overrides: Iterable[Override], schedule: str
) -> list[Shift]:
    """Return `shifts` as the overrides of `schedule` leave them, those added behind the others."""
    found = list(shifts)
    for override in sorted(overrides, key=lambda one: (one.kind is OverrideKind.TEMPORARY, one.id)):
        if override.schedule == schedule and override.start < override.end:
            found = _apply(found, override)
    return found


def _apply(shifts: list[Shift], override: Override) -> list[Shift]:
    if override.kind is OverrideKind.ADD:
        who, start, end = override.person, override.start, override.end
        added = Shift(override.schedule, who, start, end, override.id, beside=True)
        own = [shift for shift in shifts if shift.person == who]
        return [*shifts, *left_by([added], own)]
    if override.kind is OverrideKind.TEMPORARY:
        alone = Shift(override.schedule, override.person, override.start, override.end, override.id)
        left = left_by(shifts, [alone])
        return sorted([alone, *left], key=lambda shift: (shift.beside, shift.start))
    kept: list[Shift] = []
    taken: list[Shift] = []
    for shift in shifts:
        part = inside(shift, override.start, override.end)
        if part is None or not _concerns(override, shift.person):
            kept.append(shift)
            continue
        kept += outside(shift, override.start, override.end)
        if override.kind is OverrideKind.REPLACE:
            taken.append(replace(part, person=override.person, override=override.id))
    return _with_taken(kept, taken, override.person)


def _with_taken(kept: list[Shift], taken: list[Shift], person: str) -> list[Shift]:
    """Put the shifts that `person` took where they belong in order, each moment once."""
    own = [shift for shift in kept if shift.person == person]
    fresh: list[Shift] = []
    for shift in taken:
        fresh += left_by([shift], [*own, *fresh])
    return sorted([*fresh, *kept], key=lambda shift: (shift.beside, shift.start))


def _concerns(override: Override, person: str) -> bool:
    if override.replaces:
        return person == override.replaces
    return override.kind is OverrideKind.REPLACE and person != override.person
