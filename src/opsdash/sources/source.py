"""What the engine asks of a source; the one error that may leave it is the client's RemoteError."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Protocol

from opsdash.domain.alert import Observation
from opsdash.domain.frozen import dataclass
from opsdash.domain.indicator import Indicator
from opsdash.domain.sample import Answer, Point
from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class AlertReport:
    """All alerts that a source shows at one read.

    `unchanged` says that nothing differs from the read before (then `observations` is empty and
    not to be used). `restarted` says that the source has begun anew so recently that an alert
    missing from it proves nothing, but for those `ended`: it has shown them since, and does no
    longer. `warnings` are problems that did not keep it from answering.
    """

    observations: tuple[Observation, ...] = ()
    unchanged: bool = False
    restarted: bool = False
    warnings: tuple[SafeText, ...] = ()
    ended: Set[str] = frozenset()


class MetricSource(Protocol):
    """Reads indicators. Every method raises RemoteError when the source as a whole fails."""

    id: str
    kind: str

    async def read(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return an answer for each indicator id, absent values with their reason."""
        ...

    async def compare(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return what each indicator with `compare` was that long ago."""
        ...

    async def history(
        self,
        indicators: Sequence[Indicator],
        start: datetime,
        end: datetime,
        step: timedelta,
    ) -> Mapping[str, tuple[Point, ...]]:
        """Return the points of each indicator from `start` to `end`, `step` apart."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class AlertSource(Protocol):
    """Reads alerts."""

    id: str
    kind: str

    async def alerts(self, now: datetime) -> AlertReport:
        """Return every alert that the source shows now; raise RemoteError when it cannot."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
