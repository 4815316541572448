"""Which time it is that an alert fires, how often it was seen since, and how often its policy began."""

from opsdash.domain.alert import Alert
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import Line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import field_lines
from opsdash.ui.ports import Detail


def episode_lines(
    alert: Alert, detail: Detail | None, snapshot: Snapshot, width: int, moment: Moment
) -> list[Line]:
    """Return the occurrence's number, the round of its policy, and how often and when it was seen."""
    lines = field_lines("episode", episode_words(alert, snapshot), width)
    seen = seen_words(alert, detail, snapshot, moment)
    return lines + (field_lines("seen", seen, width) if seen else [])


def episode_words(alert: Alert, snapshot: Snapshot) -> str:
    """Say which occurrence of the alert this is, and which round of its policy where it began anew."""
    words = f"number {alert.occurrence} of this alert"
    climb = snapshot.roster.climbs.get(alert.id)
    if climb is None or (climb.round == 1 and not climb.policy.repeats):
        return words
    rounds = max(climb.policy.repeats + 1, climb.round)
    return f"{words}, round {climb.round} of {rounds} of its policy"


def seen_words(alert: Alert, detail: Detail | None, snapshot: Snapshot, moment: Moment) -> str:
    """Say how often reads showed it and when the last did; what was shown again is a duplicate."""
    sighting = detail.sighting if detail is not None and detail.id == alert.id else None
    if sighting is None:
        return ""
    last, count = sighting.last(snapshot.sources), sighting.count(snapshot.sources)
    when = ""
    if last is not None:
        ago = moment.rough_age(last)
        when = f"last {ago} ago" if alert.open else f"last at {moment.date_clock(last)}"
    if count == 0:
        return when
    told = f" ({count - 1:,} duplicates, told to nobody)" if count > 1 else ""
    times = "once" if count == 1 else f"{count:,} times"
    return f"{times}{', ' if when else ''}{when}{told}"
