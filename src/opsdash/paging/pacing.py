"""The storm limit applied: what is due at each receiver leaves, is held, or becomes one page.

A storm is one page a receiver: while nobody has all of it, what comes on is told under the same key.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Severity
from opsdash.domain.pacing import HOLD, HOLD_URGENT, Flow, Pace, plan
from opsdash.domain.page import Page
from opsdash.domain.setup import Setup
from opsdash.domain.silence import Muting
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.paging.letters import write_letter
from opsdash.paging.notes import merge_notes
from opsdash.store import outbox, pacing
from opsdash.store.outbox import Letter, LetterState
from opsdash.store.pacing import Told

_NAMED = 20
"""How many names the page of a storm has; its title has fewer."""

_IN_TITLE = 5


def pace_storms(
    connection: sqlite3.Connection, setup: Setup, muting: Muting, now: datetime
) -> None:
    """Hold what is beyond the storm limit of a receiver, and tell what has waited its time as one."""
    for flow in pacing.flows(connection, setup.paging.storm_window, now):
        found = plan(flow, setup.paging.storm, now)
        if flow.notes and found.ordinary is Pace.BUNDLE:
            merge_notes(connection, pacing.load_due(connection, flow, now, True, True), now)
        elif found.ordinary is Pace.BUNDLE:
            urgent, tried = (pace is Pace.BUNDLE for pace in (found.urgent, found.tried))
            told = pacing.load_due(connection, flow, now, urgent, tried)
            told = _still_to_tell(connection, flow, told, muting)
            if len({one.key for one in told}) > 1:
                _tell_as_one(connection, setup, flow, told, now)
        elif found.ordinary is Pace.HOLD:
            urgent = found.urgent is Pace.HOLD
            pacing.hold(connection, flow, now, urgent, _why_held(setup, flow, urgent))


def _why_held(setup: Setup, flow: Flow, urgent: bool) -> str:
    longest = format_span(HOLD_URGENT if urgent else HOLD)
    window = format_span(setup.paging.storm_window)
    what = ("note", "notes") if flow.notes else ("page", "alerts")
    return f"held for {longest} at most, to be one {what[0]}: {flow.gone} {what[1]} within {window}"


def _still_to_tell(
    connection: sqlite3.Connection, flow: Flow, told: list[Told], muting: Muting
) -> list[Told]:
    """Drop what something hides by now; return the rest, without what a silence hides from the next beat on."""
    hidden = pacing.hidden(connection, flow)
    stale = [one for one in told if one.key in hidden]
    if stale:
        pacing.drop(connection, stale, "it was silenced before this was sent")
    return [
        one
        for one in told
        if one.key not in hidden and not muting.by(one.key.rpartition("/")[0], one.labels)
    ]


def _tell_as_one(
    connection: sqlite3.Connection, setup: Setup, flow: Flow, told: list[Told], now: datetime
) -> None:
    first = min(told, key=lambda one: (not one.critical, one.id))
    before = _goes_on(connection, setup, flow, told, first, now)
    if before is None:
        place = "/".join(filter(None, (flow.notifier, flow.address)))
        key, step = f"storm/{first.key}/{first.step}/{place}", first.step
        earlier: list[Told] = []
    else:
        key, step = before.page.key, before.step + 1
        earlier = pacing.load_storm(connection, flow, key)
    page = replace(storm_page(first, earlier, told), key=key)
    if before is not None and page.level == before.page.level > 1:
        # A receiver that climbs to a level when it is first told of it must not do so again.
        page = replace(page, repeat=max(page.repeat, before.page.repeat + 1))
    if not (before and _rewritten(connection, before, page)):
        write_letter(connection, setup, first.destination, page, step, now, now)
    pacing.bundle(connection, told, key, now)
    whom = first.destination.reached or flow.address or flow.notifier
    text = clean(f"paging {whom} by {flow.notifier} with one page for {page.count} alerts")
    pacing.note_told(connection, told, text, now)


def _rewritten(connection: sqlite3.Connection, before: Letter, page: Page) -> bool:
    """Make the storm's page say what is so now, where the one before has not left."""
    if before.state is not LetterState.WAITING or page.level != before.page.level:
        return False
    return pacing.rewrite(
        connection, before.id, replace(page, id=before.page.id, repeat=before.page.repeat)
    )


def _goes_on(
    connection: sqlite3.Connection,
    setup: Setup,
    flow: Flow,
    told: Sequence[Told],
    first: Told,
    now: datetime,
) -> Letter | None:
    """Return the page of the storm that goes on with these, if they are no news of their own.

    They are the same alerts once more, or they come while nobody has all of it, and are no worse: a
    receiver that knows keys wakes nobody anew for what it takes for the same.
    """
    found = pacing.last_storm(connection, flow)
    if found is None:
        return None
    key, at = found
    before = pacing.load_page_of(connection, flow, key)
    if before is None or before.state in (LetterState.DEAD, LetterState.DROPPED):
        return None
    members = {one.key for one in pacing.load_storm(connection, flow, key)}
    if all(one.key in members for one in told):
        return before
    worse = first.critical and before.page.severity is not Severity.CRITICAL
    alike = first.words.get("level") == before.page.level and not worse
    lately = now - at <= setup.paging.storm_window
    return before if lately and alike and outbox.has_member(connection, key, untaken=True) else None


def storm_page(first: Told, earlier: Sequence[Told], told: Sequence[Told]) -> Page:
    """Return the page that stands for all of these, `told` for the first time, without its key."""
    known = {one.key for one in earlier}
    alerts = {one.key: one for one in (*earlier, *told)}
    critical = sum(one.critical for one in alerts.values())
    names = _names(list(alerts.values()))
    new = len(alerts) - len(known)
    written = [one.written_at for one in alerts.values()]
    spread = max(written) - min(written)
    said = [f"{len(alerts)} alerts"]
    said.append("at once" if spread.total_seconds() < 5 else f"within {format_span(spread)}")
    said += [f"({new} new)"] if known and new else []
    said += [f"({critical} critical)"] if 0 < critical < len(alerts) else []
    alike = {one.words.get("text") for one in told}
    page = first.page
    return replace(
        page,
        title=clean(f"{' '.join(said)}: {', '.join(names[:_IN_TITLE])}"),
        severity=Severity.CRITICAL if critical else page.severity,
        text=page.text if len(alike) == 1 else SafeText(""),
        alert=None,
        incident=None,
        value=None,
        count=len(alerts),
        members=tuple(names),
        labels={},
        annotations={},
        links=(),
    )


def _names(told: Sequence[Told]) -> list[SafeText]:
    """Return the names of alerts with how often each is among them: critical ones first, then many."""
    counts: dict[str, int] = {}
    critical: set[str] = set()
    for one in told:
        counts[one.name] = counts.get(one.name, 0) + 1
        if one.critical:
            critical.add(one.name)
    ordered = sorted(counts.items(), key=lambda item: (item[0] not in critical, -item[1]))
    names = [clean(f"{name} ×{count}" if count > 1 else name) for name, count in ordered]
    left = len(names) - _NAMED
    return names if left <= 0 else [*names[:_NAMED], SafeText(f"and {left} more names")]
