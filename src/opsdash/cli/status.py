"""`opsdash status`: how production is, from what the engine last wrote."""

from pathlib import Path

import click

from opsdash.cli.main import config_option, load_plan
from opsdash.cli.output import format_option, padded, print_json
from opsdash.cli.reading import picture
from opsdash.cli.shapes import alert_words, all_panes, indicator_shape, status_shape
from opsdash.domain.duration import format_duration
from opsdash.domain.failures import FailureBatch
from opsdash.domain.freshness import Freshness, freshness
from opsdash.domain.indicator import Reading
from opsdash.domain.span import format_span
from opsdash.domain.status import EXIT_CODES
from opsdash.snapshot import Snapshot
from opsdash.ui.format import (
    figure,
    is_share,
    mountpoint,
    reading_figure,
    share_words,
)


@click.command(epilog="Example:  opsdash status --format tmux   (in tmux' status-right)")
@config_option
@format_option("tmux")
@click.option("--live", is_flag=True, help="Ask the sources now, once, and write nothing.")
@click.pass_context
def status(context: click.Context, config: Path | None, form: str, live: bool) -> None:
    """Say how production is; exit 0 healthy, 1 degraded, 2 critical, 3 unknown."""
    plan = load_plan(config)
    if live:
        from opsdash.cli.live import look

        snapshot = look(plan)
    else:
        snapshot = picture(plan)
    if form == "json":
        print_json(status_shape(snapshot))
    elif form == "tmux":
        from opsdash.cli.tmux import line_of

        click.echo(line_of(snapshot))
    else:
        print_text(snapshot)
    context.exit(EXIT_CODES[snapshot.status])


def print_text(snapshot: Snapshot) -> None:
    """Print the status, what keeps the picture from being whole, each figure and each open alert."""
    as_of = snapshot.as_of
    age = f"as of {format_span(snapshot.taken_at - as_of)} ago" if as_of else "never read"
    click.echo(f"{snapshot.setup.title}: {snapshot.status}, {age}")
    for problem in snapshot.problems:
        click.echo(f"! {problem.text}")
    for pane in all_panes(snapshot):
        for reading in pane.readings:
            click.echo(_indicator_line(reading, snapshot))
    for alert in snapshot.alerts:
        if alert.open:
            owner = alert.acknowledgement.by if alert.acknowledgement else "nobody"
            since = format_span(snapshot.taken_at - (alert.fired_at or alert.active_at))
            words = f"{alert.severity:<9} {alert_words(alert):<9}"
            click.echo(f"  {words} {alert.name}  {since}  {owner}")


def _indicator_line(reading: Reading, snapshot: Snapshot) -> str:
    shape = indicator_shape(reading, snapshot)
    known = shape["value"] is not None
    shown = reading_figure(reading) if known else figure(None, reading.indicator)
    reason = f"  ({shape['reason']})" if shape["reason"] else _old(reading, snapshot)
    value = f"{shown.number} {shown.unit}".strip()
    batch = f"  ({_batch_words(reading.batch)})" if reading.batch and shape["value"] else ""
    beside = "".join(f"  ({words})" for words in _beside(reading) if words) if known else ""
    title = padded(reading.indicator.title, 18)
    return f"  {title} {value:>12}  {shape['level']}{reason}{beside}{batch}"


def _beside(reading: Reading) -> tuple[str, ...]:
    """Return what a figure is of and what it was: both sides of a share, a filesystem, the change."""
    return share_words(reading), mountpoint(reading), _change(reading)


def _change(reading: Reading) -> str:
    """Return what a figure was, and but for a share by how much it is another (S8, S12)."""
    indicator, value, before = reading.indicator, reading.value, reading.compared
    if indicator.compare is None or value is None or before is None:
        return ""
    was = f"was {figure(before, indicator)} {format_duration(indicator.compare)} ago"
    if is_share(indicator) or not before:
        return was
    return f"{100 * (value - before) / abs(before):+.0f}%, {was}"


def _old(reading: Reading, snapshot: Snapshot) -> str:
    """Return the age of a figure that is no longer live; nothing of one that is, or is not shown."""
    now = snapshot.taken_at
    fresh = freshness(now, snapshot.setup.refresh, reading.read_at, reading.sampled_at)
    seen = [at for at in (reading.read_at, reading.sampled_at) if at is not None]
    return f"  ({format_span(now - min(seen))} old)" if fresh is Freshness.STALE else ""


def _batch_words(batch: FailureBatch) -> str:
    """Return how far people are with the failures that a figure counts."""
    return f"{batch.state}, {batch.by}" if batch.by else batch.state
