"""Executing a template: walking its nodes as Go does, with Go's words for what stops it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsdash.domain.rules.gotext.builtins import Signature
from opsdash.domain.rules.gotext.literals import quote
from opsdash.domain.rules.gotext.nodes import (
    Action,
    Branch,
    Call,
    Leave,
    Node,
    Pipeline,
    Text,
    Tree,
)
from opsdash.domain.rules.gotext.operands import MOST_STEPS, Evaluator
from opsdash.domain.rules.gotext.show import printed, show
from opsdash.domain.rules.gotext.values import Map, Value, truth

_DEEPEST = 50
"""Templates that may call each other inside each other; Go's own bound is 100,000."""

_LONGEST = 100_000


class _LeaveError(Exception):
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def execute(
    tree: Tree,
    functions: Mapping[str, Signature],
    name: str,
    prefix: str,
    dot: Value,
    variables: Mapping[str, Value],
) -> str:
    """Return the text that `tree` gives for `dot`; raise ExecutionError in Go's words.

    `name` is the template's in errors, and `prefix` text before it that their columns count.
    """
    run = _Run(tree, functions, name, prefix)
    return run.execute(dot, variables)


@dataclass(slots=True)
class _Run(Evaluator):
    """One execution of a tree."""

    written: list[str] = field(default_factory=list)
    length: int = 0
    depth: int = 0

    def execute(self, dot: Value, variables: Mapping[str, Value]) -> str:
        """Return the text that the template gives for `dot`."""
        self.template = self.name
        self.variables = [["$", dot], *([name, value] for name, value in variables.items())]
        self.walk(dot, self.tree.body)
        return "".join(self.written)

    def write(self, text: str) -> None:
        self.length += len(text)
        if self.length > _LONGEST:
            raise self.wrong(f"the text is longer than {_LONGEST} characters")
        self.written.append(text)

    def walk(self, dot: Value, nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            self.step()
            self.node = node
            match node:
                case Text():
                    self.write(node.text)
                case Action():
                    value = self.pipeline(dot, node.pipeline)
                    if not node.pipeline.variables:
                        self.node = node
                        self.write(printed(value))
                case Branch(kind="range"):
                    self.range(dot, node)
                case Branch():
                    self.branch(dot, node)
                case Call():
                    self.call_template(dot, node)
                case Leave():
                    raise _LeaveError(node.kind)

    def branch(self, dot: Value, node: Branch) -> None:
        mark = len(self.variables)
        value = self.pipeline(dot, node.pipeline)
        if truth(value):
            self.walk(value if node.kind == "with" else dot, node.body)
        elif node.otherwise is not None:
            self.walk(dot, node.otherwise)
        del self.variables[mark:]

    def range(self, dot: Value, node: Branch) -> None:
        outer = len(self.variables)
        value = self.pipeline(dot, node.pipeline)
        pairs = self.pairs(value, node)
        mark = len(self.variables)
        for key, element in pairs:
            self.set_range_variables(node.pipeline, key, element, mark)
            try:
                self.walk(element, node.body)
            except _LeaveError as leave:
                if leave.kind == "break":
                    break
            finally:
                del self.variables[mark:]
        if not pairs and node.otherwise is not None:
            self.walk(dot, node.otherwise)
        del self.variables[outer:]

    def pairs(self, value: Value, node: Branch) -> list[tuple[Value, Value]]:
        if isinstance(value, Map):
            return list(value.items())
        if value is None:
            return []
        if isinstance(value, int) and not isinstance(value, bool):
            if len(node.pipeline.variables) > 1:
                raise self.wrong(f"can't use {int(value)} to iterate over more than one variable")
            if value > MOST_STEPS:
                raise self.wrong("the template does not come to an end")
            return [(None, number) for number in range(int(value))]
        raise self.wrong(f"range can't iterate over {show(value)}")

    def set_range_variables(
        self, pipeline: Pipeline, key: Value, element: Value, mark: int
    ) -> None:
        names = pipeline.variables
        values = [element] if len(names) == 1 else [key, element]
        for place, (name, value) in enumerate(zip(names, values, strict=False)):
            if pipeline.assigns:
                self.assign(name, value)
            else:
                self.variables[mark - len(names) + place][1] = value

    def call_template(self, dot: Value, node: Call) -> None:
        body = self.tree.defined.get(node.name)
        if body is None:
            raise self.wrong(f"template {quote(node.name)} not defined")
        if self.depth >= _DEEPEST:
            raise self.wrong(f"exceeded maximum template depth ({_DEEPEST})")
        inner = None if node.pipeline is None else self.pipeline(dot, node.pipeline)
        outside = self.variables, self.template
        self.variables, self.template = [["$", inner]], node.name
        self.depth += 1
        self.walk(inner, body)
        self.depth -= 1
        self.variables, self.template = outside
