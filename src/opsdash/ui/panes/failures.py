"""How far people are with the failures that a tile counts: beside the figure, and in its detail."""

from collections.abc import Sequence

from opsdash.domain.failures import BatchState, FailureBatch, failures
from opsdash.domain.freshness import Freshness
from opsdash.domain.indicator import Reading
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, cut, line, width_of
from opsdash.ui.moment import Moment

STYLES = {
    BatchState.NEW: "accent bold",
    BatchState.INVESTIGATING: "text",
    BatchState.INVESTIGATED: "muted",
}
"""What nobody has looked into stands out; the level of the tile has its own colours."""

_SHORTEST = 4
"""Cells below which a name says nothing."""


def batch_of(reading: Reading, fresh: Freshness) -> FailureBatch | None:
    """Return the batch that a tile tells of: none beside a zero or where nothing is known."""
    counts = reading.value is not None and round(reading.value) > 0
    return reading.batch if counts and fresh is not Freshness.NO_DATA else None


def batch_words(batch: FailureBatch, room: int, glyphs: Glyphs) -> Line:
    """Return `(investigating, sarah)`, or what fits of it into `room` cells; empty where nothing does."""
    who = cut(batch.by, max(_SHORTEST, room - 2), glyphs.ellipsis)
    forms = {
        BatchState.NEW: ["(new)"],
        BatchState.INVESTIGATING: [f"(investigating, {batch.by})", f"({who})"],
        BatchState.INVESTIGATED: ["(investigated)", "(done)"],
    }[batch.state]
    told = [line((form, STYLES[batch.state])) for form in forms]
    return next((one for one in told if width_of(one) <= room), ())


def batch_word(batch: FailureBatch, glyphs: Glyphs, shortest: bool = False) -> Line:
    """Return a batch's state in a word, for a line that holds a whole pane."""
    word = {
        BatchState.NEW: "new",
        BatchState.INVESTIGATING: cut(batch.by, _SHORTEST if shortest else 24, glyphs.ellipsis),
        BatchState.INVESTIGATED: "done",
    }[batch.state]
    return line((word, STYLES[batch.state]))


def counted(batch: FailureBatch, moment: Moment) -> str:
    """Return how many failures a batch has, and since when."""
    first, newest = moment.date_clock(batch.opened_at), moment.date_clock(batch.grown_at)
    since = f"{failures(batch.count)} since {first}"
    return since if newest == first else f"{since}, the newest {newest}"


def stands(batch: FailureBatch, moment: Moment) -> str:
    """Return how far people are with a batch, who and since when."""
    if batch.state is BatchState.NEW or batch.at is None:
        return "new: nobody has looked into it"
    if batch.state is BatchState.INVESTIGATING:
        return f"{batch.by} is investigating since {moment.date_clock(batch.at)}"
    return f"investigated by {batch.by} {moment.date_clock(batch.at)}"


def batch_facts(batch: FailureBatch | None, moment: Moment) -> list[tuple[str, str]]:
    """Return the open batch as named facts."""
    if batch is None:
        return [("batch", "none to look into")]
    facts = [("batch", f"{batch.id}, {counted(batch, moment)}"), ("state", stands(batch, moment))]
    return [*facts, ("note", batch.note)] if batch.note else facts


def earlier_batches(
    batches: Sequence[FailureBatch], batch: FailureBatch | None, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return the batches before the open one, a line each, the newest first."""
    return [
        line(
            (f"{one.id:<5} ", "muted"),
            f"{moment.date_clock(one.opened_at)} {glyphs.dash} ",
            moment.date_clock(one.ended_at) if one.ended_at else glyphs.ellipsis,
            (f"  {one.count:,}", "bold"),
            f"  {_ended(one)}",
            (f"  {one.note}", "text"),
        )
        for one in batches
        if batch is None or one.number != batch.number
    ]


def _ended(batch: FailureBatch) -> str:
    if batch.state is BatchState.INVESTIGATED:
        return f"investigated by {batch.by}"
    if batch.state is BatchState.INVESTIGATING:
        return f"{batch.by} was investigating"
    return "never looked into"
