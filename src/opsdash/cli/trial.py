"""One harmless message to a notifier, for `opsdash check --notify`: what it answered, and how fast."""

import asyncio
import secrets
import time
from datetime import datetime

from opsdash.cli.main import fail
from opsdash.domain.alert import Severity
from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.notifiers.notifier import Notifier, NotifierError, Receipt
from opsdash.plan import Plan

_DEADLINE = 15.0


def try_notifiers(plan: Plan, names: tuple[str, ...]) -> list[tuple[bool, str]]:
    """Send a test to each of `NOTIFIER[:ADDRESS]`; return whether it was taken, and in which words."""
    known = [one.id for one in plan.notifiers]
    for name in names:
        if name.partition(":")[0] not in known:
            listed = ", ".join(known) or "there is none; add [[notifier]] to the configuration"
            fail(f"no notifier {name.partition(':')[0]!r}; the configuration has: {listed}")
    return asyncio.run(_try_all(plan, names))


async def _try_all(plan: Plan, names: tuple[str, ...]) -> list[tuple[bool, str]]:
    from opsdash.runtime import engine_holder, now, open_notifiers, who_acts

    notifiers = open_notifiers(plan)
    by = f"{who_acts().user}, {engine_holder().removeprefix('engine on ')}"
    try:
        return [await _try(notifiers, name, by, now()) for name in names]
    finally:
        for notifier in notifiers.values():
            await notifier.close()


async def _try(
    notifiers: dict[str, Notifier], name: str, by: str, now: datetime
) -> tuple[bool, str]:
    id, _, address = name.partition(":")
    notifier = notifiers[id]
    page = _page(now, PageKind.TRIGGER, by)
    begun = time.monotonic()
    try:
        receipt = await _send(notifier, page, address, "")
    except NotifierError as error:
        again = "it would not be tried again" if error.permanent else "it would be tried again"
        return False, f"{name}: {error.reason} ({again})"
    took = time.monotonic() - begun
    told = f"{name}: {receipt.answer} ({took:.1f} s)"
    if notifier.kind != "pagerduty":
        return True, told
    try:
        # What a test opened at PagerDuty must not stay open: somebody would be called.
        await _send(notifier, _page(now, PageKind.RESOLVE, by, page.key), address, receipt.thread)
    except NotifierError as error:
        return False, f"{told}, but the test stays open there: {error.reason}"
    return True, f"{told}, resolved again"


async def _send(notifier: Notifier, page: Page, address: str, thread: str) -> Receipt:
    try:
        return await asyncio.wait_for(notifier.send(page, address, thread), _DEADLINE)
    except TimeoutError:
        raise NotifierError(clean(f"no answer within {_DEADLINE:g} s")) from None


def _page(now: datetime, kind: PageKind, by: str, key: str = "") -> Page:
    key = key or f"test/{secrets.token_hex(8)}"
    return Page(
        id=f"{key}/{kind}",
        key=key,
        kind=kind,
        title=SafeText("Test of opsdash: nothing is wrong and nothing is needed"),
        severity=Severity.INFO,
        source=SafeText("opsdash"),
        at=now,
        since=now,
        text=clean(f"Sent by {by}, to see that pages arrive here."),
        test=True,
    )
