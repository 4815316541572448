"""`opsdash reset`: gives back a terminal that a killed dashboard left broken."""

import os
from pathlib import Path

import click

from opsdash.cli.plain import refuse
from opsdash.domain.text import clean
from opsdash.ui.held import forget, notes_folder, running_on, tty_of
from opsdash.ui.mending import mend


@click.command(epilog="Example:  opsdash reset /dev/pts/3")
@click.argument("terminal", required=False, type=click.Path(path_type=Path))
def reset(terminal: Path | None) -> None:
    """Mend a terminal whose dashboard was killed: its screen, cursor, keys, mouse and lines.

    It is this one, or the TERMINAL named, where keys do not arrive any more. Needs no configuration.
    """
    # By its own name, which its note has; /dev/tty is whichever it is.
    here = next((name for name in map(tty_of, (2, 0, 1)) if name), "/dev/tty")
    path = here if terminal is None else str(terminal)
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        refuse(f"{path}: {error.strerror}; name a terminal, as `tty` prints it")
    folder = notes_folder(os.environ)
    tty = tty_of(fd)
    pid = running_on(folder, tty) if tty and terminal is not None else None
    if pid is not None:
        refuse(f"{tty}: a dashboard runs there (process {pid}); end that one first")
    try:
        mend(fd)
    except BlockingIOError:
        refuse(f"{tty}: nobody reads that terminal, so nothing can be written on it now")
    except OSError as error:
        refuse(f"{path}: {error.strerror}; name a terminal, as `tty` prints it")
    forget(folder, tty)
    click.echo(f"{clean(tty)} is mended")
