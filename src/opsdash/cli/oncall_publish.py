"""`opsdash oncall publish`: the week is told to the team's channel, once, and edited when it changes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.output import format_option, print_json
from opsdash.cli.rota import rota
from opsdash.domain.text import SafeText
from opsdash.domain.week import Week, parse_week, week_at
from opsdash.domain.week_rota import WeekRota, remarks, rota_lines, week_rota
from opsdash.plan import Plan
from opsdash.runtime import now

if TYPE_CHECKING:
    from opsdash.store.session import Store

_WORDS = {
    "posted": "posted week {week} to {channel}",
    "edited": "edited week {week} in {channel}",
    "corrected": "posted week {week} to {channel} again, corrected: a webhook cannot edit",
    "unchanged": "week {week} is in {channel} already, as it is",
}


@click.command(epilog="Example:  opsdash oncall publish --week 2025-W52 --dry-run")
@config_option
@click.option("--week", "week_text", default="", help="An ISO week as 2025-W52; this week without.")
@click.option("--notifier", default="", help="The Slack notifier; else that of [oncall].")
@click.option("--channel", default="", help="The channel; else that of [oncall], or #oncall.")
@click.option("--again", is_flag=True, help="Post although a message that failed may be there.")
@click.option("--dry-run", is_flag=True, help="Only print what would be told.")
@format_option()
def publish(
    config: Path | None,
    week_text: str,
    notifier: str,
    channel: str,
    again: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Tell the team's Slack channel who is on call in a week; once told, edit it where it changed.

    Of several who do it at once one tells it. Exit 1 where a person has to look first.
    """
    plan = load_plan(config)
    week = _week(week_text, plan)
    found = week_rota(rota(plan), week)
    if not found.schedules:
        fail("no schedules are configured; add a [[schedule]] table")
    name = _notifier(plan, notifier, dry_run)
    if dry_run:
        _show(found, form, deed="dry run")
        return
    # Asking who is on call must not pay for an event loop.
    import asyncio

    deed, why, where = asyncio.run(_tell(plan, found, name, channel, again))
    if form == "json":
        _show(found, form, deed, where, why)
    elif deed in _WORDS:
        click.echo(_WORDS[deed].format(week=week, channel=where))
    if deed == "asking":
        click.echo(f"opsdash: {why}", err=True)
        raise SystemExit(1)
    if deed not in _WORDS:
        fail(f"week {week} was not told: {why}")


def _week(text: str, plan: Plan) -> Week:
    if not text:
        return week_at(now(), plan.setup.timezone)
    try:
        return parse_week(text)
    except ValueError as error:
        fail(f"--week {text!r}: {error}")


def _notifier(plan: Plan, wanted: str, dry_run: bool) -> str:
    """Return the Slack notifier to use; end with one line where none is meant."""
    slacks = [one.id for one in plan.notifiers if one.slack is not None]
    name = wanted or plan.publish.notifier or (slacks[0] if len(slacks) == 1 else "")
    listed = ", ".join(slacks) or "none; add a [[notifier]] of kind slack"
    if wanted and name not in slacks:
        fail(f"no notifier {wanted!r} of kind slack; the configuration has: {listed}")
    if name not in slacks and not dry_run:
        fail(f"say which notifier with --notifier or [oncall] publish; there are: {listed}")
    return name


async def _tell(
    plan: Plan, found: WeekRota, notifier: str, channel: str, again: bool
) -> tuple[str, SafeText, str]:
    from opsdash.domain.publication import Slot
    from opsdash.engine.publishing import Telling
    from opsdash.engine.publishing import publish as tell
    from opsdash.runtime import RealClock, open_publishing, who_acts
    from opsdash.store.session import open_store

    publishing = open_publishing(plan, notifier, channel)
    if publishing is None:
        fail(f"no notifier {notifier!r} of kind slack")
    store = await open_store(Path(plan.store_path))
    try:
        slot = Slot(found.week, publishing.notifier, publishing.channel)
        telling = Telling(slot, found, who_acts().user, again=again)
        told = await tell(store, publishing.board, telling, RealClock())
        if slot.notifier == plan.publish.notifier and not channel:
            await _compare(store, found)
    finally:
        await store.close()
        await publishing.board.close()
    return told.deed.value, told.why, publishing.channel


async def _compare(store: "Store", found: WeekRota) -> None:
    """Say so where the engine that runs tells the same week otherwise: it would edit it back."""
    from opsdash.store import engine, lease, overrides

    if await store.read(lease.is_free, now()):
        return
    text = await store.read(engine.load_setup_text)
    if text is None:
        return
    setup = await store.read(overrides.overridden, engine.decode_setup(text))
    if week_rota(setup, found.week).digest != found.digest:
        words = "the running engine has other schedules and will edit it back: send it SIGHUP"
        click.echo(f"! {words}", err=True)


def _show(
    found: WeekRota, form: str, deed: str, channel: str = "", why: SafeText = SafeText("")
) -> None:
    if form != "json":
        for line in rota_lines(found):
            click.echo(line)
        return
    print_json(
        {
            "week": str(found.week),
            "from": found.week.monday.isoformat(),
            "until": found.week.sunday.isoformat(),
            "result": deed,
            "channel": channel or None,
            "reason": why or None,
            "schedules": [
                {
                    "schedule": one.schedule,
                    "timezone": one.timezone,
                    "days": [{"date": d.date.isoformat(), "who": d.who} for d in one.days],
                    "remarks": list(remarks(one)),
                }
                for one in found.schedules
            ],
        }
    )
