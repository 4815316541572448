"""What keys mean for silences: make, change, extend and end them, each after what it needs to ask."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from opsdash.domain.matchers import Matcher
from opsdash.domain.silence import USUAL, Silence, SilenceState, prefill
from opsdash.ui import owning
from opsdash.ui.chosen import question_width
from opsdash.ui.ports import Outcome

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

Ids = tuple[str, ...]


def silence(app: "OpsdashApp", ids: Ids) -> None:
    """Ask for how long and why the alerts may be quiet, and show what that would hide."""
    alerts = [alert for alert in app.alerts_of(ids) if alert.open]
    if not alerts:
        app.say("nothing to silence: no open alert is under the cursor or marked", "warn")
        return
    _ask_silence(app, prefill([alert.labels for alert in alerts]), tuple(a.id for a in alerts))


def new_silence(app: "OpsdashApp") -> None:
    """Ask for everything: what, for how long and why."""
    _ask_silence(app, (), ())


def _ask_silence(app: "OpsdashApp", matchers: Sequence[Matcher], chosen: Ids) -> None:
    from opsdash.ui.screens.silence import SilenceSheet, Wish

    def answer(wish: Wish | None) -> None:
        if wish is not None:
            length = wish.length or USUAL
            until = app.moment().date_clock(app.moment().now + length)
            app.act(
                f"silenced until {until}, as",
                chosen,
                lambda: app.hand.silence(wish.matchers, length, wish.comment),
            )

    app.open_sheet(SilenceSheet(matchers, chosen), answer)


def change_silence(app: "OpsdashApp", found: Silence) -> None:
    """Let a person change what a silence matches, its end and its reason."""
    from opsdash.ui.screens.silence import SilenceSheet, Wish

    def answer(wish: Wish | None) -> None:
        if wish is not None:
            app.act(
                "changed silence",
                (),
                lambda: app.hand.change_silence(
                    found.id, found.revision, wish.matchers, wish.length, wish.comment
                ),
            )

    now = app.moment().now
    if found.state(now) is SilenceState.EXPIRED:
        app.say("it has ended; make a new one", "warn")
        return
    app.open_sheet(SilenceSheet(found.matchers, (), found, now), answer)


def extend(app: "OpsdashApp", ids: Ids) -> None:
    """Extend the silences that hide the alerts by an hour, else the acknowledgements they have."""
    taken = tuple(a.id for a in app.alerts_of(ids) if a.open and a.acknowledgement is not None)
    hiding = _hiding(app, ids)
    if taken and not hiding:
        owning.extend(app, taken)
    elif hiding:
        extend_silences(app, hiding)
    else:
        app.say("neither a silence nor an acknowledgement to extend", "warn")


def extend_silences(app: "OpsdashApp", ids: Ids) -> None:
    """Extend silences by an hour; several of them are named and asked about first."""
    from opsdash.ui.screens.silence_questions import ask_extension

    found = _in_force(app, ids)
    if not found:
        return
    if len(found) == 1:
        until = app.moment().date_clock(found[0].ends_at + timedelta(hours=1))
        one = (found[0].id,)
        app.act(f"extended until {until}, silence", (), lambda: app.hand.extend_silences(one))
        return

    def answer(said: str | None) -> None:
        if said is not None:
            each = tuple(silence.id for silence in found)
            written = _of_several("extended by an hour", lambda: app.hand.extend_silences(each))
            app.act("", (), written)

    app.open_sheet(ask_extension(found, app.snapshot.alerts if app.snapshot else ()), answer)


def _in_force(app: "OpsdashApp", ids: Ids) -> list[Silence]:
    """The silences `ids` that have not ended; where there is none, the person is told why."""
    now = app.moment().now
    found = [s for s in _silences(app, ids) if s.state(now) is not SilenceState.EXPIRED]
    if not ids:
        app.say("no silence hides what is chosen", "warn")
    elif not found:
        app.say("it has ended; make a new one" if len(ids) == 1 else "they have ended", "warn")
    return found


def _of_several(
    verb: str, act: Callable[[], Awaitable[Outcome]]
) -> Callable[[], Awaitable[Outcome]]:
    """Return `act` with an outcome that names each silence that it was done to."""

    async def written() -> Outcome:
        outcome = await act()
        count = f"{len(outcome.done)} silences" if len(outcome.done) > 1 else "silence"
        said = f"{verb}: {count} ({', '.join(outcome.done)})" if outcome.done else ""
        return replace(outcome, said=said)

    return written


def expire(app: "OpsdashApp", ids: Ids) -> None:
    """End the snooze of the alerts at once; else ask, then end the silences that hide them."""
    climbs = app.snapshot.roster.climbs if app.snapshot else {}
    put_off = tuple(id for id in ids if id in climbs and climbs[id].snooze is not None)
    if put_off:
        owning.unsnooze(app, put_off)
    else:
        expire_silences(app, _hiding(app, ids))


def expire_silences(app: "OpsdashApp", ids: Ids) -> None:
    """Say what is shown again and whom that pages, then end silences."""
    from opsdash.ui.screens.silence_questions import ask_expiry

    found, snapshot = _in_force(app, ids), app.snapshot
    if not found or snapshot is None:
        return
    ended = tuple(silence.id for silence in found)

    def answer(said: str | None) -> None:
        if said is None:
            return
        if len(ended) == 1:
            app.act("ended silence", (), lambda: app.hand.expire_silences(ended))
        else:
            app.act("", (), _of_several("ended", lambda: app.hand.expire_silences(ended)))

    app.open_sheet(ask_expiry(found, snapshot, question_width(app)), answer)


def _silences(app: "OpsdashApp", ids: Ids) -> list[Silence]:
    known = app.snapshot.silences if app.snapshot else ()
    return [silence for silence in known if silence.id in ids]


def _hiding(app: "OpsdashApp", ids: Ids) -> Ids:
    """The silences in the store that hide alerts, each once."""
    named = {id for alert in app.alerts_of(ids) for id in alert.silenced_by}
    known = app.snapshot.silences if app.snapshot else ()
    return tuple(silence.id for silence in known if silence.id in named)
