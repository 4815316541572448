"""What being on call cost over a window: the figures of all pages, of each person, service and shift."""

import sqlite3
from collections.abc import Mapping
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
    """The figures of one window; each shift of every schedule with the name of whose it was."""

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
    known = paged.load_between(connection, start, end)
    zone = setup.timezone
    turns = [
        (shift, clean(person_name(setup, shift.person)))
        for schedule in setup.schedules
        for shift in rotas.shifts_said(connection, schedule, start, end, now)
    ]
    over = min(end, now)
    turns += [
        (shift, clean(person_name(setup, shift.person)))
        for schedule in rotas.load_gone(connection, [one.id for one in setup.schedules])
        for shift in rotas.shifts_said(connection, schedule, start, over, now)
    ]
    return Load(
        all=burden(known, zone, len(turns)),
        people=by_person(known, zone, turns),
        services=by_service(known, zone, len(turns)),
        shifts=tuple((shift, name, of_shift(known, shift, name, zone)) for shift, name in turns),
    )
