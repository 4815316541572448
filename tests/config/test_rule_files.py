"""rule_files: where they are looked for, and that there must be a server to ask."""

from pathlib import Path

from opsdash.config.cached import validated
from tests.config.conftest import MINIMAL, Read, Refuse


def test_patterns_are_relative_to_the_configuration(file: Path, tmp_path: Path) -> None:
    """A relative pattern begins in the configuration's folder, an absolute one where it says."""
    file.write_text('rule_files = ["rules/*.yml", "/etc/rules/a.yml"]\n' + MINIMAL)
    plan = validated(file, {"XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
    assert plan.rule_files == (f"{tmp_path}/rules/*.yml", "/etc/rules/a.yml")


def test_rules_need_a_prometheus(refuse: Refuse) -> None:
    """Without a Prometheus nobody can be asked, which is said before anything starts."""
    (line,) = refuse('rule_files = ["a.yml"]\n[alertmanager]\nurls = ["http://127.0.0.1:1"]\n')
    assert line == (
        "1: rule_files: there is no Prometheus to ask for the rules;"
        " add [prometheus] with url, or take rule_files out"
    )


def test_without_rule_files_there_are_none(read: Read) -> None:
    """Rules are asked for, never assumed."""
    assert read(MINIMAL).rule_files == []
