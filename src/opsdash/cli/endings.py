"""What is shown and paged again once silences or a maintenance window end, said in a shell before they do."""

from collections.abc import Sequence

from opsdash.cli.foretold import Foretold
from opsdash.domain.alert import Alert
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.silence import Silence, SilenceState
from opsdash.domain.span import format_span
from opsdash.preview import held_back, paged_again, shown_again, standing_words
from opsdash.snapshot import Snapshot

_NAMED = 5
"""Alerts that are named."""


def foretell_expiry(silences: Sequence[Silence], snapshot: Snapshot) -> Foretold:
    """Return what ending silences would do: what is shown again, and whom that pages."""
    over = [s for s in silences if s.state(snapshot.taken_at) is SilenceState.EXPIRED]
    ending = [s for s in silences if s not in over]
    refused = tuple(
        (s.id, f"it ended {format_span(snapshot.taken_at - s.until)} ago") for s in over
    )
    if not ending:
        return Foretold((), refused)
    shown = shown_again(ending, snapshot)
    if not shown:
        by = "it" if len(ending) == 1 else "them"
        return Foretold((f"no open alert is hidden by {by} alone: nobody is paged",), refused)
    return _foretold(shown, "shown again", paged_again(shown), snapshot, refused)


def foretell_end(id: int, windows: Sequence[Maintenance], snapshot: Snapshot) -> Foretold:
    """Return what ending the maintenance window `id` would do: what it held, and whom that pages."""
    running = (w for w in windows if w.id == id and w.until > snapshot.taken_at)
    window = next(running, None)
    if window is None:
        return Foretold((), ((str(id), "it is over already, or was never there"),))
    held = held_back(window, snapshot)
    if not held:
        return Foretold(("it holds no alert: nobody is paged",))
    return _foretold(held, "paged then", held, snapshot, ())


def _foretold(
    shown: Sequence[Alert],
    how: str,
    paged: Sequence[Alert],
    snapshot: Snapshot,
    refused: tuple[tuple[str, str], ...],
) -> Foretold:
    names = ", ".join(alert.name for alert in shown[:_NAMED])
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    count = "1 alert is" if len(shown) == 1 else f"{len(shown)} alerts are"
    words = standing_words(paged, snapshot) or ("nobody is paged for it",)
    return Foretold((f"{count} {how}: {names}{more}", *words), refused, bool(paged))
