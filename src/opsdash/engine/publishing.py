"""Telling one week to one channel exactly once: claim, send, settle. Engine and command both do it so.

The claim is stored before anything leaves, so that of all who try at once one sends. A process that
dies between the sending and the settling leaves a claim that runs out; whoever comes next looks for
the message by its nonce and takes it for its own, or, where nobody can look, asks a person.
"""

import asyncio
import secrets
import sqlite3
from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.publication import (
    Decision,
    Move,
    Publication,
    PublicationState,
    Slot,
    decide,
)
from opsdash.domain.text import SafeText, clean
from opsdash.domain.week_rota import WeekRota
from opsdash.engine.engine import Clock
from opsdash.notifiers.board import Board, Place
from opsdash.notifiers.courier import UnsureError
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import lease, publications
from opsdash.store.session import Store

PATIENCE = 40.0
"""Seconds that one try may take in all: less than a claim lasts."""

SETTLES_WITHIN = timedelta(seconds=10)
"""How long a message of which nobody knows is given to show before it is looked for."""

LOOK_BACK = timedelta(hours=1)
"""How far before the claim a message is looked for: the receiver's clock is not ours."""


class Deed(StrEnum):
    """What became of telling a week."""

    POSTED = "posted"
    EDITED = "edited"
    CORRECTED = "corrected"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    ASKING = "asking"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """What was done; where it was not, why, when to try again, and whether that can help at all."""

    deed: Deed
    why: SafeText = SafeText("")
    retry_after: timedelta | None = None
    permanent: bool = False

    @property
    def failed(self) -> bool:
        """Whether it was to be done and was not, now or when it was tried last."""
        waits = self.deed is Deed.WAITING and self.retry_after is not None
        return waits or self.deed in (Deed.FAILED, Deed.ASKING)

    @property
    def asks(self) -> bool:
        """Whether only a person can mend it."""
        return self.deed is Deed.ASKING or self.permanent


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be told where, by whom. `epoch` is the lease's where an engine does it.

    `again` is a person's word that a message which may be there is not; `pace` the least time between
    two corrections.
    """

    slot: Slot
    rota: WeekRota
    by: str
    epoch: int | None = None
    again: bool = False
    pace: timedelta = timedelta()


_SETTLED = {Move.POST: Deed.POSTED, Move.EDIT: Deed.EDITED, Move.CORRECT: Deed.CORRECTED}
_IDLE = {Move.NOTHING: Deed.UNCHANGED, Move.WAIT: Deed.WAITING, Move.ASK: Deed.ASKING}


async def publish(store: Store, board: Board, telling: Telling, clock: Clock) -> Told:
    """Make a channel say a week, and return what was done; raises StoreError and LeaseLost."""
    now = clock.now()
    found = await store.read(publications.load, telling.slot)
    decision = _decided(found, telling, board.editable, now)
    if decision.move in _IDLE:
        return _idle(decision, now)
    decision, claimed = await store.write(_claim, telling, board.editable, now)
    if claimed is None:
        return _idle(decision, now)
    trying = _Trying(store, board, telling, clock, claimed)
    try:
        async with asyncio.timeout(PATIENCE):
            return await trying.do(decision.move)
    except NotifierError as error:
        return await trying.fail(decision.move, error)
    except TimeoutError:
        late = UnsureError(clean(f"no answer within {PATIENCE:g} s"))
        return await trying.fail(decision.move, late)


def _decided(
    found: Publication | None, telling: Telling, editable: bool, now: datetime
) -> Decision:
    digest = telling.rota.digest
    return decide(found, digest, now, editable, telling.again, telling.pace)


def _claim(
    connection: sqlite3.Connection, telling: Telling, editable: bool, now: datetime
) -> tuple[Decision, Publication | None]:
    """Look again and, where there is something to do, take the week in the same transaction."""
    if telling.epoch is not None:
        lease.require(connection, telling.epoch)
    found = publications.load(connection, telling.slot)
    decision = _decided(found, telling, editable, now)
    if decision.move in _IDLE:
        return decision, None
    state = PublicationState.EDITING if decision.move is Move.EDIT else PublicationState.SENDING
    fresh = found is None or decision.move in (Move.POST, Move.CORRECT)
    nonce = secrets.token_hex(12) if fresh or found is None else found.nonce
    return decision, publications.take(connection, telling.slot, state, telling.by, nonce, now)


class _Trying:
    """One try under one claim."""

    def __init__(
        self, store: Store, board: Board, telling: Telling, clock: Clock, claimed: Publication
    ) -> None:
        self._store = store
        self._board = board
        self._telling = telling
        self._clock = clock
        self._claimed = claimed
        self._nonce = claimed.nonce
        self._exists = claimed.exists
        self._new = False

    async def do(self, move: Move) -> Told:
        """Do what was decided; raise NotifierError where it could not be."""
        if move is Move.LOOK:
            return await self._look()
        if move is not Move.EDIT:
            return await self._post(move)
        place = Place(self._claimed.place, self._claimed.ts)
        if not await self._still_ours():
            return _taken()
        if await self._board.edit(place, self._telling.rota, self._nonce):
            return await self._settle(place, move)
        self._nonce = secrets.token_hex(12)
        self._exists = False
        await self._store.write(publications.settle_gone, self._claimed, self._nonce)
        return await self._post(Move.POST)

    async def fail(self, move: Move, error: NotifierError) -> Told:
        """Write why a try failed, and what may be there now."""
        wait = error.retry_after
        if move is Move.LOOK and not self._new:
            # Nobody could look: what may be there is as unknown as before.
            state = PublicationState.HELD if error.permanent else PublicationState.SENDING
        elif isinstance(error, UnsureError) and self._new:
            state = PublicationState.SENDING if self._board.editable else PublicationState.HELD
            wait = max(wait or SETTLES_WITHIN, SETTLES_WITHIN)
        else:
            state = PublicationState.POSTED if self._exists else PublicationState.WAITING
        until = None if wait is None else self._clock.now() + wait
        await self._store.write(
            publications.settle_failed, self._claimed, state, error.reason, until
        )
        if state is PublicationState.HELD:
            return Told(Deed.ASKING, self._question(error), wait)
        return Told(Deed.FAILED, error.reason, wait, error.permanent)

    def _question(self, error: NotifierError) -> SafeText:
        slot = self._telling.slot
        maybe = f"week {slot.week} may be in {slot.channel} already"
        cure = "look, and if it is not there: opsdash oncall publish --again"
        return clean(f"{maybe}, and nobody could look: {error.reason}; {cure}")

    async def _look(self) -> Told:
        """Find what may have been posted and take it for ours, else post it."""
        slot = self._telling.slot
        known = self._claimed.place or await self._store.read(
            publications.known_place, slot.notifier, slot.channel
        )
        since = self._claimed.claimed_at - LOOK_BACK
        place = await self._board.find(known, self._nonce, since)
        if place is None:
            return await self._post(Move.POST)
        # What it says is unknown, so that the next look at it finds it to be edited.
        await self._store.write(
            publications.settle_said, self._claimed, place.channel, place.ts, "", self._clock.now()
        )
        return await publish(self._store, self._board, self._telling, self._clock)

    async def _post(self, move: Move) -> Told:
        if not await self._still_ours():
            return _taken()
        self._new = True
        place = await self._board.post(self._telling.rota, self._nonce, move is Move.CORRECT)
        if self._board.editable and not place.ts:
            raise UnsureError(SafeText("the receiver did not say which message it is"))
        return await self._settle(place, move)

    async def _settle(self, place: Place, move: Move) -> Told:
        digest, now = self._telling.rota.digest, self._clock.now()
        await self._store.write(
            publications.settle_said, self._claimed, place.channel, place.ts, digest, now
        )
        return Told(_SETTLED[move])

    async def _still_ours(self) -> bool:
        """Whether the claim is still ours: a process that was stopped meanwhile must not send."""
        now = self._clock.now()
        return await self._store.write(publications.prolong, self._claimed, now)


def _idle(decision: Decision, now: datetime) -> Told:
    wait = None if decision.until is None else decision.until - now
    return Told(_IDLE[decision.move], decision.why, wait)


def _taken() -> Told:
    return Told(Deed.WAITING, SafeText("another has taken it meanwhile"))
