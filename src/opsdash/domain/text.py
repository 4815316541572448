"""Outside text, made safe once where it enters: visible, one line, without effect on a terminal."""

import re
import unicodedata
from functools import cache
from typing import NewType

SafeText = NewType("SafeText", str)
"""Text that passed `clean`: no control, bidirectional or invisible character, bounded length."""

LIMIT = 2000
"""Characters kept of one text; longer ones end in an ellipsis."""

_MARKS_KEPT = 3
_MARKS = ("Mn", "Me")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what breaks a line and what is unsafe; most processes meet neither."""
    return (
        re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+"),
        # Controls, bidirectional marks, zero-width and filling characters, tags, surrogates.
        re.compile(
            "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
            "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
            "\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
        ),
    )


def clean(raw: object, limit: int = LIMIT) -> SafeText:
    """Return `raw` as one visible line of at most `limit` characters.

    Line breaks and tabs become one space. Control characters (C0, C1, DEL), bidirectional
    overrides, zero-width characters, tag characters and lone surrogates become U+FFFD, so that a
    person sees that something was there. More than three combining marks on a letter are cut.
    Brackets and every other word stay: markup is text here.
    """
    text = raw if isinstance(raw, str) else str(raw)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return SafeText(text)
    breaks, unsafe = _patterns()
    text = unsafe.sub("\ufffd", breaks.sub(" ", text))
    text = _limit_marks(unicodedata.normalize("NFC", text))
    # Composing can lengthen a text; what is cut again is still composed.
    return SafeText(text if len(text) <= limit else text[: limit - 1] + "…")


def _limit_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if marks <= _MARKS_KEPT:
            kept.append(character)
    return "".join(kept)
