"""The first lines of every screen: the system's status, who is on call, and what is wrong with the view."""

from collections.abc import Sequence
from datetime import timedelta

from opsdash.domain.duration import parse_duration
from opsdash.domain.freshness import ENGINE_DOWN_AFTER, Freshness
from opsdash.domain.indicator import Reading
from opsdash.domain.status import Status
from opsdash.snapshot import EngineState, Snapshot
from opsdash.ui.format import figure, scale_of, trend, windows
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, crop, line, on, spaced, spread, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.metrics import oldest

_LOOKS = {
    Status.HEALTHY: ("ok", "ok"),
    Status.DEGRADED: ("warn", "warn"),
    Status.CRITICAL: ("crit", "crit"),
    Status.UNKNOWN: ("unknown", "unknown"),
}


def header(
    snapshot: Snapshot, width: int, moment: Moment, glyphs: Glyphs, paused: bool = False
) -> Line:
    """Return the one line that says what, how it is, and for whom; what is least needed yields."""
    title = line(" ", (str(snapshot.setup.title), "bold"))
    flags = _flags(snapshot, paused)
    state = status_badge(status_of(snapshot, moment), glyphs)
    counts = severity_counts(snapshot, glyphs, words=width >= 100)
    left = line(" ", spaced([title[1:], flags, state, counts]))
    extras = _fitted(_extras(snapshot, moment, glyphs), width - width_of(left) - 3)
    if width_of(left) + 1 > width:
        left = line(" ", spaced([state, counts, flags, title[1:]]))
    right = line(spaced(extras, "   "), " ") if extras else EMPTY
    return on(spread(left, right, width), "on header")


def engine_state(snapshot: Snapshot, moment: Moment) -> EngineState:
    """Return how the engine is now, which may be worse than when the snapshot was taken."""
    engine = snapshot.engine
    if engine.state is EngineState.RUNNING and engine.heartbeat_at is not None:
        moment.expect_stale(engine.heartbeat_at + ENGINE_DOWN_AFTER + timedelta(milliseconds=1))
        if moment.now - engine.heartbeat_at > ENGINE_DOWN_AFTER:
            return EngineState.DOWN
    return engine.state


def is_starting(snapshot: Snapshot, moment: Moment) -> bool:
    """Whether an engine was started a moment ago and may still be on its way."""
    until = snapshot.engine.starting_until
    if until is not None and moment.now <= until:
        moment.expect(until + timedelta(milliseconds=1))
        return True
    return False


def status_of(snapshot: Snapshot, moment: Moment) -> Status:
    """Return the system's status now: what was healthy under an engine since dead is unknown."""
    if engine_state(snapshot, moment) is EngineState.RUNNING:
        return snapshot.status
    return Status.CRITICAL if snapshot.status is Status.CRITICAL else Status.UNKNOWN


def status_badge(status: Status, glyphs: Glyphs) -> Line:
    """Return the status as a filled badge: sign and word, never the colour alone."""
    sign, style = _LOOKS[status]
    word = status.value.upper()
    return line((f" {getattr(glyphs, sign)} {word} ", f"{style} reverse bold"))


def severity_counts(snapshot: Snapshot, glyphs: Glyphs, words: bool = True) -> Line:
    """Return how many critical and warning alerts fire; nothing where none does."""
    parts = []
    counts = snapshot.shown.tally
    for count, word, sign, style in (
        (counts.critical, "critical", glyphs.crit, "crit bold"),
        (counts.warning, "warning", glyphs.warn, "warn bold"),
    ):
        if count:
            text = f"{sign} {count} {word}" if words else f"{sign} {count}"
            parts.append(line((text, style)))
    return spaced(parts)


