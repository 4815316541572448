"""Pages to send, plain and hostile."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from opsdash.domain.alert import Severity
from opsdash.domain.page import Link, Page, PageKind
from opsdash.domain.text import SafeText, clean

AT = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)
KEY = "5f2c0123456789ab/3"


def page(kind: PageKind = PageKind.TRIGGER, **changes: Any) -> Page:
    """Return the guide's first alert as a page."""
    plain = Page(
        id=f"{KEY}/{kind}/1000/pd/",
        key=KEY,
        kind=kind,
        title=SafeText("High error rate detected in payments API"),
        severity=Severity.CRITICAL,
        source=SafeText("payments-api"),
        at=AT,
        alert=KEY,
        incident="INC-001",
        level=1,
        level_name=SafeText("On-call engineer"),
        reached=(SafeText("John"),),
        value=0.025,
        labels={
            name: SafeText(value)
            for name, value in {
                "alertname": "HighErrorRate",
                "job": "payments-api",
                "namespace": "payments",
                "severity": "critical",
            }.items()
        },
        annotations={
            "summary": SafeText("High error rate detected in payments API"),
            "description": SafeText("2.5% of requests fail; the limit is 1%."),
        },
        context=(SafeText("v1.4.2 of payments-api deployed 13:58 UTC by alice"),),
        links=(Link(SafeText("Runbook"), SafeText("https://runbooks.example.com/HighErrorRate")),),
        since=AT,
    )
    return replace(plain, **changes)


HOSTILE = [
    "<!channel> wake up",
    "<!here> <!everyone> <!subteam^S1>",
    "<@U123ABC> &lt;!channel&gt;",
    "<http://evil.example|https://bank.example>",
    "a & b < c > d",
    "=cmd|' /C calc'!A0",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "``` fence *bold* _x_ | pipe |",
    "line one\r\nBcc: everyone@example.com\r\n\r\nbody",
    "\r\n.\r\nMAIL FROM:<evil@example.com>",
    "@everyone @here @channel @all",
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J",
    "\u202etxt.exe \u2066x\u2069 \ud800 \x00",
    "e" + "\u0301" * 300,
    "x" * 100_000,
    "😀" * 5000,
    "{0.__class__} ${HOME} %(x)s {{ template }}",
    "'; DROP TABLE outbox;--",
    "",
]
"""What labels, titles and comments may hold (reliability.md H01 to H65, those that reach receivers)."""

BAD_LINKS = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://user:pw@host/",
    "https://x/|<!channel>",
    "https://x/> <!channel",
    "http://",
    'https://x/"onclick',
    "data:text/html,x",
]


def hostile(text: str, kind: PageKind = PageKind.TRIGGER, url: str = BAD_LINKS[0]) -> Page:
    """Return a page whose every text from outside is `text`, as it comes through `clean`."""
    safe = clean(text)
    return page(
        kind,
        id=f"{KEY}/{safe}/{kind}",
        title=safe,
        source=safe,
        level_name=safe,
        reached=(safe,),
        by=safe,
        text=safe,
        labels={"alertname": safe, "severity": safe, clean(text, 200) or "x": safe},
        annotations={"summary": safe, "description": safe, "runbook_url": safe},
        context=(safe,) * 3,
        links=(Link(safe, clean(url)), Link(safe, clean(f"https://x/{text}"))),
        members=(safe,) * 30,
        count=30,
        incident=safe,
    )


any_text = st.text(max_size=300) | st.sampled_from(HOSTILE)
any_kind = st.sampled_from(list(PageKind))
