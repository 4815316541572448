"""Changes of shift: who went off call and who came on, and whom that is told."""

from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.frozen import dataclass

CHANGE_SHOWN = timedelta(minutes=15)
"""How long the screen says that a shift has changed."""


class HandoffNotice(StrEnum):
    """Whom a change of shift is told through their notifiers."""

    BOTH = "both"
    INCOMING = "incoming"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ShiftChange:
    """A change of who is on call on a schedule, noticed at `at`: the people `before` and `after`."""

    schedule: str
    at: datetime
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def incoming(self) -> tuple[str, ...]:
        """Those who came on call."""
        return tuple(person for person in self.after if person not in self.before)

    @property
    def outgoing(self) -> tuple[str, ...]:
        """Those who went off."""
        return tuple(person for person in self.before if person not in self.after)
