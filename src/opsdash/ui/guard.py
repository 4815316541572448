"""The last gate before the terminal: no rendered segment carries a control character or a link.

Outside text is cleaned where it enters, and widgets take spans, not markup; this filter holds
whatever slips past both (CVE-2021-25743 is what happens without one).
"""

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# Nearly every text is printable: the patterns are compiled for the first that is not.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SURROGATES = "[\ud800-\udfff]"


def strip_controls(text: str) -> str:
    """Return `text` without what moves a cursor or reorders a line; its width in cells is kept.

    C0, C1, DEL, bidirectional and zero-width controls are dropped, all of which measure no cell;
    a lone surrogate, which no terminal can be sent, becomes U+FFFD. Visible text is never touched.
    """
    if text.isprintable():
        return text
    return re.sub(_SURROGATES, "\ufffd", re.sub(_UNSAFE, "", text))


class ControlGuard(LineFilter):
    """Drops control characters and hyperlinks from every line that a widget renders."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, harmless; the same list where nothing had to be done."""
        for text, style, control in segments:
            if not text.isprintable() or control or (style is not None and style.link):
                return [_harmless(segment) for segment in segments]
        return segments


def _harmless(segment: Segment) -> Segment:
    text, style, control = segment
    if control:
        return Segment("", style)
    if style is not None and style.link:
        style = style.update_link(None)
    return Segment(strip_controls(text), style)
