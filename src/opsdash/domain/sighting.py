"""How often an alert was seen while it was open: what is shown again is counted, and told to nobody."""

from collections.abc import Iterable
from datetime import datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.source import SourceView

RULES = "alert rules"
"""The kind of the source that judges own rules: its groups have beats of their own and are not counted."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Which reads showed one occurrence. It changes only when a source begins or ceases to show it.

    `reads` are those of sources that show it no more, `last_at` the last of them. `showing` are the
    sources that show it still, each with the number of its first read that did.
    """

    reads: int = 0
    last_at: datetime | None = None
    showing: tuple[tuple[str, int], ...] = ()

    def count(self, sources: Iterable[SourceView]) -> int:
        """Return how many reads have shown it so far; all but the first were duplicates."""
        known = {source.id: source for source in sources if source.kind != RULES}
        return self.reads + sum(
            max(known[id].reads - first + 1, 1) for id, first in self.showing if id in known
        )

    def last(self, sources: Iterable[SourceView]) -> datetime | None:
        """Return when a source last showed it: the last read that did, not the last that was tried."""
        known = {source.id: source.last_success for source in sources}
        heard = [at for id, _ in self.showing if (at := known.get(id)) is not None]
        return max([*heard, *((self.last_at,) if self.last_at else ())], default=None)
