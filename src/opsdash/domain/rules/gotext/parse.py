"""Reading a template: tokens to nodes, with every error that Go finds before it executes one."""

from collections.abc import Collection, Iterable

from opsdash.domain.rules.gotext.lex import Token
from opsdash.domain.rules.gotext.nodes import Action, Branch, Call, Leave, Node, Text, Tree
from opsdash.domain.rules.gotext.pipelines import PipelineParser, Refused, shown


def parse(
    text: str,
    functions: Collection[str],
    variables: Iterable[str] = (),
    refused: Refused | None = None,
) -> Tree:
    """Return the tree of `text`; raise TemplateError with its line for what is wrong with it.

    `variables` exist before it begins. `refused` are functions that exist in Prometheus and not
    here, each with the reason and
    the cure.
    """
    return _Parser(text, functions, variables, refused or {}).tree()


class _Parser(PipelineParser):
    """Reads a whole template: text, blocks, and the templates that it defines."""

    def __init__(
        self,
        text: str,
        functions: Collection[str],
        variables: Iterable[str],
        refused: Refused,
    ) -> None:
        super().__init__(text, functions, variables, refused)
        self.ranges = 0
        self.defined: dict[str, tuple[Node, ...]] = {}

    def tree(self) -> Tree:
        body, end = self.block(top=True)
        if end is not None:
            raise self.wrong(f"unexpected {{{{{end.kind}}}}}", end)
        return Tree(self.text, body, self.defined)

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
            raise self.wrong(f"unexpected {shown(token)} in {where}", token)
        return self.unquoted(token)
