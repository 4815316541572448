"""The rows that a person chose: whether there are any, how they are called, whose they are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsdash.domain.climb import owner

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

_NAMED = 6

_WIDEST = 72
"""Cells of a question's line on a screen that has room for it."""


def some(app: "OpsdashApp", ids: Sequence[str]) -> bool:
    """Whether there is anything to act on; an empty choice never falls through to another row."""
    if not ids:
        app.say(
            "nothing is chosen: no alert is under the cursor, and no marked one is shown", "warn"
        )
    return bool(ids)


def question_width(app: "OpsdashApp") -> int:
    """Return the cells that a line of a question has inside its frame."""
    return max(20, min(_WIDEST, app.size.width - 4))


def names(app: "OpsdashApp", ids: Sequence[str]) -> list[str]:
    """Return the names of alerts, at most six and how many more."""
    known = {alert.id: str(alert.name) for alert in app.alerts_of(ids)}
    found = [known.get(id, id) for id in ids]
    return found if len(found) <= _NAMED else [*found[:_NAMED], f"and {len(found) - _NAMED} more"]


def owners(app: "OpsdashApp", ids: Sequence[str]) -> dict[str, str]:
    """Return whose each of the alerts is as it is drawn, empty for nobody's."""
    climbs = app.snapshot.roster.climbs if app.snapshot else {}
    return {a.id: str(owner(a, climbs.get(a.id))) for a in app.alerts_of(ids)}


def own_names(app: "OpsdashApp") -> frozenset[str]:
    """Return what the person at this terminal is called: by the system, and as a configured person."""
    called = {name.casefold() for name in app.preferences.names}
    people = app.snapshot.setup.people if app.snapshot else ()
    for person in people:
        if {person.id.casefold(), person.name.casefold()} & called:
            called |= {person.id.casefold(), person.name.casefold()}
    return frozenset(called)


def own_person(app: "OpsdashApp") -> str:
    """Return the configured person's id of who sits here, empty where they are none of them."""
    mine = own_names(app)
    people = app.snapshot.setup.people if app.snapshot else ()
    return next((person.id for person in people if person.id.casefold() in mine), "")
