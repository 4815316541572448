"""Paging from memory while the store takes no writes: a full disk must not let people sleep.

What cannot be written is rehearsed: the transactions that the engine would make run on the store as
it is and are undone, and the messages that they would send are sent. The same acts, with what
became of each message, are kept in order and written once there is room, some hundreds at a time, so
that nothing is sent twice. Levels above the first wait for room: nobody could take an alert meanwhile, and to climb
would wake everybody for what somebody has.
"""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import accumulate

from opsdash.domain.alert import Alert
from opsdash.domain.incident import incident_number
from opsdash.domain.merge import Changes, merge
from opsdash.domain.page import PageKind
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.engine import occurrences, own_rules, relay, silences, systemd, tend, watch
from opsdash.engine.engine import Engine, Sending
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.store import alerts, entries, lease, outbox
from opsdash.store import changes as stored
from opsdash.store.errors import StoreBroken, StoreError, StoreFull, StoreReadOnly
from opsdash.store.outbox import Letter, LetterState

log = logging.getLogger("opsdash.engine")

REFUSALS = (StoreFull, StoreReadOnly, StoreBroken)
"""What a store that takes no writes says. One that is locked takes them again by itself."""

HOLDER_PATIENCE = 4.0
"""Seconds that a holder has to renew its lease once there is room, before a standby takes it."""

AT_ONCE = 250
"""Alerts that one transaction writes down: people's own wait no longer than they do at any other time."""

_CLAIM = 100
"""What a claim weighs among them: it may bundle a storm."""

Act = Callable[[sqlite3.Connection], object]
"""What could not be written, without its connection."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An act in memory, and how much of a transaction it is: the alerts that it is about."""

    act: Act
    weight: int = 1


def _new_mark() -> int:
    return int.from_bytes(os.urandom(5)) << 20


