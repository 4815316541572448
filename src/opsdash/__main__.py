"""The program's entry: what runs often or must open at once goes past click, all else through it."""

import sys


def main() -> None:
    """Run the command line."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from opsdash import __version__

        print(f"opsdash {__version__}")
        return
    if arguments[:1] == ["status"]:
        _glance(arguments[1:])
    if arguments[:1] == ["engine"]:
        _engine(arguments[1:])
    if not arguments or (len(arguments) == 2 and arguments[0] == "--config"):
        _dashboard(arguments[-1] if arguments else None)
        return
    from opsdash.cli.main import run

    run()


def _glance(options: list[str]) -> None:
    """Print the status line and end, where it is asked for and nothing is out of the ordinary."""
    from opsdash.cli.glance import config_of, glance

    tmux, config = config_of(options)
    if tmux:
        code = glance(config)
        if code is not None:
            sys.exit(code)


def _engine(options: list[str]) -> None:
    """Run the engine and end, where it is asked for as a dashboard does: click is 1.3 MB for months."""
    until_eof = options[:1] == ["--until-eof"]
    config = options[until_eof:]
    if config and (len(config) != 2 or config[0] != "--config"):
        return
    from pathlib import Path

    from opsdash.cli.plain import run_plainly

    def run() -> None:
        from opsdash.cli.running import run_engine

        run_engine(Path(config[1]) if config else None, None, False, until_eof)

    run_plainly(run)
    sys.exit()


def _dashboard(config: str | None) -> None:
    """Open the dashboard as `opsdash [--config FILE]` does."""
    import gc
    import os

    if "_OPSDASH_COMPLETE" in os.environ:
        from opsdash.cli.main import run

        run()
        return
    from pathlib import Path

    from opsdash.cli.plain import load_plan, run_plainly

    # Nothing that is made before the first frame is garbage: collecting it only delays the frame.
    gc.disable()

    def open_it() -> None:
        from opsdash.cli.early import start_early

        path = Path(config) if config else None
        early = start_early(path)
        plan = load_plan(path)
        from opsdash.cli.dashboard import open_dashboard

        open_dashboard(plan, early)

    run_plainly(open_it)


if __name__ == "__main__":
    main()
