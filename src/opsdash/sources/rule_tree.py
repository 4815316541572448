"""One rule file's tree turned into groups and rules, every problem noted and reading going on."""

import re
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from opsdash.domain.context import CONTEXT_ANNOTATION, Context, unknown_context
from opsdash.domain.duration import parse_duration
from opsdash.domain.rules.expression import obvious_error
from opsdash.domain.rules.rule import ON_ERROR, ON_NO_DATA, AlertRule, RuleGroup, Trouble
from opsdash.domain.rules.template import Template, TemplateError, parse_template
from opsdash.domain.text import clean
from opsdash.sources import yaml_tree
from opsdash.sources.rule_problem import RuleProblem
from opsdash.sources.yaml_tree import Mapping, Scalar, Tree

LONGEST_TEXT = 50_000
"""Characters that one expression or template may have."""

_FILE_KEYS = ("groups",)
_GROUP_KEYS = ("name", "interval", "limit", "query_offset", "labels", "rules")
_RULE_KEYS = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations", "record")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")


def rule_groups(
    tree: Tree | None, path: str, problems: list[RuleProblem], default_interval: timedelta
) -> tuple[RuleGroup, ...]:
    """Return the groups of the file at `path` and add what is wrong with it to `problems`."""
    found: list[RuleProblem] = []
    groups = _File(path, found, default_interval).groups(tree)
    problems += sorted(found, key=lambda problem: problem.line)
    return groups


class _File:
    """One file being read: nodes to nouns, every problem noted and reading going on."""

    def __init__(self, path: str, problems: list[RuleProblem], default_interval: timedelta) -> None:
        self.path = path
        self.problems = problems
        self.default_interval = default_interval

    def wrong(self, node: Tree | int, what: str, cure: str) -> None:
        line = node if isinstance(node, int) else node.line
        self.problems.append(RuleProblem(self.path, line, what, cure))

    def groups(self, tree: Tree | None) -> tuple[RuleGroup, ...]:
        if tree is None or (isinstance(tree, Scalar) and tree.null):
            return ()
        keys = self.table(tree, _FILE_KEYS, "the file")
        found: list[RuleGroup] = []
        first: dict[str, int] = {}
        for node in self.items(keys.get("groups"), "groups"):
            group = self.group(node)
            if group is None:
                continue
            if group.name in first:
                what = f"group {group.name!r} is in line {first[group.name]} already"
                self.wrong(node, what, "give it another name")
            first.setdefault(group.name, node.line)
            found.append(group)
        return tuple(found)

    def group(self, node: Tree) -> RuleGroup | None:
        if not isinstance(node, Mapping):
            self.wrong(node, "a group that is no mapping", "write name: and rules:")
            return None
        keys = self.table(node, _GROUP_KEYS, "a group")
        name = self.text(keys.get("name"), "name")
        if not name:
            self.wrong(node, "a group without a name", "add name:")
        labels = self.labels(keys.get("labels"), "label")
        rules: list[AlertRule] = []
        seen: dict[str, int] = {}
        for item in self.items(keys.get("rules"), "rules"):
            rule = _Rule(self, item, f"{self.path};{name}", labels).read()
            if rule is not None:
                number = seen[rule.name] = seen.get(rule.name, 0) + 1
                rules.append(_numbered(rule, number))
        interval = self.duration(keys.get("interval"), "interval")
        return RuleGroup(
            name=name,
            file=self.path,
            rules=tuple(rules),
            interval=interval or self.default_interval,
            limit=self.limit(keys.get("limit")),
            query_offset=self.duration(keys.get("query_offset"), "query_offset"),
        )

    def table(self, node: Tree, known: tuple[str, ...], where: str) -> dict[str, Tree]:
        """Return the values of a mapping by key; unknown keys and those that come twice are noted."""
        if not isinstance(node, Mapping):
            self.wrong(node, f"{where} is no mapping", f"write {known[0]}: …")
            return {}
        found: dict[str, Tree] = {}
        for key, value in node.pairs:
            name = key.text if isinstance(key, Scalar) else ""
            if name not in known:
                near = get_close_matches(name, known, 1, 0.6)
                cure = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self.wrong(key, f"unknown key {_shown(name)} in {where}", cure)
            elif name in found:
                self.wrong(key, f"{name} comes twice", "take one out")
            else:
                found[name] = value
        return found

    def items(self, node: Tree | None, name: str) -> tuple[Tree, ...]:
        if node is None or (isinstance(node, Scalar) and node.null):
            return ()
        if isinstance(node, yaml_tree.Sequence):
            return node.items
        self.wrong(node, f"{name} is no list", "begin each item with a dash")
        return ()

    def text(self, node: Tree | None, name: str) -> str:
        """Return a scalar as it is written, as Prometheus does whatever YAML would make of it."""
        if node is None or (isinstance(node, Scalar) and node.null):
            return ""
        if not isinstance(node, Scalar):
            self.wrong(node, f"{name} is no text", "write one value, in quotes if need be")
            return ""
        if len(node.text) > LONGEST_TEXT:
            self.wrong(node, f"{name} is too long", f"{LONGEST_TEXT} characters at most")
            return ""
        return node.text

    def duration(self, node: Tree | None, name: str) -> timedelta:
        text = self.text(node, name)
        if node is None or not text:
            return timedelta()
        try:
            return parse_duration(text)
        except ValueError:
            self.wrong(
                node, f"{name}: found {_shown(text)}", "write a duration as 30s, 5m or 1h30m"
            )
            return timedelta()

    def limit(self, node: Tree | None) -> int:
        text = self.text(node, "limit")
        if node is None or not text:
            return 0
        if not (isinstance(node, Scalar) and node.plain and _WHOLE.fullmatch(text)):
            self.wrong(node, f"limit: found {_shown(text)}", "write a whole number, without quotes")
            return 0
        return max(int(float(text[:15])), 0)

    def labels(self, node: Tree | None, what: str) -> dict[str, Scalar]:
        """Return names and values of labels or annotations."""
        if node is None or (isinstance(node, Scalar) and node.null):
            return {}
        if not isinstance(node, Mapping):
            self.wrong(node, f"{what}s are no mapping", "write NAME: VALUE lines")
            return {}
        found: dict[str, Scalar] = {}
        for key, value in node.pairs:
            name = key.text if isinstance(key, Scalar) else ""
            if not _LABEL.fullmatch(name) or (what == "label" and name == "__name__"):
                cure = "use letters, digits and _, a letter first"
                self.wrong(key, f"{what} name {_shown(name)}", cure)
            elif name in found:
                self.wrong(key, f"{what} {name} comes twice", "take one out")
            else:
                text = self.text(value, f"{what} {name}")
                plain = isinstance(value, Scalar) and value.plain
                block = isinstance(value, Scalar) and value.block
                found[name] = Scalar(value.line, text, plain, block)
        return found


