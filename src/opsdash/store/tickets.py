"""Support tickets."""

import sqlite3
from typing import Any

from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import clean
from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.store.changes import next_change

_COLUMNS = (
    "number, subject, customer, created_at, priority, status, priority_reason, category,"
    " description, response, responded_at, resolution, resolved_at, confirmation"
)


def save(connection: sqlite3.Connection, ticket: Ticket) -> None:
    """Store a ticket; one with the same number is replaced."""
    connection.execute(
        f"INSERT INTO ticket ({_COLUMNS}, changed)"  # noqa: S608
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET"
        " changed = excluded.changed,"
        " subject = excluded.subject, customer = excluded.customer,"
        " created_at = excluded.created_at, priority = excluded.priority,"
        " status = excluded.status, priority_reason = excluded.priority_reason,"
        " category = excluded.category, description = excluded.description,"
        " response = excluded.response, responded_at = excluded.responded_at,"
        " resolution = excluded.resolution, resolved_at = excluded.resolved_at,"
        " confirmation = excluded.confirmation",
        (
            ticket.number,
            ticket.subject,
            ticket.customer,
            to_ms(ticket.created_at),
            ticket.priority.value,
            ticket.status.value,
            ticket.priority_reason,
            ticket.category,
            ticket.description,
            ticket.response,
            None if ticket.responded_at is None else to_ms(ticket.responded_at),
            ticket.resolution,
            None if ticket.resolved_at is None else to_ms(ticket.resolved_at),
            ticket.confirmation,
            next_change(connection),
        ),
    )


def load_all(connection: sqlite3.Connection) -> tuple[Ticket, ...]:
    """Return every ticket by number."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM ticket ORDER BY number")  # noqa: S608
    return tuple(map(_ticket, rows))


def load_changed(connection: sqlite3.Connection, after: int) -> tuple[Ticket, ...]:
    """Return the tickets written after change number `after`."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM ticket WHERE changed > ?", (after,))  # noqa: S608
    return tuple(map(_ticket, rows))


def _ticket(row: tuple[Any, ...]) -> Ticket:
    (
        number, subject, customer, created_at, priority, status, priority_reason, category,
        description, response, responded_at, resolution, resolved_at, confirmation,
    ) = row  # fmt: skip
    return Ticket(
        number=number,
        subject=clean(subject),
        customer=clean(customer),
        created_at=from_ms(created_at),
        priority=Priority(priority),
        status=TicketStatus(status),
        priority_reason=clean(priority_reason),
        category=clean(category),
        description=clean(description),
        response=clean(response),
        responded_at=None if responded_at is None else from_ms(responded_at),
        resolution=clean(resolution),
        resolved_at=None if resolved_at is None else from_ms(resolved_at),
        confirmation=clean(confirmation),
    )
