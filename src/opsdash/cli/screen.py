"""The screen's process: the app over the store, in a terminal, and the child engine it may need."""

import gc
import os
from importlib import import_module
from pathlib import Path

from opsdash.cli.child import ChildEngine
from opsdash.domain.timeline import Actor
from opsdash.plan import Plan
from opsdash.runtime import now
from opsdash.secret import redact
from opsdash.snapshot import Snapshot
from opsdash.ui.app import OpsdashApp
from opsdash.ui.held import notes_folder
from opsdash.ui.live import StoreFeed
from opsdash.ui.ports import Hand
from opsdash.ui.preferences import preferences_of
from opsdash.ui.terminal import run_in_terminal

SETTLES_AFTER = 0.5
"""Seconds after the start by which an engine that was just started has brought its first figures, mostly."""


class Dashboard(OpsdashApp):
    """The app on a real store."""

    def __init__(
        self,
        plan: Plan,
        first: Snapshot,
        child: ChildEngine | None,
        actor: Actor,
        notice: str = "",
    ) -> None:
        path = Path(plan.store_path)
        missed = child.start if child is not None else _wait_for_one
        super().__init__(
            StoreFeed(path, now, first, missed),
            lambda: _open_hand(path, actor),
            preferences_of(plan.setup, Path(plan.config_path).parent / "themes"),
            clock=now,
            first=first,
            crash_folder=path.parent,
            redact=redact,
        )
        self.terminal_notes = notes_folder(os.environ)
        self._notice = notice

    def on_mount(self) -> None:
        """Get ready for what comes once the first frame is out, and the figures that may follow it."""
        self.set_timer(SETTLES_AFTER, _settle)
        if self._notice:
            self.call_after_refresh(self.say, self._notice, "warn bold")


def run_screen(
    plan: Plan, first: Snapshot, child: ChildEngine | None, actor: Actor, notice: str = ""
) -> int:
    """Run the dashboard until the person quits, `child` being the engine to start where none works.

    `notice` is what the person is told first. Returns the exit status.
    """
    return run_in_terminal(Dashboard(plan, first, child, actor, notice))


def _open_hand(path: Path, actor: Actor) -> Hand:
    from opsdash.ui.hand import StoreHand

    return StoreHand(path, actor, now)


def _settle() -> None:
    """Bring in what the first act needs, and collect garbage again; what is there by now stays."""
    import_module("opsdash.ui.writing")
    import_module("opsdash.ui.hand")
    gc.collect()
    gc.freeze()
    gc.enable()


def _wait_for_one() -> float:
    """Start nothing: somebody else runs the engine here."""
    return 0.0
