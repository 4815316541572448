"""The program's entry: answers `--version` before anything heavy is imported, then hands over."""

import sys


def main() -> None:
    """Run the command line."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from opsdash import __version__

        print(f"opsdash {__version__}")
        return
    from opsdash.cli.main import run

    run()


if __name__ == "__main__":
    main()
