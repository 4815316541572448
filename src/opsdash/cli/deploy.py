"""`opsdash deploy record` and `list`: what changed, from a CD pipeline and for a person."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import click

from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.reading import reading, writing
from opsdash.cli.shapes import deployment_shape
from opsdash.domain.deployment import Deployment, brought
from opsdash.domain.duration import format_duration, parse_duration
from opsdash.domain.text import SafeText, clean
from opsdash.runtime import now, who_acts
from opsdash.store import deployments

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_AHEAD = timedelta(minutes=5)
_LIMIT = 100


@click.group(epilog="Example:  opsdash deploy record payments-api --version v1.4.2")
def deploy() -> None:
    """Record deployments, which the pages of a service's alerts then name, and list them."""


@deploy.command(
    epilog="Example:  opsdash deploy record payments-api --version v1.4.2 --commit 4e91c0a"
)
@click.argument("service", metavar="SERVICE")
@config_option
@click.option("--version", required=True, help="What runs now.")
@click.option("--commit", default="", help="The commit that it was built from.")
@click.option("--author", default="", help="Who deployed it.")
@click.option("--url", default="", help="Where it can be looked up, http or https.")
@click.option("--at", default="", metavar="TIME", help="When, in RFC 3339; else now.")
def record(
    service: str, config: Path | None, version: str, commit: str, author: str, url: str, at: str
) -> None:
    """Record that a version of SERVICE, as its alerts' `job` or `service` label names it, was deployed.

    A pipeline may report the same deployment again: it is recorded once.
    """
    moment = now()
    deployment = Deployment(
        service=_said(service, "SERVICE"),
        at=_moment(at, moment) if at else moment,
        version=_said(version, "--version"),
        commit=clean(commit.strip(), _LIMIT),
        author=clean(author.strip(), _LIMIT),
        url=_address(url.strip()),
        source=who_acts().user,
    )
    with writing(load_plan(config)) as store:
        new = store.write(deployments.record, deployment)
    click.echo(f"{'recorded' if new else 'already recorded'} {deployment.named}")


@deploy.command("list", epilog="Example:  opsdash deploy list --service payments-api --since 7d")
@config_option
@click.option("--service", "services", multiple=True, help="Of this service only.")
@click.option("--since", default="24h", show_default=True, help="How far back, as 24h or 7d.")
@format_option()
def list_(config: Path | None, services: tuple[str, ...], since: str, form: str) -> None:
    """List what was deployed, seen or restarted, newest first."""
    moment = now()
    try:
        first = moment - parse_duration(since)
    except OverflowError:
        first = moment - deployments.KEPT
    except ValueError as error:
        fail(f"--since: {error}")
    with reading(load_plan(config)) as store:
        wanted = tuple(clean(service.strip(), _LIMIT) for service in services)
        found = store.read(deployments.load_recent, wanted, first, moment + _AHEAD)
    if form == "json":
        print_json([deployment_shape(one) for one in found])
        return
    if not found:
        click.echo(f"no deployments in the last {format_duration(moment - first)}")
        return
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            one.service,
            one.version or "-",
            one.short_commit or "-",
            one.kind,
            one.by or "-",
            one.source,
            brought(one).removeprefix(": "),
        )
        for one in found
    ]
    print_columns(
        ("AT (UTC)", "SERVICE", "VERSION", "COMMIT ID", "KIND", "BY", "SEEN BY", ""), rows
    )


def _said(text: str, name: str) -> SafeText:
    found = clean(text.strip(), _LIMIT)
    if not found:
        fail(f"{name} is empty; write what it is called")
    return found


def _address(text: str) -> SafeText:
    url = clean(text, 2000)
    if url and (not url.startswith(("http://", "https://")) or " " in url or url != text):
        fail("--url is no web address; write it as https://HOST/PATH")
    return url


def _moment(text: str, moment: datetime) -> datetime:
    """Return the time that `text` is in RFC 3339 (section 5.6); end with what to write where it is none."""
    cure = "write RFC 3339, as 2025-12-22T14:00:00Z"
    if not _RFC3339.fullmatch(text):
        fail(f"--at: {clean(text, 60)!r} is no time; {cure}")
    try:
        at = datetime.fromisoformat(text.upper())
        age = moment - at
    except (ValueError, OverflowError) as error:
        fail(f"--at: {clean(text, 60)!r} is no time ({error}); {cure}")
    if age < -_AHEAD:
        fail(f"--at: {clean(text, 60)} is in the future; {cure}")
    if age > deployments.KEPT:
        kept = format_duration(deployments.KEPT)
        fail(f"--at: {clean(text, 60)} is longer ago than deployments are kept, which is {kept}")
    return at.astimezone(moment.tzinfo)
