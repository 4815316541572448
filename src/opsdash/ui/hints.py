"""Who knows what an alert is about, in the words of the sheets that give it to somebody."""

from collections.abc import Iterable, Sequence

from opsdash.domain.alert import Alert
from opsdash.domain.expertise import Expert, experts, knows
from opsdash.domain.schedule import Person
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import Line, line, pad
from opsdash.ui.panes.facts import wrapped

CHOICE_WIDTH = 70
"""Cells of a hint's line: what a sheet of a wide screen has inside."""

_NAMED = 4
"""How many who know it are named."""


def experts_of(alerts: Iterable[Alert], snapshot: Snapshot) -> list[Expert]:
    """Return who knows what any of the alerts is about, each once."""
    found: dict[str, Expert] = {}
    for alert in alerts:
        for one in experts(snapshot.setup, alert.name, alert.labels, snapshot.taken_at):
            found.setdefault(one.person.id, one)
    return list(found.values())


def expertise_lines(alerts: Sequence[Alert], snapshot: Snapshot, width: int) -> list[Line]:
    """Return a hint of who knows the area; nothing where nobody's expertise fits."""
    found = experts_of(alerts, snapshot)
    if not found:
        return []
    words = f"knows the area: {knows(found[:_NAMED])}"
    if len(found) > _NAMED:
        words += f" and {len(found) - _NAMED} more"
    return [line((piece, "accent")) for piece in wrapped(words, width)]


def person_choice(person: Person, known: Expert | None) -> Line:
    """Return a person as a choice: what fits of their expertise stands out."""
    fits = known.areas if known is not None else ()
    others = [tag for tag in person.expertise if tag not in fits]
    duty = "  on call" if known is not None and known.on_call else ""
    return line(
        pad(person.name, 20),
        (f" {', '.join(fits)}" if fits else "", "accent bold"),
        (f" {', '.join(others)}", "muted"),
        (duty, "ok"),
    )
