"""The handoff in lines: what the shift owes as a checklist, then the digest to be copied."""

from collections.abc import Sequence

from opsdash.domain.duty import Duty
from opsdash.domain.text import SafeText
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.panes.facts import section, wrapped


def duty_lines(duties: Sequence[Duty], width: int, glyphs: Glyphs) -> list[Line]:
    """Return the responsibilities of the shift, each with what is missing beneath it."""
    lines: list[Line] = []
    for duty in duties:
        sign, style = (glyphs.ok, "ok") if duty.done else (glyphs.crit, "crit bold")
        word = "done" if duty.done else "OWED"
        lines.append(line((f"{sign} {word:<8}", style), (duty.text, "" if duty.done else "bold")))
        for missing in duty.missing:
            lines += [
                line(("          ", ""), (part, "warn")) for part in wrapped(missing, width - 10)
            ]
    return lines


def handoff_page(
    duties: Sequence[Duty], digest: Sequence[SafeText], width: int, glyphs: Glyphs
) -> list[Line]:
    """Return the whole page: the checklist, and the digest word for word as it is copied."""
    owed = sum(not duty.done for duty in duties)
    head = f"the shift owes {owed} of {len(duties)}" if owed else "the shift owes nothing"
    lines = [line((head, "crit bold" if owed else "ok bold")), *duty_lines(duties, width, glyphs)]
    lines += section("digest")
    for text in digest:
        lines += [line(part) for part in wrapped(text, width)] if text else [EMPTY]
    return lines
