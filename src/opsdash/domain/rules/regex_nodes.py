"""What a regular expression consists of: sets of characters, places, and what is made of them."""

import unicodedata
from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Class:
    """One character of a set: ranges of codes, or general categories; `negated` for all others."""

    ranges: Ranges
    negated: bool = False
    fold: bool = False
    inner: tuple["Class", ...] = ()
    category: str = ""

    def matches(self, code: int) -> bool:
        """Whether the set holds a character."""
        if self._holds(code):
            return not self.negated
        if self.fold:
            character = chr(code)
            for other in {character.lower(), character.upper(), character.swapcase()}:
                if len(other) == 1 and self._holds(ord(other)):
                    return not self.negated
        return self.negated

    def _holds(self, code: int) -> bool:
        if any(first <= code <= last for first, last in self.ranges):
            return True
        if self.category and unicodedata.category(chr(code)).startswith(self.category):
            return True
        return any(each.matches(code) for each in self.inner)


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place and no character: `begin`, `end`, `line begin`, `line end`, `word`, `no word`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first of several that leads to a match."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`least` to `most` times (None: any number), as many as possible unless `lazy`."""

    part: "Part"
    least: int
    most: int | None
    lazy: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A numbered group."""

    part: "Part"
    number: int


Part = Class | Assertion | Sequence | Choice | Repeat | Group

_DIGIT: Ranges = ((48, 57),)
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
PERL = {"d": _DIGIT, "s": _SPACE, "w": _WORD}
POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
