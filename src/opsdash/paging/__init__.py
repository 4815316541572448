"""Pages written to the outbox in the transaction of what caused them.

Every function runs inside a write transaction. What cannot be paged is told on the alert's timeline
with the reason: an alert that should page has a message in the outbox or such an entry, never
neither.
"""

from opsdash.paging.fallback import page_in_place
from opsdash.paging.firing import page_firing, page_left_behind, pages
from opsdash.paging.leaving import Withheld, still_so
from opsdash.paging.letters import build_page
from opsdash.paging.levels import (
    is_answered,
    next_repeat,
    page_level,
    page_person,
    repeat_of_climb,
)
from opsdash.paging.missed import page_missed
from opsdash.paging.news import page_acknowledged, page_left, page_note, page_resolved
from opsdash.paging.pacing import pace_storms
from opsdash.paging.storms import (
    page_given_back,
    page_storm_left,
    page_storm_resolved,
    page_storm_taken,
)
from opsdash.paging.unasked import end_drill, page_drill, page_handoff

__all__ = [
    "Withheld",
    "build_page",
    "end_drill",
    "is_answered",
    "next_repeat",
    "pace_storms",
    "page_acknowledged",
    "page_drill",
    "page_firing",
    "page_given_back",
    "page_handoff",
    "page_in_place",
    "page_left",
    "page_left_behind",
    "page_level",
    "page_missed",
    "page_note",
    "page_person",
    "page_resolved",
    "page_storm_left",
    "page_storm_resolved",
    "page_storm_taken",
    "pages",
    "repeat_of_climb",
    "still_so",
]
