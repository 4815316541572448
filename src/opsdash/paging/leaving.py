"""What of a message is still so when it is about to leave: asked in the transaction that claims it."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.page import Page, PageKind
from opsdash.domain.silence import Muting
from opsdash.domain.text import SafeText, clean
from opsdash.paging.pacing import storm_page
from opsdash.store import alerts, outbox, pacing, storms
from opsdash.store.outbox import Letter
from opsdash.store.storms import Member

_WHY = {
    "resolved": "it resolved before this was sent",
    "acknowledged": "it was acknowledged before this was sent",
    "silenced": "it was silenced before this was sent",
}


@dataclass(frozen=True, slots=True)
class Withheld:
    """A message that must not leave: never, with the reason, or not in this beat where that is empty."""

    reason: SafeText = SafeText("")


def still_so(
    connection: sqlite3.Connection, letter: Letter, muting: Muting, now: datetime
) -> Letter | Withheld:
    """Return a message as it has to leave, or that it must not.

    What a silence hides that the engine has yet to follow waits for that beat: it is dropped where
    the silence is noted, whose end pages it again, and nothing is lost where it ended before.
    """
    page = letter.page
    if page.kind is PageKind.TRIGGER and page.alert is None and page.count > 1:
        return _storm_still_so(connection, letter, muting, now)
    if page.kind in (PageKind.ACKNOWLEDGE, PageKind.RESOLVE):
        # The page was under way when this was written, and was refused.
        known = outbox.may_know(connection, letter)
        return letter if known else Withheld(SafeText("nobody was paged about it there"))
    if page.alert is None:
        return letter
    alert = alerts.load(connection, page.alert)
    if alert is None or not alert.open:
        return Withheld(SafeText(_WHY["resolved"]))
    if page.kind is PageKind.NOTE:
        return letter
    taken = alert.acknowledgement
    if taken is not None and taken.at > letter.created_at:
        return Withheld(SafeText(_WHY["acknowledged"]))
    if alert.muted:
        return Withheld(SafeText(_WHY["silenced"]))
    return Withheld() if muting.by(alert.fingerprint, alert.labels) else letter


def wanted_members(connection: sqlite3.Connection, letter: Letter) -> tuple[str, ...]:
    """Return the alerts that a storm's message brought and that still want a page."""
    found = [m.key for m in storms.load_members(connection, letter) if m.is_news and not m.why_not]
    return tuple(dict.fromkeys(found))


def storm_as_it_is(connection: sqlite3.Connection, letter: Letter) -> Page:
    """Return the page of a storm's message with what is still so; as it was where nothing of it is."""
    members = storms.load_members(connection, letter)
    return _rewritten(letter.page, members) or letter.page


def _storm_still_so(
    connection: sqlite3.Connection, letter: Letter, muting: Muting, now: datetime
) -> Letter | Withheld:
    if letter.created_at == now:
        # It was written in this transaction, of what is wanted.
        return letter
    whole = storms.count_wanted(connection, letter) == letter.page.count
    if whole and not muting.active:
        return letter
    members = storms.load_members(connection, letter)
    told = (member.told for member in members if member.told is not None)
    if any(muting.by(one.key.rpartition("/")[0], one.labels) for one in told):
        return Withheld()
    if whole:
        return letter
    gone = [member for member in members if member.is_news and member.why_not]
    page = _rewritten(letter.page, members)
    storms.drop_members(connection, letter, ((one.id, _WHY[one.why_not]) for one in gone))
    if page is None:
        return Withheld(_why_none(gone))
    pacing.rewrite(connection, letter.id, page)
    return replace(letter, page=page)


def _rewritten(page: Page, members: Sequence[Member]) -> Page | None:
    """Return a storm's page that tells of what is wanted; None where that is nothing it brought."""
    wanted = [(member.is_news, member.told) for member in members if member.told is not None]
    news = [told for is_news, told in wanted if is_news]
    if not news:
        return None
    first = min(news, key=lambda one: (not one.critical, one.id))
    found = storm_page(first, [told for is_news, told in wanted if not is_news], news)
    if found.count == 1:
        found = first.page
    return replace(
        found,
        id=page.id,
        key=page.key,
        level=page.level,
        level_name=page.level_name,
        reached=page.reached,
        by=page.by,
        text=page.text,
        repeat=page.repeat,
        again=page.again,
    )


def _why_none(gone: Sequence[Member]) -> SafeText:
    counts = Counter({member.key: member.why_not for member in gone}.values())
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    return clean(f"nobody has to be told any more, before this was sent: {said}")
