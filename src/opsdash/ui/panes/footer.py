"""The last line: what the focused row allows, or what just happened."""

from collections.abc import Mapping

from opsdash.domain.alert import Alert
from opsdash.domain.escalation import Refused, next_level
from opsdash.domain.failures import BatchState, FailureBatch
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.keys import first_key
from opsdash.ui.lines import Line, crop, cut, line, spaced, width_of

Keys = Mapping[str, tuple[str, ...]]
"""Each action's keys, as `keys_of` gives them."""


def message_line(text: str, style: str, width: int, glyphs: Glyphs) -> Line:
    """Return what became of an act."""
    return crop(line((f" {cut(text, width - 2, glyphs.ellipsis)}", style)), width)


def footer_line(
    snapshot: Snapshot,
    alert: Alert | None,
    pane: int,
    marked: int,
    filtered: str,
    keys: Keys,
    width: int,
    glyphs: Glyphs,
    batch: FailureBatch | None = None,
    late: bool = False,
) -> Line:
    """Return the keys that make sense for the row under the cursor, as many as there is room for.

    `batch` are the failures of the tile under it; `late` says that nobody took its page in time,
    so that escalating it stands out.
    """
    narrow = width < 100
    parts = state_words(marked, filtered)
    hints = [*_row_hints(snapshot, alert, marked, narrow, glyphs)] if pane == 4 else []
    hints += _batch_hints(batch)
    hints += [("detail", "detail"), ("filter", "filter")] if pane >= 4 else [("detail", "detail")]
    if marked or filtered:
        hints.append(("back", "clear"))
    hints += [("zoom", "zoom"), ("commands", "commands"), ("help", "help")]
    if snapshot.setup.simulated and not narrow:
        hints.append(("quit", "quit"))
    for action, words in hints:
        key = first_key(action, keys)
        if key:
            urged = late and action == "escalate"
            styles = ("warn bold reverse", "warn bold") if urged else ("accent bold", "text")
            parts.append(line((key, styles[0]), (f" {words}", styles[1])))
    while len(parts) > 1 and width_of(spaced(parts)) + 2 > width:
        parts.pop(-2 if len(parts) > 2 else -1)
    return crop(line(" ", spaced(parts)), width)


def state_words(marked: int, filtered: str) -> list[Line]:
    """Return how many rows are marked, and what the list is narrowed to."""
    parts = []
    if marked:
        parts.append(line((f"{marked} marked", "mark bold")))
    if filtered:
        parts.append(line(("filter ", "muted"), (cut(filtered, 30), "mark bold")))
    return parts


def _batch_hints(batch: FailureBatch | None) -> list[tuple[str, str]]:
    if batch is None or batch.state is BatchState.INVESTIGATED:
        return []
    if batch.state is BatchState.NEW:
        return [("acknowledge", "investigate"), ("note", "investigated")]
    return [("note", "investigated"), ("unacknowledge", "give back")]


def _row_hints(
    snapshot: Snapshot, alert: Alert | None, marked: int, narrow: bool, glyphs: Glyphs
) -> list[tuple[str, str]]:
    ack = "ack" if narrow else "acknowledge"
    if marked:
        return [("acknowledge", ack), ("escalate", "escalate"), ("unacknowledge", "give back")]
    if alert is None or not alert.open:
        return []
    hints = []
    if alert.acknowledgement is None:
        hints.append(("acknowledge", ack))
    else:
        hints.append(("unacknowledge", "give back"))
        hints.append(("extend", "extend"))
    policy = snapshot.roster.policy_of(alert, snapshot.setup)
    following = next_level(policy, alert.level, alert.severity)
    if not isinstance(following, Refused):
        name = policy.name(following)
        target = f"L{following}" if narrow else f"{following} {name}"
        hints.append(("escalate", f"escalate {glyphs.arrow} {target}"))
    hints.append(("mark", "mark"))
    return hints
