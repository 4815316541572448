"""Reading a template: tokens to nodes, with every error that Go finds before it executes one."""

from collections.abc import Collection, Iterable, Mapping

from opsdash.domain.rules.gotext import literals
from opsdash.domain.rules.gotext.lex import TemplateError, Token, line_at, tokens
from opsdash.domain.rules.gotext.nodes import (
    Action,
    Branch,
    Call,
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Leave,
    Literal,
    Nil,
    Node,
    Number,
    Pipeline,
    Text,
    Tree,
    Variable,
)

_DEEPEST = 50
"""Brackets and blocks inside each other at most: deeper ones would overrun Python's own stack."""

_OPERANDS = {
    *("bool", "char", "dot", "field", "word", "number", "nil", "raw", "string", "variable", "open")
}


def parse(
    text: str,
    functions: Collection[str],
    variables: Iterable[str] = (),
    refused: Mapping[str, tuple[str, str]] | None = None,
) -> Tree:
    """Return the tree of `text`; raise TemplateError with its line for what is wrong with it.

    `variables` exist before it begins. `refused` are functions that exist in Prometheus and not
    here, each with the reason and
    the cure.
    """
    return _Parser(text, functions, variables, refused or {}).tree()


class _Parser:
    def __init__(
        self,
        text: str,
        functions: Collection[str],
        variables: Iterable[str],
        refused: Mapping[str, tuple[str, str]],
    ) -> None:
        self.text = text
        self.functions = functions
        self.refused = refused
        self.tokens = tokens(text)
        self.at = 0
        self.variables = ["$", *variables]
        self.ranges = 0
        self.depth = 0
        self.defined: dict[str, tuple[Node, ...]] = {}

    def tree(self) -> Tree:
        body, end = self.block(top=True)
        if end is not None:
            raise self.wrong(f"unexpected {{{{{end.kind}}}}}", end)
        return Tree(self.text, body, self.defined)

    def wrong(self, message: str, token: Token | None = None) -> TemplateError:
        at = token or self.tokens[min(self.at, len(self.tokens) - 1)]
        return TemplateError(message, line_at(self.text, at.pos))

    def peek(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != "end of text":
            self.at += 1
        return token

    def skip_space(self) -> Token:
        while self.peek().kind == "space":
            self.at += 1
        return self.peek()

    def take(self, kind: str, where: str) -> Token:
        self.skip_space()
        token = self.next()
        if token.kind != kind:
            raise self.wrong(f"unexpected {_shown(token)} in {where}", token)
        return token

    def block(self, top: bool = False) -> tuple[tuple[Node, ...], Token | None]:
        """Return the nodes up to `else`, `end` or the end of the text, and which of them it was."""
        found: list[Node] = []
        while True:
            token = self.next()
            if token.kind == "end of text":
                if not top:
                    raise self.wrong("unexpected EOF: an {{end}} is missing", token)
                return tuple(found), None
            if token.kind == "text":
                found.append(Text(token.pos, token.text))
                continue
            word = self.skip_space()
            if word.kind in ("else", "end"):
                self.next()
                if word.kind == "end":
                    self.take("close", "end")
                return tuple(found), word
            node = self.action(top)
            if node is not None:
                found.append(node)

    def action(self, top: bool) -> Node | None:
        token = self.peek()
        match token.kind:
            case "if" | "with" | "range":
                self.next()
                return self.branch(token)
            case "define":
                if not top:
                    raise self.wrong("unexpected {{define}}", token)
                self.next()
                self.define()
                return None
            case "block" | "template":
                self.next()
                return self.call(token)
            case "break" | "continue":
                self.next()
                self.take("close", f"{{{{{token.kind}}}}}")
                if not self.ranges:
                    raise self.wrong(f"{{{{{token.kind}}}}} outside {{{{range}}}}", token)
                return Leave(token.pos, token.kind)
        return Action(token.pos, self.pipeline("command", "close"))

    def branch(self, word: Token) -> Node:
        self.deeper()
        before = len(self.variables)
        pipeline = self.pipeline(word.kind, "close")
        self.ranges += word.kind == "range"
        body, end = self.block()
        self.ranges -= word.kind == "range"
        otherwise: tuple[Node, ...] | None = None
        if end is not None and end.kind == "else":
            following = self.skip_space()
            if following.kind == word.kind and word.kind in ("if", "with"):
                self.next()
                otherwise = (self.branch(following),)
            else:
                self.take("close", "else")
                otherwise, end = self.block()
                if end is not None and end.kind == "else":
                    raise self.wrong("expected end; found {{else}}", end)
        del self.variables[before:]
        self.depth -= 1
        return Branch(pipeline.pos, word.kind, pipeline, body, otherwise)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong("nested too deeply")

    def define(self) -> None:
        name = self.name("define clause")
        self.take("close", "define clause")
        self.defined[name] = self.body_of()

    def body_of(self) -> tuple[Node, ...]:
        """Return the body of a defined template, which sees no variable from outside."""
        outside, self.variables = self.variables, ["$"]
        ranges, self.ranges = self.ranges, 0
        body, end = self.block()
        self.variables, self.ranges = outside, ranges
        if end is not None and end.kind == "else":
            raise self.wrong("unexpected {{else}} in define clause", end)
        return body

    def call(self, word: Token) -> Node:
        where = f"{word.kind} clause"
        pos = self.skip_space().pos
        name = self.name(where)
        pipeline = None
        if self.skip_space().kind == "close" and word.kind == "template":
            self.next()
        else:
            pipeline = self.pipeline(where, "close")
        if word.kind == "block":
            self.defined[name] = self.body_of()
        return Call(pos, name, pipeline)

    def name(self, where: str) -> str:
        self.skip_space()
        token = self.next()
        if token.kind not in ("string", "raw"):
            raise self.wrong(f"unexpected {_shown(token)} in {where}", token)
        return self.unquoted(token)

    def pipeline(self, where: str, end: str) -> Pipeline:
        self.deeper()
        pos = self.skip_space().pos
        variables, assigns = self.declaration(where)
        commands: list[Command] = []
        while True:
            token = self.skip_space()
            if token.kind == end:
                self.next()
                break
            if token.kind not in _OPERANDS:
                raise self.wrong(f"unexpected {_shown(token)} in {where}", token)
            commands.append(self.command())
        if not commands:
            raise self.wrong(f"missing value for {where}")
        for number, command in enumerate(commands[1:], 2):
            if isinstance(command.args[0], Literal | Dot | Nil | Number):
                raise self.wrong(f"non executable command in pipeline stage {number}")
        self.depth -= 1
        return Pipeline(pos, tuple(commands), variables, assigns)

    def declaration(self, where: str) -> tuple[tuple[str, ...], bool]:
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

    def command(self) -> Command:
        pos = self.skip_space().pos
        args: list[Node] = []
        while True:
            self.skip_space()
            operand = self.operand()
            if operand is not None:
                args.append(operand)
            token = self.peek()
            if token.kind == "space":
                continue
            if token.kind == "pipe":
                self.next()
            elif token.kind not in ("close", "shut"):
                raise self.wrong(f"unexpected {_shown(token)} in operand", token)
            break
        if not args:
            raise self.wrong("empty command")
        return Command(pos, tuple(args))

    def operand(self) -> Node | None:
        node = self.term()
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

    def term(self) -> Node | None:
        token = self.peek()
        self.at += 1
        match token.kind:
            case "word":
                return self.function(token)
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
                return self.number(token)
            case "open":
                return self.pipeline("parenthesized pipeline", "shut")
            case "string" | "raw":
                return Literal(token.pos, token.text, self.unquoted(token))
        self.at -= 1
        return None

    def function(self, token: Token) -> Node:
        if token.text in self.refused:
            reason, cure = self.refused[token.text]
            line = line_at(self.text, token.pos)
            raise TemplateError(f"{token.text}: {reason}", line, cure)
        if token.text not in self.functions:
            raise self.wrong(f'function "{token.text}" not defined', token)
        return Function(token.pos, token.text)

    def number(self, token: Token) -> Node:
        try:
            if token.kind == "char":
                code = literals.character(token.text)
                return Number(token.pos, token.text, code, float(code), code)
            whole, value, ideal = literals.number(token.text)
        except ValueError as error:
            raise self.wrong(str(error), token) from None
        return Number(token.pos, token.text, whole, value, ideal)

    def unquoted(self, token: Token) -> str:
        try:
            return literals.unquote(token.text)
        except ValueError:
            raise self.wrong(f"invalid string {token.text}", token) from None


def _shown(token: Token) -> str:
    return "EOF" if token.kind == "end of text" else f'"{token.text}"'
