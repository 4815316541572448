"""Reading pipelines: commands, operands and literals, from tokens to nodes."""

from collections.abc import Collection, Iterable, Mapping

from opsdash.domain.rules.gotext import literals
from opsdash.domain.rules.gotext.lex import TemplateError, Token, line_at, tokens
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
    Variable,
)

Refused = Mapping[str, tuple[str, str]]
"""Functions that exist in Prometheus and not here: the reason and the cure."""

_DEEPEST = 50
"""Brackets and blocks inside each other at most: deeper ones would overrun Python's own stack."""

_OPERANDS = {
    *("bool", "char", "dot", "field", "word", "number", "nil", "raw", "string", "variable", "open")
}


class PipelineParser:
    """Walks the tokens of a template; knows the functions and variables that there are."""

    def __init__(
        self,
        text: str,
        functions: Collection[str],
        variables: Iterable[str],
        refused: Refused,
    ) -> None:
        self.text = text
        self.functions = functions
        self.refused = refused
        self.tokens = tokens(text)
        self.at = 0
        self.variables = ["$", *variables]
        self.depth = 0

    def wrong(self, message: str, token: Token | None = None) -> TemplateError:
        """Return the error that names the line of `token`, without one of the next."""
        at = token or self.tokens[min(self.at, len(self.tokens) - 1)]
        return TemplateError(message, line_at(self.text, at.pos))

    def peek(self) -> Token:
        """Return the next token and leave it."""
        return self.tokens[self.at]

    def next(self) -> Token:
        """Take the next token; the end of the text stays."""
        token = self.tokens[self.at]
        if token.kind != "end of text":
            self.at += 1
        return token

    def skip_space(self) -> Token:
        """Take blanks and return what comes next."""
        while self.peek().kind == "space":
            self.at += 1
        return self.peek()

    def take(self, kind: str, where: str) -> Token:
        """Take a token that must be of this kind; blanks before it do not count."""
        self.skip_space()
        token = self.next()
        if token.kind != kind:
            raise self.wrong(f"unexpected {shown(token)} in {where}", token)
        return token

    def deeper(self) -> None:
        """Count one more level; raise where there are too many."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong("nested too deeply")

    def pipeline(self, where: str, end: str) -> Pipeline:
        """Take a pipeline up to and with the token of kind `end`."""
        self.deeper()
        pos = self.skip_space().pos
        variables, assigns = self._declaration(where)
        commands: list[Command] = []
        while True:
            token = self.skip_space()
            if token.kind == end:
                self.next()
                break
            if token.kind not in _OPERANDS:
                raise self.wrong(f"unexpected {shown(token)} in {where}", token)
            commands.append(self._command())
        if not commands:
            raise self.wrong(f"missing value for {where}")
        for number, command in enumerate(commands[1:], 2):
            if isinstance(command.args[0], Literal | Dot | Nil | Number):
                raise self.wrong(f"non executable command in pipeline stage {number}")
        self.depth -= 1
        return Pipeline(pos, tuple(commands), variables, assigns)

    def _declaration(self, where: str) -> tuple[tuple[str, ...], bool]:
        """Take `$x :=`, `$x =` or, in a range, `$k, $v :=`; leave anything else where it is."""
        start = self.at
        names: list[str] = []
        while self.skip_space().kind == "variable":
            names.append(self.next().text)
            following = self.skip_space()
            if following.kind in ("declare", "assign"):
                self.next()
                self.variables += names
                return tuple(names), following.kind == "assign"
            if following.kind != "comma":
                break
            if where != "range" or len(names) > 1:
                raise self.wrong(f"too many declarations in {where}", following)
            self.next()
        if len(names) > 1 or (names and self.tokens[self.at - 1].kind == "comma"):
            raise self.wrong("range can only initialize variables")
        self.at = start
        return (), False

    def _command(self) -> Command:
        pos = self.skip_space().pos
        args: list[Node] = []
        while True:
            self.skip_space()
            operand = self._operand()
            if operand is not None:
                args.append(operand)
            token = self.peek()
            if token.kind == "space":
                continue
            if token.kind == "pipe":
                self.next()
            elif token.kind not in ("close", "shut"):
                raise self.wrong(f"unexpected {shown(token)} in operand", token)
            break
        if not args:
            raise self.wrong("empty command")
        return Command(pos, tuple(args))

    def _operand(self) -> Node | None:
        node = self._term()
        if node is None or self.peek().kind != "field":
            return node
        # Go places a chain where its second part begins.
        pos = self.peek().pos
        names: list[str] = []
        while self.peek().kind == "field":
            names.append(self.next().text[1:])
        if isinstance(node, Field):
            return Field(pos, (*node.names, *names))
        if isinstance(node, Variable):
            return Variable(pos, node.name, tuple(names))
        if isinstance(node, Literal | Number | Nil | Dot):
            raise self.wrong(f"unexpected . after term {str(node)!r}")
        return Chain(pos, node, tuple(names))

    def _term(self) -> Node | None:
        token = self.peek()
        self.at += 1
        match token.kind:
            case "word":
                return self._function(token)
            case "dot":
                return Dot(token.pos)
            case "nil":
                return Nil(token.pos)
            case "variable":
                if token.text not in self.variables:
                    raise self.wrong(f'undefined variable "{token.text}"', token)
                return Variable(token.pos, token.text)
            case "field":
                return Field(token.pos, (token.text[1:],))
            case "bool":
                return Literal(token.pos, token.text, token.text == "true")
            case "number" | "char":
                return self._number(token)
            case "open":
                return self.pipeline("parenthesized pipeline", "shut")
            case "string" | "raw":
                return Literal(token.pos, token.text, self.unquoted(token))
        self.at -= 1
        return None

    def _function(self, token: Token) -> Node:
        if token.text in self.refused:
            reason, cure = self.refused[token.text]
            line = line_at(self.text, token.pos)
            raise TemplateError(f"{token.text}: {reason}", line, cure)
        if token.text not in self.functions:
            raise self.wrong(f'function "{token.text}" not defined', token)
        return Function(token.pos, token.text)

    def _number(self, token: Token) -> Node:
        try:
            if token.kind == "char":
                code = literals.character(token.text)
                return Number(token.pos, token.text, code, float(code), code)
            whole, value, ideal = literals.number(token.text)
        except ValueError as error:
            raise self.wrong(str(error), token) from None
        return Number(token.pos, token.text, whole, value, ideal)

    def unquoted(self, token: Token) -> str:
        """Return the text that a quoted token means."""
        try:
            return literals.unquote(token.text)
        except ValueError:
            raise self.wrong(f"invalid string {token.text}", token) from None


def shown(token: Token) -> str:
    """Return a token as an error quotes it."""
    return "EOF" if token.kind == "end of text" else f'"{token.text}"'
