"""The terminal as notifier: a bell, a title, a message, once for what is new, never for what was there.

What is written is made of clean text alone; for tmux, which expands formats, of letters and digits.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert, urgency
from opsdash.domain.letter import LetterState
from opsdash.domain.page import PageKind
from opsdash.domain.schedule import Person
from opsdash.domain.setup import TerminalSetup
from opsdash.domain.text import clean
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import to_ascii
from opsdash.ui.rawmode import POP_TITLE, PUSH_TITLE

APART = timedelta(seconds=10)
"""The least time between two rings: a storm is one."""

_LONGEST = 120
_MUTE_TERMS = ("", "dumb", "linux", "unknown")
_LEFT = (LetterState.SENT, LetterState.SENDING)
_NOT_FOR_TMUX = r"[^A-Za-z0-9 _.:,()/-]+"


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
        self._seen: frozenset[str] | None = None
        self._rung_at: datetime | None = None
        self._title = False

    def look(self, snapshot: Snapshot, now: datetime) -> None:
        """Call the person if the snapshot holds anything that calls and was not there before."""
        pages = self._pages(snapshot)
        calls = snapshot.shown.calling | pages.keys()
        before, self._seen = self._seen, calls
        new = frozenset() if before is None else calls - before
        if new and not (self._rung_at and timedelta() <= now - self._rung_at < APART):
            self._rung_at = now
            known = snapshot.shown.by_id
            fresh = sorted((known[id] for id in new if id in known), key=urgency)
            paged = [text for id, text in pages.items() if id in new]
            self._ring(snapshot.setup.terminal, [*(str(alert.name) for alert in fresh), *paged])
        elif not calls:
            self._clear()

    def close(self) -> None:
        """Give the terminal its title back."""
        self._clear()

    def _pages(self, snapshot: Snapshot) -> dict[str, str]:
        """The pages that were sent to the person, each by an id that is no alert's."""
        found: dict[str, str] = {}
        mine = {
            person.name for person in snapshot.setup.people if self._is_me(person) and person.name
        }
        for letter in snapshot.letters.newest if mine else ():
            about = snapshot.shown.by_id.get(letter.alert or "")
            if about is not None and not about.needs_person:
                about = None
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
            self._tell_tmux(re.sub(_NOT_FOR_TMUX, " ", to_ascii(text)))

    def _clear(self) -> None:
        if self._title:
            self._title = False
            self._write(POP_TITLE)


def _paged(about: Alert | None, title: str) -> str:
    return f"page: {about.name if about is not None else title}"
