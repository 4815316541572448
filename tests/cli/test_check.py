"""`opsdash check`: every line it prints is true, and its exit status says whether all works."""

import re
import sqlite3
from pathlib import Path

import pytest

from opsdash.store.library import weakness
from tests.cli.conftest import Team
from tests.servers import PrometheusServer

WEAKNESS = weakness()


def check(folder: Path, text: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """Return the exit status of a check of this configuration, and all that it printed."""
    done = Team(folder, text).run("check", *arguments, **environment)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.servers
def test_it_names_what_works_and_each_figure_without_a_value(
    tmp_path: Path, prometheus: PrometheusServer
) -> None:
    """A Prometheus without the application: it answers, and every missing figure has a reason."""
    status, said = check(tmp_path, f'[prometheus]\nurl = "{prometheus.url}"\n')
    assert status == 1
    assert re.search(r"^ok +prometheus answers$", said, re.M)
    assert re.search(r"^ok +store /", said, re.M)
    assert re.search(r"^FAIL +prometheus: p95 \(Response p95\): .+", said, re.M)
    assert "Traceback" not in said


def test_the_linked_sqlite_is_named_where_it_is_weak(tmp_path: Path) -> None:
    """A library with a known bug is said, with the version that mends it; a sound one is not."""
    _, said = check(tmp_path, "[simulation]\n")
    assert (WEAKNESS is not None) == ("WAL-reset bug" in said)
    assert (WEAKNESS or "") in said
    assert (sqlite3.sqlite_version in said) == (WEAKNESS is not None)


def test_a_store_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """Another program's file: what is wrong, where, and what to do."""
    store = tmp_path / "notes.txt"
    store.write_text("important notes\n" * 100)
    status, said = check(tmp_path, f'[store]\nurl = "sqlite:///{store}"\n[simulation]\n')
    assert status == 1
    assert re.search(rf"^FAIL +{re.escape(str(store))} is damaged or not an opsdash", said, re.M)


def test_every_error_of_a_configuration_is_named_at_once(tmp_path: Path) -> None:
    """File, key, what was found and the cure, one line each; exit 2."""
    status, said = check(tmp_path, 'refresh = "soon"\ncolour = 1\n[prometheus]\nurl = "nowhere"\n')
    assert status == 2
    for key in ("refresh", "colour", "url"):
        assert re.search(rf"opsdash\.toml.*{key}", said), said
    assert said.count("\n") == 3
