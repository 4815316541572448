"""The figures of pages: what each person got is theirs, and only that."""

from datetime import UTC, datetime

from opsdash.domain.burden import Paged, burden, by_person
from opsdash.domain.text import SafeText

NOON = datetime(2025, 12, 22, 12, tzinfo=UTC)
JOHN, MARIA = SafeText("John"), SafeText("Maria")


def test_a_persons_pages_are_those_that_they_got() -> None:
    """One alert was paged three times, twice to John: it is no third page of his, nor of Maria's."""
    text = SafeText("x")
    climbed = Paged("x/1", text, text, NOON, (JOHN, MARIA), 3, each=(2, 1))
    alone = Paged("x/2", text, text, NOON, (JOHN,), 1, each=(1,))
    people = by_person([climbed, alone], "UTC")
    assert {name: (one.occurrences, one.pages) for name, one in people.items()} == {
        JOHN: (2, 3),
        MARIA: (1, 1),
    }
    assert burden([climbed, alone], "UTC").pages == 4
