"""Keys about who is on call: override, take a shift, hold pages for maintenance, simulate, hand over."""

from typing import TYPE_CHECKING

from opsdash.domain.duty import on_call_view
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.matchers import Matcher, Op
from opsdash.domain.opening import service_of
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.schedule import Schedule, on_call
from opsdash.domain.text import SafeText
from opsdash.snapshot import Snapshot
from opsdash.ui.chosen import own_person, question_width
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.panes.on_call import override_words
from opsdash.ui.panes.shift_changes import changed_lines
from opsdash.ui.when import format_when

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


def take_shift(app: "OpsdashApp", schedule: str | None = None) -> None:
    """Fill in that the person takes over now, until the shift's usual end; enter does it."""
    found, snapshot = _schedule(app, schedule), app.snapshot
    if found is None or snapshot is None:
        return
    me, now = own_person(app), app.moment().now
    current = on_call(found, now)
    if me and any(shift.person == me for shift in current):
        app.say(f"you are on call on {found.id} already", "warn")
        return
    texts = {"who": me}
    if current:
        texts["until"] = format_when(current[0].end, app.zone)
        made = next((o for o in found.overrides if o.id == current[0].override), None)
        if made is not None and made.kind is OverrideKind.TEMPORARY:
            texts["do"] = "temporary"
        else:
            texts["who"] = f"{me} for {current[0].person}" if me else ""
    else:
        # Nobody is on call: until the next shift begins.
        texts["do"] = "add"
        view = on_call_view(snapshot.setup, found, now, "UTC", 1)
        if view.next is not None:
            texts["until"] = format_when(view.next.start, app.zone)
    texts["why"] = "taking the shift" if me else ""
    _ask_override(app, found.id, texts, 4 if me else 1)


def override(app: "OpsdashApp", schedule: str | None = None) -> None:
    """Ask who comes on call or goes off, from when until when and why."""
    found = _schedule(app, schedule)
    if found is not None:
        _ask_override(app, found.id, {}, 0)


def _ask_override(app: "OpsdashApp", schedule: str, texts: dict[str, str], first: int) -> None:
    from opsdash.ui.screens.override import OverrideSheet

    def answer(wanted: Override | None) -> None:
        if wanted is not None:
            app.act("overrode", (), lambda: app.hand.cover(wanted))

    app.open_sheet(OverrideSheet(schedule, texts, first), answer)


def remove(app: "OpsdashApp", key: str) -> None:
    """Take back the override or end the maintenance window that a row is, after saying what follows."""
    snapshot = app.snapshot
    kind, _, id = key.partition("/")
    if snapshot is None:
        return
    if kind == "override":
        every = ((s, o) for s in snapshot.setup.schedules for o in s.overrides)
        found = next(((s, o) for s, o in every if str(o.id) == id), None)
        if found is not None:
            _ask_removal(app, *found, snapshot)
    elif kind == "maintenance":
        window = next((w for w in snapshot.roster.maintenance if str(w.id) == id), None)
        if window is not None:
            _ask_end(app, window, snapshot)
    else:
        app.say("the rotation is the configuration's: override it instead", "warn")


def _ask_removal(
    app: "OpsdashApp", schedule: Schedule, override: Override, snapshot: Snapshot
) -> None:
    from dataclasses import replace

    from opsdash.domain.schedule import shifts
    from opsdash.ui.screens.ask import Ask

    moment = app.moment()
    start = max(override.start, moment.now)
    left = replace(schedule, overrides=tuple(o for o in schedule.overrides if o.id != override.id))
    before = shifts(schedule, start, override.end)
    after = shifts(left, start, override.end)
    words = [line((override_words(override, snapshot.setup), "bold")), EMPTY]
    setup, end = snapshot.setup, override.end
    words += changed_lines(before, after, start, end, setup, moment, app.glyphs)

    def answer(said: str | None) -> None:
        if said is not None:
            app.act("took back override", (), lambda: app.hand.uncover(override.id))

    app.open_sheet(Ask(f"Remove override {override.id}", words, "enter removes it: "), answer)


def _ask_end(app: "OpsdashApp", window: Maintenance, snapshot: Snapshot) -> None:
    from opsdash.preview import held_back, standing_words
    from opsdash.ui.panes.facts import wrapped
    from opsdash.ui.screens.ask import Ask

    held = held_back(window, snapshot)
    words: list[Line] = [line(("It ends now instead of by itself.", ""))]
    if held:
        names = ", ".join(a.name for a in held[:5])
        count = "1 alert is" if len(held) == 1 else f"{len(held)} alerts are"
        words.append(line((f"{count} paged then: ", "text"), names))
        for told in standing_words(held, snapshot):
            words += [line((part, "warn bold")) for part in wrapped(told, question_width(app))]
    else:
        words.append(line(("It holds no alert: nobody is paged.", "muted")))

    def answer(said: str | None) -> None:
        if said is not None:
            app.act("ended maintenance", (), lambda: app.hand.end_maintenance(window.id))

    app.open_sheet(Ask(f"End maintenance {window.id}", words, "enter ends it: "), answer)


def maintenance(app: "OpsdashApp") -> None:
    """Ask which service's pages are held, until when and why; filled in from the row."""
    from opsdash.ui.screens.maintenance import MaintenanceSheet

    alert = next(iter(app.alerts_of(app.dashboard.chosen())), None)
    service = str(service_of(alert)) if alert is not None and app.screen is app.dashboard else ""

    def answer(window: Maintenance | None) -> None:
        if window is not None:
            app.act("began maintenance", (), lambda: app.hand.maintain(window))

    app.open_sheet(MaintenanceSheet({"service": service}, 3 if service else 0), answer)


def simulate(app: "OpsdashApp") -> None:
    """Show who would be woken, and when; with the labels of the row, were it to fire then."""
    from opsdash.ui.screens.simulate import SimulateSheet

    alert = next(iter(app.alerts_of(app.dashboard.chosen())), None)
    texts = {}
    if alert is not None and app.screen is app.dashboard:
        named = [
            (name, alert.labels[name]) for name in ("severity", "page") if name in alert.labels
        ]
        matchers = [Matcher(SafeText(name), Op.EQUAL, SafeText(value)) for name, value in named]
        # A quote in a value must not end it: the sheet reads this back.
        texts["labels"] = ", ".join(map(str, matchers))
    app.open_sheet(SimulateSheet(texts))


def handoff(app: "OpsdashApp", schedule: str | None = None) -> None:
    """Show the shift's checklist and its digest for whoever takes over."""
    from opsdash.ui.screens.handoff import HandoffScreen

    found = _schedule(app, schedule)
    if found is not None:
        app.open_sheet(HandoffScreen(found.id))


def _schedule(app: "OpsdashApp", id: str | None) -> Schedule | None:
    """Return the schedule `id`, the first where none is named; say so where there is none."""
    schedules = app.snapshot.setup.schedules if app.snapshot else ()
    found = next((s for s in schedules if id in (None, s.id)), None)
    if found is None:
        app.say("no schedule is configured", "warn")
    return found
