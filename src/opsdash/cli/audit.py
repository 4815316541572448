"""`opsdash audit`: whether everything that fires has reached somebody."""

from pathlib import Path

import click

from opsdash.cli.main import config_option, load_plan
from opsdash.cli.output import format_option, print_json


@click.command(epilog="Example:  opsdash audit || mail -s 'pages are missing' ops")
@config_option
@format_option()
def audit(config: Path | None, form: str) -> None:
    """List the firing alerts that should have paged by now, and have neither page nor reason.

    Exit 0 when there is none, 1 otherwise. The engine does the same each minute.
    """
    from opsdash.engine.audit import find_unpaged
    from opsdash.runtime import now
    from opsdash.store.opening import connect_to_read

    plan = load_plan(config)
    connection = connect_to_read(Path(plan.store_path))
    try:
        found = connection.read(find_unpaged, now())
    finally:
        connection.close()
    if form == "json":
        print_json([{"id": one.alert.id, "text": one.text} for one in found])
    elif not plan.setup.paging.notifiers:
        click.echo("no notifiers are configured: nobody is ever paged")
    elif not found:
        click.echo("everything that fires has reached somebody, or says why not")
    else:
        for one in found:
            click.echo(f"{one.alert.id}  {one.text}")
    if found:
        raise SystemExit(1)
