"""The SQLite that is linked: what is known to be wrong with it."""

import sqlite3

from opsdash.domain.text import SafeText

WAL_RESET_FIXED = (3, 51, 3)
"""The first version without the WAL-reset bug (sqlite.org/wal.html), which can damage a database that
several processes checkpoint at once. opsdash lets the lease's holder alone do that."""


def weakness(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> SafeText | None:
    """Return what a person should know of the linked SQLite, None where it is sound."""
    if version >= WAL_RESET_FIXED:
        return None
    named, fixed = (".".join(map(str, v)) for v in (version, WAL_RESET_FIXED))
    return SafeText(
        f"SQLite {named} has the WAL-reset bug, fixed in {fixed}: keep other programs from writing "
        "or checkpointing the store"
    )
