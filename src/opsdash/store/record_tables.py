"""The migration that keeps the record: a timeline that only grows, what was seen when, rotas as they were.

`schema.MIGRATIONS` lists it; like the others there it is never edited once it has landed.
"""

_APPEND_ONLY = "SELECT RAISE(ABORT, 'the timeline is append-only');"

TIMELINE = (
    # What may be dropped from the timeline, said by whoever drops it: a month is the least that is kept.
    """CREATE TABLE pruning (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        at BIGINT NOT NULL,
        before BIGINT NOT NULL,
        CHECK (at - before >= 2592000000)
    )""",
    # The one thing that changes of an entry: that undo has taken its act back, once.
    f"""CREATE TRIGGER entry_is_fixed BEFORE UPDATE ON entry WHEN NOT (
        new.undone >= old.undone AND new.id IS old.id AND new.at IS old.at
        AND new.author IS old.author AND new.kind IS old.kind AND new.text IS old.text
        AND new.alert IS old.alert AND new.incident IS old.incident
        AND new.claimed IS old.claimed AND new.operation IS old.operation
        AND new.before IS old.before
    ) BEGIN {_APPEND_ONLY} END""",
    # Only of occurrences that are over, were followed by another, and belong to no incident.
    f"""CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry
        WHEN old.incident IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM alert AS gone, pruning WHERE gone.id = old.alert AND gone.incident IS NULL
        AND gone.resolved_at < pruning.before AND EXISTS (SELECT 1 FROM alert AS later
        WHERE later.fingerprint = gone.fingerprint AND later.occurrence > gone.occurrence)
    ) BEGIN {_APPEND_ONLY} END""",  # noqa: S608
    # Replacing a row would delete the old one without asking.
    f"""CREATE TRIGGER entry_is_new BEFORE INSERT ON entry
        WHEN EXISTS (SELECT 1 FROM entry WHERE id = new.id) BEGIN {_APPEND_ONLY} END""",  # noqa: S608
    f"""CREATE TRIGGER entry_is_last AFTER INSERT ON entry
        WHEN new.id < (SELECT max(id) FROM entry) BEGIN {_APPEND_ONLY} END""",  # noqa: S608
)
"""The timeline refuses in the database whatever is not appending to it, but for pruning."""

SIGHTINGS = (
    # How often each source was read: what a sighting counts in.
    "ALTER TABLE source ADD COLUMN reads BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE source ADD COLUMN read_before BIGINT",
    # Which reads of a source showed an alert: the first of them, and the last once it has gone.
    """CREATE TABLE sighting (
        id INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        source TEXT NOT NULL,
        alert TEXT,
        first_read BIGINT NOT NULL,
        last_read BIGINT,
        last_at BIGINT
    )""",
    "CREATE INDEX sighting_fingerprint ON sighting (fingerprint, source)",
    "CREATE INDEX sighting_alert ON sighting (alert)",
    "CREATE INDEX sighting_open ON sighting (source) WHERE last_read IS NULL",
)
"""What each source showed from when to when, written only when that changes."""

ROTAS = (
    # A schedule as it was configured from `since` on; an empty body where it was none any more.
    """CREATE TABLE rota (
        id INTEGER PRIMARY KEY,
        schedule TEXT NOT NULL,
        since BIGINT NOT NULL,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX rota_schedule ON rota (schedule, since)",
)
"""What the rota said at a time in the past stays known after it was edited."""

RECORD = (*TIMELINE, *SIGHTINGS, *ROTAS)
"""All statements of the migration."""
