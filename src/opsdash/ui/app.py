"""The application: what all widgets ask for, and where keys arrive, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, TypeVar

from rich.style import Style
from textual import events
from textual.app import App
from textual.filter import ANSIToTruecolor, Monochrome
from textual.screen import Screen
from textual.widget import Widget

from opsdash.domain.alert import Alert
from opsdash.domain.text import clean
from opsdash.snapshot import Snapshot
from opsdash.ui.bell import Bell
from opsdash.ui.crash import Redact
from opsdash.ui.glyphs import glyphs_of
from opsdash.ui.keys import keys_of
from opsdash.ui.lines import Line, crop, cut, line
from opsdash.ui.lookout import Lookout
from opsdash.ui.moment import Moment, zone_of
from opsdash.ui.palette import Palette
from opsdash.ui.ports import Detail, Feed, Hand, Outcome
from opsdash.ui.preferences import Colours, Preferences
from opsdash.ui.screens.dashboard import Dashboard
from opsdash.ui.terminal import TerminalApp
from opsdash.ui.themes import ThemeError, load_theme
from opsdash.ui.widgets.lines import LineWidget

if TYPE_CHECKING:
    from opsdash.ui.screens.sheet import Sheet
    from opsdash.ui.writing import Writing

T = TypeVar("T")

MESSAGE_FOR = timedelta(seconds=10)
"""How long a message stays, if no key ends it before."""


class OpsdashApp(TerminalApp, inherit_css=False):
    """The dashboard. It draws what `feed` gives and writes through `hand`; it knows nothing else.

    `open_hand` gives the hand and is called at the first act. `first` is a snapshot that is ready
    before the first frame. `clock` gives the time in UTC. `crash_folder` and `redact` are for the trace that a crash leaves (default: the temporary files'
    folder, nothing redacted).
    """

    # All of the style sheet: parsing Textual's own, of which no rule would be left, and the variables
    # of its themes took 8 ms before the first frame.
    CSS = """
    Dashboard { layout: vertical; overflow: hidden; }
    Sheet { layout: vertical; overflow: hidden; align: center middle; }
    Lines, LineTable, EntryLine { width: 100%; height: 1; }
    Sheet EntryLine { padding: 0 1; }
    """

    def __init__(
        self,
        feed: Feed,
        open_hand: Callable[[], Hand],
        preferences: Preferences,
        *,
        clock: Callable[[], datetime],
        first: Snapshot | None = None,
        crash_folder: Path | None = None,
        redact: Redact | None = None,
    ) -> None:
        super().__init__(crash_folder or Path(gettempdir()), redact)
        # What is said stands in the last line; the widgets for it have style sheets of their own.
        self._disable_tooltips = self._disable_notifications = True
        if preferences.colours is not Colours.FULL:
            self._keep_terminal_colours()
        self.feed = feed
        self._open_hand = open_hand
        self.preferences = preferences
        self.snapshot = first
        self.details: dict[str, Detail] = {}
        self.glyphs = glyphs_of(preferences.ascii)
        self.ascii_only = preferences.ascii
        self.keys = keys_of(preferences.keys)
        self.paused = False
        self.begun = False
        self.message: tuple[str, str] | None = None
        self.palette = Palette(
            load_theme(preferences.theme, preferences.themes_folder), preferences.colours
        )
        self.ringer = Bell(
            self._write_raw,
            self._tell_tmux,
            preferences.names,
            preferences.term,
            preferences.ascii,
        )
        self._clock = clock
        self.zone = zone_of(preferences.timezone)
        self._message_until = clock()
        self.lookout = Lookout(self)
        self._looking: asyncio.Task[None] | None = None
        self._actions = {key: name for name, keys in self.keys.items() for key in keys}

    def get_css_variables(self) -> dict[str, str]:
        """Return no variable: colours come from the themes' tokens."""
        return {}

    def _keep_terminal_colours(self) -> None:
        """Let the sixteen colours and the terminal's own grounds through as they are."""
        self.set_reactive(App.ansi_color, True)
        self._filters = [
            f for f in self._filters if not isinstance(f, ANSIToTruecolor | Monochrome)
        ]

    @cached_property
    def hand(self) -> Hand:
        """What writes what the person decides."""
        return self._open_hand()

    @cached_property
    def _acts(self) -> "Writing":
        from opsdash.ui.writing import Writing

        return Writing(self)

    def style_of(self, token: str) -> Style:
        """Return the style of a span's words in the present theme."""
        return self.palette.style(token)

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._clock()

    def moment(self) -> Moment:
        """Return the moment of a drawing that begins now."""
        return Moment(self._clock(), self.zone)

    def trouble_lines(self, width: int) -> list[Line]:
        """Return what keeps this program from reading the store; nothing where all is well."""
        if not self.lookout.trouble:
            return []
        text = cut(f" {self.glyphs.crit} {self.lookout.trouble}", width, self.glyphs.ellipsis)
        return [crop(line((text, "crit reverse bold")), width)]

    def action_of(self, event: events.Key) -> str | None:
        """Return the action that a key starts."""
        return self._actions.get(event.key) or self._actions.get(event.character or "")

    @property
    def dashboard(self) -> Dashboard:
        """The screen beneath everything."""
        found = self.screen_stack[0]
        assert isinstance(found, Dashboard)
        return found

    def get_default_screen(self) -> Dashboard:
        """Return the dashboard: it is the first screen and stays it."""
        return Dashboard()

    def on_mount(self) -> None:
        """Begin to look at the store after the first frame."""
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.begun = True
        if self.snapshot is not None:
            # What was there at the opening; all that the first reading brings beside it is new.
            self.ringer.look(self.snapshot, self._clock())
        self.dashboard.draw_around()
        self._looking = asyncio.create_task(self.lookout.run())

    async def on_unmount(self) -> None:
        """End the loop."""
        self.ringer.close()
        if self._looking is not None:
            self._looking.cancel()

    def _write_raw(self, text: str) -> None:
        """Write to the terminal beside the picture: a bell, a title."""
        if self._driver is not None:
            self._driver.write(text)

    def _tell_tmux(self, text: str) -> None:
        if self.preferences.tmux:
            from opsdash.ui.tmux import show_message

            self.run_worker(show_message(text), exit_on_error=False)

    def dress(self, screen: Screen[Any]) -> None:
        """Give a screen and its widgets the grounds of the present theme."""
        parts: list[Widget] = list(screen.query(LineWidget))
        if not screen.is_modal:
            parts.append(screen)
        self.clothe(parts)

    def clothe(self, parts: Iterable[Widget]) -> None:
        """Give widgets the grounds of the present theme, whether they are mounted yet or not."""
        ground, front = self.palette.ground, self.palette.front
        for part in parts:
            part.styles.background = ground
            part.styles.color = front

    def leave(self) -> None:
        """End, once what a person decided is written."""
        self._acts.leave()

    @property
    def writing(self) -> bool:
        """Whether what a person decided is on its way into the store."""
        return bool(self._acts)

    def continued(self) -> None:
        """Read the store at once after a stop; what is shown until then carries its age."""
        self.lookout.wake()
        self.redraw()

    def look_at(self, id: str | None) -> None:
        """Ask for the detail of an alert, incident or indicator; it is drawn when it is there."""
        self.lookout.want(id)

    def redraw(self) -> None:
        """Draw the dashboard and the sheet over it."""
        self.dashboard.draw()
        self.redraw_sheet()

    def sheet_due(self, now: datetime) -> bool:
        """Whether the sheet on top reads otherwise by now."""
        moment = getattr(self.screen, "moment", None) if self.screen.is_modal else None
        return isinstance(moment, Moment) and now >= moment.changes_at

    def redraw_sheet(self) -> None:
        """Draw the sheet that lies over the dashboard, if one does."""
        if self.screen.is_modal:
            from opsdash.ui.screens.sheet import Sheet

            if isinstance(self.screen, Sheet):
                self.screen.redraw()

    def say(self, text: str, style: str = "text") -> None:
        """Show a line where the keys stand, until the next key or for ten seconds."""
        self.note(text, style)
        self.draw_message()

    def note(self, text: str, style: str) -> None:
        """Keep such a line to be shown with the next drawing."""
        self.message = (text, style)
        self._message_until = self._clock() + MESSAGE_FOR

    def draw_message(self) -> None:
        """Draw the line where the keys stand."""
        self.dashboard.draw_around()
        self.redraw_sheet()

    def forget_message(self, now: datetime) -> bool:
        """Drop the line whose time is over; return whether there was one."""
        over = self.message is not None and now >= self._message_until
        if over:
            self.message = None
        return over

    async def on_event(self, event: events.Event) -> None:
        """Take keys and pastes here, one after the other, before anything else sees them.

        Forwarded through the queues of widgets, a key typed right behind the one that opens a
        question would still reach the list beneath it and act there.
        """
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif isinstance(event, events.Key) and event.key == "ctrl+l":
            self.action_repaint()
        elif self.screen.is_modal:
            self.screen.post_message(event)
        else:
            self.dashboard.take(event)

    def do(self, name: str) -> None:
        """Do what a key of the dashboard is for."""
        if self.message:
            self.message = None
            self.dashboard.draw_around()
        from opsdash.ui.doing import do

        do(self, name)

    def act_on(self, name: str, ids: Sequence[str]) -> None:
        """Do what a key means for what `ids` name."""
        from opsdash.ui.doing import act_on

        act_on(self, name, ids)

    def open_sheet(
        self, sheet: "Sheet[T]", answered: Callable[[T | None], None] | None = None
    ) -> None:
        """Lay a sheet over the dashboard."""
        self.push_screen(sheet, answered)

    def wear(self, name: str) -> None:
        """Change the theme at once; one that cannot be read is said and not worn."""
        try:
            self.palette = Palette(
                load_theme(name, self.preferences.themes_folder), self.preferences.colours
            )
        except ThemeError as error:
            self.say(str(clean(error)), "warn bold")
            return
        for screen in self.screen_stack:
            self.dress(screen)
            for widget in screen.query(LineWidget):
                widget.restyle()
        self.redraw()

    def act(
        self,
        verb: str,
        ids: Sequence[str],
        act: Callable[[], Awaitable[Outcome]],
        called: Mapping[str, str] | None = None,
    ) -> None:
        """Write what a person decided, away from the keys, and say what became of it.

        `called` is how what is no alert is called, by its id.
        """
        names = {alert.id: str(alert.name) for alert in self.alerts_of(ids)} | dict(called or {})
        self._acts.begin(verb, names, act)

    def forget_marks(self, ids: Sequence[str]) -> None:
        """Unmark everything, on whatever screen, once an act was done to any of the marked rows."""
        self.dashboard.forget_marks(ids)
        if len(self.screen_stack) > 1:
            from opsdash.ui.screens.sheet import Sheet

            for screen in self.screen_stack:
                if isinstance(screen, Sheet):
                    screen.forget_marks(ids)

    def pause(self) -> None:
        """Hold the picture as it is, or follow the store again."""
        self.paused = not self.paused
        self.lookout.wake()
        self.redraw()

    def alerts_of(self, ids: Sequence[str]) -> list[Alert]:
        """Return the alerts of these ids as they are drawn, those that are none left out."""
        found = (self.dashboard.alert_of(id) for id in ids)
        return [alert for alert in found if alert is not None]
