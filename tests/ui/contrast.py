"""How well the colours of a theme stand out against each other, as WCAG counts it."""

from opsdash.ui.themes import FOREGROUNDS, GROUNDS, LINES, Theme


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two `#rrggbb` colours (WCAG 2.2, relative luminance), 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def weak_pairs(theme: Theme) -> list[str]:
    """Return each pair of tokens that the screen uses and that misses WCAG AA, with its ratio."""
    pairs = [(front, ground, 4.5) for front in FOREGROUNDS for ground in GROUNDS]
    pairs += [(border, ground, 3.0) for border in LINES for ground in ("background", "panel")]
    found = ((f, g, need, contrast(theme.tokens[f], theme.tokens[g])) for f, g, need in pairs)
    return [f"{f} on {g} {ratio:.2f} < {need}" for f, g, need, ratio in found if ratio < need]
