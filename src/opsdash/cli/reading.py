"""How one-shot commands look at the store: opened to read, pictured once, closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsdash.plan import Plan
from opsdash.runtime import now
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.store.connection import Connection
from opsdash.store.opening import connect, connect_to_read


def picture(plan: Plan) -> Snapshot:
    """Return the snapshot of the store that `plan` names."""
    connection = connect_to_read(Path(plan.store_path))
    try:
        return connection.read(take_snapshot, now())
    finally:
        connection.close()


@contextmanager
def writing(plan: Plan) -> Iterator[Connection]:
    """Open the store that `plan` names for one act."""
    connection = connect(Path(plan.store_path))
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def reading(plan: Plan) -> Iterator[Connection]:
    """Open the store that `plan` names to look something up in it."""
    connection = connect_to_read(Path(plan.store_path))
    try:
        yield connection
    finally:
        connection.close()
