"""Everywhere that figures are shown, and which of them look live there: screens, pages, `status`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.terminal import Look

from opsdash.presets import DEFAULT_PANES

TITLES = {str(i.title): pane.id for pane in DEFAULT_PANES for i in pane.indicators}
"""The title of each tile, with the pane that it is in."""

Figures = dict[str, bool]
"""The figures that are shown, by name; true where one carries its age or says `no data`."""

_HEADER = re.compile(r" (uptime|users) (.*?)(?=   |$)")
_PANE_LINE = re.compile(r"^([123]) (.*\S)\s\s+(live|. \d+ (?:stale|no data).*)$")
_PAGE = "─ Indicator ─"
_TICKS = re.compile(r"\b(?:no data|old)\b")


def header(lines: Sequence[str]) -> Figures:
    """Return the figures of the first line, as many as it has room for, and its status."""
    found = {name: _marked(text) for name, text in _HEADER.findall(lines[0] if lines else "")}
    if "HEALTHY" in "".join(lines[:1]):
        found["the status"] = False
    return found


def tiles(lines: Sequence[str]) -> Figures:
    """Return the figures of the tiles that have a row each."""
    found = {}
    for text in lines:
        for cell in text.split("│"):
            for title in TITLES:
                if cell.strip().find(f"{title} ") in range(4):
                    found[title] = _marked(cell)
    return found


def pane_lines(lines: Sequence[str]) -> Figures:
    """Return the figures of panes that have a line each; one that has no room is in its pane's word."""
    found = {}
    for text in lines:
        if pane := _PANE_LINE.match(text):
            number, body, word = pane.groups()
            found[f"pane {number}"] = word != "live"
            for part in re.split(r" {2,}", body):
                if not part.startswith("+"):
                    found[part.split(" ")[0]] = _marked(part)
    return found


def indicator_page(lines: Sequence[str]) -> Figures:
    """Return the figure in the first line of an indicator's page."""
    for top, text in pairwise(lines):
        if _PAGE in top:
            return {"the page's figure": _marked(text)}
    return {}


def alert_page(lines: Sequence[str]) -> Figures:
    """Return the state that an alert's page tells, which the source that it was seen in vouches for."""
    seen = [text for text in lines if "│ seen in " in text]
    return {"the alert": "not heard for" in seen[0]} if seen else {}


def alert_list(lines: Sequence[str]) -> Figures:
    """Return the list of alerts, for which the lines above everything else name a source that fails."""
    whole = "\n".join(lines)
    top = re.split(r"(?m)^(?:╭|1 |        ALERT)", whole)[0]
    return {"the alerts": "alertmanager" in top or "the view is not whole" in top}


def _marked(text: str) -> bool:
    return bool(_TICKS.search(text))


@dataclass(frozen=True, slots=True)
class View:
    """A terminal of a size, the keys that open what is looked at, and the figures it must show."""

    name: str
    columns: int
    lines: int
    readers: tuple[Callable[[Sequence[str]], Figures], ...]
    keys: tuple[str, ...] = ()
    count: int = 1
    opened: str = "StaleOrNot"
    of_alert: bool = False

    def figures(self, lines: Sequence[str]) -> Figures:
        """Return all figures of a screen that are told by metrics."""
        return {name: marked for read in self.readers for name, marked in read(lines).items()}

    def green(
        self, lines: Sequence[str], cells: Sequence[Sequence[Look]], colour: str
    ) -> list[str]:
        """Return the lines with figures, and the first, in which anything has the colour of `ok`."""
        found = []
        for y, text in enumerate(lines):
            above = lines[y - 1] if y and _PAGE in lines[y - 1] else ""
            drawn = (cell for cell in cells[y] if cell[0].strip())
            if (y == 0 or self.figures([above, text])) and any(colour in c[1:3] for c in drawn):
                found.append(text.strip())
        return found


VIEWS = (
    View("160x45", 160, 45, (header, tiles), count=15),
    View("80x24", 80, 24, (header, pane_lines), count=8),
    View("60x15", 60, 15, (header,), count=0),
    View("a pane at 60x15", 60, 15, (header, tiles), ("1",), 4, "1 Performance"),
    View("zoomed at 160x45", 160, 45, (header, tiles), ("3", "z"), 6, "Stripe"),
    View("an indicator's page", 80, 24, (indicator_page,), ("2", "enter"), 1, _PAGE),
    View("an alert's page", 80, 24, (), ("4", "enter"), 0, "─ Alert ", of_alert=True),
)
"""The screens that are looked at: each form that figures are shown in, at the size that has it."""


def status_text(output: str) -> Figures:
    """Return the figures that `opsdash status` prints, and its word."""
    found = {}
    head, *rest = output.splitlines() or [": healthy"]
    for text in rest:
        for title in TITLES:
            if text.startswith(f"  {title} "):
                found[title] = _marked(text)
    return found | {"the status": ": healthy" not in head}


def status_json(output: str, oldest: float) -> Figures:
    """Return the figures of its JSON: a value must be `unknown` and at least `oldest` seconds old."""
    shape: Mapping[str, Any] = json.loads(output)
    found = {
        str(one["title"]): one["value"] is None
        or (one["level"] == "unknown" and one["age_seconds"] >= oldest)
        for pane in shape["panes"]
        for one in pane["indicators"]
    }
    return found | {"the status": shape["status"] != "healthy"}


def status_tmux(output: str) -> Figures:
    """Return the word of the line for tmux."""
    return {"the status": "HEALTHY" not in output}
