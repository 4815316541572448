"""A feed and a hand that live in memory, for tests of the screen alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from opsdash.digest import Digest
from opsdash.domain.alert import Acknowledgement
from opsdash.domain.failures import FailureBatch
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.matchers import Matcher
from opsdash.domain.override import Override
from opsdash.domain.text import SafeText, clean
from opsdash.snapshot import Snapshot
from opsdash.ui.ports import Detail, Outcome
from opsdash.undoable import Undoable
from tests.ui.pictures import NOW


class MemoryFeed:
    """Gives the snapshot that it holds; `put` makes it another one."""

    def __init__(self, snapshot: Snapshot, details: Mapping[str, Detail] | None = None) -> None:
        self.snapshot = snapshot
        self.details = dict(details or {})
        self.digests: dict[str, Digest] = {}
        self.fresh = True
        self.asked = 0
        self.fault: Exception | None = None

    def put(self, snapshot: Snapshot) -> None:
        """Hold another snapshot from now on."""
        self.snapshot = snapshot
        self.fresh = True

    def still(self) -> bool:
        """Be unsure, as a store that was just written is."""
        return False

    def rest(self, told: Callable[[], None]) -> float:
        """Tell nobody, so that it is asked again and again."""
        return 0.0

    def leave(self) -> None:
        """Do nothing: nobody is told."""

    async def changed(self) -> bool:
        """Return whether `put` was called since the last `take`."""
        if self.fault:
            raise self.fault
        return self.fresh

    async def take(self) -> Snapshot:
        """Return what is held."""
        if self.fault:
            raise self.fault
        self.fresh = False
        return self.snapshot

    async def detail(self, id: str) -> Detail:
        """Return what is known of `id`."""
        return self.details.get(id, Detail(id))

    async def digest(self, schedule: str) -> Digest | None:
        """Return the digest that is held for a schedule."""
        return self.digests.get(schedule)

    async def request_refresh(self) -> None:
        """Count the calls."""
        self.asked += 1


@dataclass
class MemoryHand:
    """Writes into a `MemoryFeed` and remembers each call."""

    feed: MemoryFeed
    calls: list[tuple[object, ...]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    fault: Exception | None = None

    def _outcome(self, ids: Sequence[str], said: str = "") -> Outcome:
        if self.fault:
            raise self.fault
        return Outcome(
            tuple(id for id in ids if id not in self.refuse),
            tuple((id, self.refuse[id]) for id in ids if id in self.refuse),
            said,
        )

    async def acknowledge(self, ids: Sequence[str], comment: str = "") -> Outcome:
        """Take alerts."""
        self.calls.append(("acknowledge", tuple(ids), comment))
        outcome = self._outcome(ids)
        taken = Acknowledgement(SafeText("me"), NOW, clean(comment))
        self.feed.put(
            replace(
                self.feed.snapshot,
                alerts=tuple(
                    replace(a, acknowledgement=taken) if a.id in outcome.done else a
                    for a in self.feed.snapshot.alerts
                ),
            )
        )
        return outcome

    async def unacknowledge(self, ids: Sequence[str]) -> Outcome:
        """Give alerts back."""
        self.calls.append(("unacknowledge", tuple(ids)))
        return self._outcome(ids)

    async def escalate(
        self,
        ids: Sequence[str],
        as_of_levels: Mapping[str, int],
        reason: str,
        to: int | None = None,
    ) -> Outcome:
        """Raise alerts."""
        self.calls.append(("escalate", tuple(ids), dict(as_of_levels), reason, to))
        return self._outcome(ids)

    async def silence(
        self, matchers: Sequence[Matcher], length: timedelta, comment: str
    ) -> Outcome:
        """Make a silence."""
        self.calls.append(("silence", ", ".join(map(str, matchers)), length, comment))
        return self._outcome(("S9",))

    async def change_silence(
        self,
        id: str,
        as_of: int,
        matchers: Sequence[Matcher],
        length: timedelta | None,
        comment: str,
    ) -> Outcome:
        """Change a silence."""
        text = ", ".join(map(str, matchers))
        self.calls.append(("change_silence", id, as_of, text, length, comment))
        return self._outcome((id,))

    async def extend_silences(self, ids: Sequence[str]) -> Outcome:
        """Extend silences."""
        self.calls.append(("extend_silences", tuple(ids)))
        return self._outcome(ids)

    async def expire_silences(self, ids: Sequence[str]) -> Outcome:
        """End silences."""
        self.calls.append(("expire_silences", tuple(ids)))
        return self._outcome(ids)

    async def take(self, ids: Sequence[str], as_of: Mapping[str, str], reason: str = "") -> Outcome:
        """Take alerts over."""
        self.calls.append(("take", tuple(ids), dict(as_of), reason))
        return self._outcome(ids)

    async def reassign(
        self, ids: Sequence[str], as_of: Mapping[str, str], to: str, reason: str
    ) -> Outcome:
        """Give alerts to somebody."""
        self.calls.append(("reassign", tuple(ids), dict(as_of), to, reason))
        return self._outcome(ids)

    async def extend(self, ids: Sequence[str]) -> Outcome:
        """Extend acknowledgements."""
        self.calls.append(("extend", tuple(ids)))
        return self._outcome(ids)

    async def snooze(self, ids: Sequence[str], until: datetime, reason: str) -> Outcome:
        """Put alerts off."""
        self.calls.append(("snooze", tuple(ids), until, reason))
        return self._outcome(ids)

    async def unsnooze(self, ids: Sequence[str]) -> Outcome:
        """End snoozes."""
        self.calls.append(("unsnooze", tuple(ids)))
        return self._outcome(ids)

    async def reapply(self, ids: Sequence[str]) -> Outcome:
        """Apply policies anew."""
        self.calls.append(("reapply", tuple(ids)))
        return self._outcome(ids)

    async def cover(self, wanted: Override) -> Outcome:
        """Store an override."""
        self.calls.append(("cover", wanted))
        return self._outcome(("7",), "Sarah is on call")

    async def uncover(self, id: int) -> Outcome:
        """Take an override back."""
        self.calls.append(("uncover", id))
        return self._outcome((str(id),))

    async def maintain(self, window: Maintenance) -> Outcome:
        """Begin maintenance."""
        self.calls.append(("maintain", window))
        return self._outcome(("4",))

    async def end_maintenance(self, id: int) -> Outcome:
        """End maintenance."""
        self.calls.append(("end_maintenance", id))
        return self._outcome((str(id),))

    async def investigate(self, seen: FailureBatch, over: bool = False) -> Outcome:
        """Look into failures."""
        self.calls.append(("investigate", seen.id, over))
        return self._outcome((seen.id,))

    async def conclude(self, seen: FailureBatch, note: str) -> Outcome:
        """Say what failures were."""
        self.calls.append(("conclude", seen.id, seen.count, note))
        return self._outcome((seen.id,))

    async def give_back(self, seen: FailureBatch) -> Outcome:
        """Give failures back."""
        self.calls.append(("give_back", seen.id))
        return self._outcome((seen.id,))

    async def report(self, ids: Sequence[str], url: str, note: str) -> Outcome:
        """Say that reports are written."""
        self.calls.append(("report", tuple(ids), url, note))
        return self._outcome(ids)

    async def undoable(self) -> Undoable | None:
        """Say what undo would take back: the last act, unless there was none."""
        if not self.calls:
            return None
        acts = (SafeText(f"{self.calls[-1][0]} of HighErrorRate"),)
        return Undoable("op1", NOW, acts, (SafeText("whoever was paged is told"),))

    async def undo(self, as_of: str) -> Outcome:
        """Take back the last act."""
        self.calls.append(("undo", as_of))
        return self._outcome((), "undone: acknowledge")
