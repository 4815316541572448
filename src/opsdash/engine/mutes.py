"""What hides an alert and what lets it go, in words for its timeline, by whoever did it."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.silence import Silence
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.store import silences

_ENGINE = SafeText("engine")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the timeline and who is behind it: a person known here, else the engine."""

    text: SafeText
    by: SafeText = _ENGINE
    claimed: Mapping[str, SafeText] = field(default_factory=dict)


def said_of_mute(connection: sqlite3.Connection, alert: Alert, now: datetime) -> Said:
    """Return by what an alert is hidden, until when and why."""
    if not alert.silenced_by:
        return Said(clean("inhibited by " + ", ".join(alert.inhibited_by)))
    known = [found for id in alert.silenced_by if (found := silences.load(connection, id))]
    if not known:
        return Said(clean("silenced by " + ", ".join(alert.silenced_by)))
    longest = max(known, key=lambda silence: silence.ends_at)
    left = format_span(longest.ends_at - now)
    if longest.own:
        text = f"silenced by {longest.id}, {left} left: {longest.comment}"
        return Said(clean(text), longest.author, longest.claimed)
    # Who made it there is what its maker said: it is told, and not taken for the author.
    author = longest.author or "nobody named"
    return Said(clean(f"silenced in Alertmanager by {author}, {left} left: {longest.comment}"))


def said_of_unmute(connection: sqlite3.Connection, before: Alert, now: datetime) -> Said:
    """Return why an alert is hidden no longer."""
    known = [found for id in before.silenced_by if (found := silences.load(connection, id))]
    ended = [silence for silence in known if silence.until <= now]
    if not ended:
        return Said(SafeText("nothing mutes it any more"))
    last = max(ended, key=lambda silence: silence.until)
    if last.ended_by is not None:
        by = last.ended_by if last.own else _ENGINE
        return Said(clean(f"{_name(last)} was ended by {last.ended_by}"), by)
    return Said(clean(f"{_name(last)} has ended: {last.comment}"))


def _name(silence: Silence) -> str:
    if silence.own:
        return f"silence {silence.id} of {silence.author}"
    return f"the silence of {silence.author or 'somebody'} in Alertmanager"
