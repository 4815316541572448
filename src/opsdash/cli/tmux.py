"""The one line of `opsdash status --format tmux`."""

from opsdash.domain.freshness import picture_age
from opsdash.domain.span import format_span
from opsdash.domain.status import Status

# Importing typing would cost a status line more than all of its work.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from datetime import timedelta

    from opsdash.snapshot import Snapshot

_COLOURS = {
    Status.HEALTHY: "green",
    Status.DEGRADED: "yellow",
    Status.CRITICAL: "red",
    Status.UNKNOWN: "magenta",
}


def line_of(snapshot: "Snapshot") -> str:
    """Return the line of a whole snapshot."""
    firing = [a for a in snapshot.alerts if a.state == "firing" and not a.muted]
    return line(
        snapshot.status,
        sum(a.severity == "critical" for a in firing),
        sum(a.severity == "warning" for a in firing),
        sum(a.acknowledgement is None for a in firing),
        picture_age(snapshot.taken_at, snapshot.setup.refresh, snapshot.as_of),
    )


def line(
    status: Status, critical: int, warning: int, nobody: int, age: "timedelta | None" = None
) -> str:
    """Return the status word and what needs a person, with tmux' colour marks and no outside text.

    The numbers are of alerts that fire and are not muted; `nobody` has the last of them. `age` is of
    a picture that is not live any more.
    """
    counts = [
        f"{count} {word}"
        for count, word in ((critical, "crit"), (warning, "warn"), (nobody, "unacked"))
        if count
    ]
    old = [] if age is None else [f"{format_span(age)} old"]
    words = " ".join([status.upper(), *counts, *old])
    return f"#[fg={_COLOURS[status]}]{words}#[default]"
