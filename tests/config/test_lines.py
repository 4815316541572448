"""Lines of keys: found for every way in which TOML writes them."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsdash.config.lines import Path, key_lines
from tests.config.toml import written

DOCUMENT = '''# a comment with [brackets] = "and quotes
title = "a # no comment"  # [not.a.table]
"quoted key" = 'x'
dotted.inner . key = 1

[pane] # comment ]
[[pane.list]]
text = """first
[not.a.table]
last\\""""
raw = \'\'\'
x = 1\'\'\'
[[pane.list]]
items = [ # comment
  "a",
  { x = 1, y = { z = "}" } },
  [1,
   2],
]
[pane.list.sub]
when = 2024-01-01 09:00:00
'''


def paths(value: Any, path: Path = ()) -> set[Path]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= paths(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            found |= paths(item, (*path, index))
    return found


def test_every_key_has_its_line() -> None:
    """Comments, strings over several lines and nested values do not lose the count."""
    lines = key_lines(DOCUMENT)
    assert lines[("title",)] == 2
    assert lines[("quoted key",)] == 3
    assert lines[("dotted", "inner", "key")] == 4
    assert lines[("pane", "list", 0, "text")] == 8
    assert lines[("pane", "list", 0, "raw")] == 11
    assert lines[("pane", "list", 1, "items", 1, "y", "z")] == 16
    assert lines[("pane", "list", 1, "items", 2, 1)] == 18
    assert lines[("pane", "list", 1, "sub", "when")] == 21
    assert lines.keys() == paths(tomllib.loads(DOCUMENT))


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
_values: st.SearchStrategy[Any] = st.recursive(
    st.integers(-9, 9) | st.booleans() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_texts, _values, max_size=4), st.dictionaries(_texts, _values, max_size=3))
def test_every_path_of_any_document_has_a_line(top: dict[str, Any], inner: dict[str, Any]) -> None:
    """Whatever a document holds, each of its keys is found, and no other."""
    text = "".join(f"{written(key)} = {written(item)}\n" for key, item in top.items())
    text += '[["list"]]\n' + "".join(f"{written(k)} = {written(v)}\n" for k, v in inner.items())
    top.pop("list", None)
    if '"list" = ' in text.split("[[")[0]:
        return
    document = tomllib.loads(text)
    lines = key_lines(text)
    assert lines.keys() == paths(document)
    assert all(1 <= line <= text.count("\n") for line in lines.values())
