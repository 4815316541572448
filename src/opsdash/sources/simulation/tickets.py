"""The sample's support tickets: read from JSON, open ones moved to the demo's day."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from opsdash.domain.text import clean
from opsdash.domain.ticket import Priority, Ticket, TicketStatus

WRITTEN_AT = datetime.fromisoformat("2025-12-22T14:03:48+00:00")
"""The moment as of which the sample was written: the demo's opening on the incident's day."""

_OPTIONAL = (
    "priority_reason", "category", "description", "response", "resolution", "confirmation",
)  # fmt: skip


def parse_tickets(text: str) -> tuple[Ticket, ...]:
    """Return the tickets of a JSON list; raise ValueError or KeyError where one is malformed."""
    return tuple(_ticket(row) for row in json.loads(text))


def move_open(tickets: Iterable[Ticket], start: datetime) -> tuple[Ticket, ...]:
    """Return the tickets with each open one as old at `start` as it was when it was written."""
    by = start - WRITTEN_AT
    return tuple(
        replace(
            ticket,
            created_at=ticket.created_at + by,
            responded_at=ticket.responded_at + by if ticket.responded_at else None,
        )
        if ticket.open
        else ticket
        for ticket in tickets
    )


def _ticket(row: Mapping[str, Any]) -> Ticket:
    made = Ticket(
        number=int(row["number"]),
        subject=clean(row["subject"]),
        customer=clean(row["customer"]),
        created_at=_time(row["created_at"]),
        priority=Priority(row["priority"]),
        status=TicketStatus(row["status"]),
        responded_at=_time(row["responded_at"]) if "responded_at" in row else None,
        resolved_at=_time(row["resolved_at"]) if "resolved_at" in row else None,
    )
    texts: dict[str, Any] = {name: clean(row[name]) for name in _OPTIONAL if name in row}
    return replace(made, **texts)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone; write it as 2025-12-21T08:30:00Z")
    return at.astimezone(UTC)
