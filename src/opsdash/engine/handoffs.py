"""The step that notices a change of shift: it is written down and told once, in one transaction.

Whoever comes on call and whoever goes gets the digest of the shift that ended, as a message that
wakes nobody. What was seen last is a row: an engine that takes over tells what changed meanwhile.
"""

import sqlite3
from datetime import datetime, timedelta

from opsdash import paging
from opsdash.domain.feed import feed_keys
from opsdash.domain.frozen import dataclass
from opsdash.domain.handoff import Handoff, changed_words, handoff_lines
from opsdash.domain.schedule import Schedule, on_call
from opsdash.domain.setup import Setup
from opsdash.domain.shift_change import HandoffNotice, ShiftChange
from opsdash.domain.text import SafeText, clean
from opsdash.engine.engine import Engine
from opsdash.store import feeds, lease, overrides, shift_changes

EVERY = 5.0
"""Seconds between two looks at who is on call."""

_AT_THE_CHANGE = timedelta(minutes=2)
"""How late a change may be noticed for the digest to be of the shift that ended."""

_LINES = 60


@dataclass(frozen=True, slots=True)
class Noticed:
    """A change that is not written down yet, with the digest that is told with it."""

    change: ShiftChange
    first: bool
    lines: tuple[SafeText, ...] = ()
    text: SafeText = SafeText("")


async def tell_handoffs(engine_: Engine) -> None:
    """Write down and tell who came on call and who went since the last look."""
    if not engine_.is_due("handoffs", EVERY):
        return
    keys = feed_keys(engine_.setup)
    if keys and await engine_.store.read(feeds.untried, keys):
        # What nobody has read yet would be told as if nobody were on call.
        return
    now = engine_.clock.now()
    noticed = await engine_.store.read(_notice, engine_.setup, now)
    if noticed:
        await engine_.store.write(_tell, engine_.held, engine_.setup, noticed, now)


def _notice(connection: sqlite3.Connection, setup: Setup, now: datetime) -> list[Noticed]:
    setup = overrides.overridden(connection, setup, now - _AT_THE_CHANGE)
    found = []
    for schedule in setup.schedules:
        people = tuple(sorted(shift.person for shift in on_call(schedule, now)))
        before = shift_changes.newest(connection, schedule.id)
        if before is None:
            found.append(Noticed(ShiftChange(schedule.id, now, people, people), True))
        elif before != people:
            change = ShiftChange(schedule.id, now, before, people)
            one = _digest(connection, schedule, change)
            lines = _cut(handoff_lines(one))
            found.append(Noticed(change, False, lines, one.summary))
    return found


def _cut(lines: tuple[SafeText, ...]) -> tuple[SafeText, ...]:
    if len(lines) <= _LINES:
        return lines
    more = len(lines) - _LINES + 1
    return (*lines[: _LINES - 1], clean(f"and {more} more lines: opsdash oncall handoff"))


def _digest(connection: sqlite3.Connection, schedule: Schedule, change: ShiftChange) -> Handoff:
    """Return the digest of the shift that ended a moment ago, else of the one that runs."""
    # The first beat waits for no import, and a shift ends twice a day.
    from opsdash.digest import take_digest
    from opsdash.snapshot import take_snapshot

    at = change.at
    begun = max((shift.start for shift in on_call(schedule, at)), default=at)
    ended = begun - timedelta(milliseconds=1)
    if at - ended <= _AT_THE_CHANGE:
        people = tuple(sorted(shift.person for shift in on_call(schedule, ended)))
        at = ended if people == change.before else at
    snapshot = take_snapshot(connection, change.at)
    return take_digest(connection, snapshot, schedule, at).handoff


def _tell(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup,
    noticed: list[Noticed],
    now: datetime,
) -> None:
    lease.require(connection, epoch)
    setup = overrides.overridden(connection, setup, now)
    for one in noticed:
        change = one.change
        known = shift_changes.newest(connection, change.schedule)
        if known is not None and (one.first or known != change.before):
            continue
        number = shift_changes.add(connection, change)
        if one.first or setup.paging.handoff is HandoffNotice.NONE:
            continue
        told = change.incoming
        if setup.paging.handoff is HandoffNotice.BOTH:
            told += change.outgoing
        for place, person in enumerate(told):
            title = changed_words(setup, change, person)
            paging.page_handoff(
                connection, setup, f"{number}", place, person, title, one.text, one.lines, now
            )
