"""The lines under the header: what keeps the screen from being whole, the worst first."""

from collections.abc import Sequence

from opsdash.domain.freshness import Freshness
from opsdash.domain.shift_change import CHANGE_SHOWN
from opsdash.domain.source import EngineState, SourceState, SourceView
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, crop, cut, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.header import engine_state, is_starting
from opsdash.ui.panes.maintenance import maintenance_lines


def problem_lines(
    snapshot: Snapshot, width: int, room: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return what keeps the screen from being whole in at most `room` lines, the worst first."""
    found = [*engine_lines(snapshot, moment, glyphs), *_sources(snapshot, moment, glyphs)]
    for problem in snapshot.problems:
        if problem.id != "engine" and not problem.id.startswith("source:"):
            since = f", since {moment.date_clock(problem.since)}" if problem.since else ""
            loud = problem.id == "exhausted"
            sign, style = (glyphs.crit, "crit bold") if loud else (glyphs.warn, "warn")
            found.append(line((f" {sign} {problem.text}{since}", style)))
    # That pages are held is said whatever else is wrong.
    kept = max(room - len(found), 1 if room > 1 else 0)
    windows = maintenance_lines(snapshot, width, kept, moment, glyphs)
    found = [*_folded(found, room - len(windows), glyphs), *windows]
    if len(found) < room:
        # What has changed is no problem: it yields to those that are.
        found += _shift_changes(snapshot, room - len(found), moment, glyphs)
    return [
        crop(tuple((cut(text, width, glyphs.ellipsis), style) for text, style in one), width)
        for one in found[:room]
    ]


def _folded(found: list[Line], room: int, glyphs: Glyphs) -> list[Line]:
    """Return the problems in `room` lines: those without a line of their own are counted."""
    if len(found) <= room or room < 1:
        return found
    if room == 1:
        text = f" {glyphs.crit} {len(found)} problems: the view is not whole"
        return [line((text, "crit bold"))]
    hidden = len(found) - room + 1
    return [*found[: room - 1], line((f" {glyphs.warn} and {hidden} more problems", "warn"))]


def _shift_changes(snapshot: Snapshot, room: int, moment: Moment, glyphs: Glyphs) -> list[Line]:
    """The shifts that changed a moment ago, the newest first."""
    if not snapshot.roster.changes:
        return []
    # Most screens never need the words.
    from opsdash.domain.handoff import changed_words

    found = []
    for change in reversed(snapshot.roster.changes):
        if moment.now - change.at < CHANGE_SHOWN:
            moment.expect(change.at + CHANGE_SHOWN)
            text = changed_words(snapshot.setup, change)
            style = "accent" if change.after else "crit bold"
            found.append(line((f" {glyphs.arrow} {moment.clock(change.at)} {text}", style)))
    return found[:room]


def engine_lines(snapshot: Snapshot, moment: Moment, glyphs: Glyphs) -> list[Line]:
    """Return that no engine runs, as one line of its own length; nothing where one does."""
    engine = snapshot.engine
    state = engine_state(snapshot, moment)
    if state is EngineState.RUNNING:
        return []
    if is_starting(snapshot, moment):
        seen = engine.heartbeat_at
        old = f"; figures are {moment.age(seen)} old" if seen else "; nothing is read yet"
        return [line((f" {glyphs.unknown} starting an engine{old}", "unknown bold"))]
    if state is EngineState.NEVER or engine.heartbeat_at is None:
        text = "NO ENGINE has run yet: nothing is collected and nobody is paged"
    else:
        since, ago = moment.date_clock(engine.heartbeat_at), moment.age(engine.heartbeat_at)
        text = (
            f"ENGINE DOWN since {since} ({ago}): figures are old and nobody is paged"
            f"{glyphs.dash.join((' ', ' '))}last was {engine.holder or 'unknown'}"
        )
    return [line((f" {glyphs.crit} {text} ", "crit reverse bold"))]


def _sources(snapshot: Snapshot, moment: Moment, glyphs: Glyphs) -> list[Line]:
    found = []
    for sources in _alike(snapshot.sources):
        source = sources[0]
        stale = [s for s in sources if not _live(s, moment)]
        if source.state is SourceState.FAILING:
            text = _failing(sources, stale, moment)
            found.append(line((f" {glyphs.crit} {text}", "crit bold")))
        elif source.state is SourceState.OK and stale:
            ago = moment.age(source.last_success) if source.last_success else "ever"
            found.append(line((f" {glyphs.warn} {source.id}: not read for {ago}", "warn bold")))
    return found


def _alike(sources: Sequence[SourceView]) -> list[list[SourceView]]:
    """Return the sources, those together that one server fails: its line is said once."""
    found: list[list[SourceView]] = []
    # What a server did is the end of what those say that had more to say of it.
    for source in sorted(sources, key=lambda s: len(s.reason or "")):
        for alike in found:
            cause = alike[0].reason or ""
            same = source.state is SourceState.FAILING is alike[0].state
            if same and "://" in cause and (source.reason or "").endswith(cause):
                alike.append(source)
                break
        else:
            found.append([source])
    order = {source.id: place for place, source in enumerate(sources)}
    return sorted(found, key=lambda alike: order[alike[0].id])


def _failing(sources: Sequence[SourceView], stale: Sequence[SourceView], moment: Moment) -> str:
    reason = sources[0].reason or "no answer"
    comma = "" if reason.endswith("?") else ","
    since = f"{comma} since {moment.date_clock(min(source.since for source in sources))}"
    seen = ""
    heard = [source.last_success for source in stale if source.last_success is not None]
    if any(source.last_success is None for source in sources):
        seen = "; it has never answered" if len(sources) == 1 else "; not all have ever answered"
    elif heard:
        what = "what it says is" if len(sources) == 1 else "what they say is up to"
        seen = f"; {what} {moment.age(min(heard))} old"
    return f"{', '.join(source.id for source in sources)}: {reason}{since}{seen}"


def _live(source: SourceView, moment: Moment) -> bool:
    return moment.freshness_of(source.last_success, source.interval) is Freshness.LIVE
