"""What one key would take back now, in words: asked before it is done, as some of it pages people."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime

from opsdash import covering, inquiry, reporting, undoing
from opsdash.domain.alert import Alert
from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import alerts, entries

_NAMED = 5
"""Things that are named before the rest is counted."""


@dataclass(frozen=True, slots=True)
class Undoable:
    """One act that can be taken back: its operation, when it was done, and what follows, line by line.

    A line is what was done to one thing, or what undoing it does; `effects` are the latter.
    """

    operation: str
    at: datetime
    acts: tuple[SafeText, ...]
    effects: tuple[SafeText, ...]


def look(connection: sqlite3.Connection, actor: Actor, now: datetime) -> Undoable | None:
    """Return what `undo` would take back for `actor` now, None where there is nothing."""
    operation = undoing.newest(connection, actor, now)
    steps = entries.steps(connection, operation) if operation is not None else []
    if operation is None or not steps:
        return None
    acts: list[str] = []
    effects: list[str] = []
    for step in steps[:_NAMED]:
        alert = alerts.load(connection, step.alert)
        plain = step.text == f"{step.kind}d"
        said = step.text if plain else f"{step.kind}, {step.text}"
        acts.append(f"{_name(step, alert)}: {said}")
        effects.append(_effect(connection, operation, step, alert))
    if len(steps) > _NAMED:
        acts.append(f"and {len(steps) - _NAMED} more")
    return Undoable(
        operation,
        steps[0].at or now,
        tuple(clean(text) for text in acts),
        tuple(clean(text) for text in dict.fromkeys(effects)),
    )


def _name(step: entries.Step, alert: Alert | None) -> str:
    if alert is not None:
        return str(alert.name)
    if inquiry.BEFORE in step.before:
        return f"failures {step.alert}"
    if reporting.BEFORE in step.before:
        return step.alert
    kind, _, id = step.alert.partition("/")
    return f"{kind} {id}" if id else f"silence {kind}"


def _effect(
    connection: sqlite3.Connection, operation: str, step: entries.Step, alert: Alert | None
) -> str:
    """Say what undoing a step does, or why it stays."""
    if entries.newest_step(connection, step.alert) != operation:
        return f"{_name(step, alert)} stays: somebody has acted on it since"
    if alert is not None and not alert.open:
        return f"{alert.name} stays: it has resolved"
    return "; ".join(_follows(step))


def _follows(step: entries.Step) -> Iterator[str]:
    before = step.before
    if "silence" in before:
        made = before["silence"] is None
        yield "it ends: what it hid and still fires is paged" if made else "it is as it was before"
    elif inquiry.BEFORE in before:
        yield f"it is {inquiry.state_before(step)} again"
    elif reporting.BEFORE in before:
        was = reporting.reported_before(step)
        yield f"it is reported by {was.by} again" if was else "it owes its report again"
    elif covering.OVERRIDE in before:
        yield "it counts no more" if before[covering.OVERRIDE] else "it counts again"
    elif covering.MAINTENANCE in before:
        made = bool(before[covering.MAINTENANCE])
        yield (
            "it ends: what it held and still fires is paged" if made else "it goes on until its end"
        )
    elif step.kind in (EntryKind.ESCALATE, EntryKind.DEESCALATE):
        yield f"back to level {before['level']}; nobody is paged, who was stays paged"
    elif "climb" in before or "by" in before:
        yield from _owner_follows(step)
    else:
        yield "it is as it was before"


def _owner_follows(step: entries.Step) -> Iterator[str]:
    kept = step.before.get("climb")
    climb = kept if isinstance(kept, dict) else {}
    whose = climb.get("owner") or step.before.get("by")
    if step.kind is EntryKind.EXTEND:
        yield "its acknowledgement ends when it would have"
    elif step.kind is EntryKind.REAPPLY:
        yield f"it follows policy {climb.get('policy')} v{climb.get('version')} again"
    elif step.kind is EntryKind.UNSNOOZE:
        yield "it is put off again"
    elif step.kind is EntryKind.SNOOZE:
        yield f"it is put off no more and stays {whose}'s; whoever was paged is told"
    else:
        yield f"it is {whose}'s again" if whose else "nobody has it again: it climbs on"
        yield "whoever was paged is told"
