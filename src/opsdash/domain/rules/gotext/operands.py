"""Evaluating pipelines, commands and operands, as Go does and with Go's words for what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from opsdash.domain.rules.gotext.builtins import Signature
from opsdash.domain.rules.gotext.literals import quote
from opsdash.domain.rules.gotext.moments import call_method, has_method
from opsdash.domain.rules.gotext.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Literal,
    Nil,
    Node,
    Number,
    Pipeline,
    Tree,
    Variable,
)
from opsdash.domain.rules.gotext.values import (
    Duration,
    ExecutionError,
    Html,
    Map,
    Struct,
    Time,
    Value,
    truth,
    type_name,
)

MOST_STEPS = 50_000
"""Nodes that one execution may evaluate."""


class _Missing:
    """No value comes from the command before in a pipeline."""


_MISSING = _Missing()


@dataclass(slots=True)
class Evaluator:
    """The state of one execution: where it is, and its variables, the innermost last."""

    tree: Tree
    functions: Mapping[str, Signature]
    name: str
    prefix: str = ""
    node: Node | None = None
    variables: list[list[Value]] = field(default_factory=list)
    steps: int = 0
    template: str = ""

    def wrong(self, message: str) -> ExecutionError:
        """Return the error that names where execution is."""
        if self.node is None:
            return ExecutionError(f"template: {self.name}: {message}")
        before = self.prefix + self.tree.text[: self.node.pos]
        line = before.count("\n") + 1
        column = len(before[before.rfind("\n") + 1 :].encode(errors="replace"))
        place = f"{self.name}:{line}:{column}"
        quoted = quote(self.template)
        return ExecutionError(f"template: {place}: executing {quoted} at <{self.node}>: {message}")

    def step(self) -> None:
        """Count one more node; raise ExecutionError where there are too many."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise self.wrong("the template does not come to an end")

    def assign(self, name: str, value: Value) -> None:
        """Give the innermost variable of this name another value."""
        for slot in reversed(self.variables):
            if slot[0] == name:
                slot[1] = value
                return
        raise self.wrong(f"undefined variable: {name}")

    def pipeline(self, dot: Value, pipeline: Pipeline) -> Value:
        """Return what a pipeline gives; variables that it declares are there from now on."""
        self.step()
        self.node = pipeline
        value: Value = _MISSING
        for command in pipeline.commands:
            value = self._command(dot, command, value)
        for name in pipeline.variables:
            if pipeline.assigns:
                self.assign(name, value)
            else:
                self.variables.append([name, value])
        return value

    def _command(self, dot: Value, command: Command, final: Value) -> Value:
        first = command.args[0]
        match first:
            case Field():
                self.node = first
                return self._fields(dot, dot, first.names, command.args, final)
            case Chain():
                return self._chain(dot, first, command.args, final)
            case Function():
                self.node = first
                return self._call(dot, first.name, command, command.args[1:], final)
            case Variable():
                return self._variable(dot, first, command.args, final)
            case Pipeline():
                self._no_arguments(command.args, final)
                return self.pipeline(dot, first)
        self.node = first
        self._no_arguments(command.args, final)
        if isinstance(first, Dot):
            return dot
        if isinstance(first, Nil):
            raise self.wrong("nil is not a command")
        return _constant(first)

    def _no_arguments(self, args: tuple[Node, ...], final: Value) -> None:
        if len(args) > 1 or final is not _MISSING:
            raise self.wrong(f"can't give argument to non-function {args[0]}")

    def _variable(self, dot: Value, node: Variable, args: tuple[Node, ...], final: Value) -> Value:
        self.node = node
        slot = next((slot for slot in reversed(self.variables) if slot[0] == node.name), None)
        if slot is None:
            raise self.wrong(f"undefined variable: {node.name}")
        value = slot[1]
        if not node.names:
            if len(args) > 1 or final is not _MISSING:
                self._no_arguments(args or (node,), final)
            return value
        return self._fields(dot, value, node.names, args, final)

    def _chain(self, dot: Value, node: Chain, args: tuple[Node, ...], final: Value) -> Value:
        self.node = node
        if isinstance(node.operand, Nil):
            raise self.wrong(f"indirection through explicit nil in {node}")
        receiver = self._argument(dot, "any", node.operand)
        return self._fields(dot, receiver, node.names, args, final)

    def _fields(
        self,
        dot: Value,
        receiver: Value,
        names: tuple[str, ...],
        args: tuple[Node, ...],
        final: Value,
    ) -> Value:
        for name in names[:-1]:
            receiver = self._one_field(dot, receiver, name, (), _MISSING)
        return self._one_field(dot, receiver, names[-1], args, final)

    def _one_field(
        self, dot: Value, receiver: Value, name: str, args: tuple[Node, ...], final: Value
    ) -> Value:
        if receiver is None:
            return None
        given = len(args) > 1 or final is not _MISSING
        match receiver:
            case Time() | Duration() if has_method(receiver, name):
                values = [self._argument(dot, "any", arg) for arg in args[1:]]
                values += [] if final is _MISSING else [final]
                return self._guarded(name, lambda: call_method(receiver, name, values))
            case Struct() if name in receiver.fields:
                if given:
                    raise self.wrong(f"{name} has arguments but cannot be invoked as function")
                return receiver.fields[name]
            case Map():
                if given:
                    raise self.wrong(f"{name} is not a method but has arguments")
                return receiver.lookup(name)
        raise self.wrong(f"can't evaluate field {name} in type {type_name(receiver)}")

    def _call(
        self, dot: Value, name: str, node: Node, args: tuple[Node, ...], final: Value
    ) -> Value:
        signature = self.functions[name]
        piped = final is not _MISSING
        count = len(args) + piped
        fixed = len(signature.parameters)
        if signature.rest and count < fixed:
            raise self.wrong(
                f"wrong number of args for {name}: want at least {fixed} got {len(args)}"
            )
        if not signature.rest and count != fixed:
            raise self.wrong(f"wrong number of args for {name}: want {fixed} got {count}")
        kinds = [signature.parameters[n] if n < fixed else signature.rest for n in range(count)]
        if name in ("and", "or"):
            return self._logic(dot, name == "or", args, final)
        values = [self._argument(dot, kind, arg) for kind, arg in zip(kinds, args, strict=False)]
        if piped:
            values.append(self._fit(final, kinds[-1]))
        return self._guarded(name, lambda: signature.call(*values), node)

    def _guarded(self, name: str, call: Callable[[], Value], node: Node | None = None) -> Value:
        try:
            return call()
        except ExecutionError as error:
            self.node = node or self.node
            raise self.wrong(f"error calling {name}: {error}") from None

    def _logic(self, dot: Value, stops_at: bool, args: tuple[Node, ...], final: Value) -> Value:
        value: Value = None
        for arg in args:
            value = self._argument(dot, "any", arg)
            if truth(value) is stops_at:
                return value
        return value if final is _MISSING else final

    def _argument(self, dot: Value, kind: str, node: Node) -> Value:
        self.step()
        self.node = node
        match node:
            case Dot():
                return self._fit(dot, kind)
            case Nil():
                if kind == "any":
                    return None
                raise self.wrong(f"cannot assign nil to {kind}")
            case Field():
                return self._fit(self._fields(dot, dot, node.names, (node,), _MISSING), kind)
            case Variable():
                return self._fit(self._variable(dot, node, (), _MISSING), kind)
            case Pipeline():
                return self._fit(self.pipeline(dot, node), kind)
            case Function():
                return self._fit(self._call(dot, node.name, node, (), _MISSING), kind)
            case Chain():
                return self._fit(self._chain(dot, node, (), _MISSING), kind)
        return self._literal(kind, node)

    def _literal(self, kind: str, node: Node) -> Value:
        if kind == "string" and not (isinstance(node, Literal) and isinstance(node.value, str)):
            raise self.wrong(f"expected string; found {node}")
        if kind == "float64":
            if not isinstance(node, Number):
                raise self.wrong(f"expected float; found {node}")
            return node.value
        return _constant(node)

    def _fit(self, value: Value, kind: str) -> Value:
        """Return `value` if a parameter of type `kind` takes it."""
        if kind == "any":
            return value
        if value is None:
            raise self.wrong(f"invalid value; expected {kind}")
        found = type_name(value)
        if found != kind or isinstance(value, Html):
            raise self.wrong(f"wrong type for value; expected {kind}; got {found}")
        return value


def _constant(node: Node) -> Value:
    if isinstance(node, Number):
        return node.ideal
    if isinstance(node, Literal):
        return node.value
    raise TypeError(f"{node} is no constant")
