"""Style words to terminal styles: one theme, in full colour, sixteen colours, or none."""

from rich.style import Style
from textual.color import Color

from opsdash.ui.preferences import Colours
from opsdash.ui.themes import DEFAULT_ANSI, GROUNDS, Theme

_ATTRIBUTES = ("bold", "dim", "reverse", "underline", "italic")
_LOUD = ("crit", "unknown", "border-focus")
_ALIASES = {
    "table.header": "muted",
    "table.cursor": "on cursor",
    "table.cursor.blurred": "",
    "table.mark": "mark bold",
    "table.empty": "muted",
    "table.scroll": "border",
}


class Palette:
    """Turns the style words of a span into a style; each is made once.

    Without a full palette the row under the cursor is reversed, because no pair of the sixteen
    colours is legible on every terminal; without any colour what is critical is bold.
    """

    def __init__(self, theme: Theme, colours: Colours = Colours.FULL) -> None:
        self.theme = theme
        self.colours = colours
        self._made: dict[str, Style] = {}

    def style(self, words: str) -> Style:
        """Return the style of `words`: `crit bold on cursor`."""
        made = self._made.get(words)
        if made is None:
            made = self._made[words] = self._make(_ALIASES.get(words, words).split())
        return made

    @property
    def ground(self) -> Color:
        """The colour on which everything stands: the theme's, or the terminal's own."""
        return self._own("panel")

    @property
    def front(self) -> Color:
        """The colour of words that have none of their own."""
        return self._own("text")

    def side(self, focused: bool) -> Color:
        """Return the colour of the border of a pane."""
        colour = self.style("border-focus" if focused else "border").color
        if colour is None or colour.is_default:
            return Color.parse("ansi_default")
        return Color.from_rich_color(colour)

    def _own(self, token: str) -> Color:
        full = self.colours is Colours.FULL
        return Color.parse(self.theme.tokens[token] if full else "ansi_default")

    def _make(self, words: list[str]) -> Style:
        ground, front, attributes = "", "", dict[str, bool]()
        tokens = iter(words)
        for word in tokens:
            if word == "on":
                ground = next(tokens, ground)
            elif word in _ATTRIBUTES:
                attributes[word] = True
            else:
                front = word
        if self.colours is Colours.FULL:
            colours = self.theme.tokens
            return _styled(attributes, colours.get(front), colours.get(ground))
        return self._poor(front, ground, attributes)

    def _poor(self, front: str, ground: str, attributes: dict[str, bool]) -> Style:
        if ground == "cursor":
            return _styled({**attributes, "reverse": True}, "default")
        if ground == "header":
            attributes["bold"] = True
        if self.colours is Colours.NONE:
            if front in _LOUD:
                attributes["bold"] = True
            return _styled(attributes)
        name = self.theme.ansi.get(front) if front in DEFAULT_ANSI else None
        if front in GROUNDS or name == "default":
            name = None
        return _styled(attributes, name)


def _styled(
    attributes: dict[str, bool], colour: str | None = None, ground: str | None = None
) -> Style:
    given = attributes.get
    return Style(
        color=colour,
        bgcolor=ground,
        bold=given("bold"),
        dim=given("dim"),
        italic=given("italic"),
        underline=given("underline"),
        reverse=given("reverse"),
    )
