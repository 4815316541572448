"""The first lines of every screen: the system's status, who is on call, and what is wrong with the view."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from opsdash.domain.duration import parse_duration
from opsdash.domain.freshness import ENGINE_DOWN_AFTER, Freshness
from opsdash.domain.indicator import Reading
from opsdash.domain.source import EngineState
from opsdash.domain.status import Status
from opsdash.snapshot import Snapshot
from opsdash.ui.format import reading_figure, scale_of, trend, windows
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, crop, cut, line, on, spaced, spread, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.on_duty import Cover, covers, nobody, on_duty
from opsdash.ui.panes.tile import oldest

_LOOKS = {
    Status.HEALTHY: ("ok", "ok"),
    Status.DEGRADED: ("warn", "warn"),
    Status.CRITICAL: ("crit", "crit"),
    Status.UNKNOWN: ("unknown", "unknown"),
}


WORDS = 100
"""Cells from which the counts of the header have words, if there is room."""

_TITLE = 8
"""Cells below which a title says nothing."""


def header(
    snapshot: Snapshot, width: int, moment: Moment, glyphs: Glyphs, paused: bool = False
) -> Line:
    """Return the one line that says what, how it is, and for whom; what is least needed yields."""
    title = line((str(snapshot.setup.title), "bold"))
    flags = _flags(snapshot, paused)
    state = status_badge(status_of(snapshot, moment), glyphs)
    found = covers(snapshot, moment)
    extras = _extras(snapshot, found, moment, glyphs)
    for steps, words in _shortenings(extras, width >= WORDS):
        counts = severity_counts(snapshot, glyphs, words=words)
        alone = nobody(found, brief=not words)
        left = line(" ", spaced([title, flags, state, counts, alone]))
        shown = [forms[step] for forms, step in zip(extras.values(), steps, strict=True)]
        right = line(spaced(shown, "   "), " ") if any(shown) else EMPTY
        if width_of(left) + width_of(right) + (2 if right else 0) <= width:
            return on(spread(left, right, width), "on header")
    left = line(" ", spaced([state, severity_counts(snapshot, glyphs, False), flags, alone]))
    room = width - width_of(left) - 2
    name = cut(str(snapshot.setup.title), room, glyphs.ellipsis) if room >= _TITLE else ""
    return on(crop(spaced([left, line((name, "bold"))]), width), "on header")


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


def tiny(
    snapshot: Snapshot, width: int, moment: Moment, glyphs: Glyphs, paused: bool = False
) -> Line:
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
    if paused:
        parts.append(line(("PAUSED", "warn bold")))
    if snapshot.setup.simulated:
        parts.append(line(("SIMULATED", "accent bold")))
    return crop(spaced(parts, " "), width)


def _flags(snapshot: Snapshot, paused: bool) -> Line:
    parts = []
    if snapshot.setup.simulated:
        parts.append(line((" SIMULATED ", "accent reverse bold")))
    if paused:
        parts.append(line((" PAUSED ", "warn reverse bold")))
    return spaced(parts, " ")


_YIELDING = (
    ("on call", 1),
    ("counts", 1),
    ("uptime", 1),
    ("on call", -3),
    ("uptime", 2),
    ("users", 1),
    ("uptime", -1),
    ("users", -1),
    ("on call", -2),
    ("read", -1),
)
"""What is written shorter in a header without room, in turn: to which of its forms, from the last
where below 0. The last one of each is to leave it out.
"""


def _shortenings(
    extras: Mapping[str, Sequence[Line]], words: bool
) -> Iterator[tuple[list[int], bool]]:
    """Yield which form of each extra to try, and whether the counts have words, the fullest first."""
    steps = dict.fromkeys(extras, 0)
    yield [*steps.values()], words
    for name, to in _YIELDING:
        if name == "counts":
            words = False
        elif name in steps:
            last = to % len(extras[name]) if to < 0 else min(to, len(extras[name]) - 1)
            while steps[name] < last:
                steps[name] += 1
                yield [*steps.values()], words
            continue
        yield [*steps.values()], words
    # The time of the picture is short: it may fit where nobody's name does.
    yield [0 if name == "read" else len(extras[name]) - 1 for name in extras], words
    yield [len(forms) - 1 for forms in extras.values()], words


def _extras(
    snapshot: Snapshot, found: Sequence[Cover], moment: Moment, glyphs: Glyphs
) -> dict[str, list[Line]]:
    """Return what stands at the right: the forms of each, from the longest to nothing at all."""
    refresh = snapshot.setup.refresh
    extras = {
        "uptime": _reading(snapshot.uptime, refresh, moment, glyphs),
        "users": _reading(snapshot.users, refresh, moment, glyphs),
        "on call": on_duty(found, moment, glyphs),
    }
    if snapshot.as_of is not None:
        zone = snapshot.as_of.astimezone(moment.zone).strftime("%Z")
        extras["read"] = [line((f"{moment.clock(snapshot.as_of)} {zone}", "muted"))]
    return {name: [*forms, EMPTY] for name, forms in extras.items() if forms}


def _reading(
    reading: Reading | None, refresh: timedelta, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    if reading is None:
        return []
    indicator = reading.indicator
    name = line((indicator.id.replace("_", " "), "muted"), " ")
    fresh = moment.freshness(reading, refresh)
    if fresh is Freshness.NO_DATA or reading.value is None:
        return [line(name, ("no data", "unknown"))]
    scale = scale_of(indicator, reading.value, reading.history)
    written = reading_figure(reading, scale).compact
    if fresh is Freshness.STALE:
        return [line(name, (f"{written} {moment.age(oldest(reading))} old", "muted"))]
    bare = line(name, (written, "bold"))
    parts = bare
    if indicator.compare is not None:
        parts = line(parts, " ", (trend(reading.value, reading.compared, glyphs), "muted"))
    forms = [parts, bare]
    for downtime in _downtime(reading):
        forms.insert(-2, line(parts, (downtime, "muted")))
    # A figure without a trend has one form fewer.
    return list(dict.fromkeys(forms))


def _downtime(reading: Reading) -> list[str]:
    """How long an availability was down, with the window of its query and without."""
    spans = windows(reading.indicator)
    if not spans:
        return []
    try:
        window = parse_duration(spans[0])
    except ValueError:
        return []
    if reading.value is None or not 0 <= reading.value <= 1:
        return []
    down = (1 - reading.value) * window.total_seconds()
    return [f" {spans[0]}, {down:,.0f} s down", f" {down:,.0f}s down"]
