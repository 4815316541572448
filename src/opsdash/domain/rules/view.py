"""How a rule stands, as screens show it; light, so that no screen waits for what evaluates rules."""

from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


class RuleState(StrEnum):
    """How a rule stands. `waiting` has not been evaluated yet."""

    WAITING = "waiting"
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    NO_DATA = "no data"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as the rules screen shows it.

    `value` is the figure that is compared, now or at the last evaluation, and `threshold` what it
    is held against (`> 0.01`, `== 0 or absent`; `any value` where there is no threshold).
    `duration` is how long the last evaluation took; `missed` counts evaluations that were skipped
    because the one before had not ended. `source` is who evaluates it, empty for opsdash itself.
    """

    id: str
    group: SafeText
    name: SafeText
    file: SafeText
    line: int
    expr: SafeText
    hold: timedelta
    interval: timedelta
    state: RuleState
    severity: SafeText = SafeText("")
    value: float | None = None
    threshold: SafeText = SafeText("")
    pending: int = 0
    firing: int = 0
    evaluated_at: datetime | None = None
    duration: timedelta | None = None
    missed: int = 0
    error: SafeText | None = None
    error_since: datetime | None = None
    source: SafeText = SafeText("")

    @property
    def figure(self) -> str:
        """The value in as few digits as tell it, or a word.

        `untold` is what a Prometheus keeps to itself of a rule without an alert.
        """
        if self.value is not None:
            if self.threshold.startswith("absent"):
                return "absent" if self.value else "present"
            return f"{self.value:,.4g}"
        if self.evaluated_at is None:
            return "not yet"
        return "untold" if self.source and not self.error else "none"

    @property
    def rank(self) -> int:
        """The sort key: what needs a person first, in the order of the files among equals."""
        return _FIRST.index(self.state)


_FIRST = (
    RuleState.ERROR,
    RuleState.FIRING,
    RuleState.NO_DATA,
    RuleState.PENDING,
    RuleState.WAITING,
    RuleState.INACTIVE,
)
