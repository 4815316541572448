"""The signs of the screen, once for terminals that write UTF-8 and once in plain ASCII."""

from typing import NamedTuple

from opsdash.domain.indicator import Level


class Glyphs(NamedTuple):
    """One set of signs, each a single cell wide. `corners` go clockwise from the top left by rows:
    top left, top right, bottom left, bottom right. `spark` rises from the lowest to the highest.
    """

    ok: str
    warn: str
    crit: str
    unknown: str
    pending: str
    silenced: str
    resolved: str
    up: str
    down: str
    same: str
    spark: str
    cursor: str
    mark: str
    dot: str
    dash: str
    arrow: str
    ellipsis: str
    horizontal: str
    vertical: str
    corners: str
    tee: str
    cross: str
    rule: str
    at_least: str
    quotes: str
    back: str

    def level(self, level: Level) -> str:
        """Return the sign of a level."""
        signs = {
            Level.OK: self.ok,
            Level.WARN: self.warn,
            Level.CRIT: self.crit,
            Level.UNKNOWN: self.unknown,
        }
        return signs[level]


UTF8 = Glyphs(
    ok="✔",
    warn="▲",
    crit="✖",
    unknown="?",
    pending="◌",
    silenced="∅",
    resolved="·",
    up="↑",
    down="↓",
    same="→",
    spark="▁▂▃▄▅▆▇█",
    cursor="▌",
    mark="◆",
    dot="·",
    dash="–",
    arrow="→",
    ellipsis="…",
    horizontal="─",
    vertical="│",
    corners="╭╮╰╯",
    tee="┤",
    cross="┼",
    rule="╌",
    at_least="≥",
    quotes="“”",
    back="↺",
)

ASCII = Glyphs(
    ok="+",
    warn="!",
    crit="X",
    unknown="?",
    pending="~",
    silenced="o",
    resolved=".",
    up="^",
    down="v",
    same="=",
    spark="_.,-=+*#",
    cursor=">",
    mark="*",
    dot="-",
    dash="-",
    arrow=">",
    ellipsis="~",
    horizontal="-",
    vertical="|",
    corners="++++",
    tee="+",
    cross="+",
    rule="-",
    at_least=">",
    quotes='""',
    back="<",
)


def glyphs_of(ascii: bool) -> Glyphs:
    """Return the set for a terminal that writes only ASCII, or for one that writes UTF-8."""
    return ASCII if ascii else UTF8


_PLAIN = str.maketrans(
    {
        "…": "~",
        "–": "-",
        "—": "-",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "→": ">",
        "·": "-",
        "≥": ">",
    }
)


def to_ascii(text: str) -> str:
    """Return `text` for a terminal that writes only ASCII: each other character as one `?` a cell."""
    if text.isascii():
        return text
    from rich.cells import cell_len

    return "".join(
        character if character.isascii() else "?" * cell_len(character)
        for character in text.translate(_PLAIN)
    )
