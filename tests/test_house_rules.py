"""Rules that hold everywhere in the source: SQL in one place, one real clock, no executed markup."""

import ast
import re
from collections.abc import Iterator

from tests.kit.source_tree import Module, docstrings, modules

_SQL = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|DROP\s+\w+\s"
    r"|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX|TRIGGER|VIEW)\s|ALTER\s+TABLE\s|PRAGMA\s|VACUUM\b"
    r"|BEGIN(\s+IMMEDIATE|\s+EXCLUSIVE|;|$)|COMMIT(;|$)|ROLLBACK(;|$)|WITH\s+\w+\s+AS\s*\()"
)
_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")

_CLOCKS = {"runtime"}
"""The areas that may read the real clock."""

_MARKUP_WIDGETS = {"Static", "Label", "OptionList", "SelectionList", "notify", "Tooltip"}
"""Calls that take `markup=False`; without it a plain str is executed markup."""

_CONTENT_WIDGETS = {
    *("Button", "Checkbox", "RadioButton", "Tab", "TabPane", "Collapsible", "Option", "Link"),
    *("add_option", "add_row", "add_column", "add_leaf", "set_label", "update_cell"),
}
"""Calls that always execute a plain str: they need Content, rich.Text or a literal."""

_MARKUP_ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "placeholder_content"}

_SAFE_MAKERS = {"Content", "Text", "from_text", "assemble", "styled"}


def _texts(module: Module) -> Iterator[ast.Constant]:
    skipped = docstrings(module.tree)
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node


def test_sql_is_inside_store() -> None:
    """A string that is SQL stands in store/ and nowhere else."""
    wrong = [
        f"{module.place(node)}: {str(node.value)[:60]!r}"
        for module in modules()
        if module.area != "store"
        for node in _texts(module)
        if _SQL.match(str(node.value))
    ]
    assert wrong == []


def _fixed(expression: ast.expr, scope: ast.AST) -> bool:
    """Whether only literals and constants can end up in `expression` within `scope`."""
    if isinstance(expression, ast.Constant):
        return True
    if isinstance(expression, ast.JoinedStr):
        return all(_fixed(part, scope) for part in expression.values)
    if isinstance(expression, ast.FormattedValue):
        return _is_integer(expression) or _fixed(expression.value, scope)
    if isinstance(expression, ast.IfExp):
        return _fixed(expression.body, scope) and _fixed(expression.orelse, scope)
    if isinstance(expression, ast.BinOp):
        return _fixed(expression.left, scope) and _fixed(expression.right, scope)
    if isinstance(expression, ast.Name):
        if _CONSTANT.fullmatch(expression.id):
            return True
        given = [
            node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == expression.id for t in node.targets)
        ]
        return bool(given) and all(_fixed(value, scope) for value in given)
    return False


def _is_integer(part: ast.FormattedValue) -> bool:
    """Whether the format is `d`, which refuses all but whole numbers: PRAGMA takes no binding."""
    spec = part.format_spec
    return spec is not None and ast.unparse(spec) in ("f'd'", 'f"d"')


def _scopes(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield each node with the innermost function, or the module, that it is in."""

    def walk(node: ast.AST, scope: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            yield child, scope
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, child if inside else scope)

    yield from walk(tree, tree)


def _starts_sql(expression: ast.expr) -> bool:
    if isinstance(expression, ast.JoinedStr):
        expression = expression.values[0] if expression.values else expression
    if isinstance(expression, ast.BinOp):
        return _starts_sql(expression.left)
    return isinstance(expression, ast.Constant) and bool(_SQL.match(str(expression.value)))


def dynamic_sql(tree: ast.Module) -> list[ast.expr]:
    """Return the expressions that put something other than constants into SQL."""
    found = []
    for node, scope in _scopes(tree):
        made = isinstance(node, ast.JoinedStr | ast.BinOp) and _starts_sql(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            made = node.func.attr in ("format", "replace", "join") and _starts_sql(node.func.value)
        if made and isinstance(node, ast.expr) and not _fixed(node, scope):
            found.append(node)
    return found


def test_sql_is_made_of_constants() -> None:
    """No value is written into SQL text: f-strings and the like hold constants, values are bound."""
    wrong = [
        f"{module.place(node)}: {ast.unparse(node)[:80]}"
        for module in modules()
        if module.area == "store"
        for node in dynamic_sql(module.tree)
    ]
    assert wrong == []


def test_the_sql_rule_sees_a_value() -> None:
    """The rule takes constants and refuses values, however they are written in."""
    fine = 'def f(c):\n m = "A" if c else "B"\n x(f"PRAGMA w({m})"); x(f"SELECT {_COLUMNS} FROM t")'
    fine += "; x(f'PRAGMA busy_timeout = {self.wait:d}')"
    assert dynamic_sql(ast.parse(fine)) == []
    for wrong in (
        'f"SELECT * FROM {table}"',
        '"DELETE FROM t WHERE id = %s" % id',
        '"DELETE FROM t WHERE id = " + id',
        '"SELECT {} FROM t".format(name)',
        'f"PRAGMA user_version = {version()}"',
    ):
        assert len(dynamic_sql(ast.parse(wrong))) == 1, wrong


def formatted_texts(tree: ast.Module) -> list[ast.Call]:
    """Return the calls of `str.format` on anything but a literal or a constant of a module."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in ("format", "format_map") or not (node.args or node.keywords):
            continue
        text = node.func.value
        name = text.value if isinstance(text, ast.Subscript) else text
        constant = isinstance(name, ast.Name) and name.id.isupper()
        if not (constant or isinstance(text, ast.Constant)):
            found.append(node)
    return found


def test_only_our_own_words_are_formatted() -> None:
    """`str.format` reaches the attributes of what it is given: no text of a person is formatted (H61)."""
    wrong = [
        f"{module.place(node)}: {ast.unparse(node)[:80]}"
        for module in modules()
        # The simulation's own words are fields of its constants.
        if not module.name.startswith("opsdash.sources.simulat")
        for node in formatted_texts(module.tree)
    ]
    assert wrong == []
    for text in ("x.format(a)", "alert.name.format(**labels)", "f(x).format_map(y)"):
        assert formatted_texts(ast.parse(text))
    for text in (
        "'{}'.format(a)",
        "_WORDS[deed].format(week=1)",
        "CONFIG.format(a=1)",
        "t.format()",
    ):
        assert not formatted_texts(ast.parse(text))


def clock_reads(tree: ast.Module) -> list[ast.Call]:
    """Return the calls that read the wall clock."""
    names = {"time.time", "time.time_ns", "datetime.now", "datetime.datetime.now", "date.today"}
    names |= {
        "datetime.date.today",
        "datetime.today",
        "datetime.utcnow",
        "datetime.datetime.utcnow",
    }
    names |= {"time.localtime", "time.gmtime", "time.ctime"}
    unasked = {"time.localtime", "time.gmtime", "time.ctime"}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in names
        and not (ast.unparse(node.func) in unasked and node.args)
    ]


