"""`opsdash demo`: the dashboard on a simulated payment application, in a state of its own."""

import shutil
import signal
import tempfile
import threading
from pathlib import Path

import click

CONFIG = """\
title = "Payment App Production"
refresh = "2s"
theme = "{theme}"

[store]
url = "sqlite:///{store}"

[simulation]
speed = {speed}
seed = {seed}

[[person]]
id = "john"
name = "John"
expertise = ["backend"]

[[person]]
id = "sarah"
name = "Sarah"
expertise = ["frontend"]

[[person]]
id = "alex"
name = "Alex"
expertise = ["full-stack", "devops"]

[[person]]
id = "tech-lead"
name = "Maria"
expertise = ["backend", "database"]

[[person]]
id = "pm"
name = "Priya"

[[person]]
id = "ceo"
name = "Chen"

[[schedule]]
id = "primary"
timezone = "UTC"
handoff = "09:00"
weeks = [ {{ mon = "john", wed = "sarah", fri = "alex" }} ]

[[pane.payments]]
id = "success_ratio"
title = "Success 5m"
note = "the simulation counts five minutes: as many payments as give the guide's figures"

[[pane.payments]]
id = "failed"
title = "Failed 5m"
note = "the simulation counts five minutes: as many payments as give the guide's figures"
"""
"""The guide's team on the simulated application, to be completed by `str.format`."""


@click.command(epilog="Example:  opsdash demo --speed 10")
@click.option("--speed", type=float, default=None, help="Seconds of the story in a real one.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the noise.")
@click.option("--theme", default="night-shift", show_default=True, help="The theme to begin with.")
@click.option(
    "--metrics-listen",
    metavar="HOST:PORT",
    help="Serve the simulation's metrics to a real Prometheus instead of opening the dashboard.",
)
def demo(speed: float | None, seed: int, theme: str, metrics_listen: str | None) -> None:
    """Show a simulated payment application whose incident unfolds before you; needs nothing.

    Its state lives in a folder of its own and is gone when you quit.
    """
    from opsdash.sources.simulation.clock import DEFAULT_SPEED

    pace = DEFAULT_SPEED if speed is None else speed
    if not 0 < pace <= 10_000:
        raise click.BadParameter("write a number between 0 and 10000", param_hint="--speed")
    if metrics_listen is not None:
        _serve(metrics_listen, pace, seed)
        return
    from opsdash.cli.dashboard import show_dashboard
    from opsdash.cli.main import fail, load_plan
    from opsdash.ui.departure import end_process
    from opsdash.ui.rawmode import terminal_problem

    problem = terminal_problem()
    if problem is not None:
        fail(problem)
    folder = Path(tempfile.mkdtemp(prefix="opsdash-demo-"))
    try:
        path = folder / "opsdash.toml"
        store = folder / "opsdash.db"
        path.write_text(CONFIG.format(theme=theme, store=store, speed=pace, seed=seed))
        path.chmod(0o600)
        code = show_dashboard(load_plan(path))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    end_process(code)


def _serve(address: str, speed: float, seed: int) -> None:
    from opsdash.cli.main import fail
    from opsdash.http.errors import RemoteError
    from opsdash.runtime import now
    from opsdash.sources.exposition import serve
    from opsdash.sources.simulation.clock import SimulatedClock

    try:
        exposition = serve(address, SimulatedClock(now(), speed), now, seed)
    except RemoteError as error:
        fail(error.reason)
    click.echo(f"SIMULATED metrics on port {exposition.port}, path /metrics; ctrl+c ends it")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    exposition.close()
