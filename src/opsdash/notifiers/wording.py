"""A page in words that every receiver can use: what happened first, then what helps."""

import math
from datetime import UTC, datetime

from opsdash.domain.alert import Severity
from opsdash.domain.page import Link, Page, PageKind
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean

TITLE_LIMIT = 300
_HTTP = ("http://", "https://")


def headline(page: Page) -> SafeText:
    """Return what happened in one line: `CRITICAL · High error rate detected (INC-001)`."""
    marks = ["TEST"] if page.test else []
    marks.append(state(page))
    incident = f" ({page.incident})" if page.incident else ""
    again = " (repeat)" if page.repeat or page.again else ""
    title = clean(page.title, TITLE_LIMIT)
    return clean(f"{' · '.join(marks)} · {title}{incident}{again}")


def state(page: Page) -> SafeText:
    """Return the first word: the severity of what fires, else what became of it and by whom."""
    by = f" by {page.by}" if page.by else ""
    match page.kind:
        case PageKind.ACKNOWLEDGE:
            return clean(f"ACKNOWLEDGED{by}", 100)
        case PageKind.RESOLVE:
            return SafeText("RESOLVED")
        case PageKind.NOTE if page.quiet:
            return SafeText("ON CALL")
        case PageKind.NOTE:
            return clean(f"NOTE{by}", 100)
    return SafeText(page.severity.value.upper())


def facts(page: Page) -> list[tuple[SafeText, SafeText]]:
    """Return the short facts of a page as (name, value), only those that there are."""
    found = [
        ("Severity", page.severity.value),
        ("About", page.source),
        ("Value", format_value(page.value)),
        ("When", _moment(page.at)),
        *_times(page),
        ("Level", f"{page.level} {page.level_name}".strip() if page.level_name else ""),
        ("For", ", ".join(page.reached)),
        ("Incident", page.incident or ""),
        ("Alerts", str(page.count) if page.count > 1 else ""),
    ]
    return [(SafeText(name), clean(value, 300)) for name, value in found if value]


def _times(page: Page) -> list[tuple[str, str]]:
    """Return since when it is bad where that is another moment, how long it was, until when it rests."""
    found = []
    if page.kind is PageKind.TRIGGER and page.began is not None and page.began < page.at:
        found.append(("Bad since", _moment(page.began)))
    if page.kind is PageKind.RESOLVE and page.since is not None and page.since < page.at:
        found.append(("Fired for", format_span(page.at - page.since)))
    if page.until is not None:
        found.append(("Until", _moment(page.until)))
    return found


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def body_lines(page: Page) -> list[SafeText]:
    """Return a page as lines of plain text, for receivers that take no more than that."""
    lines = [headline(page)]
    if page.text:
        lines.append(page.text)
    if page.lines:
        lines += [SafeText(""), *page.lines]
    if description := page.annotations.get("description"):
        lines += [SafeText(""), description]
    lines += [SafeText(""), *(clean(f"{name}: {value}") for name, value in facts(page))]
    lines += _section("Alerts", [clean(member) for member in page.members])
    lines += _section("Changed lately", list(page.context))
    lines += _section("Labels", [clean(f"{k} = {v}") for k, v in sorted(page.labels.items())])
    lines += _section("Links", [clean(f"{link.text}: {link.url}") for link in links(page)])
    if page.test:
        lines += [SafeText(""), SafeText("This is a test. Nothing is wrong and nothing is needed.")]
    return lines


def links(page: Page) -> list[Link]:
    """Return the links of a page that are web addresses and nothing else."""
    return [link for link in page.links if is_web_address(link.url)]


def is_web_address(url: str) -> bool:
    """Whether `url` is http or https with a host, and holds nothing that ends an address."""
    if not url.lower().startswith(_HTTP) or any(c.isspace() or c in "<>\"'|\\`" for c in url):
        return False
    authority = url.partition("://")[2].partition("/")[0]
    return bool(authority) and "@" not in authority


def format_value(value: float | None) -> str:
    """Return a rule's value in at most six digits, empty where there is none or it is no number."""
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def is_urgent(page: Page) -> bool:
    """Whether somebody should look at once."""
    return page.kind is PageKind.TRIGGER and page.severity is Severity.CRITICAL


def _section(title: str, lines: list[SafeText]) -> list[SafeText]:
    shown = [clean(f"  {line}") for line in lines]
    return [SafeText(""), SafeText(f"{title}:"), *shown] if shown else []
