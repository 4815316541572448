"""Support tickets from local state."""

from datetime import datetime
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


class Priority(StrEnum):
    """The guide's priorities, P1 the most urgent."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class TicketStatus(StrEnum):
    """Where a ticket stands; `pending` waits for the customer."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One support ticket (the guide's fields)."""

    number: int
    subject: SafeText
    customer: SafeText
    created_at: datetime
    priority: Priority
    status: TicketStatus
    priority_reason: SafeText = SafeText("")
    category: SafeText = SafeText("")
    description: SafeText = SafeText("")
    response: SafeText = SafeText("")
    responded_at: datetime | None = None
    resolution: SafeText = SafeText("")
    resolved_at: datetime | None = None
    confirmation: SafeText = SafeText("")

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.status in (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING)


def ticket_order(ticket: Ticket) -> tuple[int, str, float, int]:
    """Return the sort key: open before done, urgent priority first, oldest first, then by number."""
    done = 0 if ticket.open else 1
    return (done, ticket.priority, ticket.created_at.timestamp(), ticket.number)