def tiny(snapshot: Snapshot, width: int, moment: Moment, glyphs: Glyphs) -> Line:
    """Return the one line of a terminal too small for anything else: `3 CRIT 5 WARN`."""
    status = status_of(snapshot, moment)
    if engine_state(snapshot, moment) is not EngineState.RUNNING:
        if is_starting(snapshot, moment):
            return crop(line(("engine starts", "unknown bold")), width)
        return crop(line(("ENGINE DOWN", "crit bold")), width)
    counts = snapshot.shown.tally
    parts = [
        line((f"{count} {word}", f"{style} bold"))
        for count, word, style in (
            (counts.critical, "CRIT", "crit"),
            (counts.warning, "WARN", "warn"),
        )
        if count
    ]
    if not parts or status is Status.UNKNOWN:
        sign, style = _LOOKS[status]
        parts.append(line((f"{getattr(glyphs, sign)} {status.value.upper()}", style)))
    return crop(spaced(parts, " "), width)


def _flags(snapshot: Snapshot, paused: bool) -> Line:
    parts = []
    if snapshot.setup.simulated:
        parts.append(line((" SIMULATED ", "accent reverse bold")))
    if paused:
        parts.append(line((" PAUSED ", "warn reverse bold")))
    return spaced(parts, " ")


def _fitted(extras: Sequence[tuple[Line, Line]], room: int) -> list[Line]:
    """Return the extras that fit: the first are written shorter first, and left out first."""
    for first in range(len(extras)):
        shown = [whole for whole, _ in extras[first:]]
        for at, (_, brief) in enumerate(extras[first:]):
            if width_of(spaced(shown, "   ")) <= room:
                return shown
            shown[at] = brief
        if width_of(spaced(shown, "   ")) <= room:
            return shown
    return []


def _extras(snapshot: Snapshot, moment: Moment, glyphs: Glyphs) -> list[tuple[Line, Line]]:
    """What stands at the right, whole and brief, from the first to be left out to the last."""
    found = [
        _reading(snapshot.uptime, snapshot.setup.refresh, moment, glyphs),
        _reading(snapshot.users, snapshot.setup.refresh, moment, glyphs),
        _on_call(snapshot, moment, glyphs),
    ]
    if snapshot.as_of is not None:
        zone = snapshot.as_of.astimezone(moment.zone).strftime("%Z")
        read = line((f"{moment.clock(snapshot.as_of)} {zone}", "muted"))
        found.append((read, read))
    return [extra for extra in found if extra[0]]


def _reading(
    reading: Reading | None, refresh: timedelta, moment: Moment, glyphs: Glyphs
) -> tuple[Line, Line]:
    if reading is None:
        return EMPTY, EMPTY
    indicator = reading.indicator
    name = line((indicator.id.replace("_", " "), "muted"), " ")
    fresh = moment.freshness(reading, refresh)
    if fresh is Freshness.NO_DATA or reading.value is None:
        return (line(name, ("no data", "unknown")),) * 2
    scale = scale_of(indicator, reading.value, reading.history)
    written = figure(reading.value, indicator, scale).compact
    if fresh is Freshness.STALE:
        return (line(name, (f"{written} {moment.age(oldest(reading))} old", "muted")),) * 2
    parts = line(name, (written, "bold"))
    if indicator.compare is not None:
        parts = line(parts, " ", (trend(reading.value, reading.compared, glyphs), "muted"))
    return line(parts, (_downtime(reading), "muted")), parts


def _downtime(reading: Reading) -> str:
    """The window of an availability's query, and how long it was down in it."""
    spans = windows(reading.indicator)
    if not spans:
        return ""
    try:
        window = parse_duration(spans[0])
    except ValueError:
        return ""
    if reading.value is None or not 0 <= reading.value <= 1:
        return ""
    return f" {spans[0]}, {(1 - reading.value) * window.total_seconds():,.0f} s down"


def _on_call(snapshot: Snapshot, moment: Moment, glyphs: Glyphs) -> tuple[Line, Line]:
    if not snapshot.on_call:
        missing = "nobody on call" if snapshot.setup.schedules else ""
        return (line((missing, "crit bold")) if missing else EMPTY,) * 2
    duty = snapshot.on_call[0]
    until = moment.date_clock(duty.until)
    whole = line(("on call ", "muted"), (duty.name, "bold"), (f" until {until}", "muted"))
    return whole, line((duty.name, "bold"), (f"{glyphs.arrow}{until}", "muted"))