def test_the_wall_clock_is_read_in_runtime_alone() -> None:
    """Every rule and every step is told the time: only runtime.py asks the machine."""
    wrong = [
        f"{module.place(node)}: {ast.unparse(node)}"
        for module in modules()
        if module.area not in _CLOCKS
        for node in clock_reads(module.tree)
    ]
    assert wrong == []


def naive_times(tree: ast.Module) -> list[ast.Call]:
    """Return the calls that make a datetime without a zone."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ".".join(ast.unparse(node.func).split(".")[-2:])
        zoned = any(keyword.arg in ("tz", "tzinfo") for keyword in node.keywords)
        if (
            name in ("datetime.utcnow", "datetime.utcfromtimestamp", "datetime.today")
            or (name == "datetime.now" and not node.args and not zoned)
            or (name == "datetime.fromtimestamp" and len(node.args) < 2 and not zoned)
        ):
            found.append(node)
    return found


def test_no_time_is_naive() -> None:
    """Every datetime that is made from a clock or a number has a zone."""
    wrong = [
        f"{module.place(node)}: {ast.unparse(node)}"
        for module in modules()
        for node in naive_times(module.tree)
    ]
    assert wrong == []
    assert len(naive_times(ast.parse("datetime.now(); datetime.fromtimestamp(1)"))) == 2


def executed_markup(tree: ast.Module) -> list[ast.expr | ast.stmt]:
    """Return the places that hand Textual a str which is not a literal and may be markup."""
    found: list[ast.expr | ast.stmt] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                marked = isinstance(target, ast.Attribute) and target.attr in _MARKUP_ATTRIBUTES
                if marked and not _safe_text(node.value):
                    found.append(node)
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        unmarked = any(
            keyword.arg == "markup" and ast.unparse(keyword.value) == "False"
            for keyword in node.keywords
        )
        texts = [
            *(node.args[:1] if name not in ("OptionList", "Tabs", "add_row") else node.args),
            *(k.value for k in node.keywords if k.arg in ("label", "content", "message", "title")),
        ]
        if name == "super().__init__" or (name in _MARKUP_WIDGETS and unmarked):
            continue
        if name in _MARKUP_WIDGETS | _CONTENT_WIDGETS and not all(map(_safe_text, texts)):
            found.append(node)
        if name == "update" and any(isinstance(text, ast.JoinedStr) for text in texts):
            found.append(node)
    return found


def _safe_text(expression: ast.expr) -> bool:
    if isinstance(expression, ast.Constant):
        return True
    if isinstance(expression, ast.IfExp):
        return _safe_text(expression.body) and _safe_text(expression.orelse)
    if isinstance(expression, ast.Call):
        last = expression.func
        name = last.attr if isinstance(last, ast.Attribute) else ast.unparse(last)
        return name in _SAFE_MAKERS
    return False


def test_no_outside_text_is_executed_as_markup() -> None:
    """Widgets get Content, rich.Text, a literal, or `markup=False`: never a str that may be markup."""
    wrong = [
        f"{module.place(node)}: {ast.unparse(node)[:80]}"
        for module in modules()
        if module.area == "ui"
        for node in executed_markup(module.tree)
    ]
    assert wrong == []


def test_the_markup_rule_sees_a_variable() -> None:
    """The rule takes literals, Content and markup=False, and refuses variables and f-strings."""
    fine = (
        'Static("x"); Static(t, markup=False); Static(Content(t)); Button("ok"); Static()\n'
        "app.notify(t, markup=False); Label(Text(t)); w.border_title = Content(t); d.update({1: t})\n"
    )
    assert executed_markup(ast.parse(fine)) == []
    for wrong in (
        "Static(t)",
        "Button(t)",
        "app.notify(f'{t}')",
        "w.border_title = t",
        "Label(a + b)",
    ):
        assert len(executed_markup(ast.parse(wrong))) == 1, wrong
