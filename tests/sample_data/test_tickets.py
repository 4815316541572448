"""The sample's tickets: the guide's support dashboard holds on them."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.resources import shipped
from opsdash.sources.simulation.tickets import WRITTEN_AT, parse_tickets


@pytest.fixture(scope="module")
def tickets() -> dict[int, Ticket]:
    """The tickets by number."""
    text = (shipped("sample_data") / "tickets.json").read_text(encoding="utf-8")
    return {t.number: t for t in parse_tickets(text)}


def test_eight_are_open_as_on_the_guides_dashboard(tickets: dict[int, Ticket]) -> None:
    """One P1, two P2, three P3 and two P4 are open, about what the guide says they are."""
    waiting = [t for t in tickets.values() if t.open]
    assert Counter(t.priority.value for t in waiting) == {"P1": 1, "P2": 2, "P3": 3, "P4": 2}
    about = {t.priority: t.category for t in waiting}
    assert {(t.priority, t.category) for t in waiting} == set(about.items())
    assert about == {
        Priority.P1: "Payment issue",
        Priority.P2: "Feature question",
        Priority.P3: "Minor bug",
        Priority.P4: "Feedback",
    }


def test_account_verification_is_a_quarter_and_the_most_common(tickets: dict[int, Ticket]) -> None:
    """One category leads, with 25 % of all tickets."""
    counted = Counter(t.category for t in tickets.values()).most_common(2)
    assert counted[0] == ("Account verification", len(tickets) // 4)
    assert counted[1][1] < counted[0][1]
    assert len(tickets) % 4 == 0


def test_response_and_resolution_take_as_long_as_in_the_guide(tickets: dict[int, Ticket]) -> None:
    """The average response takes 45 minutes, the average resolution 6 hours."""
    responses = [t.responded_at - t.created_at for t in tickets.values() if t.responded_at]
    resolutions = [t.resolved_at - t.created_at for t in tickets.values() if t.resolved_at]
    assert sum(responses, timedelta()) / len(responses) == timedelta(minutes=45)
    assert sum(resolutions, timedelta()) / len(resolutions) == timedelta(hours=6)


def test_number_101_is_the_guides(tickets: dict[int, Ticket]) -> None:
    """The declined Amex: P2, answered after 30 minutes, resolved after 2 hours, confirmed."""
    created = datetime(2025, 12, 21, 8, 30, tzinfo=UTC)
    assert tickets[101] == Ticket(
        number=101,
        subject=tickets[101].subject,
        customer=tickets[101].customer,
        created_at=created,
        priority=Priority.P2,
        status=TicketStatus.RESOLVED,
        priority_reason=tickets[101].priority_reason,
        category=tickets[101].category,
        description=tickets[101].description,
        response=tickets[101].response,
        responded_at=created + timedelta(minutes=30),
        resolution=tickets[101].resolution,
        resolved_at=created + timedelta(hours=2),
        confirmation=tickets[101].confirmation,
    )
    assert tickets[101].subject == "Payment declining with insufficient funds message"
    assert tickets[101].customer == "acme@company.com"
    assert tickets[101].priority_reason == "High - revenue impacting"
    assert tickets[101].description == (
        "I'm trying to pay with my Amex but getting error 'Insufficient funds' "
        "even though my card has balance."
    )
    assert tickets[101].response == (
        "I've escalated to our payments team. Your card should be re-enabled within 2 hours."
    )
    assert tickets[101].resolution == (
        "Issue was Stripe declining card for fraud check. Card is now unblocked. Please try again."
    )
    assert tickets[101].confirmation == "customer confirmed payment success"


def test_number_102_is_the_guides(tickets: dict[int, Ticket]) -> None:
    """The CSV question: P4, answered by 15:00, resolved without a text."""
    ticket = tickets[102]
    assert ticket.subject == "Question about transaction history export"
    assert ticket.customer == "user123@example.com"
    assert ticket.created_at == datetime(2025, 12, 21, 14, 0, tzinfo=UTC)
    assert (ticket.priority, ticket.status) == (Priority.P4, TicketStatus.RESOLVED)
    assert ticket.priority_reason == "Low - question/feature request"
    assert ticket.description == "Can I export my transaction history as CSV?"
    assert ticket.response == (
        "Good question! You can download CSV from Accounts → Downloads. Instructions here: [link]"
    )
    assert ticket.responded_at == datetime(2025, 12, 21, 15, 0, tzinfo=UTC)
    assert ticket.resolution == ""


def test_times_are_in_order(tickets: dict[int, Ticket]) -> None:
    """Numbers grow with time, answers come after questions, and nothing is from the future."""
    by_number = [tickets[n].created_at for n in sorted(tickets)]
    assert by_number == sorted(by_number)
    for ticket in tickets.values():
        answered = ticket.responded_at or ticket.created_at
        assert ticket.created_at <= answered <= (ticket.resolved_at or WRITTEN_AT) <= WRITTEN_AT
        assert ticket.open == (ticket.resolved_at is None)


def test_a_time_without_a_zone_is_refused() -> None:
    """A ticket whose time could be anybody's is an error that shows how to write it."""
    row = (
        '[{"number": 1, "subject": "a", "customer": "b", "created_at": "2025-12-21T08:30:00",'
        ' "priority": "P1", "status": "open"}]'
    )
    with pytest.raises(ValueError, match="has no zone; write it as 2025-12-21T08:30:00Z"):
        parse_tickets(row)
