"""What `opsdash check` reads of schedules that are kept elsewhere: how many shifts, and whose they are."""

from collections.abc import Mapping

from opsdash.domain.feed import FeedState, stranger_words, strangers
from opsdash.plan import Plan

_SHOWN = 10


async def read_feeds(plan: Plan) -> tuple[list[tuple[bool, str]], Mapping[str, FeedState]]:
    """Read each once; return a line for each, with whether it is well, and what was read."""
    if not plan.feeds:
        return [], {}
    from opsdash.cli.output import counted
    from opsdash.domain.text import clean
    from opsdash.http.errors import RemoteError
    from opsdash.runtime import now, open_feeds, open_notifiers

    found: list[tuple[bool, str]] = []
    states: dict[str, FeedState] = {}
    try:
        notifiers = open_notifiers(plan)
        opened = open_feeds(plan, notifiers)
    except Exception as error:
        return [(False, f"schedules kept elsewhere cannot be read: {clean(error)}")], {}
    for one in opened:
        try:
            feed = await one.reader.read(now())
        except RemoteError as error:
            found.append((False, f"{one.label}: {error.reason}"))
            continue
        states[one.key] = FeedState(feed, now())
        shifts = counted(len(feed.turns), "shift")
        names = ", ".join(sorted(str(person.name) for person in feed.people.values())[:_SHOWN])
        found.append((True, clean(f"{one.label}: {shifts}: {names or 'nobody'}")))
    for reader in opened:
        await reader.reader.close()
    for notifier in notifiers.values():
        await notifier.close()
    for id, unknown in strangers(plan.setup, states):
        found.append((False, f"schedule {id}: {stranger_words(unknown)}"))
    return found, states
