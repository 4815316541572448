"""The registers that screens list besides alerts: rules, messages, silences; read when they changed."""

import sqlite3
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.letter import Letters
from opsdash.domain.rules.view import RuleView
from opsdash.domain.silence import Silence
from opsdash.store import foreign_rules, letters, rule_views, silences

ENDED_SHOWN = timedelta(hours=1)
"""How long a silence stays listed after it ended."""


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers of one snapshot, and the change numbers that they were read at."""

    rules: tuple[RuleView, ...] = ()
    letters: Letters = field(default_factory=Letters)
    silences: tuple[Silence, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)


def take_registers(
    connection: sqlite3.Connection,
    now: datetime,
    previous: Registers | None,
    marks: Mapping[str, int],
) -> Registers:
    """Return the registers at `now`: of `previous` what has not changed since it was read."""
    seen = {name: marks.get(name, 0) for name in ("rule", "letter", "silence", "change")}
    if previous is None:
        return Registers(
            _rules(connection),
            letters.load_letters(connection, now),
            silences.load_since(connection, now - ENDED_SHOWN),
            seen,
        )
    if seen == previous.marks:
        return previous
    before, told = previous.marks, previous.letters
    # Whether a refused message still matters hangs on its alert.
    if seen["letter"] != before["letter"] or (told.refusals and seen["change"] != before["change"]):
        told = letters.load_letters(connection, now)
    return Registers(
        previous.rules if seen["rule"] == before["rule"] else _rules(connection),
        told,
        previous.silences
        if seen["silence"] == before["silence"]
        else silences.load_since(connection, now - ENDED_SHOWN),
        seen,
    )


def _rules(connection: sqlite3.Connection) -> tuple[RuleView, ...]:
    return (*rule_views.load_views(connection), *foreign_rules.load_views(connection))
