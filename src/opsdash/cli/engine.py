"""`opsdash engine`: the headless engine, for systemd or by hand."""

from pathlib import Path

import click

from opsdash.cli.main import config_option


@click.command(epilog="Example:  opsdash engine --config /etc/opsdash/opsdash.toml")
@config_option
@click.option(
    "--metrics-listen",
    metavar="HOST:PORT",
    help="Serve the engine's own /metrics, /-/healthy and /-/ready.",
)
@click.option(
    "--log-format",
    type=click.Choice(["logfmt", "json"]),
    default="logfmt",
    show_default=True,
    help="How log lines are written to standard error.",
)
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input closes.")
def engine(
    config: Path | None, metrics_listen: str | None, log_format: str, until_eof: bool
) -> None:
    """Run the engine: read every source, page people, keep the store, until it is told to stop.

    Exactly one engine acts, however many are started: the others stand by. SIGTERM ends it, SIGHUP
    reads the configuration again; one that is refused changes nothing.
    """
    from opsdash.cli.running import run_engine

    run_engine(config, metrics_listen, log_format == "json", until_eof)
