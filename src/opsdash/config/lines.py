"""On which line each key of a TOML document stands, which the standard parser does not say."""

import re
from collections.abc import Iterator

Path = tuple[str | int, ...]
"""Keys and list indexes from the document's top."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{1,2})?'
    r"|'''.*?'''(?:'{1,2})?"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[Path, int]:
    """Return the line (from 1) of each key, table and list item of `text`, which parses already."""
    lines: dict[Path, int] = {}
    for path, line in _Scan(text).paths():
        for depth in range(1, len(path) + 1):
            lines.setdefault(path[:depth], line)
    return lines


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.line = 1
        self.counted = 0

    def paths(self) -> Iterator[tuple[Path, int]]:
        arrays: dict[Path, int] = {}
        table: Path = ()
        self.skip()
        while self.at < len(self.text):
            line = self.here()
            if self.text[self.at] == "[":
                table = self.header(arrays)
                yield table, line
            else:
                yield from self.pair(table)
            self.skip()

    def here(self) -> int:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def header(self, arrays: dict[Path, int]) -> Path:
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        keys = self.key()
        self.at = self.text.index("]", self.at) + (2 if double else 1)
        table: Path = ()
        for depth, key in enumerate(keys):
            table += (key,)
            if double and depth == len(keys) - 1:
                arrays[table] = arrays.get(table, -1) + 1
            if table in arrays:
                table += (arrays[table],)
        return table

    def key(self) -> tuple[str, ...]:
        keys = []
        while True:
            self.skip()
            match = _BARE.match(self.text, self.at) or _STRING.match(self.text, self.at)
            if match is None:
                raise ValueError("not a key")
            word = match.group()
            keys.append(word if word[0] not in "\"'" else _unquote(word))
            self.at = match.end()
            self.skip()
            if not self.text.startswith(".", self.at):
                return tuple(keys)
            self.at += 1

    def pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        line = self.here()
        keys = self.key()
        yield table + keys, line
        self.at = self.text.index("=", self.at) + 1
        self.skip()
        yield from self.value(table + keys)

    def value(self, path: Path) -> Iterator[tuple[Path, int]]:
        first = self.text[self.at]
        if first in "[{":
            yield from self.items(path, "]" if first == "[" else "}")
            return
        match = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
        if match is None:
            raise ValueError("not a value")
        self.at = match.end()

    def items(self, path: Path, closing: str) -> Iterator[tuple[Path, int]]:
        self.at += 1
        index = 0
        self.skip()
        while self.text[self.at] != closing:
            if closing == "]":
                yield (*path, index), self.here()
                yield from self.value((*path, index))
            else:
                yield from self.pair(path)
            index += 1
            self.skip()
            if self.text[self.at] == ",":
                self.at += 1
                self.skip()
        self.at += 1


def _unquote(word: str) -> str:
    import tomllib

    return next(iter(tomllib.loads(f"{word} = 0")))
