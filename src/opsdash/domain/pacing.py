"""The storm limit: which pages leave at once, which are held, and when those become one page.

What is counted are alerts, by receiver, over a window: an alert that one page told among many counts
as well, so that a storm is over when few come, and not when few pages went. Nothing waits here: the
facts come from the store, and the plan is what is written there (GoAlert's `engine/message`).
"""

from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass
from opsdash.domain.page import Page, PageKind

HOLD = timedelta(seconds=30)
"""The longest that a page is held for others to be told with it."""

HOLD_URGENT = timedelta(seconds=10)
"""The longest for a critical one, and for one that a person asked for."""

_CLOCK = "engine"


class Pace(StrEnum):
    """What becomes of pages that are due at one receiver."""

    LEAVE = "leave"
    HOLD = "hold"
    BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class Flow:
    """The pages of one receiver at one moment, each of one alert; or what the engine notes beside them.

    `fresh` are due and were never tried, `urgent` of them are; `tried` are due once more, `held`
    wait to be told as one, and `ripe` says that one of those has waited its time. `gone` alerts
    were told within the window, `gone_urgent` of them urgent, the last ones as one at `bundled_at`.
    """

    notifier: str
    address: str
    fresh: int = 0
    urgent: int = 0
    tried: int = 0
    held: int = 0
    ripe: bool = False
    gone: int = 0
    gone_urgent: int = 0
    bundled_at: datetime | None = None
    notes: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of pages that were held and of ordinary ones, of urgent ones, of those tried before."""

    ordinary: Pace = Pace.LEAVE
    urgent: Pace = Pace.LEAVE
    tried: Pace = Pace.LEAVE


NOTE = -1
"""The urgency of what the engine notes: an alert that joined, a level that was reached."""


def urgency_of(page: Page) -> int | None:
    """Return 1 for a page that is urgent, 0 for another one, `NOTE`, None for what no limit counts.

    Urgent is what is critical, and what a person asked for. A test, a page that stands for many, and
    what people did are not counted.
    """
    if page.kind is PageKind.NOTE and page.by == _CLOCK and page.until is None:
        return NOTE
    if page.kind is not PageKind.TRIGGER or page.alert is None or page.test or page.count > 1:
        return None
    asked = page.by not in ("", _CLOCK)
    return int(page.severity is Severity.CRITICAL or asked)


def plan(flow: Flow, storm: int, now: datetime) -> Plan:
    """Return what becomes of the pages that are due at a receiver.

    Up to `storm` alerts within the window are paged each for itself, at once. More than that at one
    moment are one page now. What trickles in beyond the limit is held and told as one; an urgent
    page is held for nothing but `storm` urgent ones.
    """
    at_once = flow.fresh + flow.tried
    rested = flow.bundled_at is None or now - flow.bundled_at >= HOLD
    if at_once > storm and rested:
        return Plan(Pace.BUNDLE, Pace.BUNDLE, Pace.BUNDLE)
    if not flow.held and flow.gone + flow.fresh <= storm:
        return Plan()
    pace = Pace.BUNDLE if flow.ripe else Pace.HOLD
    passes = flow.gone_urgent + flow.urgent <= storm
    return Plan(pace, Pace.LEAVE if passes else pace)
