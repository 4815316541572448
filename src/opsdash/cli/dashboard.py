"""The dashboard: the screen over the store, with a child engine where none is alive."""

import sys
from pathlib import Path

from opsdash.cli.child import ChildEngine
from opsdash.plan import Plan
from opsdash.runtime import now, who_acts
from opsdash.store import lease
from opsdash.store.connection import connect


def open_dashboard(plan: Plan) -> None:
    """Run the dashboard until the person quits."""
    path = Path(plan.store_path)
    child = ChildEngine(Path(plan.config_path), path.with_suffix(".engine.log"))
    connection = connect(path)
    held = connection.read(lease.find)
    if plan.engine.autostart and (held is None or held.expires_at <= now()):
        # Before textual is imported: the engine's own start then costs no time of ours.
        child.start()
    from opsdash.cli.screen import run_screen

    try:
        code = run_screen(plan, connection, child, who_acts())
    finally:
        child.stop()
    sys.exit(code)