@dataclass(slots=True)
class Stopgap:
    """What is held in memory until it can be written.

    `acts` are in their order, `sending` the messages under way (by what they say to whom: rows have
    no number before they are written), `look_at` when the next one is due. The first `trying` acts
    are those of the transaction under way, which leaves `mark` in the store: one that failed may
    be there all the same, and is not made twice.
    """

    reason: SafeText
    acts: list[Kept] = field(default_factory=list)
    trying: int = 0
    mark: int = field(default_factory=_new_mark)
    sending: dict[object, Sending] = field(default_factory=dict)
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a rehearsal showed: occurrences that opened, messages to send, when the next is due."""

    opened: tuple[Alert, ...]
    letters: list[Letter]
    look_at: datetime | None


async def carry_on(engine_: Engine, refusal: StoreError) -> None:
    """Page for what fires although `refusal` kept it from being written.

    Only the holder of the lease does, and for as long as the store says that it is: to take the
    lease over is a write. Raises LeaseLost where another engine did, StoreError where the store
    cannot even be read.
    """
    if not isinstance(refusal, REFUSALS):
        return
    if engine_.epoch is None:
        engine_.refused = True
        return
    # An engine that is ended for not writing forgets what it has sent.
    await systemd.feed_watchdog(engine_)
    state = engine_.stopgap
    if state is None:
        log.warning("paging from memory until the store takes writes again")
        engine_.open_alerts = await engine_.store.read(alerts.load_open)
        engine_.unfollowed = True
        state = engine_.stopgap = Stopgap(clean(str(refusal)), look_at=engine_.clock.now())
    await engine_.store.read(lease.require, engine_.held)
    await _look(engine_)
    _note_outcomes(engine_, state)
    await _page(engine_, state)


async def catch_up(engine_: Engine) -> None:
    """Write what was done in memory, now that there is room."""
    state = engine_.stopgap
    if state is None:
        return
    _note_outcomes(engine_, state)
    held = len(state.acts)
    await _write_down(engine_, state)
    under_way = list(state.sending.values())
    letters = [sending.letter for sending in under_way]
    now = engine_.clock.now()
    rows = await engine_.store.write(_rows, engine_.held, letters, now)
    for sending, row in zip(under_way, rows, strict=True):
        engine_.sending[row.id] = replace(sending, letter=row)
    engine_.stopgap = None
    engine_.mirror_whole = False
    log.warning("the store takes writes again: %d acts were kept in memory", held)


async def _write_down(engine_: Engine, state: Stopgap) -> None:
    """Write the acts, a few at a time; what is written is not held any more, whatever comes next."""
    while state.acts:
        state.trying = state.trying or _first(state.acts)
        acts = state.acts[: state.trying]
        await engine_.store.write(_write, engine_.held, acts, state.mark)
        del state.acts[: state.trying]
        state.trying = 0
        state.mark += 1
        await tend.renew_lease(engine_)


def _first(acts: Sequence[Kept]) -> int:
    """Return how many acts make the next transaction: one at the least."""
    weights = accumulate(kept.weight for kept in acts)
    return max(1, sum(weight <= AT_ONCE for weight in weights))


async def may_take_lease(engine_: Engine) -> bool:
    """Whether a standby may take a lease that has run out.

    Where the store refused it before, its holder may live and hold pages in memory that it has sent:
    once the store takes writes again it is given the time to renew the lease.
    """
    moment = engine_.clock.monotonic()
    if engine_.refused:
        await engine_.store.write(lease.touch)
        engine_.refused = False
        engine_.take_after = moment + HOLDER_PATIENCE
    return moment >= engine_.take_after


async def cancel(engine_: Engine) -> None:
    """End what is under way, and forget the rest: whoever acts next pages again, under the same keys."""
    state, engine_.stopgap = engine_.stopgap, None
    if state is not None:
        tasks = [sending.task for sending in state.sending.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _look(engine_: Engine) -> None:
    """Take in what the sources of alerts and the rules show, without a word to the store."""
    await silences.follow(engine_, await engine_.store.read(stored.count, "silence"))
    for one in engine_.alert_polls:
        result = one.collect(engine_.clock.monotonic())
        one.begin(engine_.clock.now(), engine_.clock.monotonic())
        if result is not None:
            watch.see(engine_, one.id, result)
    own_rules.collect(engine_)


def _note_outcomes(engine_: Engine, state: Stopgap) -> None:
    """Keep what became of messages that have left, those claimed before the store refused included."""
    for under_way in (engine_.sending, state.sending):
        for key, sending in list(under_way.items()):
            if not sending.task.done():
                continue
            outcome = relay.outcome_of(sending.task)
            took = engine_.clock.monotonic() - sending.begun
            relay.say_refusal(sending.letter, outcome)
            now, setup, epoch = engine_.clock.now(), engine_.setup, engine_.held
            values = (epoch, setup, sending.letter, outcome, took, now, state.reason)
            state.acts.append(Kept(partial(_settle, values=values)))
            state.look_at = now
            del under_way[key]  # type: ignore[arg-type]


async def _page(engine_: Engine, state: Stopgap) -> None:
    """Rehearse what changed or is due, and send what comes of it."""
    now, epoch, setup = engine_.clock.now(), engine_.held, engine_.setup
    changes = _changes(engine_, now) if engine_.behind else Changes()
    is_due = state.look_at is not None and now >= state.look_at
    if changes or is_due:
        busy = relay.busy((*engine_.sending.values(), *state.sending.values()))
        seen = await engine_.store.rehearse(_rehearse, epoch, state, changes, setup, now, busy)
        state.look_at = seen.look_at
        _keep(engine_, state, changes, seen, now, busy)
    engine_.begun_again.clear()
    engine_.differing.clear()
    engine_.unfollowed = False


def _changes(engine_: Engine, now: datetime) -> Changes:
    """What changed for people; a figure that moved is written with the next one, once there is room."""
    known = engine_.open_alerts
    muting = engine_.silencing.muting
    only = None if engine_.unfollowed else engine_.differing | engine_.begun_again
    found = merge(known, engine_.sights, now, engine_.begun_again, muting, only)
    updated = tuple(
        alert
        for alert in found.updated
        if (before := known.get(alert.fingerprint)) is None
        or (before.state, before.muted) != (alert.state, alert.muted)
    )
    return replace(found, updated=updated)


def _keep(
    engine_: Engine,
    state: Stopgap,
    changes: Changes,
    seen: _Seen,
    now: datetime,
    busy: Mapping[str, int],
) -> None:
    """Keep what was rehearsed as what is to be written, and begin to send."""
    setup, epoch = engine_.setup, engine_.held
    for part in changes.parts(AT_ONCE):
        act = partial(occurrences.apply, found=part, setup=setup, now=now)
        state.acts.append(Kept(act, sum(map(len, (part.opened, part.updated, part.resolved)))))
    for alert in changes.resolved:
        engine_.open_alerts.pop(alert.fingerprint, None)
    for alert in (*seen.opened, *changes.updated):
        engine_.open_alerts[alert.fingerprint] = alert
    if seen.letters:
        claim = partial(relay.claim, epoch=epoch, setup=setup, now=now, under_way=busy)
        state.acts.append(Kept(claim, _CLAIM))
    for letter in seen.letters:
        state.sending[_place(letter)] = relay.begin(engine_, _marked(letter, state.reason))


def _marked(letter: Letter, reason: SafeText) -> Letter:
    """Say in a page why it cannot be acknowledged here."""
    page = letter.page
    if page.kind is not PageKind.TRIGGER:
        return letter
    mark = f"opsdash cannot write anything down, and pages from memory: {reason}"
    text = f"{page.text}. {mark}" if page.text else mark
    return replace(letter, page=replace(page, text=clean(text)))


def _place(letter: Letter) -> object:
    page, destination = letter.page, letter.destination
    return destination.notifier, destination.address, page.key, page.kind, letter.step


def _rehearse(
    connection: sqlite3.Connection,
    epoch: int,
    state: Stopgap,
    changes: Changes,
    setup: Setup,
    now: datetime,
    busy: Mapping[str, int],
) -> _Seen:
    lease.require(connection, epoch)
    is_written = state.trying and stored.stopgap_mark(connection) == state.mark
    for kept in state.acts[state.trying if is_written else 0 :]:
        kept.act(connection)
    opened = [
        alert
        for part in changes.parts(AT_ONCE)
        for alert in occurrences.apply(connection, part, setup, now)
    ]
    letters = relay.claim(connection, epoch, setup, now, busy)
    return _Seen(tuple(opened), letters, outbox.next_due(connection))


def _write(connection: sqlite3.Connection, epoch: int, acts: Sequence[Kept], mark: int) -> None:
    """Make the acts, unless they were made before the store said that they were not."""
    lease.require(connection, epoch)
    if stored.stopgap_mark(connection) == mark:
        return
    for kept in acts:
        kept.act(connection)
    stored.set_stopgap_mark(connection, mark)


def _rows(
    connection: sqlite3.Connection, epoch: int, under_way: Sequence[Letter], now: datetime
) -> list[Letter]:
    """Return the rows of the messages that are under way."""
    lease.require(connection, epoch)
    return [_row(connection, letter, now) for letter in under_way]


def _row(connection: sqlite3.Connection, letter: Letter, now: datetime) -> Letter:
    """Return the row of a message, made where people's writes in between have left none for it."""
    row = outbox.find(connection, letter)
    if row is None:
        outbox.add(connection, letter.destination, letter.page, letter.step, now, now, now)
        row = outbox.find(connection, letter)
        assert row is not None
    return row


def _settle(
    connection: sqlite3.Connection,
    values: tuple[int, Setup, Letter, Receipt | NotifierError, float, datetime, SafeText],
) -> None:
    epoch, setup, letter, outcome, took, now, reason = values
    row = _row(connection, letter, now)
    if row.state is LetterState.SENT:
        # It was written after all before the store said that it was not.
        return
    relay.settle(connection, epoch, setup, row, outcome, took, now)
    if isinstance(outcome, Receipt) and letter.page.kind is PageKind.TRIGGER:
        page = letter.page
        number = None if page.incident is None else incident_number(page.incident)
        text = clean(f"that page left from memory, and is written down now: {reason}")
        entry = Entry(now, SafeText("engine"), EntryKind.NOTE, text, alert=page.alert)
        entries.add(connection, entry, number)
