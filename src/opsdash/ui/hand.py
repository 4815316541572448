"""The hand of a real dashboard: what a person decides, written to the store.

It imports everything that an act hangs on, and is itself imported once the first frame is out.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from opsdash import covering, inquiry, ownership, reporting, response, silencing
from opsdash.domain.failures import FailureBatch
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.matchers import Matcher
from opsdash.domain.override import Override
from opsdash.domain.setup import Setup
from opsdash.domain.timeline import Actor
from opsdash.store import engine
from opsdash.ui.live import Opened
from opsdash.ui.ports import Outcome
from opsdash.undoing import undo

if TYPE_CHECKING:
    from opsdash.undoable import Undoable

P = ParamSpec("P")


class StoreHand(Opened):
    """A person's writes, each one transaction that is durable when it returns.

    It has a connection of its own: none sees its own commits as a change, and the feed must.
    """

    def __init__(self, path: Path, actor: Actor, clock: Callable[[], datetime]) -> None:
        super().__init__(path)
        self._actor = actor
        self._clock = clock

    async def _act(
        self,
        act: Callable[Concatenate[sqlite3.Connection, Actor, datetime, P], Outcome],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Outcome:
        """Do what a function of the store does for this person, now, in one transaction."""
        store = await self.store()
        return await store.write(act, self._actor, self._clock(), *args, **kwargs)

    async def acknowledge(self, ids: Sequence[str], comment: str = "") -> Outcome:
        """Take the alerts `ids`."""
        return await self._act(response.acknowledge, ids, comment)

    async def unacknowledge(self, ids: Sequence[str]) -> Outcome:
        """Give the alerts `ids` back to nobody."""
        return await self._act(response.unacknowledge, ids)

    async def escalate(
        self,
        ids: Sequence[str],
        as_of_levels: Mapping[str, int],
        reason: str,
        to: int | None = None,
    ) -> Outcome:
        """Raise the alerts `ids`, unless another person has moved them since."""
        return await self._act(response.escalate, ids, as_of_levels, reason, to)

    async def silence(
        self, matchers: Sequence[Matcher], length: timedelta, comment: str
    ) -> Outcome:
        """Silence for `length` from now what the matchers match."""
        return await self._act(silencing.silence, matchers, length, comment)

    async def change_silence(
        self,
        id: str,
        as_of: int,
        matchers: Sequence[Matcher],
        length: timedelta | None,
        comment: str,
    ) -> Outcome:
        """Change a silence, unless another person has changed it since."""
        now = self._clock()
        return await (await self.store()).write(
            silencing.change,
            self._actor,
            now,
            id,
            as_of,
            matchers=matchers,
            ends_at=None if length is None else now + length,
            comment=comment,
        )

    async def extend_silences(self, ids: Sequence[str]) -> Outcome:
        """Let silences last an hour longer."""
        return await self._act(silencing.extend, ids)

    async def expire_silences(self, ids: Sequence[str]) -> Outcome:
        """End silences now."""
        return await self._act(silencing.expire, ids)

    async def take(self, ids: Sequence[str], as_of: Mapping[str, str], reason: str = "") -> Outcome:
        """Take the alerts over, unless they changed hands since."""
        return await self._act(ownership.take, ids, reason, as_of)

    async def reassign(
        self, ids: Sequence[str], as_of: Mapping[str, str], to: str, reason: str
    ) -> Outcome:
        """Give the alerts to person `to`, unless they changed hands since."""
        return await self._act(ownership.reassign, ids, to, reason, as_of)

    async def extend(self, ids: Sequence[str]) -> Outcome:
        """Let the acknowledgements of the alerts count from now again."""
        return await self._act(ownership.extend, ids)

    async def snooze(self, ids: Sequence[str], until: datetime, reason: str) -> Outcome:
        """Put the alerts off until a time."""
        return await self._act(ownership.snooze, ids, until, reason)

    async def unsnooze(self, ids: Sequence[str]) -> Outcome:
        """End the snooze of the alerts."""
        return await self._act(ownership.unsnooze, ids)

    async def reapply(self, ids: Sequence[str]) -> Outcome:
        """Let the alerts follow their policy as it is configured now."""
        return await self._act(ownership.reapply, ids)

    async def cover(self, wanted: Override) -> Outcome:
        """Store an override of a schedule."""
        return await self._act(_cover, wanted)

    async def uncover(self, id: int) -> Outcome:
        """Take an override back."""
        return await self._act(covering.uncover, id)

    async def maintain(self, window: Maintenance) -> Outcome:
        """Begin a maintenance window."""
        made = replace(window, by=self._actor.user)
        return await self._act(covering.maintain, made)

    async def end_maintenance(self, id: int) -> Outcome:
        """End a maintenance window now."""
        return await self._act(covering.end_maintenance, id)

    async def investigate(self, seen: FailureBatch, over: bool = False) -> Outcome:
        """Look into a failure batch, unless somebody else does."""
        return await self._act(inquiry.take, seen, over)

    async def conclude(self, seen: FailureBatch, note: str) -> Outcome:
        """Say what a failure batch was."""
        return await self._act(inquiry.conclude, seen, note)

    async def give_back(self, seen: FailureBatch) -> Outcome:
        """Look into a failure batch no longer."""
        return await self._act(inquiry.give_back, seen)

    async def report(self, ids: Sequence[str], url: str, note: str) -> Outcome:
        """Say that the reports on incidents are written."""
        return await self._act(reporting.report, ids, url, note)

    async def undoable(self) -> "Undoable | None":
        """Return what `undo` would take back now."""
        from opsdash.undoable import look

        return await (await self.store()).read(look, self._actor, self._clock())

    async def undo(self, as_of: str) -> Outcome:
        """Take back this person's own last act, where it is still the one that they were told of."""
        return await self._act(undo, as_of)


def _cover(
    connection: sqlite3.Connection, actor: Actor, now: datetime, wanted: Override
) -> Outcome:
    text = engine.load_setup_text(connection)
    setup = Setup() if text is None else engine.decode_setup(text)
    return covering.cover(connection, setup, actor, now, replace(wanted, by=actor.user))
