"""Templates: what a real Prometheus makes of them, and what is refused before it can go wrong."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.rules.template import TemplateData, TemplateError, parse_template
from opsdash.sources.rule_file import load_rule_files
from tests.domain.rules.templates import BAD, GENERAL, LABELS, MULTILINE, VALUES
from tests.kit.source_tree import ROOT
from tests.servers import PrometheusServer, find_program, wait_until

URL = "http://prometheus.example.com/base"


def _expand(text: str, value: float = 1.0, **labels: str) -> str:
    return parse_template("A", text).expand(TemplateData(labels, value))


def _sample(value: str) -> str:
    """A query that gives one sample with LABELS."""
    expr = f"vector({value})"
    for name, text in LABELS.items():
        written = json.dumps(text.replace("$", "$$"), ensure_ascii=False)
        expr = f'label_replace({expr}, "{name}", {written}, "", "")'
    return expr


def _compare(folder: Path, texts: list[str]) -> int:
    """Expand `texts` over every value in a real Prometheus and here; return how many were the same."""
    annotations = {f"t{number}": text for number, text in enumerate(texts)}
    rules = [
        {"alert": f"V{number}", "expr": _sample(value), "annotations": annotations}
        for number, value in enumerate(VALUES)
    ]
    server = PrometheusServer(
        folder,
        rules=json.dumps({"groups": [{"name": "g", "rules": rules}]}),
        extra=[f"--web.external-url={URL}", "--web.route-prefix=/"],
    )
    with server:
        wait_until(lambda: len(server.alerts()) == len(VALUES))
        shown = {a["labels"]["alertname"]: a["annotations"] for a in server.alerts()}
    labels = {name: text for name, text in LABELS.items() if text}
    for number, value in enumerate(VALUES):
        name = f"V{number}"
        for key, text in annotations.items():
            seen = TemplateData(labels, float(value), 0.0, {}, URL)
            made = parse_template(name, text).expand(seen)
            assert (text, value, made) == (text, value, shown[name].get(key, ""))
    return len(VALUES) * len(texts)


def test_every_template_gives_what_a_real_prometheus_gives(tmp_path: Path) -> None:
    """Over every value and label, and in its errors too, text is the same to the letter."""
    assert _compare(tmp_path, [*GENERAL, *MULTILINE]) > 2500


def test_the_templates_of_collections_give_what_a_real_prometheus_gives(tmp_path: Path) -> None:
    """So do those of rules as people write them, and of the rules that ship."""
    groups = load_rule_files(
        ["tests/sources/rule_collections/*.yml", "sample_data/rules/payments.yml"], ROOT
    )
    rules = [rule for group in groups for rule in group.rules]
    texts = {t.text for r in rules for t in (*r.labels.values(), *r.annotations.values())}
    assert _compare(tmp_path, sorted(texts)) > 1000


def test_what_prometheus_refuses_is_refused(tmp_path: Path) -> None:
    """Whatever promtool finds wrong with a template is found here, and with its line."""
    promtool = find_program("promtool", "prometheus")
    file = tmp_path / "rules.yml"
    for text in BAD:
        rule = {"alert": "A", "expr": "vector(1)", "annotations": {"t": text}}
        file.write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}))
        done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True)
        assert (text, done.returncode) == (text, 1)
        with pytest.raises(TemplateError) as refused:
            parse_template("A", text)
        assert refused.value.line == (2 if text.startswith("one") else 1), text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{{ query "up" }}', "query"),
        ("{{ range query `up` }}{{ . }}{{ end }}", "query"),
        ('{{ with printf "up" | query }}{{ . | first | value }}{{ end }}', "query"),
        ("{{ $value | strvalue }}", "strvalue"),
        ("{{ sortByLabel `a` $labels }}", "sortByLabel"),
        ("{{ tmpl `x` . }}", "tmpl"),
    ],
)
def test_what_needs_a_prometheus_is_refused_with_the_reason(text: str, word: str) -> None:
    """A template that would ask a server is refused by name before anything is evaluated."""
    with pytest.raises(TemplateError, match=word) as refused:
        parse_template("A", f"one\n{text}")
    assert refused.value.line == 2
    assert refused.value.cure


def test_title_is_that_of_current_prometheus() -> None:
    """title capitalises words as golang.org/x/text does, which Prometheus uses since 3.2 (#15721)."""
    cases = {
        "hello world": "Hello World",
        "foo:bar": "Foo:bar",
        "x.y a-b": "X.y A-B",
        "it's O'clock": "It's O'clock",
        "1st a,b 1,2a": "1St A,B 1,2A",
        "HTTP server": "HTTP Server",
        "db-1.example.com:9100": "Db-1.Example.com:9100",
        "ß ǆ _x": "Ss ǅ _X",
    }
    assert {text: _expand("{{ title $labels.x }}", x=text) for text in cases} == cases


def test_functions_of_newer_prometheus() -> None:
    """Whole numbers humanize, and durations, now and urlQueryEscape are there."""
    assert _expand("{{ humanize 1500 }} {{ len $labels | humanize }}", a="b") == "1.5k 1"
    assert _expand("{{ toDuration 3725.5 }} {{ (toDuration 90).Minutes }}") == "1h2m5.5s 1.5"
    assert _expand("{{ toDuration 0.0015 }} {{ toDuration 0 }} {{ toDuration -60 }}") == (
        "1.5ms 0s -1m0s"
    )
    seen = TemplateData({}, 1.0, at=1700000000.5)
    assert parse_template("A", "{{ now | humanizeTimestamp }}").expand(seen) == (
        "2023-11-14 22:13:20.5 +0000 UTC"
    )
    assert _expand('{{ urlQueryEscape "a b/c&d" }}') == "a+b%2Fc%26d"
    assert _expand("{{ range 3 }}{{ . }}{{ end }}") == "012"


@pytest.mark.parametrize(
    "text",
    [
        "{{ define `a` }}{{ template `a` }}{{ template `a` }}{{ end }}{{ template `a` }}",
        "{{ range 40000 }}{{ range 40000 }}x{{ end }}{{ end }}",
        "{{ range 40000 }}" + "x" * 500 + "{{ end }}",
        "{{ printf `%9999d%9999d%9999d%9999d%9999d%9999d%9999d%9999d%9999d%9999d%9999d` 1 }}",
    ],
)
def test_a_template_that_never_ends_becomes_an_error(text: str) -> None:
    """Endless, huge and bottomless templates end in an error and take no more than a moment."""
    assert "error expanding template" in (made := _expand(text)) or len(made) <= 110_000


def test_deep_nesting_is_refused() -> None:
    """Brackets and blocks without end are refused where they are read."""
    for text in ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ if 1 }}" * 5000):
        with pytest.raises(TemplateError):
            parse_template("A", text)


_PIECES = st.sampled_from(
    ["{{", "}}", "{{-", "-}}", " ", "$labels", ".Labels", ".x", "$value", "|", "(", ")", "if",
     "else", "end", "range", "with", "define", '"a"', "`b`", "'c'", "1", "1.5", "printf", '"%d"',
     "humanize", "title", ":=", "=", ",", "$x", "nil", "true", ".", "/*", "*/", "\n", "é", "eq",
     "index", "args", "reReplaceAll", "match", "toTime", "break", "template", "%", "\x00"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=14), st.text(max_size=20), st.floats())
def test_no_template_raises_anything_else(pieces: list[str], label: str, value: float) -> None:
    """Whatever is written, it is refused as a TemplateError or expands to text."""
    try:
        template = parse_template("A", "".join(pieces))
    except TemplateError as error:
        assert error.line >= 1
        return
    assert isinstance(template.expand(TemplateData({"x": label}, value)), str)


def test_labels_cannot_inject_a_template() -> None:
    """A label that looks like a template is text."""
    evil = '{{ $labels.secret }}{{ printf "%s" .X }}'
    assert _expand("{{ $labels.a }}", a=evil, secret="s") == evil
