"""The list of all silences, with what is known of each."""

from collections.abc import Mapping, Sequence

from opsdash.domain.silence import Silence, SilenceState
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.silences import (
    SILENCE_COLUMNS,
    silence_about,
    silence_counts,
    silence_order,
    silence_row,
)
from opsdash.ui.screens.roll import Roll
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row


class Silences(Roll):
    """All silences: those in force, which ends first first, and those that ended within the hour."""

    title_words = "Silences"
    hint = "newest end last"
    hints = (
        ("silence", "new"),
        ("detail", "change"),
        ("extend", "extend 1h"),
        ("expire", "end now"),
    )
    marked_hints = (("extend", "extend 1h"), ("expire", "end now"))

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Silence] = {}
        self._counts: Mapping[str, int] = {}
        self._counted: tuple[object, object] = (None, None)

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns of silences."""
        return SILENCE_COLUMNS

    def keys(self, snapshot: Snapshot, moment: Moment) -> Sequence[str]:
        """Return the ids, and count anew what each matches where anything has changed."""
        seen = (snapshot.silences, snapshot.alerts)
        if self._counted[0] is not seen[0] or self._counted[1] is not seen[1]:
            self._counted = seen
            self._known = {silence.id: silence for silence in snapshot.silences}
            self._counts = silence_counts(snapshot.silences, snapshot.alerts)
        shown = sorted(snapshot.silences, key=lambda s: silence_order(s, moment))
        self.hint = _summary(shown, moment)
        return [silence.id for silence in shown]

    def row(self, key: str, snapshot: Snapshot, moment: Moment) -> Row:
        """Return the row of a silence."""
        silence = self._known[key]
        return silence_row(silence, self._counts.get(key, 0), snapshot, moment, self.app.glyphs)

    def about(self, key: str, width: int, snapshot: Snapshot, moment: Moment) -> Sequence[Line]:
        """Return everything about a silence."""
        self.app.look_at(key)
        detail = self.app.details.get(key)
        silence = self._known[key]
        return silence_about(silence, detail, snapshot, width, moment, self.app.glyphs)

    def empty(self, snapshot: Snapshot) -> Line:
        """Say that nothing is silenced."""
        return line(("nothing is silenced", "muted"))

    def opened(self, key: str) -> None:
        """Change the silence."""
        from opsdash.ui.silencing import change_silence

        change_silence(self.app, self._known[key])

    def do(self, action: str, key: str | None) -> None:
        """Make a new one, or extend or end the marked ones, else the one under the cursor."""
        from opsdash.ui import acts, silencing

        if action == "silence":
            silencing.new_silence(self.app)
        elif action == "undo":
            acts.undo(self.app, ())
        elif action in ("extend", "expire") and self.marks and not self.chosen():
            self.app.say("nothing is chosen: no marked silence is shown", "warn")
        elif action == "extend":
            silencing.extend_silences(self.app, self.chosen())
        elif action == "expire":
            silencing.expire_silences(self.app, self.chosen())


def _summary(silences: Sequence[Silence], moment: Moment) -> str:
    active = sum(s.state(moment.now) is not SilenceState.EXPIRED for s in silences)
    return "none in force" if not active else f"{active} in force"
