"""What happened to one thing, an entry a line."""

from collections.abc import Sequence

from opsdash.domain.alert import Alert
from opsdash.domain.incident import Incident
from opsdash.domain.timeline import Entry
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import cut_line
from opsdash.ui.ports import Detail


def entries_of(thing: Alert | Incident, detail: Detail | None) -> tuple[Entry, ...] | None:
    """Return the timeline of an alert or incident, None while it has not been read."""
    return detail.entries if detail is not None and detail.id == thing.id else None


def timeline_lines(
    entries: Sequence[Entry] | None, width: int, room: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return the newest entries in `room` lines, the newest last."""
    if room <= 0:
        return []
    if not entries:
        return [line(("nothing recorded yet" if entries is not None else "", "muted"))]
    return [cut_line(entry_line(entry, moment), width, glyphs) for entry in entries[-room:]]


def entry_line(entry: Entry, moment: Moment) -> Line:
    """Return a timeline entry in one line: when, what, by whom, in words."""
    local, today = entry.at.astimezone(moment.zone), moment.now.astimezone(moment.zone)
    stamp = local.strftime("%H:%M:%S" if local.date() == today.date() else "%m-%d %H:%M")
    claimed = entry.claimed.get("OPSDASH_USER") or entry.claimed.get("SUDO_USER")
    by = f"{entry.by} (says {claimed})" if claimed and claimed != entry.by else entry.by
    kind = entry.kind.value.replace("_", " ")
    return line((stamp, "muted"), (f"  {kind:<12} ", "accent"), entry.text, (f"  {by}", "muted"))
