"""YAML as plain text in a tree, every node with its line: nothing is guessed, repeated or executed.

A scalar stays as it is written (`no`, `1.50`, `12:30:00`), as Prometheus takes labels. Anchors and
aliases are refused: a few hundred bytes of them can stand for billions of nodes.
"""

from collections.abc import Callable, Iterator
from typing import Any

from opsdash.domain.frozen import dataclass

_DEEPEST = 12
_MOST_NODES = 400_000


class YamlError(ValueError):
    """Text that is no YAML, or uses what is refused; `line` from 1."""

    def __init__(self, message: str, cure: str, line: int) -> None:
        super().__init__(message)
        self.cure = cure
        self.line = line


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `plain` where no quotes are around it, `block` where it is `|` or `>`."""

    line: int
    text: str
    plain: bool = True
    block: bool = False

    @property
    def null(self) -> bool:
        """Whether it is nothing at all."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; a key may come twice."""

    line: int
    pairs: tuple[tuple["Tree", "Tree"], ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    items: tuple["Tree", ...]


Tree = Scalar | Mapping | Sequence


def read_yaml(text: str) -> Tree | None:
    """Return the only document in `text`, None where it is empty; raise YamlError."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml.parse(text, Loader=loader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        if "nesting depth" in str(error.problem):
            # PyYAML 6.0.4 and later look at that before they give the first event.
            raise YamlError("nested too deeply", "no rule file needs that", line) from None
        raise YamlError(f"not YAML: {error.problem or error.context}", "mend it", line) from None
    except yaml.YAMLError as error:
        before = text[: getattr(error, "position", 0) or 0]
        raise YamlError(
            "not YAML: a character that it does not allow", "take it out", before.count("\n") + 1
        ) from None


class _Reader:
    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.count = 0

    def document(self) -> Tree | None:
        tree: Tree | None = None
        documents = 0
        for event in self.events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    line = event.start_mark.line + 1
                    raise YamlError("a second document", "write one document a file", line)
            elif kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                tree = self.node(event, 0)
        return tree

    def node(self, event: Any, depth: int) -> Tree:
        line = event.start_mark.line + 1
        self.count += 1
        if getattr(event, "anchor", None) is not None:
            what = "an alias" if type(event).__name__ == "AliasEvent" else "an anchor"
            raise YamlError(f"{what} ({event.anchor})", "write the value out", line)
        if depth > _DEEPEST or self.count > _MOST_NODES:
            what = "nested too deeply" if depth > _DEEPEST else "too many values"
            raise YamlError(what, "no rule file needs that", line)
        match type(event).__name__:
            case "ScalarEvent":
                return Scalar(line, event.value, not event.style, event.style in ("|", ">"))
            case "SequenceStartEvent":
                return Sequence(line, tuple(self.until("SequenceEndEvent", self.one(depth))))
        nodes = list(self.until("MappingEndEvent", self.one(depth)))
        return Mapping(line, tuple(zip(nodes[::2], nodes[1::2], strict=True)))

    def one(self, depth: int) -> Callable[[Any], Tree]:
        return lambda event: self.node(event, depth + 1)

    def until(self, end: str, read: Callable[[Any], Tree]) -> Iterator[Tree]:
        for event in self.events:
            if type(event).__name__ == end:
                return
            yield read(event)
