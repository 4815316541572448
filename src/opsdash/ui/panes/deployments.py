"""What was deployed before an alert: the newest in a few lines, or all with what they brought."""

from opsdash.domain.alert import Alert
from opsdash.domain.context import chosen
from opsdash.domain.deployment import Deployment, brought, distance
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import cut_line, section
from opsdash.ui.ports import Detail


def deployment_lines(
    alert: Alert, detail: Detail | None, width: int, room: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return the newest deployments of an alert's service in `room` lines, the newest first."""
    if detail is None or detail.id != alert.id or room <= 0:
        return []
    return [
        cut_line(_deployment(one, alert, moment), width, glyphs)
        for one in chosen(detail.deployments, alert.annotations)[:room]
    ]


def every_deployment(
    alert: Alert, detail: Detail | None, width: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return every deployment with what it brought, one commit a line."""
    told = () if detail is None else chosen(detail.deployments, alert.annotations)
    if detail is None or detail.id != alert.id or not told:
        return []
    lines = section("deployments")
    for one in told:
        lines.append(cut_line(_deployment(one, alert, moment), width, glyphs))
        found = [
            line((f"  {c.id}", "muted"), f"  {c.subject}", (f"  {c.author}", "muted"))
            for c in one.commits
        ]
        more = one.commit_count - len(one.commits)
        if one.commits and more > 0:
            found.append(line((f"  and {more} more", "muted")))
        if one.note and one.subject:
            found.append(line((f"  {one.note}", "muted")))
        if one.url:
            found.append(line((f"  {one.url}", "muted")))
        lines += [cut_line(each, width, glyphs) for each in found]
    return lines


def _deployment(deployment: Deployment, alert: Alert, moment: Moment) -> Line:
    by = f"by {deployment.by}, " if deployment.by else ""
    return line(
        (moment.date_clock(deployment.at), "muted"),
        (f"  {deployment.named}", ""),
        (f"  {by}{distance(deployment, alert.fired_at or alert.active_at)}", "muted"),
        brought(deployment),
    )
