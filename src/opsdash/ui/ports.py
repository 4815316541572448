"""What the screen needs from outside: a feed of snapshots and a hand that writes; nothing heavy."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from opsdash.domain.alert import Alert
from opsdash.domain.deployment import Deployment
from opsdash.domain.failures import FailureBatch
from opsdash.domain.frozen import dataclass
from opsdash.domain.indicator import Indicator
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.matchers import Matcher
from opsdash.domain.outcome import Outcome
from opsdash.domain.override import Override
from opsdash.domain.page import Page
from opsdash.domain.sample import Point
from opsdash.domain.timeline import Entry
from opsdash.snapshot import Snapshot

if TYPE_CHECKING:
    from opsdash.digest import Digest
    from opsdash.domain.sighting import Sighting
    from opsdash.undoable import Undoable

__all__ = ["LETTER", "Detail", "Feed", "Hand", "Outcome"]

LETTER = "letter/"
"""What the id of a message begins with, before its number."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What a snapshot does not carry of one alert (by its id) or one indicator (by its id).

    `entries` is the whole timeline, oldest first. `indicator` says what `hour` and `day` chart: the
    last hour as fine as the store has it, the last day by the minute, both oldest first; for an
    alert it is the tile that shows its figure, None where no tile does. `earlier` are the former
    occurrences of the same alert, newest first; `deployments` what changed of its service around it,
    newest first. `batches` are the newest failure batches of an indicator, and `entries` the timeline
    of its open one. `page` is what a message (`letter/` and its number) says word for word.
    `sighting` is how often an alert was seen.
    """

    id: str
    entries: tuple[Entry, ...] = ()
    indicator: Indicator | None = None
    hour: tuple[Point, ...] = ()
    day: tuple[Point, ...] = ()
    earlier: tuple[Alert, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    page: Page | None = None
    batches: tuple[FailureBatch, ...] = ()
    sighting: "Sighting | None" = None


class Feed(Protocol):
    """Where snapshots come from. None of it touches the network."""

    async def changed(self) -> bool:
        """Return whether the store changed since the last `take`; cheap enough for each 250 ms."""

    def still(self) -> bool:
        """Whether nothing was written since `changed` said no; a moment's work, false when unsure."""

    def rest(self, told: Callable[[], None]) -> float:
        """Return for how many seconds it is `still` unless `told` is called; 0 where nobody tells."""

    def leave(self) -> None:
        """Have nobody told any more."""

    async def take(self) -> Snapshot:
        """Return the picture of the store now."""

    async def detail(self, id: str) -> Detail:
        """Return what belongs to the alert or indicator `id`; an empty Detail where unknown."""

    async def digest(self, schedule: str) -> "Digest | None":
        """Return what the shift of a schedule hands over, None for a schedule that is not there."""

    async def request_refresh(self) -> None:
        """Ask the engine to read every source now instead of at the next interval."""


class Hand(Protocol):
    """A person's writes. Each call is one transaction, done when it returns."""

    async def acknowledge(self, ids: Sequence[str], comment: str = "") -> Outcome:
        """Take the alerts `ids`; one that another person took is refused with who and when."""

    async def unacknowledge(self, ids: Sequence[str]) -> Outcome:
        """Give the alerts `ids` back to nobody."""

    async def escalate(
        self,
        ids: Sequence[str],
        as_of_levels: Mapping[str, int],
        reason: str,
        to: int | None = None,
    ) -> Outcome:
        """Raise the alerts to level `to`, or each to its next.

        `as_of_levels` is the level of each that the person saw when deciding: an alert that stands
        elsewhere by now is refused.
        """

    async def silence(
        self, matchers: Sequence[Matcher], length: timedelta, comment: str
    ) -> Outcome:
        """Silence for `length` from now what the matchers match."""

    async def change_silence(
        self,
        id: str,
        as_of: int,
        matchers: Sequence[Matcher],
        length: timedelta | None,
        comment: str,
    ) -> Outcome:
        """Change a silence; `length` is from now, None leaves its end.

        `as_of` is the revision that the person saw: one changed meanwhile is refused.
        """

    async def extend_silences(self, ids: Sequence[str]) -> Outcome:
        """Let silences last an hour longer."""

    async def expire_silences(self, ids: Sequence[str]) -> Outcome:
        """End silences now."""

    async def take(self, ids: Sequence[str], as_of: Mapping[str, str], reason: str = "") -> Outcome:
        """Take the alerts over, whoever has them.

        `as_of` is whose each was when the person decided: what changed hands meanwhile is refused.
        """

    async def reassign(
        self, ids: Sequence[str], as_of: Mapping[str, str], to: str, reason: str
    ) -> Outcome:
        """Give the alerts to person `to`, who is paged; nobody's clock begins anew."""

    async def extend(self, ids: Sequence[str]) -> Outcome:
        """Let the acknowledgements of the alerts count from now again."""

    async def snooze(self, ids: Sequence[str], until: datetime, reason: str) -> Outcome:
        """Put the alerts off until a time."""

    async def unsnooze(self, ids: Sequence[str]) -> Outcome:
        """End the snooze of the alerts; whoever has them has them still."""

    async def reapply(self, ids: Sequence[str]) -> Outcome:
        """Let the alerts follow their policy as it is configured now."""

    async def cover(self, wanted: Override) -> Outcome:
        """Store an override of a schedule."""

    async def uncover(self, id: int) -> Outcome:
        """Take an override back."""

    async def maintain(self, window: Maintenance) -> Outcome:
        """Begin a maintenance window."""

    async def end_maintenance(self, id: int) -> Outcome:
        """End a maintenance window now."""

    async def investigate(self, seen: FailureBatch, over: bool = False) -> Outcome:
        """Look into a failure batch; one that somebody else has is taken `over`, or refused."""

    async def conclude(self, seen: FailureBatch, note: str) -> Outcome:
        """Say that a failure batch is investigated, and what it was."""

    async def give_back(self, seen: FailureBatch) -> Outcome:
        """Look into a failure batch no longer."""

    async def report(self, ids: Sequence[str], url: str, note: str) -> Outcome:
        """Say that the reports on the incidents are written; one that another reported is refused."""

    async def undoable(self) -> "Undoable | None":
        """Return what `undo` would take back now, None where there is nothing of this person's."""

    async def undo(self, as_of: str) -> Outcome:
        """Take back the person's own last act, where nobody has acted on it since.

        `as_of` is the operation of which they were told: another one is not undone.
        """
