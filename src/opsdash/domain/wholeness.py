"""What keeps the picture from being whole: an engine, sources or people that do not answer."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.climb import Climb
from opsdash.domain.freshness import is_silent
from opsdash.domain.problem import Problem
from opsdash.domain.setup import Setup
from opsdash.domain.source import EngineState, EngineView, SourceState, SourceView
from opsdash.domain.span import format_span
from opsdash.domain.text import clean


def is_blind(
    engine: EngineView, sources: Iterable[SourceView], setup: Setup, now: datetime
) -> bool:
    """Return whether something may fire that nobody would see: quiet is then no good news."""
    silent = (_silent(source, setup, now) for source in sources)
    return engine.state is not EngineState.RUNNING or any(silent)


def problems_of(
    engine: EngineView, sources: tuple[SourceView, ...], setup: Setup, now: datetime
) -> tuple[Problem, ...]:
    """Return all that keeps the picture of what is read from being whole, the engine first."""
    found: list[Problem] = []
    if engine.state is EngineState.NEVER:
        found.append(Problem("engine", clean("no engine has run yet: nothing is being read")))
    if engine.state is EngineState.DOWN and engine.heartbeat_at:
        quiet = format_span(now - engine.heartbeat_at)
        text = f"ENGINE DOWN: {engine.holder} silent for {quiet}; nothing is read or paged"
        found.append(Problem("engine", clean(text), engine.heartbeat_at))
    for source in sources:
        if source.state is SourceState.FAILING:
            text = f"{source.id}: {source.reason or 'does not answer'}"
            found.append(Problem(f"source:{source.id}", clean(text), source.since))
        elif source.state is SourceState.OK and _silent(source, setup, now):
            text = f"{source.id}: has not answered since it was read last"
            found.append(Problem(f"source:{source.id}", clean(text), source.last_success))
    if setup.unverified:
        names = ", ".join(setup.unverified)
        text = f"certificates of {names} are NOT verified (insecure_skip_verify)"
        found.append(Problem("unverified", clean(text)))
    return tuple(found)


def exhausted_problems(shown: Iterable[Alert], climbs: Mapping[str, Climb]) -> tuple[Problem, ...]:
    """Return what has reached everybody whom its policy names, and is nobody's still."""
    at = {c.alert: c.exhausted_at for c in climbs.values() if c.exhausted_at is not None}
    found = [a for a in shown if a.id in at and a.needs_person] if at else []
    if not found:
        return ()
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    policy = climbs[found[0].id].policy.id
    text = f"EXHAUSTED: {found[0].name}{more}: all of policy {policy} were paged, nobody has it"
    return (
        Problem("exhausted", clean(text), min(filter(None, map(at.get, (a.id for a in found))))),
    )


def _silent(source: SourceView, setup: Setup, now: datetime) -> bool:
    """Whether nothing is known of what a source shows now, whatever it said last."""
    if source.state is not SourceState.OK or source.last_success is None:
        return True
    return is_silent(now, setup.refresh, source.last_success)
