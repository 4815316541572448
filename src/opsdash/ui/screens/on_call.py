"""The on-call screen: every schedule with its calendar, overrides and gaps, and maintenance windows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsdash.domain.duty import OnCallView, on_call_view
from opsdash.domain.maintenance import Maintenance, holding
from opsdash.domain.override import Override
from opsdash.domain.schedule import Schedule
from opsdash.domain.setup import Setup
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.on_call import (
    ON_CALL_COLUMNS,
    gaps_summary,
    level_lines,
    maintenance_about,
    maintenance_row,
    override_about,
    override_row,
    schedule_about,
    schedule_row,
    zone_name,
)
from opsdash.ui.screens.page import Page
from opsdash.ui.screens.roll import Roll
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row


class Views:
    """The schedules as they are shown, made anew only when they may read otherwise."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Setup, datetime, OnCallView]] = {}

    def of(self, schedule: Schedule, setup: Setup, moment: Moment) -> OnCallView:
        """Return a schedule as it is shown now."""
        known = self._made.get(schedule.id)
        if known is None or known[0] is not setup or moment.now >= known[1]:
            zone = getattr(moment.zone, "key", "UTC")
            view = on_call_view(setup, schedule, moment.now, zone)
            self._made[schedule.id] = known = (setup, _good_until(view, moment.now), view)
        moment.expect(known[1])
        return known[2]


def _good_until(view: OnCallView, now: datetime) -> datetime:
    """Until when a view stays true: the next handoff, gap, end of an override, or hour."""
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    edges = [shift.end for shift in view.now] + [override.end for override in view.overrides]
    edges += [at for gap in view.gaps for at in (gap.start, gap.end)]
    edges += [view.next.start] if view.next is not None else []
    return min([hour, *(at for at in edges if at > now)])


class OnCallScreen(Roll):
    """Schedules, each with its overrides beneath it, then the maintenance windows."""

    title_words = "On call"
    hints = (
        ("take_shift", "take it now"),
        ("override", "override"),
        ("expire", "remove"),
        ("maintenance", "maintenance"),
        ("simulate", "simulate"),
        ("handoff", "handoff"),
        ("detail", "everything"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._views = Views()

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns of schedules."""
        return ON_CALL_COLUMNS

    def keys(self, snapshot: Snapshot, moment: Moment) -> Sequence[str]:
        """Return the schedules, their overrides, and the windows that are not over."""
        found = []
        views = {}
        for schedule in snapshot.setup.schedules:
            view = views[schedule.id] = self._views.of(schedule, snapshot.setup, moment)
            found.append(f"schedule/{schedule.id}")
            found += [f"override/{o.id}" for o in view.overrides if o.end > moment.now]
        found += [f"maintenance/{w.id}" for w in current_windows(snapshot, moment)]
        self.hint = f"{gaps_summary(views)}, times in {zone_name(moment)}"
        return found

    def row(self, key: str, snapshot: Snapshot, moment: Moment) -> Row:
        """Return the row of a schedule, an override or a maintenance window."""
        glyphs = self.app.glyphs
        schedule, override, window = self._found(key, snapshot)
        if schedule is not None:
            return schedule_row(self._views.of(schedule, snapshot.setup, moment), moment, glyphs)
        if override is not None:
            return override_row(override, snapshot.setup, moment, glyphs)
        if window is not None:
            holds = len(held_names(window, snapshot, moment))
            return maintenance_row(window, holds, moment, glyphs)
        return Row(key, ())

    def about(self, key: str, width: int, snapshot: Snapshot, moment: Moment) -> Sequence[Line]:
        """Return everything about the row."""
        schedule, override, window = self._found(key, snapshot)
        setup, glyphs = snapshot.setup, self.app.glyphs
        if schedule is not None:
            view = self._views.of(schedule, setup, moment)
            return schedule_about(schedule, view, setup, width, moment, glyphs)
        if override is not None:
            return override_about(override, setup, width, moment, glyphs)
        if window is not None:
            return maintenance_about(window, held_names(window, snapshot, moment), width, moment)
        return [line(("it is over", "muted"))]

    def empty(self, snapshot: Snapshot) -> Line:
        """Say that no schedule is configured."""
        return line(
            ("no schedule is configured: ", "warn bold"),
            ("write a [[schedule]]", "muted"),
        )

    def opened(self, key: str) -> None:
        """Show everything about the row on a page of its own, kept up to date."""

        def lines(width: int, moment: Moment) -> Sequence[Line]:
            snapshot = self.app.snapshot
            if snapshot is None:
                return []
            return self.about(key, width, snapshot, moment) or level_lines(snapshot.setup, moment)

        self.app.open_sheet(Page(key.replace("/", " "), lines))

    def do(self, action: str, key: str | None) -> None:
        """Take the shift, override it, remove what the row is, or hold pages."""
        from opsdash.ui import rostering

        schedule = self._schedule_of(key)
        acts = {
            "take_shift": lambda: rostering.take_shift(self.app, schedule),
            "override": lambda: rostering.override(self.app, schedule),
            "maintenance": lambda: rostering.maintenance(self.app),
            "simulate": lambda: rostering.simulate(self.app),
            "handoff": lambda: rostering.handoff(self.app, schedule),
        }
        if action in acts:
            acts[action]()
        elif action == "undo":
            from opsdash.ui import acts as responding

            responding.undo(self.app, ())
        elif action == "expire" and key is not None:
            rostering.remove(self.app, key)

    def _schedule_of(self, key: str | None) -> str | None:
        """The schedule that a row belongs to, None for a maintenance window."""
        snapshot = self.app.snapshot
        if key is None or snapshot is None:
            return None
        schedule, override, _ = self._found(key, snapshot)
        if schedule is not None:
            return schedule.id
        return override.schedule if override is not None else None

    def _found(
        self, key: str, snapshot: Snapshot
    ) -> tuple[Schedule | None, Override | None, Maintenance | None]:
        kind, _, id = key.partition("/")
        if kind == "schedule":
            return next((s for s in snapshot.setup.schedules if s.id == id), None), None, None
        if kind == "override":
            every = (o for s in snapshot.setup.schedules for o in s.overrides)
            return None, next((o for o in every if str(o.id) == id), None), None
        windows = snapshot.roster.maintenance
        return None, None, next((w for w in windows if str(w.id) == id), None)


def current_windows(snapshot: Snapshot, moment: Moment) -> list[Maintenance]:
    """Return the maintenance windows that are not over."""
    found = [w for w in snapshot.roster.maintenance if w.until > moment.now]
    for window in found:
        moment.expect(window.until)
    return found


def held_names(window: Maintenance, snapshot: Snapshot, moment: Moment) -> list[str]:
    """Return the names of the open alerts that a window keeps from paging now."""
    return [
        str(alert.name)
        for alert in snapshot.alerts
        if alert.open and holding((window,), alert, moment.now) is not None
    ]
