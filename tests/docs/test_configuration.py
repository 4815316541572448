"""docs/configuration.md says what the models hold: every key, its default, and examples that work."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from opsdash import presets
from opsdash.config.models import Config
from opsdash.config.reading import parse
from opsdash.domain.actions import DEFAULT_KEYS, FORBIDDEN_KEYS
from opsdash.domain.duration import format_duration

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

Rows = dict[tuple[str, str], str]
"""Defaults as written, by table and key."""


def documented() -> Rows:
    """The rows of the page's tables, under the TOML tables that their heading names."""
    rows: Rows = {}
    tables: list[str] = []
    for line in PAGE.splitlines():
        if line.startswith("#"):
            tables = re.findall(r"`\[+([^\]`]+)\]+`", line)
            tables = [""] if line == "## At the top of the file" else tables
        elif match := re.fullmatch(r"\| `([^`]+)` \| [^|]+ \| ([^|]+) \| [^|]+ \|", line):
            for table in tables:
                assert (table, match[1]) not in rows, line
                rows[table, match[1]] = match[2]
    return rows


def inner_table(kind: Any) -> type[BaseModel] | None:
    """The model that an annotation holds, through `| None`, list and dict."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for part in get_args(kind) if (found := inner_table(part))), None)


def modelled(model: type[BaseModel] = Config, table: str = "") -> Iterator[tuple[str, str, str]]:
    """Each key of the models with its default as the page should write it."""
    for name, field in model.model_fields.items():
        path = f"{table}.{name}".lstrip(".")
        inner = inner_table(field.annotation)
        if inner:
            suffix = ".NAME" if get_origin(field.annotation) is dict else ""
            yield from modelled(inner, path + suffix)
        elif path == "keys":
            yield from (("keys", action, f'`"{keys}"`') for action, keys in DEFAULT_KEYS.items())
        elif field.is_required():
            yield table, name, "required"
        else:
            yield table, name, shown(field.get_default(call_default_factory=True))


def shown(default: Any) -> str:
    if default is None:
        return "–"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, timedelta):
        return f'`"{format_duration(default)}"`'
    if isinstance(default, time):
        return f'`"{default:%H:%M}"`'
    if isinstance(default, str | date):
        return f'`"{default}"`'
    return f"`{default}`"


def test_every_key_is_on_the_page_with_its_default_and_no_other() -> None:
    """A key that is added, dropped or given another default changes the page with it."""
    assert documented() == {(table, key): default for table, key, default in modelled()}


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_works(example: str) -> None:
    """What people copy from the page is accepted."""
    assert parse(example.encode(), Path("/somewhere/opsdash.toml")).setup()
    assert tomllib.loads(example)


def test_every_default_indicator_and_forbidden_key_is_named() -> None:
    """The lists in the prose are those of the program."""
    for pane in presets.DEFAULT_PANES:
        ids = ", ".join(f"`{indicator.id}`" for indicator in pane.indicators)
        assert f"| `{pane.id}` | {ids} |" in PAGE
    for key in FORBIDDEN_KEYS:
        assert f"`{key}`" in PAGE


def test_the_example_of_problems_is_what_is_printed(tmp_path: Path) -> None:
    """The two lines that the page shows are the program's own words."""
    shown_lines = re.findall(r"^/etc/opsdash/opsdash\.toml:\d+: (.*)$", PAGE, re.MULTILINE)
    text = (
        'refresh = "5 s"\n[prometheus]\nurl = "http://x"\n[[pane.performance]]\n'
        'id = "x"\ntitle = "x"\nquery = "x"\nunit = "ms"\n'
    )
    with pytest.raises(Exception, match="refresh") as caught:
        parse(text.encode(), tmp_path / "opsdash.toml")
    printed = str(caught.value).splitlines()
    assert [line.split(": ", 1)[1] for line in printed] == shown_lines
