"""What a key means on a tile that counts failures: look into them, say what they were, give back."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from opsdash.domain.failures import BatchState, FailureBatch, failures
from opsdash.domain.indicator import Reading
from opsdash.ui.chosen import own_names
from opsdash.ui.keys import first_key
from opsdash.ui.lines import line
from opsdash.ui.panes.failures import counted, stands
from opsdash.ui.ports import Outcome

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


def act_on_tile(app: "OpsdashApp", name: str, reading: Reading) -> None:
    """Do what a key means on a tile; what it does not mean there does nothing and says so."""
    from opsdash.ui.acts import ACTS

    if name not in ON_TILE or not reading.indicator.investigate:
        if name in ACTS:
            ACTS[name](app, ())
    elif reading.batch is None:
        app.say(f"{reading.indicator.title} has no failures to look into", "warn")
    else:
        ON_TILE[name](app, reading, reading.batch)


def investigate(app: "OpsdashApp", reading: Reading, seen: FailureBatch) -> None:
    """Look into what is new; of what one looks into already, ask what it was."""
    if seen.state is BatchState.INVESTIGATING and seen.by.casefold() in own_names(app):
        conclude(app, reading, seen)
        return
    key = first_key("note", app.keys)
    then = f"; {key} says what they were" if key else ""
    said = f"you look into {_called(reading, seen)}{then}"
    _act(app, said, reading, seen, lambda: app.hand.investigate(seen))


def take_over(app: "OpsdashApp", reading: Reading, seen: FailureBatch) -> None:
    """Look into it also where somebody else does."""
    said = f"you look into {_called(reading, seen)} now"
    _act(app, said, reading, seen, lambda: app.hand.investigate(seen, over=True))


def conclude(app: "OpsdashApp", reading: Reading, seen: FailureBatch) -> None:
    """Ask what it was; with the answer it is investigated."""
    from opsdash.ui.screens.ask import Ask

    if seen.state is BatchState.INVESTIGATED:
        app.say(f"investigated by {seen.by} already: {seen.note}", "warn")
        return

    def answer(note: str | None) -> None:
        if note:
            said = f"investigated: {_called(reading, seen)}"
            _act(app, said, reading, seen, lambda: app.hand.conclude(seen, note))

    moment = app.moment()
    words = [
        line((reading.indicator.title, "bold"), f"  {counted(seen, moment)}"),
        line(stands(seen, moment)),
        line(("Failures that come while you write are a new batch.", "muted")),
    ]
    app.open_sheet(Ask("Investigated", words, "what it was: ", "A note is needed."), answer)


def give_back(app: "OpsdashApp", reading: Reading, seen: FailureBatch) -> None:
    """Look into it no longer."""
    said = f"gave back {_called(reading, seen)}"
    _act(app, said, reading, seen, lambda: app.hand.give_back(seen))


def note_nothing(app: "OpsdashApp", ids: tuple[str, ...]) -> None:
    """Say what the key of a note is for, where there is nothing that it is for."""
    app.say("a note says what failures were: go to the tile that counts them", "warn")


def _called(reading: Reading, seen: FailureBatch) -> str:
    return f"{failures(seen.count)} of {reading.indicator.title}"


def _act(
    app: "OpsdashApp",
    said: str,
    reading: Reading,
    seen: FailureBatch,
    act: Callable[[], Awaitable[Outcome]],
) -> None:
    """Write what was decided; `said` is what to say once it is done, unless the store says more."""

    async def done() -> Outcome:
        outcome = await act()
        return replace(outcome, said=said) if outcome.done and not outcome.said else outcome

    app.act("", (), done, {seen.id: _called(reading, seen)})


ON_TILE: dict[str, Callable[["OpsdashApp", Reading, FailureBatch], None]] = {
    "acknowledge": investigate,
    "acknowledge_with": conclude,
    "unacknowledge": give_back,
    "take": take_over,
    "note": conclude,
}
"""What actions do to the failures that a tile counts."""
