"""What is only read again is not drawn again; whatever shows is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.problem import Problem
from opsdash.domain.source import EngineState, SourceState
from opsdash.domain.status import Status
from opsdash.domain.text import SafeText
from opsdash.snapshot import Snapshot
from opsdash.ui.sameness import looks_alike, stale_at
from tests.ui.driving import driven
from tests.ui.pictures import NOW, busy

LATER = timedelta(seconds=5)


def _read_again(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot after a refresh that brought the same figures."""
    panes = tuple(
        replace(
            pane,
            readings=tuple(
                replace(r, read_at=NOW + LATER, sampled_at=NOW + LATER) for r in pane.readings
            ),
        )
        for pane in snapshot.panes
    )
    sources = tuple(replace(s, last_success=NOW + LATER) for s in snapshot.sources)
    engine = replace(snapshot.engine, heartbeat_at=NOW + LATER)
    return replace(
        snapshot,
        taken_at=NOW + LATER,
        panes=panes,
        sources=sources,
        engine=engine,
        cursor=snapshot.cursor,
        read_mark=snapshot.read_mark + 1,
    )


def _with_reading(snapshot: Snapshot, **changed: object) -> Snapshot:
    first = snapshot.panes[0]
    reading = replace(first.readings[0], **changed)  # type: ignore[arg-type]
    pane = replace(first, readings=(reading, *first.readings[1:]))
    return replace(snapshot, panes=(pane, *snapshot.panes[1:]))


def _live(snapshot: Snapshot) -> Snapshot:
    """Return the picture with every source and figure live."""
    sources = tuple(
        replace(s, state=SourceState.OK, reason=None, last_success=NOW) for s in snapshot.sources
    )
    return replace(snapshot, sources=sources)


def test_what_was_not_drawn_is_compared_as_it_was_taken() -> None:
    """Any number of reads after what is drawn, the next one with the same figures is not drawn either."""
    late = _read_again(_live(busy()))
    drawn_at = NOW - timedelta(seconds=25)
    later = replace(late, taken_at=late.taken_at + timedelta(seconds=1))
    assert looks_alike(late, drawn_at, later)
    stale = tuple(replace(s, last_success=NOW - timedelta(minutes=1)) for s in late.sources)
    assert not looks_alike(replace(late, sources=stale), drawn_at, later)


def test_the_same_figures_read_again_look_alike() -> None:
    """Newer moments of reads that were live, and are, change nothing on the screen."""
    before = _live(busy())
    assert looks_alike(before, NOW, _read_again(before))


CHANGES: dict[str, Callable[[Snapshot], Snapshot]] = {
    "a value": lambda s: _with_reading(s, value=0.9),
    "a reason": lambda s: _with_reading(s, reason=SafeText("x"), failed_at=NOW),
    "a chart": lambda s: _with_reading(s, history=s.panes[0].readings[0].history[1:]),
    "a figure too old to be live": lambda s: _with_reading(s, read_at=NOW - LATER * 5),
    "the status": lambda s: replace(s, status=Status.UNKNOWN),
    "the engine": lambda s: replace(s, engine=replace(s.engine, state=EngineState.DOWN)),
    "a source": lambda s: replace(
        s, sources=(replace(s.sources[0], state=SourceState.FAILING), *s.sources[1:])
    ),
    "an alert": lambda s: replace(s, alerts=s.alerts[1:]),
    "an acknowledgement": lambda s: replace(
        s, alerts=(replace(s.alerts[0], level=s.alerts[0].level + 1), *s.alerts[1:])
    ),
    "a ticket": lambda s: replace(s, tickets=s.tickets[1:]),
    "a problem": lambda s: replace(s, problems=(Problem("x", SafeText("x")),)),
    "who is on call": lambda s: replace(s, on_call=()),
    "the minute in which everything was read": lambda s: replace(
        s, as_of=NOW + timedelta(minutes=1)
    ),
    "the uptime": lambda s: replace(s, uptime=None),
    "what only the detail shows": lambda s: replace(s, cursor=s.cursor + 1),
    "the setup": lambda s: replace(s, setup=replace(s.setup, title=SafeText("Other"))),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_shows_is_drawn(change: Callable[[Snapshot], Snapshot]) -> None:
    """One thing that the screen shows, changed with the refresh, does not look alike."""
    before = _live(busy())
    after = change(_read_again(before))
    assert after != _read_again(before), "the picture has nothing of the kind to change"
    assert not looks_alike(before, NOW, after)


def test_a_figure_that_was_stale_when_drawn_is_drawn_when_it_is_read() -> None:
    """Its age stands on the screen; the new read takes it away."""
    before = _live(busy())
    refresh = before.setup.refresh
    assert not looks_alike(before, NOW + 3 * refresh, _read_again(before))


def _unread() -> Snapshot:
    return replace(_live(busy()), uptime=None, users=None)


@pytest.mark.parametrize("part", ["a figure", "a source", "the engine"])
def test_what_was_not_read_again_is_too_old_first(part: str) -> None:
    """A read that brings all but one thing moves the end on no further than that one's."""
    before = _unread()
    after = _read_again(before)
    source = before.sources[0]
    kept = {
        "a figure": _with_reading(after, read_at=before.panes[0].readings[0].read_at),
        "a source": replace(after, sources=(source, *after.sources[1:])),
        "the engine": replace(after, engine=replace(after.engine, heartbeat_at=NOW - LATER)),
    }[part]
    assert NOW < stale_at(kept) < stale_at(after)


async def test_a_read_that_brings_nothing_new_moves_the_end_of_the_drawing() -> None:
    """It is not drawn; what is drawn counts as too old when that read is."""
    before = _unread()
    async with driven(before) as board:
        drawn = board.app.dashboard.moment
        assert drawn is not None
        assert drawn.stale_at <= stale_at(before)
        board.feed.put(_read_again(before))
        await board.until(lambda: drawn.stale_at == stale_at(_read_again(before)))
        assert board.app.dashboard.moment is drawn
