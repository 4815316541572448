"""What a template consists of once it is read; `str()` of a node is what Go's errors quote."""

from dataclasses import dataclass, field

from opsdash.domain.rules.gotext.literals import quote


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a template and where it stands in the text."""

    pos: int


@dataclass(frozen=True, slots=True)
class Text(Node):
    """Literal text."""

    text: str


@dataclass(frozen=True, slots=True)
class Dot(Node):
    """The value at hand: `.`."""

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil(Node):
    """`nil`."""

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A string or a truth value; `source` is how it is written."""

    source: str
    value: str | bool

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as written: `whole` where it can be an integer, `value` as a float.

    `ideal` is what it is where nothing says which of the two is wanted.
    """

    source: str
    whole: int | None
    value: float
    ideal: int | float

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class Function(Node):
    """A function's name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Field(Node):
    """Fields or keys of the value at hand: `.Labels.job`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A variable, and fields of it: `$labels.job`."""

    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Fields of a parenthesised pipeline or of a function's result."""

    operand: Node
    names: tuple[str, ...]

    def __str__(self) -> str:
        text = f"({self.operand})" if isinstance(self.operand, Pipeline) else str(self.operand)
        return text + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Command(Node):
    """A function with arguments, or one value."""

    args: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(f"({a})" if isinstance(a, Pipeline) else str(a) for a in self.args)


@dataclass(frozen=True, slots=True)
class Pipeline(Node):
    """Commands, each one's result the last argument of the next; perhaps put into variables."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False

    def __str__(self) -> str:
        text = " | ".join(str(command) for command in self.commands)
        if not self.variables:
            return text
        return f"{', '.join(self.variables)} {'=' if self.assigns else ':='} {text}"


@dataclass(frozen=True, slots=True)
class Action(Node):
    """A pipeline whose result is printed, unless it goes into a variable."""

    pipeline: Pipeline

    def __str__(self) -> str:
        return f"{{{{{self.pipeline}}}}}"


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """`if`, `with` or `range`, by `kind`."""

    kind: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None = None


@dataclass(frozen=True, slots=True)
class Leave(Node):
    """`break` or `continue`, by `kind`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`template NAME PIPELINE`."""

    name: str
    pipeline: Pipeline | None

    def __str__(self) -> str:
        rest = "" if self.pipeline is None else f" {self.pipeline}"
        return f"{{{{template {quote(self.name)}{rest}}}}}"


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole template: its text, its body, and the templates that it defines."""

    text: str
    body: tuple[Node, ...]
    defined: dict[str, tuple[Node, ...]] = field(default_factory=dict)
