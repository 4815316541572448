"""The digest of a shift for whoever takes over, and what the shift still owes, read from the store."""

import sqlite3
from datetime import datetime, timedelta

from opsdash.domain.alert import AlertState
from opsdash.domain.burden import burden
from opsdash.domain.coverage import gap_words, gaps_ahead
from opsdash.domain.duty import Duty, duties, on_call_view
from opsdash.domain.frozen import dataclass
from opsdash.domain.handoff import Handoff, ending_soon, owned, to_look_into
from opsdash.domain.schedule import Schedule
from opsdash.domain.status import Status
from opsdash.domain.text import SafeText
from opsdash.snapshot import Snapshot
from opsdash.store import failures, incidents, paged

FLAPS = 3
"""How often an alert fired within a shift to be named as flapping."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One schedule's shift: what is handed over, and its responsibilities as they stand."""

    handoff: Handoff
    duties: tuple[Duty, ...]


def take_digest(
    connection: sqlite3.Connection, snapshot: Snapshot, schedule: Schedule, now: datetime
) -> Digest:
    """Return the digest of the shift that runs at `now`, or of the last day where none does."""
    zone = snapshot.setup.timezone
    view = on_call_view(snapshot.setup, schedule, now, zone, 1)
    shift = view.now[0] if view.now else None
    since = shift.start if shift is not None else now - timedelta(days=1)
    firing = tuple(a for a in snapshot.alerts if a.state is AlertState.FIRING and not a.muted)
    flapping = paged.flapping_since(connection, since, FLAPS)
    unreported = incidents.load_owing(connection)
    handoff = Handoff(
        schedule=schedule.id,
        timezone=zone,
        at=now,
        shift=shift,
        name=view.names[0] if view.names else SafeText(""),
        next_name=view.next_name,
        next_at=view.next.start if view.next is not None else None,
        incidents=tuple(i for i in snapshot.incidents if i.open),
        alerts=owned(firing, dict(snapshot.roster.climbs)),
        silences=ending_soon(snapshot.silences, now),
        flapping=tuple((alert.name, count) for alert, count in flapping),
        maintenance=tuple(w for w in snapshot.roster.maintenance if w.until > now),
        gaps=gap_words(gaps_ahead(schedule, now), zone),
        paged=burden(paged.load_between(connection, since, now), zone),
        unreported=unreported,
        since=since,
        failures=to_look_into(failures.load_open(connection).values(), snapshot.setup),
    )
    blind = snapshot.status is Status.UNKNOWN or bool(_blind(snapshot))
    began = {id: c.began_at for id, c in snapshot.roster.climbs.items() if c.began_at is not None}
    updated = paged.updated_at(connection)
    owed = duties(
        *(snapshot.alerts, snapshot.incidents, updated, blind, now, unreported, since),
        paged_at=began,
    )
    return Digest(handoff, owed)


def _blind(snapshot: Snapshot) -> tuple[str, ...]:
    """The problems that keep a shift from seeing production: the engine, a source."""
    return tuple(p.id for p in snapshot.problems if p.id == "engine" or p.id.startswith("source:"))
