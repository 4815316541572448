"""The project's own source as syntax trees, for the tests that hold its rules."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "opsdash"


@dataclass(frozen=True)
class Module:
    """One module of opsdash: its dotted name, its area (the part after `opsdash.`) and its tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def area(self) -> str:
        """The package or module right below `opsdash`, empty for `opsdash` itself."""
        return area_of(self.name)

    def place(self, node: ast.expr | ast.stmt) -> str:
        """Return `path:line` of `node`."""
        return f"{self.path.relative_to(ROOT)}:{node.lineno}"


def area_of(name: str) -> str:
    """Return the part of a dotted opsdash module name that import rules speak of."""
    return [*name.split("."), ""][1]


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package, parsed."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path, ast.parse(path.read_text(), str(path))))
    return tuple(found)


def imports(module: Module, *, at_import: bool = False) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each import as its statement and the dotted name it takes from.

    `at_import` leaves out what runs later or never: functions and `if TYPE_CHECKING`.
    """
    for node in _statements(module.tree, at_import):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                whole = base == "opsdash" and not alias.name.startswith("__")
                yield node, f"{base}.{alias.name}" if whole else base


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    climb = node.level - (module.path.name == "__init__.py")
    return ".".join([*parts[: len(parts) - climb], *([node.module] if node.module else [])])


def _statements(tree: ast.AST, at_import: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if at_import and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _statements(node, at_import)


def docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of the nodes that are docstrings."""
    found = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                found.add(id(statement.value))
    return found
