"""Which keys a page offers: those that mean something for its alert or failures as they stand now."""

from collections.abc import Collection, Iterable

from opsdash.domain.alert import Alert
from opsdash.domain.climb import owner
from opsdash.domain.escalation import Refused, next_level
from opsdash.domain.failures import BatchState, FailureBatch
from opsdash.snapshot import Snapshot
from opsdash.ui.keys import first_key
from opsdash.ui.panes.footer import Keys

Offers = list[tuple[str, str]]
"""Actions, each with the words in which it is offered."""


def alert_offers(alert: Alert | None, snapshot: Snapshot, own: Collection[str]) -> Offers:
    """Return what can be done to an alert; `own` is what the person is called, in lower case.

    One that nobody has is acknowledged, one's own is given back or extended, another's is taken over.
    """
    if alert is None or not alert.open:
        return []
    climb = snapshot.roster.climbs.get(alert.id)
    found: Offers = []
    if alert.acknowledgement is None:
        found.append(("acknowledge", "acknowledge"))
    elif owner(alert, climb).casefold() in own:
        found += [("unacknowledge", "give back"), ("extend", "extend")]
    else:
        found.append(("take", "take it over"))
    if climb is not None and climb.snooze is not None:
        found.append(("expire", "end the snooze"))
    policy = snapshot.roster.policy_of(alert, snapshot.setup)
    if not isinstance(next_level(policy, alert.level, alert.severity), Refused):
        found.append(("escalate", "escalate"))
    return found


def batch_offers(batch: FailureBatch | None, own: Collection[str]) -> Offers:
    """Return what can be done about the failures that a tile counts."""
    if batch is None or batch.state is BatchState.INVESTIGATED:
        return []
    if batch.state is BatchState.NEW:
        return [("acknowledge", "investigate"), ("note", "investigated")]
    if batch.by.casefold() in own:
        return [("note", "investigated"), ("unacknowledge", "give back")]
    return [("take", "take them over"), ("note", "investigated")]


def offered(offers: Iterable[tuple[str, str]], keys: Keys) -> str:
    """Return offers with the keys that they have now; what has none is left out."""
    named = ((first_key(action, keys), words) for action, words in offers)
    return " ".join(f"{key} {words}" for key, words in named if key)
