"""`opsdash drill`: a page for real, marked TEST, and how long it took to be accepted."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.reading import writing
from opsdash.domain.span import format_span


@click.command(epilog="Example:  opsdash drill --target schedule:primary")
@config_option
@click.option("--target", multiple=True, help="Whom to page; level 1 of the policy by default.")
@click.option("--wait", default=60, show_default=True, help="Seconds to wait for acceptance.")
@click.option("--yes", is_flag=True, help="Do not ask before waking people.")
def drill(config: Path | None, target: tuple[str, ...], wait: int, yes: bool) -> None:
    """Page people for real, marked TEST, through the engine and the outbox, and time it.

    Exit 0 when every receiver accepted in time, 1 otherwise.
    """
    from opsdash import paging
    from opsdash.cli.rota import rota
    from opsdash.domain.alert import Severity
    from opsdash.domain.routing import route
    from opsdash.runtime import now, who_acts
    from opsdash.store import outbox
    from opsdash.store.outbox import LetterState

    plan = load_plan(config)
    setup = rota(plan)
    level = setup.policy.level(1)
    targets = target or (level.notify if level else ())
    found = route(setup, tuple(targets), now(), Severity.CRITICAL, 1)
    # What somebody's rule tells later is tried now as well.
    at_once = (replace(one, after=timedelta()) for one in found.destinations)
    found = replace(found, destinations=tuple(at_once))
    if not found.destinations:
        fail("; ".join(found.remarks) or "no notifiers are configured: nobody would be paged")
    whom = ", ".join(f"{d.reached or d.target} by {d.notifier}" for d in found.destinations)
    if not yes and not click.confirm(f"This pages {whom}. Go on?", err=True):
        raise SystemExit(1)
    begun = time.monotonic()
    with writing(plan) as store:
        key = store.write(paging.page_drill, setup, found, who_acts().user, now())
        while True:
            letters = store.read(outbox.load_of_key, key)
            ended = [one for one in letters if one.state in (LetterState.SENT, LetterState.DEAD)]
            if len(ended) == len(letters) or time.monotonic() - begun > wait:
                break
            time.sleep(0.1)
        store.write(paging.end_drill, setup, key, now())
    accepted = 0
    for one in letters:
        good = one.state is LetterState.SENT and one.sent_at is not None
        accepted += good
        took = format_took((one.sent_at - one.created_at) if one.sent_at else timedelta())
        words = f"accepted in {took}: {one.answer}" if good else f"{one.state}: {one.answer}"
        where = " ".join(filter(None, (one.destination.notifier, one.destination.address)))
        click.echo(f"{where} {words}")
    if accepted < len(letters):
        click.echo("opsdash: not everybody was reached; is an engine running?", err=True)
        raise SystemExit(1)


def format_took(length: timedelta) -> str:
    """Return a time to the tenth of a second, or in minutes past one."""
    seconds = length.total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else format_span(length)
