"""What `opsdash check` asks of PagerDuty where it has a token: who is on call there, which harms nobody."""

from opsdash.plan import Plan

_SHOWN = 5


async def try_pagers(plan: Plan) -> list[tuple[bool, str]]:
    """Return a line for each notifier with a token, with whether it is well."""
    if not any(one.pagerduty is not None and one.pagerduty.token for one in plan.notifiers):
        return []
    from opsdash.notifiers.notifier import NotifierError
    from opsdash.notifiers.pagerduty import PagerDuty
    from opsdash.runtime import now, open_notifiers

    found: list[tuple[bool, str]] = []
    notifiers = open_notifiers(plan)
    try:
        for id, notifier in notifiers.items():
            if not isinstance(notifier, PagerDuty) or notifier.rest is None:
                continue
            try:
                on_call = await notifier.rest.on_call(now())
            except NotifierError as error:
                found.append((False, f"{id}: who is on call there: {error.reason}"))
                continue
            people = [f"{one.person} (level {one.level} of {one.policy})" for one in on_call]
            shown = ", ".join(people[:_SHOWN]) or "nobody"
            more = f" and {len(people) - _SHOWN} more" if len(people) > _SHOWN else ""
            found.append((True, f"{id}: on call there: {shown}{more}"))
    finally:
        for notifier in notifiers.values():
            await notifier.close()
    return found
