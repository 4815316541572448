"""The engine that a dashboard starts before anything else: when it is, and when it is left for later."""

import os
import sqlite3
from pathlib import Path

import pytest

from opsdash.cli import early
from opsdash.cli.child import ChildEngine
from opsdash.config import validated
from opsdash.runtime import now
from opsdash.store import lease
from opsdash.store.opening import connect


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A known configuration whose store nobody leads, in a terminal; children are only counted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(early, "terminal_problem", lambda: None)
    monkeypatch.setattr(ChildEngine, "start", lambda self: 10.0)
    path = tmp_path / "opsdash.toml"
    write(path)
    connect(tmp_path / "ops.db").close()
    return path


def write(path: Path, more: str = "") -> None:
    """Write a configuration, and validate it once as every command does."""
    store = path.with_name("ops.db")
    path.write_text(
        f'[store]\nurl = "sqlite:///{store}"\n[prometheus]\nurl = "http://127.0.0.1:9"\n{more}'
    )
    path.chmod(0o600)
    validated(path)


def test_a_known_store_without_an_engine_gets_one(config: Path) -> None:
    """Also where the engine before gave its lease back, and again once a lease has run out."""
    assert early.start_early(config) is not None
    store = connect(config.with_name("ops.db"))
    epoch = store.write(lease.take, "another", now())
    assert epoch is not None
    assert early.start_early(config) is None
    store.write(lease.release, epoch)
    store.close()
    assert early.start_early(config) is not None


def test_what_is_out_of_the_ordinary_is_left_to_the_dashboard(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No engine is started early for a configuration that changed, refuses one, or has no store yet."""
    config.write_text(config.read_text() + "# changed\n")
    assert early.start_early(config) is None
    write(config, "[engine]\nautostart = false\n")
    assert early.start_early(config) is None
    write(config)
    assert early.start_early(config) is not None
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert early.start_early(config) is None
    monkeypatch.undo()
    config.with_name("ops.db").unlink()
    assert early.start_early(config) is None


def test_a_store_of_another_version_is_left_to_the_dashboard(config: Path) -> None:
    """It is migrated before an engine is started on it."""
    raw = sqlite3.connect(config.with_name("ops.db"))
    raw.execute("PRAGMA user_version = 1")
    raw.commit()
    raw.close()
    assert early.start_early(config) is None


def test_no_engine_is_started_where_no_dashboard_can_be_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe instead of a terminal is refused a moment later, and an engine would only flare up."""
    monkeypatch.setattr(early, "terminal_problem", lambda: "no terminal")
    assert early.start_early(config) is None
