"""The one line of `opsdash status --format tmux`."""

from opsdash.domain.alert import AlertState, Severity
from opsdash.domain.status import Status
from opsdash.snapshot import Snapshot

_COLOURS = {
    Status.HEALTHY: "green",
    Status.DEGRADED: "yellow",
    Status.CRITICAL: "red",
    Status.UNKNOWN: "magenta",
}


def line_of(snapshot: Snapshot) -> str:
    """Return the status word and what needs a person, with tmux' colour marks and no outside text."""
    firing = [a for a in snapshot.alerts if a.state is AlertState.FIRING and not a.muted]
    critical = sum(a.severity is Severity.CRITICAL for a in firing)
    warning = sum(a.severity is Severity.WARNING for a in firing)
    nobody = sum(a.acknowledgement is None for a in firing)
    counts = [
        f"{count} {word}"
        for count, word in ((critical, "crit"), (warning, "warn"), (nobody, "unacked"))
        if count
    ]
    words = " ".join([snapshot.status.upper(), *counts])
    return f"#[fg={_COLOURS[snapshot.status]}]{words}#[default]"
