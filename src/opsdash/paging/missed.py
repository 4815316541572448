"""Who was not paged because somebody had an alert, and is once nobody has it any more."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.routing import route
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.paging.firing import pages
from opsdash.paging.letters import LEVEL_STEP
from opsdash.paging.levels import page_once_more
from opsdash.store import climbs, unreached


def page_missed(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, by: SafeText, now: datetime
) -> int:
    """Page whom the pages of an alert's level have not reached, now that `by` gave it back.

    They were dropped before they left: a pager that was down, a rule that tells later. Who knows of
    it is left alone. Returns how many messages that makes.
    """
    if not (setup.paging.notifiers and alert.level and pages(alert)):
        return 0
    first = alert.level * LEVEL_STEP
    reach = unreached.reach_of(connection, alert.id, range(first, first + LEVEL_STEP))
    if not reach.missed:
        return 0
    found = route(setup, reach.missed, now, alert.severity, alert.level)
    left = tuple(d for d in found.destinations if (d.notifier, d.address) not in reach.known)
    if not left:
        return 0
    name = climbs.policy_of(connection, setup, alert).name(alert.level)
    text = clean(f"{by} gave it back: nobody has it")
    found = replace(found, destinations=left)
    return page_once_more(connection, setup, alert, found, now, by, text, name)
