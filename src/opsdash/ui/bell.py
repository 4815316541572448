"""The terminal as notifier: a bell, a title, a message, once for what is new, never for what was there.

What is written is made of clean text alone; for tmux, which expands formats, of letters and digits.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.letter import LetterState
from opsdash.domain.page import PageKind
from opsdash.domain.schedule import Person
from opsdash.domain.setup import TerminalSetup
from opsdash.domain.text import clean
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import to_ascii

APART = timedelta(seconds=10)
"""The least time between two rings: a storm is one."""

_LONGEST = 120
_MUTE_TERMS = ("", "dumb", "linux", "unknown")
_LEFT = (LetterState.SENT, LetterState.SENDING)
_NOT_FOR_TMUX = re.compile(r"[^A-Za-z0-9 _.:,()/-]+")

PUSH_TITLE = "\x1b[22;2t"
POP_TITLE = "\x1b[23;2t"


class Bell:
    """Compares snapshots and calls the person; `write` is the terminal, `tell_tmux` shows a message.

    `names` are what the operating system and the environment call the person at the terminal.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        tell_tmux: Callable[[str], None],
        names: Iterable[str] = (),
        term: str = "",
        ascii_only: bool = False,
    ) -> None:
        self._write = write
        self._tell_tmux = tell_tmux
        self._names = {name.casefold() for name in names if name}
        self._titled = term not in _MUTE_TERMS
        self._ascii = ascii_only
        self._seen: set[str] | None = None
        self._rung_at: datetime | None = None
        self._title = False

    def look(self, snapshot: Snapshot, now: datetime) -> None:
        """Call the person if the snapshot holds anything that calls and was not there before."""
        calls = self._calls(snapshot)
        before, self._seen = self._seen, set(calls)
        setup = snapshot.setup.terminal
        new = [text for id, text in calls.items() if before is not None and id not in before]
        if new and not (self._rung_at and timedelta() <= now - self._rung_at < APART):
            self._rung_at = now
            self._ring(setup, new)
        elif not calls:
            self._clear()

    def close(self) -> None:
        """Give the terminal its title back."""
        self._clear()

    def _calls(self, snapshot: Snapshot) -> dict[str, str]:
        """What calls for the person now, by an id of its own: an alert or a page to them."""
        found = {
            alert.id: str(alert.name)
            for alert in snapshot.alerts
            if alert.needs_person and alert.severity is Severity.CRITICAL
        }
        mine = {
            person.name for person in snapshot.setup.people if self._is_me(person) and person.name
        }
        open_ones = {alert.id: alert for alert in snapshot.alerts if alert.needs_person}
        for letter in snapshot.letters.newest if mine else ():
            about = open_ones.get(letter.alert or "")
            for_me = letter.reached in mine and letter.kind is PageKind.TRIGGER
            if for_me and letter.state in _LEFT and (about is not None or letter.test):
                found[f"letter/{letter.id}"] = _paged(about, letter.title)
        return found

    def _is_me(self, person: Person) -> bool:
        return bool({person.id.casefold(), person.name.casefold()} & self._names)

    def _ring(self, setup: TerminalSetup, new: list[str]) -> None:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        text = clean(f"opsdash: {new[0]}{more}", _LONGEST)
        shown = to_ascii(text) if self._ascii else text
        parts = []
        if setup.bell:
            parts.append("\a")
        if setup.title and self._titled:
            parts.append(f"{'' if self._title else PUSH_TITLE}\x1b]2;{shown}\x1b\\")
            self._title = True
        if setup.osc9 and self._titled:
            parts.append(f"\x1b]9;{shown}\x1b\\")
        if parts:
            self._write("".join(parts))
        if setup.tmux:
            self._tell_tmux(_NOT_FOR_TMUX.sub(" ", to_ascii(text)))

    def _clear(self) -> None:
        if self._title:
            self._title = False
            self._write(POP_TITLE)


def _paged(about: Alert | None, title: str) -> str:
    return f"page: {about.name if about is not None else title}"
