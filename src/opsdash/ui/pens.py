"""Pens: rich styles as the fewest SGR codes that a terminal of few or many colours needs."""

from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.style import Style

_ATTRIBUTES = (
    ("bold", "1", "22"),
    ("dim", "2", "22"),
    ("italic", "3", "23"),
    ("underline", "4", "24"),
    ("blink", "5", "25"),
    ("reverse", "7", "27"),
    ("conceal", "8", "28"),
    ("strike", "9", "29"),
    ("underline2", "21", "24"),
    ("overline", "53", "55"),
)
_OFF = {on: off for _, on, off in _ATTRIBUTES}
_SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "53", "5"})
_CACHED = 8192
_BLACK, _WHITE = "30", "97"


class Pen(NamedTuple):
    """What a cell is drawn with: attribute codes, letter and ground colour codes (`""`: default)."""

    attributes: tuple[str, ...] = ()
    fore: str = ""
    back: str = ""


PLAIN = 0
"""The number of the pen that a reset leaves."""

UNKNOWN = -1
"""The number of a pen that nobody knows."""


class Pens:
    """Numbers the pens in use and knows the shortest way from one to another.

    `system` is what the terminal can show; None, or `colour=False`, is no colour at all.
    """

    def __init__(self, system: ColorSystem | None, *, colour: bool = True) -> None:
        self._system = system if colour else None
        self._pens: list[Pen] = [Pen()]
        self._blanks: list[int] = [PLAIN]
        self._numbers: dict[Pen, int] = {Pen(): PLAIN}
        self._of_style: dict[Style | None, int] = {None: PLAIN}
        self._switches: dict[tuple[int, int], str] = {}

    def of(self, style: Style | None) -> int:
        """Return the number of the pen that draws `style`."""
        number = self._of_style.get(style)
        if number is None:
            if len(self._of_style) > _CACHED:
                self._of_style = {None: PLAIN}
            number = self._of_style[style] = self._number(self._translate(style or Style.null()))
        return number

    def blank(self, number: int) -> int:
        """Return the pen that makes an empty cell look the same with the fewest codes."""
        return self._blanks[number]

    def switch(self, old: int, new: int) -> str:
        """Return what makes a terminal that draws with `old` draw with `new`."""
        if old == new:
            return ""
        codes = self._switches.get((old, new))
        if codes is None:
            codes = self._switches[old, new] = self._shortest(old, new)
        return codes

    def _number(self, pen: Pen) -> int:
        number = self._numbers.get(pen)
        if number is None:
            number = self._numbers[pen] = len(self._pens)
            self._pens.append(pen)
            self._blanks.append(number)
            seen = tuple(code for code in pen.attributes if code in _SEEN_ON_BLANKS)
            self._blanks[number] = self._number(Pen(seen, pen.fore if seen else "", pen.back))
        return number

    def _translate(self, style: Style) -> Pen:
        attributes = tuple(on for name, on, _ in _ATTRIBUTES if getattr(style, name))
        if self._system is None:
            return Pen(attributes)
        fore = _codes(style.color, self._system, foreground=True)
        back = _codes(style.bgcolor, self._system, foreground=False)
        if self._system is ColorSystem.STANDARD and style.color != style.bgcolor:
            fore = _legible(fore, back)
        return Pen(attributes, fore, back)

    def _shortest(self, old: int, new: int) -> str:
        pen = self._pens[new]
        whole = [*pen.attributes, *(code for code in (pen.fore, pen.back) if code)]
        reset = f"\x1b[{';'.join(['0', *whole])}m" if whole else "\x1b[m"
        if old == UNKNOWN:
            return reset
        before = self._pens[old]
        gone = set(before.attributes) - set(pen.attributes)
        off = {_OFF[code] for code in gone}
        steps = sorted(off)
        steps += [c for c in pen.attributes if c not in before.attributes or _OFF[c] in off]
        if pen.fore != before.fore:
            steps.append(pen.fore or "39")
        if pen.back != before.back:
            steps.append(pen.back or "49")
        change = f"\x1b[{';'.join(steps)}m"
        return change if len(change) <= len(reset) else reset


def _codes(colour: Color | None, system: ColorSystem, *, foreground: bool) -> str:
    if colour is None or colour.is_default:
        return ""
    return ";".join(colour.downgrade(system).get_ansi_codes(foreground))


def _legible(fore: str, back: str) -> str:
    """Return another letter colour where sixteen colours would hide letters in their ground."""
    if not fore or not back or int(fore) != int(back) - 10:
        return fore
    return _BLACK if int(back) in (43, 46, 47, 102, 103, 106, 107) else _WHITE
