"""What being on call cost over a window: the figures of all pages, of each person, service and shift."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from opsdash.domain.burden import Burden, burden, by_person, by_service, of_shift
from opsdash.domain.frozen import dataclass
from opsdash.domain.reach import person_name
from opsdash.domain.setup import Setup
from opsdash.domain.shift import Shift
from opsdash.domain.text import SafeText, clean
from opsdash.store import paged, rotas


@dataclass(frozen=True, slots=True)
class Load:
    """The figures of one window; each shift of every schedule with the name of whose it was.

    People are named, with their id where two have the same name.
    """

    all: Burden
    people: Mapping[SafeText, Burden]
    services: Mapping[SafeText, Burden]
    shifts: tuple[tuple[Shift, SafeText, Burden], ...]


def load_of(
    connection: sqlite3.Connection,
    setup: Setup,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Load:
    """Return the figures of what was paged from `start` until just before `end`.

    `setup` has its overrides; a shift that only shares a moment with the window counts as one. Past
    shifts are those that the rota said then, whatever it says now.
    """
    zone = setup.timezone
    turns = [
        shift
        for schedule in setup.schedules
        for shift in rotas.shifts_said(connection, schedule, start, end, now)
    ]
    over = min(end, now)
    turns += [
        shift
        for schedule in rotas.load_gone(connection, [one.id for one in setup.schedules])
        for shift in rotas.shifts_said(connection, schedule, start, over, now)
    ]
    known = paged.load_between(connection, start, end, _Whose(setup, turns))
    people = by_person(known, zone, [(shift, clean(shift.person)) for shift in turns])
    named = _named(setup, people)
    return Load(
        all=burden(known, zone, len(turns)),
        people={named[id]: one for id, one in people.items()},
        services=by_service(known, zone, len(turns)),
        shifts=tuple(
            (
                shift,
                named[clean(shift.person)],
                of_shift(known, shift, clean(shift.person), zone),
            )
            for shift in turns
        ),
    )


class _Whose:
    """Says whose a page was: people are paged by name, and two may have the same."""

    def __init__(self, setup: Setup, turns: Sequence[Shift]) -> None:
        self._ids: dict[str, list[str]] = {}
        for person in setup.people:
            self._ids.setdefault(person.name, []).append(person.id)
        self._turns = turns

    def __call__(self, target: str, name: SafeText, at: datetime) -> SafeText:
        """Return the id of whom `target` led to by `name` at `at`; the name where that is unclear."""
        ids = self._ids.get(name, [])
        if len(ids) > 1:
            kind, _, id = target.partition(":")
            on_call = {t.person for t in self._turns if t.schedule == id and t.covers(at)}
            ids = [one for one in ids if (one == id if kind == "person" else one in on_call)]
        return clean(ids[0]) if len(ids) == 1 else name


def _named(setup: Setup, ids: Iterable[SafeText]) -> dict[SafeText, SafeText]:
    """Return what each person is called in a list: by name, with the id where two have the same."""
    names = {id: person_name(setup, id) for id in ids}
    often = Counter(names.values())
    return {
        id: clean(f"{name} ({id})" if often[name] > 1 and name != id else name)
        for id, name in names.items()
    }
