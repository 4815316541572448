"""Who watches the pages: every firing alert that should page has been accepted somewhere, or says why not."""

import sqlite3
from datetime import datetime, timedelta

from opsdash import paging
from opsdash.domain.alert import Alert
from opsdash.domain.frozen import dataclass
from opsdash.domain.page import PageKind
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import EntryKind
from opsdash.engine.engine import Engine
from opsdash.store import alerts, engine, entries, lease, outbox
from opsdash.store.outbox import Letter, LetterState

EVERY = 60.0
"""Seconds between audits."""

GRACE = timedelta(seconds=60)
"""How long an alert may fire before its page has to be accepted."""

SOURCE = "audit"
"""The id under which the findings are problems on every screen."""

_UNDER_WAY = (LetterState.WAITING, LetterState.SENDING)


@dataclass(frozen=True, slots=True)
class Finding:
    """One firing alert that nobody is known to have been told of, and what is known instead."""

    alert: Alert
    text: SafeText


async def audit(engine_: Engine) -> None:
    """Each minute, put before people what fires and was not paged."""
    if engine_.setup.paging.notifiers and engine_.is_due("audit", EVERY):
        await engine_.store.write(_audit, engine_.held, engine_.clock.now())


def _audit(connection: sqlite3.Connection, epoch: int, now: datetime) -> None:
    lease.require(connection, epoch)
    found = [finding.text for finding in find_unpaged(connection, now)]
    engine.record_warnings(connection, SOURCE, found, now)


def find_unpaged(connection: sqlite3.Connection, now: datetime) -> list[Finding]:
    """Return the open alerts that should have paged by now, and have neither page nor reason."""
    findings = []
    for alert in alerts.load_open(connection).values():
        begun = alert.level_at or alert.fired_at
        if not (alert.needs_person and paging.pages(alert)) or begun is None or now - begun < GRACE:
            continue
        text = _missing(connection, alert, now)
        if text:
            since = format_span(now - begun)
            findings.append(Finding(alert, clean(f"{alert.name} has fired for {since}: {text}")))
    return findings


def _missing(connection: sqlite3.Connection, alert: Alert, now: datetime) -> str:
    """Say what keeps an alert's page from having arrived; empty where it has, or a reason is recorded."""
    letters = _triggers(connection, alert.id)
    bundled = [letter.created_at for letter in letters if letter.state is LetterState.BUNDLED]
    if bundled:
        # A storm's page stands for the alert's own: it has to be accepted in its place. One that was
        # accepted before the alert's was written told of others.
        for key in outbox.traces_of(connection, alert.id).bundles:
            found = _triggers(connection, key)
            letters += [one for one in found if (one.sent_at or now) >= min(bundled)]
    if any(letter.state is LetterState.SENT for letter in letters):
        return ""
    late = [letter for letter in letters if _is_late(letter, now)]
    if late:
        where = ", ".join(dict.fromkeys(letter.destination.notifier for letter in late))
        return f"its page is not accepted yet by {where}: {late[-1].answer or 'no answer'}"
    if any(letter.state is LetterState.DEAD for letter in letters):
        dead = next(letter for letter in letters if letter.state is LetterState.DEAD)
        return f"its page was refused by {dead.destination.notifier}: {dead.answer}"
    if any(letter.state in _UNDER_WAY for letter in letters):
        return ""
    dropped = [letter for letter in letters if letter.state is LetterState.DROPPED]
    if dropped:
        # Whatever it was dropped for holds no more: nothing hides the alert, and nobody has it.
        return f"its page was dropped, and none came since: {dropped[-1].answer}"
    if letters or _has_reason(connection, alert):
        return ""
    return "there is neither a page nor a reason why not"


def _triggers(connection: sqlite3.Connection, key: str) -> list[Letter]:
    found = outbox.load_of_key(connection, key)
    return [letter for letter in found if letter.page.kind is PageKind.TRIGGER]


def _is_late(letter: Letter, now: datetime) -> bool:
    return letter.state in _UNDER_WAY and now >= letter.deadline_at


def _has_reason(connection: sqlite3.Connection, alert: Alert) -> bool:
    told = entries.load_of_alert(connection, alert.id)
    return any(entry.kind is EntryKind.PAGE for entry in told)
