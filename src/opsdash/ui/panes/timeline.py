"""What happened to one thing, an entry a line."""

from collections.abc import Sequence

from opsdash.domain.alert import Alert
from opsdash.domain.incident import Incident
from opsdash.domain.timeline import Entry
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import cut_line
from opsdash.ui.ports import Detail

ENGINE = "engine"
"""Who did what nobody did; it goes without saying where room is short."""

_LEAST = 20
"""Cells of an entry's words below which nobody is named beside them."""


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
    return [entry_line(entry, width, moment, glyphs) for entry in entries[-room:]]


def entry_line(entry: Entry, width: int, moment: Moment, glyphs: Glyphs) -> Line:
    """Return a timeline entry in one line: when, what, in words, by whom where there is room.

    What is cut is the words: a name in part is none.
    """
    local, today = entry.at.astimezone(moment.zone), moment.now.astimezone(moment.zone)
    stamp = local.strftime("%H:%M:%S" if local.date() == today.date() else "%m-%d %H:%M")
    claimed = entry.claimed.get("OPSDASH_USER") or entry.claimed.get("SUDO_USER")
    by = f"{entry.by} (says {claimed})" if claimed and claimed != entry.by else entry.by
    kind = entry.kind.value.replace("_", " ")
    text = entry.text.removeprefix(f"{kind}: ")
    told = line((stamp, "muted"), (f"  {kind:<12} ", "accent"), text)
    whole = line(told, (f"  {by}", "muted"))
    if width_of(whole) <= width:
        return whole
    if entry.by == ENGINE or width - width_of(whole) + len(text) < _LEAST:
        return cut_line(told, width, glyphs)
    room = width - width_of(line(f"  {by}"))
    return line(cut_line(told, room, glyphs), (f"  {by}", "muted"))
