"""The dashboard: the screen over the store, with a child engine where none is alive."""

import gc
import os
from pathlib import Path
from typing import NoReturn

from opsdash.cli.child import ChildEngine, child_of
from opsdash.cli.plain import refuse
from opsdash.plan import Plan
from opsdash.runtime import now, who_acts
from opsdash.store import lease
from opsdash.store.opening import connect_as_allowed
from opsdash.ui.departure import end_process
from opsdash.ui.held import notes_folder
from opsdash.ui.lean import leave_out_command_palette
from opsdash.ui.mending import mend_before_start
from opsdash.ui.rawmode import terminal_fd, terminal_problem


def open_dashboard(plan: Plan, early: ChildEngine | None = None) -> NoReturn:
    """Run the dashboard until the person quits, and end the process with its exit status."""
    problem = terminal_problem()
    if problem is not None:
        refuse(problem)
    end_process(show_dashboard(plan, early))


def show_dashboard(plan: Plan, early: ChildEngine | None = None) -> int:
    """Run the dashboard until the person quits; return its exit status.

    `early` is the engine that was started before the plan was known, if one was.
    """
    # Nothing that is made before the first frame is garbage: collecting it only delays the frame.
    gc.disable()
    path = Path(plan.store_path)
    notice = mend_before_start(notes_folder(os.environ), terminal_fd())
    child = early or child_of(Path(plan.config_path), path)
    connection = connect_as_allowed(path)
    held = connection.read(lease.find)
    starts_within = 0.0
    # An engine could do nothing with a store that may only be read.
    autostart = plan.engine.autostart and not connection.read_only
    if autostart and (early is not None or held is None or held.expires_at <= now()):
        # Before anything else is imported: the engine's own start then costs no time of ours.
        starts_within = child.start()
    from opsdash.snapshot import take_snapshot, with_start

    # The last known state is on the first frame, before anything is awaited.
    first = with_start(connection.read(take_snapshot, now()), starts_within)
    connection.close()
    leave_out_command_palette()
    from opsdash.cli.screen import run_screen

    try:
        return run_screen(plan, first, child if autostart else None, who_acts(), notice)
    finally:
        child.stop()
