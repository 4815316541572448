"""What the list of alerts says as a whole: how fresh it is, and what its emptiness proves."""

from opsdash.domain.freshness import Freshness
from opsdash.domain.source import EngineState, SourceState
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_columns import MIDDLE
from opsdash.ui.panes.header import engine_state

_BESIDE_ASIDE = 34
"""Cells of the list's border that its title, its corners and an ellipsis take."""


def alerts_aside(snapshot: Snapshot, width: int, moment: Moment, glyphs: Glyphs) -> Line:
    """Return what the border of the list says: what is open, and how fresh each source is.

    Where there is no room for every source the last ones give way, never what nobody has: a border
    without room for all of it would say nothing.
    """
    _, _, waiting, pending = snapshot.shown.tally
    word = "unacknowledged" if width >= MIDDLE else "unacked"
    parts = [line((f"{waiting} {word}", "crit bold" if waiting else "muted"))]
    if pending and width >= MIDDLE:
        parts.append(line((f"{pending} pending", "muted")))
    parts += _sources(snapshot, width, moment, glyphs)
    joined, *rest = parts
    for part in rest:
        longer = line(joined, (f" {glyphs.dot} ", "muted"), part)
        if width_of(longer) > width - _BESIDE_ASIDE:
            return line(joined, (f" {glyphs.ellipsis}", "muted"))
        joined = longer
    return joined


def _sources(snapshot: Snapshot, width: int, moment: Moment, glyphs: Glyphs) -> list[Line]:
    parts = []
    for source in snapshot.sources:
        fresh = moment.freshness_of(source.last_success, source.interval)
        if source.last_success is None:
            parts.append(line((f"{glyphs.unknown} {source.id} no answer yet", "unknown bold")))
        elif fresh is not Freshness.LIVE:
            old = moment.age(source.last_success)
            parts.append(line((f"{glyphs.unknown} {source.id} {old} old", "unknown bold")))
        elif source.state is SourceState.FAILING:
            parts.append(line((f"{glyphs.warn} {source.id} failing", "warn")))
        elif width >= MIDDLE:
            parts.append(line((f"{source.id} live", "muted")))
    if not parts and snapshot.sources:
        parts.append(line(("live", "muted")))
    return parts


def empty_words(snapshot: Snapshot, moment: Moment, glyphs: Glyphs) -> Line:
    """Return what an empty list says: all quiet only where every source was just heard."""
    blind = blind_reason(snapshot, moment)
    if blind:
        return line(
            (f"{glyphs.unknown} I am blind: {blind}. ", "unknown bold"),
            ("An empty list proves nothing now.", "unknown"),
        )
    heard = ", ".join(source.id for source in snapshot.sources)
    return line(
        (f"{glyphs.ok} All quiet. ", "ok bold"), (f"Nothing fires; {heard} answered.", "ok")
    )


def blind_reason(snapshot: Snapshot, moment: Moment) -> str:
    """Return why an empty list proves nothing; empty where it does prove that all is quiet."""
    if engine_state(snapshot, moment) is not EngineState.RUNNING:
        return "no engine is at work"
    if not snapshot.sources:
        return "no source is configured"
    for source in snapshot.sources:
        if source.state is SourceState.WAITING or source.last_success is None:
            return f"{source.id} has not answered yet"
        if source.state is SourceState.FAILING:
            return f"{source.id} does not answer"
        if moment.freshness_of(source.last_success, source.interval) is not Freshness.LIVE:
            return f"{source.id} was last heard {moment.age(source.last_success)} ago"
    return ""
