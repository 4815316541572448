"""Slack's text: escaped so that nothing from outside pings, links or hides, within Slack's limits.

docs.slack.dev, "Formatting text": only & < > have a meaning that escaping takes away; "Block Kit":
150 characters of a header, 3000 of a section, 2000 of a field, 10 fields, 50 blocks.
"""

from typing import Any

from opsdash.domain.page import Link, Page, PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.wording import facts, headline, links

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
FIELD_LIMIT = 400
FIELDS = 10
TEXT_LIMIT = 3000
_LIST_LIMIT = 1800
_LINK_LIMIT = 1000
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return `text` escaped and at most `limit` characters long, no escape cut in two."""
    return cut_escaped("".join(_ESCAPES.get(character, character) for character in text), limit)


def cut_escaped(escaped: str, limit: int) -> str:
    """Return escaped text at most `limit` characters long, no escape cut in two."""
    if len(escaped) <= limit:
        return escaped
    cut = escaped[: limit - 1]
    start = cut.rfind("&")
    if start >= 0 and ";" not in cut[start:]:
        cut = cut[:start]
    return f"{cut}…"


def fallback_of(page: Page) -> str:
    """Return the message in one line, for the notification on a phone."""
    words = f"{headline(page)} {page.text}".strip()
    return escape(words)


def blocks_of(page: Page) -> list[dict[str, Any]]:
    """Return the blocks that show a page."""
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {
                "type": "plain_text",
                "text": escape(headline(page), HEADER_LIMIT),
                "emoji": False,
            },
        }
    ]
    words = (page.text, page.annotations.get("description", ""))
    blocks += [_section(escape(text, SECTION_LIMIT)) for text in words if text]
    fields = [_mrkdwn(f"*{n}*\n{escape(v, FIELD_LIMIT)}") for n, v in facts(page)[:FIELDS]]
    blocks.append({"type": "section", "fields": fields})
    for title, lines in (
        ("Alerts", page.members),
        ("Changed lately", page.context),
        ("Handoff", tuple(text for text in page.lines if text)),
    ):
        if lines:
            blocks.append(_section(f"*{title}*\n{_listed(lines)}"))
    if page.labels:
        labels = "  ".join(f"{name}={value}" for name, value in sorted(page.labels.items()))
        blocks.append({"type": "context", "elements": [_mrkdwn(escape(labels, _LIST_LIMIT))]})
    if shown := [link_of(link) for link in links(page) if len(link.url) <= _LINK_LIMIT]:
        blocks.append(_section("  ·  ".join(shown[:3])))
    if page.test:
        blocks.append(_section("This is a *test*. Nothing is wrong and nothing is needed."))
    return blocks


def reply_of(page: Page) -> str:
    """Return what is added to the thread of a message."""
    if page.kind is PageKind.TRIGGER:
        level = f" level {page.level} {page.level_name}" if page.level_name else ""
        whom = f" for {', '.join(page.reached)}" if page.reached else ""
        words = f"{headline(page)}: paging{level}{whom}. {page.text}"
    else:
        words = f"{headline(page)}: {page.text}" if page.text else headline(page)
    return escape(words.strip())


def link_of(link: Link) -> str:
    """Return a link whose address cannot end early and whose text cannot be more than text."""
    return f"<{escape(link.url, len(link.url) * 5)}|{escape(link.text or SafeText('link'), 75)}>"


def _listed(lines: tuple[SafeText, ...]) -> str:
    shown: list[str] = []
    room = _LIST_LIMIT
    for line in lines:
        text = f"• {escape(line, 300)}"
        if len(text) > room:
            shown.append("• …")
            break
        shown.append(text)
        room -= len(text)
    return "\n".join(shown)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: a word that looks like a channel, a person or an address stays a word.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