class _Rule:
    """One rule being read."""

    def __init__(
        self, file: _File, node: Tree, group: str, group_labels: dict[str, Scalar]
    ) -> None:
        self.file = file
        self.node = node
        self.group = group
        self.group_labels = group_labels

    def read(self) -> AlertRule | None:
        file, node = self.file, self.node
        if not isinstance(node, Mapping):
            file.wrong(node, "a rule that is no mapping", "write alert: and expr:")
            return None
        keys = file.table(node, _RULE_KEYS, "a rule")
        if "record" in keys:
            what = "a recording rule: opsdash has nowhere to record to"
            file.wrong(keys["record"], what, "leave it to a Prometheus, or write its expr out")
            return None
        name = file.text(keys.get("alert"), "alert")
        if not name:
            file.wrong(node, "a rule without a name", "add alert: NAME")
        expr = self.expr(keys.get("expr"))
        labels = {**self.group_labels, **file.labels(keys.get("labels"), "label")}
        annotations = file.labels(keys.get("annotations"), "annotation")
        self.context(annotations.get(CONTEXT_ANNOTATION))
        return AlertRule(
            id=f"{self.group};{name}",
            name=name,
            expr=expr,
            file=file.path,
            line=node.line,
            hold=file.duration(keys.get("for"), "for"),
            keep_firing_for=file.duration(keys.get("keep_firing_for"), "keep_firing_for"),
            labels=self.templates(name, "label", labels),
            annotations=self.templates(name, "annotation", annotations),
            on_error=self.policy(annotations.get(ON_ERROR), ON_ERROR, Trouble.KEEP),
            on_no_data=self.policy(annotations.get(ON_NO_DATA), ON_NO_DATA, Trouble.OK),
        )

    def expr(self, node: Tree | None) -> str:
        text = self.file.text(node, "expr")
        if node is None or not text.strip():
            self.file.wrong(node or self.node, "a rule without expr", "add expr: with PromQL")
            return ""
        cure = obvious_error(text)
        if cure:
            self.file.wrong(node, "expr is not PromQL", cure)
        return text

    def templates(self, rule: str, what: str, found: dict[str, Scalar]) -> dict[str, Template]:
        """Return the templates by name, in the order in which Prometheus expands them."""
        templates: dict[str, Template] = {}
        for name in sorted(found):
            if what == "annotation" and name in (ON_ERROR, ON_NO_DATA):
                continue
            value = found[name]
            try:
                templates[name] = parse_template(rule, value.text)
            except TemplateError as error:
                # In a block the text begins a line below the indicator; folded lines are approximate.
                line = value.line + error.line - 1 + value.block
                self.file.wrong(line, f"{what} {name}: {clean(error, 300)}", error.cure)
        return templates

    def context(self, node: Scalar | None) -> None:
        """Refuse words that name no context; what a template gives is judged when it is known."""
        unknown = () if node is None or "{{" in node.text else unknown_context(node.text)
        if node is not None and unknown:
            what = f"annotation {CONTEXT_ANNOTATION}: found {_shown(unknown[0])}"
            self.file.wrong(node, what, f"write {', '.join(Context)}, or none")

    def policy(self, node: Scalar | None, name: str, default: Trouble) -> Trouble:
        if node is None:
            return default
        try:
            return Trouble(node.text)
        except ValueError:
            what = f"annotation {name}: found {_shown(node.text)}"
            self.file.wrong(node, what, "write keep, fire or ok")
            return default


def _numbered(rule: AlertRule, number: int) -> AlertRule:
    return rule if number == 1 else replace(rule, id=f"{rule.id}#{number}")


def _shown(text: str) -> str:
    return repr(str(clean(text, 60)))
