"""Rule files: what loads unchanged, what is refused, with which line and cure."""

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.rules.rule import Trouble
from opsdash.domain.rules.template import TemplateData
from opsdash.sources.rule_file import RuleFileError, load_rule_files
from opsdash.sources.yaml_tree import YamlError, read_yaml
from tests.kit.source_tree import ROOT
from tests.servers import find_program

COLLECTIONS = Path(__file__).parent / "rule_collections"


def _problems(folder: Path, text: str) -> list[str]:
    """Return what is wrong with a file of `text`, without the folder."""
    (folder / "r.yml").write_text(text)
    with pytest.raises(RuleFileError) as refused:
        load_rule_files(["r.yml"], folder)
    return [str(problem).replace(f"{folder}/", "") for problem in refused.value.problems]


def _one(folder: Path, rule: str) -> list[str]:
    lines = "\n".join(f"    {line}" for line in rule.splitlines())
    return _problems(folder, f"groups:\n- name: g\n  rules:\n  - alert: A\n{lines}\n")


def test_collections_load_unchanged() -> None:
    """Groups as people write them load whole, and promtool has nothing against them either."""
    promtool = find_program("promtool", "prometheus")
    files = sorted(COLLECTIONS.glob("*.yml"))
    done = subprocess.run([promtool, "check", "rules", *map(str, files)], capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    groups = load_rule_files(["*.yml"], COLLECTIONS)
    rules = {rule.name: rule for group in groups for rule in group.rules}
    assert len(rules) == 12
    assert [group.name for group in groups] == [
        "kubernetes-apps", "kubernetes-slos", "node-exporter", "hosts",
    ]  # fmt: skip
    apps = groups[0]
    assert (apps.interval, apps.limit) == (timedelta(seconds=30), 500)
    assert groups[1].interval == timedelta(minutes=1)
    looping = rules["KubePodCrashLooping"]
    assert (looping.hold, looping.keep_firing_for) == (timedelta(minutes=15), timedelta(minutes=5))
    assert looping.line == 7
    clock = rules["HostClockNotSynchronising"]
    seen = TemplateData({"instance": "db-1:9100"}, 1.0)
    assert {name: t.expand(seen) for name, t in clock.labels.items()} == {
        "severity": "warning", "priority": "2", "oncall": "yes",
    }  # fmt: skip
    assert clock.annotations["summary"].expand(seen) == "Clock of DB-1"


def test_the_sample_rules_load() -> None:
    """What ships loads, without a recording rule in it."""
    groups = load_rule_files(["rules/payments.yml"], ROOT / "sample_data")
    names = [rule.name for group in groups for rule in group.rules]
    assert names[:4] == [
        "HighErrorRate", "DatabasePerformanceDegraded", "MemoryLeakSuspected",
        "PaymentGatewayOffline",
    ]  # fmt: skip


def test_scalars_are_taken_as_written(tmp_path: Path) -> None:
    """`no`, `1.50`, `12:30:00` and `0x10` are the text that stands there, as in Prometheus (H60)."""
    text = (
        "groups:\n- name: g\n  rules:\n  - alert: 5\n    expr: 1\n    labels:"
        " {severity: no, f: 1.50, t: 12:30:00, b: yes, n: ~, d: 2020-01-01, x: 0x10, e: }\n"
    )
    (tmp_path / "r.yml").write_text(text)
    promtool = find_program("promtool", "prometheus")
    written = {"severity": "no", "f": "1.50", "t": "12:30:00", "b": "yes", "d": "2020-01-01"}
    test = {
        "rule_files": ["r.yml"],
        "tests": [
            {
                "interval": "1m",
                "alert_rule_test": [
                    {
                        "eval_time": "1m",
                        "alertname": "5",
                        "exp_alerts": [{"exp_labels": {**written, "x": "0x10"}}],
                    }
                ],
            }
        ],
    }
    (tmp_path / "t.yml").write_text(json.dumps(test))
    done = subprocess.run([promtool, "test", "rules", str(tmp_path / "t.yml")], capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ((rule,),) = [group.rules for group in load_rule_files(["r.yml"], tmp_path)]
    shown = {name: t.expand(TemplateData({}, 1.0)) for name, t in rule.labels.items()}
    assert rule.name == "5"
    assert {name: text for name, text in shown.items() if text} == {**written, "x": "0x10"}


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("expr: up{", "r.yml:5: expr is not PromQL; close the bracket {"),
        ("for: 5m", "r.yml:4: a rule without expr; add expr: with PromQL"),
        ("expr: up\nfor: 5", "r.yml:6: for: found '5'; write a duration as 30s, 5m or 1h30m"),
        ("expr: up\nkeep_firing_for: -5m", "r.yml:6: keep_firing_for: found '-5m'"),
        ("expr: up\nfro: 5m", "r.yml:6: unknown key 'fro' in a rule; did you mean for?"),
        ("expr: up\nexpr: up", "r.yml:6: expr comes twice; take one out"),
        ("expr: up\nlabels: {a: [1]}", "r.yml:6: label a is no text"),
        ("expr: up\nlabels: [a]", "r.yml:6: labels are no mapping"),
        ("expr: up\nlabels: {a-b: c}", "r.yml:6: label name 'a-b'; use letters"),
        ("expr: up\nlabels: {__name__: c}", "r.yml:6: label name '__name__'"),
        ("expr: up\nlabels:\n  a: b\n  a: c", "r.yml:8: label a comes twice"),
        ("expr: up\nannotations: {c.d: x}", "r.yml:6: annotation name 'c.d'"),
        ("expr: up\nrecord: x:y", "r.yml:6: a recording rule: opsdash has nowhere to record to"),
        (
            "expr: up\nannotations:\n  d: |\n    one\n    {{ query `up` }}",
            "r.yml:9: annotation d: query: a template here cannot ask the server anew; put it",
        ),
        ("expr: up\nannotations:\n  d: '{{ .x'", "r.yml:7: annotation d: unclosed action"),
        ("expr: up\nannotations: {d: '{{ nosuch }}'}", 'function "nosuch" not defined'),
        (
            "expr: up\nannotations:\n  opsdash_context: deployments, moon",
            "r.yml:7: annotation opsdash_context: found 'moon'; write deployments, code changes, or"
            " none",
        ),
        (
            "expr: up\nannotations:\n  opsdash_on_error: maybe",
            "r.yml:7: annotation opsdash_on_error: found 'maybe'; write keep, fire or ok",
        ),
        ("expr: up\nlabels: &x {a: b}", "r.yml:6: an anchor (x); write the value out"),
        ("expr: up\nlabels: *x", "r.yml:6: an alias (x)"),
        ("expr: [up]", "r.yml:5: expr is no text"),
        ("expr: up\nannotations: {a: {b: {c: {d: {e: {f: {g: {h: i}}}}}}}}", "nested too deeply"),
    ],
)
def test_a_wrong_rule_is_refused(tmp_path: Path, rule: str, wanted: str) -> None:
    """Each mistake names file, line, what is wrong and the cure."""
    problems = _one(tmp_path, rule)
    assert any(wanted in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x: 1", "r.yml:1: unknown key 'x' in the file; known are groups"),
        ("[]", "r.yml:1: the file is no mapping"),
        ("groups: 5", "r.yml:1: groups is no list"),
        ("groups: [5]", "r.yml:1: a group that is no mapping"),
        ("groups: [{rules: []}]", "r.yml:1: a group without a name"),
        ("groups: [{name: g, rules: [5]}]", "r.yml:1: a rule that is no mapping"),
        ("groups: [{name: g, rules: [{expr: up}]}]", "r.yml:1: a rule without a name"),
        ("groups:\n- name: g\n- name: g\n", "r.yml:3: group 'g' is in line 2 already"),
        ("groups:\n- name: g\n  limit: '3'\n", "r.yml:3: limit: found '3'; write a whole number"),
        ("groups:\n- name: g\n  interval: 1.5m\n", "r.yml:3: interval: found '1.5m'"),
        ("groups:\n- name: g\n  intervall: 1m\n", "did you mean interval?"),
        ("groups:\n- name: g\n---\ngroups: []\n", "r.yml:3: a second document"),
        ("groups:\n\t- name: g\n", "r.yml:2: not YAML"),
        ("a: b: c", "r.yml:1: not YAML"),
        ("groups: []\n\x01", "r.yml:2: not YAML: a character that it does not allow"),
        ("[" * 100_000, "r.yml:1: nested too deeply"),
        ("a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]", "r.yml:1: an anchor (a)"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, wanted: str) -> None:
    """What is no rule file, and what only looks like one, names file, line and cure (H59)."""
    problems = _problems(tmp_path, text)
    assert any(wanted in problem for problem in problems), problems


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Nothing hides behind the first problem: neither in a file nor in another one."""
    (tmp_path / "a.yml").write_text("groups:\n- name: g\n  x: 1\n  y: 2\n")
    (tmp_path / "b.yml").write_text("groups: [}\n")
    with pytest.raises(RuleFileError) as refused:
        load_rule_files(["*.yml", "gone.yml", "none/*.yml"], tmp_path)
    places = [(Path(p.file).name, p.line) for p in refused.value.problems]
    assert sorted(places) == [
        ("*.yml", 0), ("a.yml", 3), ("a.yml", 4), ("b.yml", 1), ("gone.yml", 0),
    ]  # fmt: skip
    assert all(problem.cure for problem in refused.value.problems)


def test_files_that_others_may_change_or_that_are_too_large_are_refused(tmp_path: Path) -> None:
    """Whoever may write the rules decides who is woken: the file must be safe and of a sane size."""
    file = tmp_path / "r.yml"
    file.write_text("groups: []\n")
    file.chmod(0o666)
    with pytest.raises(RuleFileError, match="chmod o-w"):
        load_rule_files(["r.yml"], tmp_path)
    file.chmod(0o644)
    assert load_rule_files(["r.yml"], tmp_path) == ()
    file.write_text("#" * (5 << 20))
    with pytest.raises(RuleFileError, match="too large"):
        load_rule_files(["r.yml"], tmp_path)
    file.write_bytes(b"groups: []\n# \xff\n")
    with pytest.raises(RuleFileError, match=r"r\.yml:2: not UTF-8"):
        load_rule_files(["r.yml"], tmp_path)
    os.remove(file)
    file.mkdir()
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_rule_files(["r.yml"], tmp_path)


def test_groups_of_prometheus_3_and_policies(tmp_path: Path) -> None:
    """Group labels go to every rule that does not have its own; policies leave the annotations."""
    (tmp_path / "r.yml").write_text(
        "groups:\n- name: g\n  labels: {team: a, tier: gold}\n  query_offset: 30s\n  rules:\n"
        "  - alert: A\n    expr: up\n    labels: {team: b}\n    annotations:\n"
        "      opsdash_on_error: fire\n      opsdash_on_no_data: keep\n      summary: s\n"
        "  - alert: A\n    expr: up\n"
    )
    (group,) = load_rule_files(["r.yml"], tmp_path)
    first, second = group.rules
    assert group.query_offset == timedelta(seconds=30)
    assert {name: t.text for name, t in first.labels.items()} == {"team": "b", "tier": "gold"}
    assert {name: t.text for name, t in second.labels.items()} == {"team": "a", "tier": "gold"}
    assert list(first.annotations) == ["summary"]
    assert (first.on_error, first.on_no_data) == (Trouble.FIRE, Trouble.KEEP)
    assert (second.on_error, second.on_no_data) == (Trouble.KEEP, Trouble.OK)
    assert first.id != second.id


def test_empty_files_have_no_rules(tmp_path: Path) -> None:
    """Nothing at all, no groups and groups without rules are as good as in Prometheus."""
    for text in ("", "# only a comment\n", "groups:\n", "groups: []\n", "groups: [{name: g}]\n"):
        (tmp_path / "r.yml").write_text(text)
        assert [g for g in load_rule_files(["r.yml"], tmp_path) if g.rules] == []


@settings(max_examples=300, deadline=None)
@given(st.text("ag:-[]{}&*!|>'\"#%@` \n\t\x00é~", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is a tree or a YamlError with a line, and nothing else."""
    try:
        read_yaml(text)
    except YamlError as error:
        assert error.line >= 1
