"""The step that sends: what the outbox holds leaves through the notifiers, and what became of it is written.

A message is claimed in one transaction, sent, and settled in another. An engine that dies in
between leaves it claimed; the next one sends it again under the same key.
"""

import asyncio
import logging
import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash import paging
from opsdash.domain.alert import Alert
from opsdash.domain.incident import incident_number
from opsdash.domain.page import PageKind
from opsdash.domain.setup import Setup
from opsdash.domain.silence import Muting
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.domain.upcoming import paged_again_at
from opsdash.engine.engine import Engine, Sending
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.store import alerts, climbs, entries, lease, outbox, silences
from opsdash.store.outbox import Letter, LetterState

log = logging.getLogger("opsdash.engine")

AT_ONCE = 16
"""Messages under way at the same time."""

AT_ONE = 8
"""Of these to one notifier: one that hangs leaves room for the others."""

LOOKED_AT = 64
"""Messages that are looked at for those that may leave."""

SEND_DEADLINE = 15.0
"""Seconds that a notifier may take for one message."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between tries of a message: doubling from the first to the longest."""


async def cancel(engine_: Engine) -> None:
    """End what is under way; its messages stay claimed and are sent again by the next holder."""
    tasks = [sending.task for sending in engine_.sending.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    engine_.sending.clear()


async def relay(engine_: Engine) -> None:
    """Settle the messages that left, and send those that are due."""
    if not engine_.notifiers:
        return
    await _settle_ended(engine_)
    now = engine_.clock.now()
    under_way = busy(engine_.sending.values())
    if under_way.total() >= AT_ONCE:
        return
    due = await engine_.store.read(outbox.load_due, now, LOOKED_AT)
    if all(under_way[letter.destination.notifier] >= AT_ONE for letter in due):
        return
    claimed = await engine_.store.write(claim, engine_.held, engine_.setup, now, under_way)
    for letter in claimed:
        engine_.sending[letter.id] = begin(engine_, letter)


def busy(sending: Iterable[Sending]) -> Counter[str]:
    """Return how many messages are under way to each notifier."""
    return Counter(one.letter.destination.notifier for one in sending)


def begin(engine_: Engine, letter: Letter) -> Sending:
    """Begin to send a message that is claimed."""
    # A receiver that knows no keys shows a repetition twice: then it must say that it is one.
    page = replace(letter.page, again=True) if letter.unsure else letter.page
    task = asyncio.ensure_future(_send(engine_, replace(letter, page=page)))
    return Sending(letter, task, engine_.clock.monotonic())


async def _send(engine_: Engine, letter: Letter) -> Receipt:
    notifier = engine_.notifiers.get(letter.destination.notifier)
    if notifier is None:
        reason = f"there is no notifier {letter.destination.notifier} any more"
        raise NotifierError(clean(reason), permanent=True)
    sent = notifier.send(letter.page, letter.destination.address, letter.thread)
    return await asyncio.wait_for(sent, SEND_DEADLINE)


async def _settle_ended(engine_: Engine) -> None:
    for id, sending in list(engine_.sending.items()):
        if not sending.task.done():
            continue
        now = engine_.clock.now()
        outcome = outcome_of(sending.task)
        took = engine_.clock.monotonic() - sending.begun
        letter, epoch, setup = sending.letter, engine_.held, engine_.setup
        await engine_.store.write(settle, epoch, setup, letter, outcome, took, now)
        say_refusal(letter, outcome)
        # Forgotten only once it is written: a locked store must not make it be sent twice.
        del engine_.sending[id]


def outcome_of(task: asyncio.Future[Receipt]) -> Receipt | NotifierError:
    """Return what sending a message came to."""
    try:
        return task.result()
    except NotifierError as error:
        return error
    except TimeoutError:
        late = NotifierError(clean(f"no answer within {SEND_DEADLINE:g} s"))
        late.unsure = True
        return late
    except Exception as error:  # a bug in a notifier is that notifier's failure
        return NotifierError(clean(f"failed unexpectedly: {type(error).__name__}: {error}", 200))


def say_refusal(letter: Letter, outcome: Receipt | NotifierError) -> None:
    """Log why a message was not accepted; nothing where it was."""
    if isinstance(outcome, NotifierError):
        log.warning("%s: %s", letter.destination.notifier, outcome.reason)


def claim(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup,
    now: datetime,
    under_way: Mapping[str, int],
) -> list[Letter]:
    """Return messages that are due, each under way from now on; drop what is stale.

    `under_way` is how many are to each notifier already.
    """
    lease.require(connection, epoch)
    # A silence counts from the moment at which it is in the store.
    muting = Muting(silences.load_since(connection, now), now)
    paging.pace_storms(connection, setup, muting, now)
    claimed: list[Letter] = []
    taken = Counter(under_way)
    for letter in outbox.load_due(connection, now, LOOKED_AT):
        notifier = letter.destination.notifier
        if taken.total() >= AT_ONCE or taken[notifier] >= AT_ONE:
            continue
        found = paging.still_so(connection, letter, muting, now)
        if isinstance(found, paging.Withheld):
            if found.reason:
                outbox.settle(connection, letter.id, LetterState.DROPPED, found.reason, now)
        elif outbox.claim(connection, letter.id, epoch, now):
            claimed.append(found)
            taken[notifier] += 1
    return claimed


def settle(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup,
    letter: Letter,
    outcome: Receipt | NotifierError,
    took: float,
    now: datetime,
) -> None:
    """Write what became of a message that was under way for `took` seconds."""
    lease.require(connection, epoch)
    if isinstance(outcome, Receipt):
        _accept(connection, letter, outcome, took, now)
    else:
        _refuse(connection, setup, letter, outcome, now)


def _accept(
    connection: sqlite3.Connection,
    letter: Letter,
    receipt: Receipt,
    took: float,
    now: datetime,
) -> None:
    outbox.settle(connection, letter.id, LetterState.SENT, receipt.answer, now)
    outbox.keep_thread(connection, letter.destination, letter.page.key, receipt.thread)
    if letter.page.kind is PageKind.TRIGGER:
        whom = letter.destination.reached or letter.destination.target
        words = f"paged {whom}: {letter.destination.notifier} accepted in {took:.1f} s"
        _tell(connection, letter, words, now)


def _refuse(
    connection: sqlite3.Connection,
    setup: Setup,
    letter: Letter,
    error: NotifierError,
    now: datetime,
) -> None:
    late = now >= letter.deadline_at
    if error.permanent:
        outbox.settle(connection, letter.id, LetterState.DEAD, error.reason, now)
        _tell(connection, letter, f"{letter.destination.notifier} refused: {error.reason}", now)
    else:
        due = now + _pause(letter, error)
        # When a receiver is back it is told in the order in which things came about.
        due = max(due, outbox.tried_before(connection, letter) or due)
        outbox.postpone(connection, letter.id, error.reason, due, error.unsure)
    if (error.permanent or late) and letter.page.kind is PageKind.TRIGGER:
        _fall_back(connection, setup, letter, now)


def _pause(letter: Letter, error: NotifierError) -> timedelta:
    doubled = min(FIRST_PAUSE * 2 ** min(letter.attempts, 10), LONGEST_PAUSE)
    # Spread over messages, and the same whenever the same try is written again from memory.
    spread = random.Random(f"{letter.page.id} {letter.attempts}").uniform(0.8, 1.0)  # noqa: S311
    pause = timedelta(seconds=doubled * spread)
    return max(pause, error.retry_after or pause)


def _fall_back(connection: sqlite3.Connection, setup: Setup, letter: Letter, now: datetime) -> None:
    """Page the next target once, when a message could not be brought to its own."""
    about_alerts = letter.page.alert is not None or letter.page.count > 1
    if about_alerts and outbox.mark_fallen_back(connection, letter.id):
        said = paging.page_in_place(connection, setup, letter, now)
        if said:
            _tell(connection, letter, said, now)


async def repeat(engine_: Engine) -> None:
    """Page again for what nobody has taken within the repeat interval."""
    every = engine_.setup.paging.repeat
    # What resolved while nothing was read must not wake anybody again.
    if not engine_.notifiers or not every or engine_.climbed.ask_since is not None:
        return
    if not engine_.is_due("repeat", 5.0):
        return
    now = engine_.clock.now()
    waiting = [
        alert.id
        for alert in engine_.open_alerts.values()
        if paging.pages(alert) and (alert.fired_at or now) <= now - every
    ]
    if waiting:
        await engine_.store.write(_repeat, engine_.held, engine_.setup, waiting, now)


def _repeat(
    connection: sqlite3.Connection, epoch: int, setup: Setup, ids: list[str], now: datetime
) -> None:
    lease.require(connection, epoch)
    for id in ids:
        alert = alerts.load(connection, id)
        if alert is not None and alert.needs_person:
            _repeat_one(connection, setup, alert, now)


def _repeat_one(connection: sqlite3.Connection, setup: Setup, alert: Alert, now: datetime) -> None:
    triggers = [
        letter
        for letter in outbox.load_of_key(connection, alert.id)
        if letter.page.kind is PageKind.TRIGGER and letter.state is not LetterState.DROPPED
    ]
    waiting = [letter for letter in triggers if letter.state is LetterState.WAITING]
    later = [one for one in waiting if one.attempts == 0 and one.due_at > now]
    # What somebody's own rule tells later keeps nobody else from being paged again.
    if len(later) < len(waiting) or (later and len(later) == len(triggers)):
        return
    at = paged_again_at(alert, climbs.load(connection, alert.id), setup)
    if at is None and triggers:
        at = triggers[-1].created_at + setup.paging.repeat
    if at is not None and at <= now:
        level = max(alert.level, 1)
        again = 1 + outbox.repeats(connection, alert.id)
        paging.page_level(connection, setup, alert, level, now, repeat=again)


def _tell(connection: sqlite3.Connection, letter: Letter, text: str, now: datetime) -> None:
    page = letter.page
    number = incident_number(page.incident)
    entry = Entry(now, SafeText("engine"), EntryKind.PAGE, clean(text), alert=page.alert)
    entries.add(connection, entry, number)
