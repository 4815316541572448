"""Prometheus rule files (prometheus.io/docs/prometheus/latest/configuration/alerting_rules/), read.

Every problem of every file is found at once, with file, line and cure: a rule that is not there is
an alert that never comes.
"""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from opsdash.domain.rules.rule import DEFAULT_INTERVAL, RuleGroup
from opsdash.sources.rule_problem import RuleFileError, RuleProblem
from opsdash.sources.rule_tree import rule_groups
from opsdash.sources.yaml_tree import YamlError, read_yaml

__all__ = ["RuleFileError", "RuleProblem", "load_rule_files", "read_rule_file"]

LARGEST_FILE = 4 << 20
"""Bytes that one file may have."""

MOST_FILES = 500
MOST_RULES = 10_000


def load_rule_files(
    patterns: Iterable[str], folder: str | Path, default_interval: timedelta = DEFAULT_INTERVAL
) -> tuple[RuleGroup, ...]:
    """Return the groups of all files that `patterns` name, relative ones beside `folder`.

    A pattern is a path or a glob (`rules/*.yml`). Raises RuleFileError with all that is wrong.
    """
    problems: list[RuleProblem] = []
    groups: list[RuleGroup] = []
    paths = list(_paths(patterns, Path(folder), problems))
    for path in paths[:MOST_FILES]:
        groups += read_rule_file(path, problems, default_interval)
    if len(paths) > MOST_FILES:
        problems.append(RuleProblem(str(folder), 0, f"{len(paths)} rule files", "name fewer"))
    if sum(len(group.rules) for group in groups) > MOST_RULES:
        problems.append(RuleProblem(str(folder), 0, "too many rules", f"{MOST_RULES} at most"))
    if problems:
        raise RuleFileError(problems)
    return tuple(groups)


def read_rule_file(
    path: Path, problems: list[RuleProblem], default_interval: timedelta = DEFAULT_INTERVAL
) -> tuple[RuleGroup, ...]:
    """Return the groups of one file and add what is wrong with it to `problems`."""
    text = _text(path, problems)
    if text is None:
        return ()
    try:
        return rule_groups(read_yaml(text), str(path), problems, default_interval)
    except YamlError as error:
        problems.append(RuleProblem(str(path), error.line, str(error), error.cure))
        return ()


def _paths(patterns: Iterable[str], folder: Path, problems: list[RuleProblem]) -> Iterator[Path]:
    seen: set[str] = set()
    for pattern in patterns:
        whole = os.path.join(folder, pattern)
        found = sorted(glob.glob(whole)) if glob.has_magic(pattern) else [whole]
        if not found:
            cure = "correct it, or take it out of rule_files"
            problems.append(RuleProblem(whole, 0, "no file matches", cure))
        for path in found:
            name = os.path.normpath(path)
            if name not in seen:
                seen.add(name)
                yield Path(name)


def _text(path: Path, problems: list[RuleProblem]) -> str | None:
    def refuse(what: str, cure: str, line: int = 0) -> None:
        problems.append(RuleProblem(str(path), line, what, cure))

    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file's name"
        refuse(f"cannot be read: {reason}", "correct rule_files, or the file's owner and mode")
        return None
    if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
        refuse("anybody can change it, and with it who is paged", f"run: chmod o-w {path}")
        return None
    if len(raw) > LARGEST_FILE:
        refuse("too large", f"split it: {LARGEST_FILE >> 20} MiB at most")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse("not UTF-8 text", "save it as UTF-8", raw[: error.start].count(b"\n") + 1)
        return None
