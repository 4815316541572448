"""What the first frame, question and beat cost in imports: each module here stood before them once."""

import subprocess
import sys

import pytest

from tests.kit.source_tree import ROOT

_DASHBOARD = """
import opsdash.__main__, opsdash.cli.plain, opsdash.cli.early
import opsdash.config.cached, opsdash.config.problem
import opsdash.cli.dashboard, opsdash.snapshot, opsdash.cli.screen
"""
_ENGINE = """
import opsdash.__main__, opsdash.cli.plain, opsdash.config.cached, opsdash.cli.running
import opsdash.runtime, opsdash.engine.cycle
"""
_QUESTION = """
import opsdash.__main__, opsdash.cli.plain, opsdash.config.cached, opsdash.cli.running
import opsdash.runtime, opsdash.engine.ahead, opsdash.sources.prometheus, opsdash.http.plain
"""
_STATUS = "import opsdash.__main__, opsdash.cli.glance"

LATER: dict[str, tuple[str, ...]] = {
    _DASHBOARD: (
        *(
            "aiosqlite",
            "anyio",
            "click",
            "httpx",
            "logging.handlers",
            "pydantic",
            "tomllib",
            "yaml",
        ),
        *("opsdash.config.models", "opsdash.config.build", "opsdash.config.reading"),
        *(
            "opsdash.engine",
            "opsdash.http",
            "opsdash.notifiers",
            "opsdash.reports",
            "opsdash.sources",
        ),
        *(
            "opsdash.act",
            "opsdash.covering",
            "opsdash.inquiry",
            "opsdash.ownership",
            "opsdash.paging",
        ),
        *("opsdash.response", "opsdash.silencing", "opsdash.undoing", "opsdash.undoable"),
        *("opsdash.digest", "opsdash.preview", "opsdash.reporting", "opsdash.store.outbox"),
        *("opsdash.ui.acts", "opsdash.ui.hand", "opsdash.ui.owning", "opsdash.ui.rostering"),
        *("opsdash.ui.screens.open", "opsdash.ui.screens.sheet", "opsdash.ui.panes.alert_page"),
        *("opsdash.ui.panes.indicator_page", "opsdash.ui.panes.on_call", "opsdash.ui.panes.pages"),
    ),
    _ENGINE: (
        *("click", "httpx", "opsdash.config.models", "opsdash.engine.rules", "opsdash.ui"),
        *("opsdash.digest", "opsdash.registers", "opsdash.roster", "opsdash.snapshot"),
        *("opsdash.ownership", "opsdash.response", "opsdash.silencing", "opsdash.undoing"),
    ),
    _QUESTION: (
        *("aiosqlite", "anyio", "httpcore", "httpx", "opsdash.engine.cycle"),
        *(
            "opsdash.engine.engine",
            "opsdash.notifiers",
            "opsdash.paging",
            "opsdash.sources.alertmanager",
        ),
        *("opsdash.domain.rules", "opsdash.domain.alert_list", "opsdash.store.opening"),
    ),
    _STATUS: (
        *("asyncio", "click", "pydantic", "dataclasses", "textual", "tomllib"),
        *("opsdash.domain.setup", "opsdash.plan", "opsdash.snapshot"),
    ),
}
"""Modules that must not be there once the way to the first frame, beat, question or status line is imported."""


@pytest.mark.parametrize("way", LATER, ids=["dashboard", "engine", "question", "status"])
def test_what_comes_later_is_not_imported_first(way: str) -> None:
    """A person waits for each import that stands before the first frame; acts and pages can wait."""
    asked = f"{way}\nimport sys\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT
    )
    there = set(done.stdout.split())
    assert sorted(there.intersection(LATER[way])) == []
