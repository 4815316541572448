"""The tables, and the migrations that bring an older store to them."""

import sqlite3

from opsdash.store.errors import StoreNewer
from opsdash.store.record_tables import RECORD

_FIRST = (
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    "INSERT INTO counter (name, value) VALUES ('change', 0), ('incident', 0), ('refresh', 0)",
    """CREATE TABLE lease (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        holder TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        heartbeat_at BIGINT NOT NULL,
        cycle_at BIGINT
    )""",
    """CREATE TABLE setup (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        body TEXT NOT NULL,
        written_at BIGINT NOT NULL
    )""",
    """CREATE TABLE source (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        since BIGINT NOT NULL,
        last_success BIGINT,
        interval_ms BIGINT NOT NULL,
        reason TEXT
    )""",
    """CREATE TABLE problem (
        source TEXT NOT NULL,
        text TEXT NOT NULL,
        since BIGINT NOT NULL,
        PRIMARY KEY (source, text)
    )""",
    """CREATE TABLE reading (
        indicator TEXT PRIMARY KEY,
        value DOUBLE PRECISION,
        level TEXT NOT NULL,
        read_at BIGINT,
        sampled_at BIGINT,
        failed_at BIGINT,
        reason TEXT,
        compared DOUBLE PRECISION,
        labels TEXT NOT NULL
    )""",
    """CREATE TABLE point (
        indicator TEXT NOT NULL,
        step BIGINT NOT NULL,
        at BIGINT NOT NULL,
        value DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (indicator, step, at)
    )""",
    """CREATE TABLE alert (
        id TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        occurrence BIGINT NOT NULL,
        changed BIGINT NOT NULL,
        state TEXT NOT NULL,
        severity TEXT NOT NULL,
        labels TEXT NOT NULL,
        annotations TEXT NOT NULL,
        active_at BIGINT NOT NULL,
        fired_at BIGINT,
        fires_at BIGINT,
        resolved_at BIGINT,
        value DOUBLE PRECISION,
        silenced_by TEXT NOT NULL,
        inhibited_by TEXT NOT NULL,
        generator_url TEXT NOT NULL,
        sources TEXT NOT NULL,
        acknowledged_by TEXT,
        acknowledged_at BIGINT,
        acknowledged_comment TEXT,
        level BIGINT NOT NULL DEFAULT 0,
        level_at BIGINT,
        incident BIGINT
    )""",
    "CREATE UNIQUE INDEX alert_occurrence ON alert (fingerprint, occurrence)",
    "CREATE UNIQUE INDEX alert_open ON alert (fingerprint) WHERE resolved_at IS NULL",
    "CREATE INDEX alert_changed ON alert (changed)",
    "CREATE INDEX alert_resolved ON alert (resolved_at)",
    """CREATE TABLE incident (
        number BIGINT PRIMARY KEY,
        changed BIGINT NOT NULL,
        title TEXT NOT NULL,
        severity TEXT NOT NULL,
        state TEXT NOT NULL,
        response TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        impact_at BIGINT NOT NULL,
        opened_by TEXT NOT NULL,
        service TEXT NOT NULL,
        resolved_at BIGINT
    )""",
    """CREATE TABLE entry (
        id INTEGER PRIMARY KEY,
        at BIGINT NOT NULL,
        author TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        alert TEXT,
        incident BIGINT,
        claimed TEXT NOT NULL,
        operation TEXT,
        before TEXT,
        undone BIGINT NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX entry_alert ON entry (alert)",
    "CREATE INDEX entry_incident ON entry (incident)",
    "CREATE INDEX entry_operation ON entry (operation)",
    """CREATE TABLE ticket (
        number BIGINT PRIMARY KEY,
        subject TEXT NOT NULL,
        customer TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        priority TEXT NOT NULL,
        status TEXT NOT NULL,
        priority_reason TEXT NOT NULL,
        category TEXT NOT NULL,
        description TEXT NOT NULL,
        response TEXT NOT NULL,
        responded_at BIGINT,
        resolution TEXT NOT NULL,
        resolved_at BIGINT,
        confirmation TEXT NOT NULL
    )""",
    """CREATE TABLE on_call (
        schedule TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        until BIGINT NOT NULL
    )""",
)

_SECOND = (
    # Which occurrences an incident has is asked at every change of one of them.
    "CREATE INDEX alert_incident ON alert (incident)",
    "ALTER TABLE ticket ADD COLUMN changed BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE unfilled (step BIGINT PRIMARY KEY, since BIGINT NOT NULL)",
    "INSERT INTO counter (name, value) VALUES ('read', 0), ('filled', 0), ('told', 0)",
)

_PAGES = (
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY,
        notifier TEXT NOT NULL,
        address TEXT NOT NULL,
        target TEXT NOT NULL,
        reached TEXT NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        step BIGINT NOT NULL,
        page TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        deadline_at BIGINT NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        answer TEXT NOT NULL,
        epoch BIGINT,
        sent_at BIGINT,
        bundle TEXT,
        fallen_back BIGINT NOT NULL DEFAULT 0,
        unsure BIGINT NOT NULL DEFAULT 0,
        UNIQUE (notifier, address, key, kind, step)
    )""",
    # What is to be sent is asked for at every beat, among all that was ever sent.
    "CREATE INDEX outbox_state ON outbox (state) WHERE state IN ('waiting', 'sending')",
    "CREATE INDEX outbox_key ON outbox (key, bundle)",
    "CREATE INDEX outbox_bundle ON outbox (bundle)",
    """CREATE TABLE thread (
        notifier TEXT NOT NULL,
        address TEXT NOT NULL,
        key TEXT NOT NULL,
        thread TEXT NOT NULL,
        PRIMARY KEY (notifier, address, key)
    )""",
)

_RULES = (
    """CREATE TABLE rule (
        id TEXT PRIMARY KEY,
        position BIGINT NOT NULL,
        grp TEXT NOT NULL,
        name TEXT NOT NULL,
        file TEXT NOT NULL,
        line BIGINT NOT NULL,
        expr TEXT NOT NULL,
        hold_ms BIGINT NOT NULL,
        interval_ms BIGINT NOT NULL,
        severity TEXT NOT NULL,
        threshold TEXT NOT NULL,
        state TEXT NOT NULL,
        value DOUBLE PRECISION,
        evaluated_at BIGINT,
        duration_us BIGINT,
        missed BIGINT NOT NULL,
        error TEXT,
        error_since BIGINT
    )""",
    """CREATE TABLE rule_alert (
        rule TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        labels TEXT NOT NULL,
        annotations TEXT NOT NULL,
        active_at BIGINT NOT NULL,
        fired_at BIGINT,
        kept_since BIGINT,
        value TEXT NOT NULL,
        PRIMARY KEY (rule, fingerprint)
    )""",
)

_DEPLOYMENTS = (
    """CREATE TABLE deployment (
        id INTEGER PRIMARY KEY,
        service TEXT NOT NULL,
        at BIGINT NOT NULL,
        kind TEXT NOT NULL,
        version TEXT NOT NULL,
        revision TEXT NOT NULL,
        author TEXT NOT NULL,
        url TEXT NOT NULL,
        source TEXT NOT NULL,
        commits TEXT NOT NULL,
        commit_count BIGINT NOT NULL,
        note TEXT NOT NULL,
        looked_at BIGINT,
        UNIQUE (service, kind, version, revision, at)
    )""",
    "CREATE INDEX deployment_at ON deployment (at)",
    "CREATE INDEX deployment_service ON deployment (service, at)",
    """CREATE TABLE instance (
        service TEXT NOT NULL,
        name TEXT NOT NULL,
        seen_at BIGINT NOT NULL,
        builds TEXT NOT NULL,
        started_at BIGINT,
        PRIMARY KEY (service, name)
    )""",
)

_SILENCES = (
    """CREATE TABLE silence (
        id TEXT PRIMARY KEY,
        own BIGINT NOT NULL,
        matchers TEXT NOT NULL,
        starts_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        author TEXT NOT NULL,
        claimed TEXT NOT NULL,
        comment TEXT NOT NULL,
        made_at BIGINT,
        ended_at BIGINT,
        ended_by TEXT,
        revision BIGINT NOT NULL,
        synced BIGINT NOT NULL,
        remote TEXT,
        token TEXT NOT NULL,
        error TEXT,
        error_since BIGINT
    )""",
    "CREATE INDEX silence_ends ON silence (ends_at)",
    # When a silence let go of an alert that fires on: it is marked as one that is back.
    "ALTER TABLE alert ADD COLUMN unsilenced_at BIGINT",
    "INSERT INTO counter (name, value)"
    " VALUES ('silence', 0), ('silence_made', 0), ('rule', 0), ('letter', 0)",
    # A refused message is put before people: it is asked for at every change of the outbox.
    "CREATE INDEX outbox_dead ON outbox (created_at) WHERE state = 'dead'",
    """CREATE TABLE foreign_rules (
        source TEXT PRIMARY KEY,
        body TEXT NOT NULL
    )""",
)

_MOMENTS = (
    # Undo looks at the last ten minutes of a timeline that is kept for years.
    "CREATE INDEX entry_at ON entry (at)",
)

_ON_CALL = (
    """CREATE TABLE policy_version (
        policy TEXT NOT NULL,
        version BIGINT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (policy, version)
    )""",
    """CREATE TABLE climb (
        alert TEXT PRIMARY KEY,
        changed BIGINT NOT NULL,
        policy TEXT NOT NULL,
        version BIGINT NOT NULL,
        began_at BIGINT,
        level BIGINT NOT NULL,
        acknowledged BIGINT NOT NULL,
        round BIGINT NOT NULL,
        skip BIGINT NOT NULL,
        acted_at BIGINT,
        held_at BIGINT,
        exhausted_at BIGINT,
        snooze TEXT,
        owner TEXT NOT NULL,
        due_at BIGINT
    )""",
    # What is due is asked for at every beat, among all that ever climbed.
    "CREATE INDEX climb_due ON climb (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX climb_changed ON climb (changed)",
    """CREATE TABLE on_call_override (
        id INTEGER PRIMARY KEY,
        schedule TEXT NOT NULL,
        kind TEXT NOT NULL,
        start_at BIGINT NOT NULL,
        end_at BIGINT NOT NULL,
        person TEXT NOT NULL,
        replaces TEXT NOT NULL,
        author TEXT NOT NULL,
        claimed TEXT NOT NULL,
        reason TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        removed_at BIGINT,
        removed_by TEXT
    )""",
    "CREATE INDEX on_call_override_end ON on_call_override (end_at)",
    """CREATE TABLE maintenance (
        id INTEGER PRIMARY KEY,
        start_at BIGINT NOT NULL,
        end_at BIGINT NOT NULL,
        service TEXT NOT NULL,
        matching TEXT NOT NULL,
        author TEXT NOT NULL,
        claimed TEXT NOT NULL,
        reason TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        ended_at BIGINT,
        ended_by TEXT
    )""",
    "CREATE INDEX maintenance_end ON maintenance (end_at)",
    # The wall clock beside one that cannot be set: how far somebody has moved it since.
    """CREATE TABLE clock (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        wall BIGINT NOT NULL,
        boot TEXT NOT NULL,
        since_boot BIGINT NOT NULL
    )""",
    "INSERT INTO counter (name, value) VALUES ('on_call', 0)",
)

_FAILURES = (
    """CREATE TABLE failure_batch (
        number INTEGER PRIMARY KEY,
        indicator TEXT NOT NULL,
        state TEXT NOT NULL,
        count BIGINT NOT NULL,
        opened_at BIGINT NOT NULL,
        grown_at BIGINT NOT NULL,
        person TEXT NOT NULL,
        moved_at BIGINT,
        note TEXT NOT NULL,
        ended_at BIGINT
    )""",
    "CREATE UNIQUE INDEX failure_batch_open ON failure_batch (indicator) WHERE ended_at IS NULL",
    "CREATE INDEX failure_batch_indicator ON failure_batch (indicator, number)",
    """CREATE TABLE failure_tally (
        indicator TEXT PRIMARY KEY,
        height BIGINT NOT NULL,
        below_since BIGINT,
        below BIGINT NOT NULL
    )""",
)

_SHIFTS = (
    # What a message to a channel says of a week, and whether one may be under way.
    """CREATE TABLE published_week (
        week TEXT NOT NULL,
        notifier TEXT NOT NULL,
        channel TEXT NOT NULL,
        state TEXT NOT NULL,
        claim BIGINT NOT NULL,
        claimed_by TEXT NOT NULL,
        claimed_at BIGINT NOT NULL,
        claimed_until BIGINT NOT NULL,
        nonce TEXT NOT NULL,
        place TEXT NOT NULL,
        ts TEXT NOT NULL,
        digest TEXT NOT NULL,
        said_at BIGINT,
        editions BIGINT NOT NULL,
        not_before BIGINT,
        reason TEXT NOT NULL,
        PRIMARY KEY (week, notifier, channel)
    )""",
    # Shifts that are kept elsewhere, as they were last read.
    """CREATE TABLE shift_feed (
        key TEXT PRIMARY KEY,
        body TEXT NOT NULL,
        read_at BIGINT,
        failed_since BIGINT,
        reason TEXT NOT NULL
    )""",
)

_WATCHES = (
    # When an occurrence was last paged, beside its climb: the countdown to the next time.
    "ALTER TABLE climb ADD COLUMN paged_at BIGINT",
    "UPDATE climb SET paged_at = (SELECT max(created_at) FROM outbox WHERE outbox.key = climb.alert"
    " AND outbox.kind = 'trigger' AND outbox.state <> 'dropped')",
    # Who was on call when the engine last looked, schedule by schedule; the newest row counts.
    """CREATE TABLE shift_change (
        id INTEGER PRIMARY KEY,
        schedule TEXT NOT NULL,
        changed_at BIGINT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL
    )""",
)

_REPORTS = (
    # Who said when that the report on an incident is written, and where it is.
    "ALTER TABLE incident ADD COLUMN reported_at BIGINT",
    "ALTER TABLE incident ADD COLUMN reported_by TEXT",
    "ALTER TABLE incident ADD COLUMN report_url TEXT",
    "ALTER TABLE incident ADD COLUMN report_note TEXT",
)

_PACING = (
    # How many pages went to each receiver within the last minute, and which of them are held: see pacing.
    "ALTER TABLE outbox ADD COLUMN urgency BIGINT",
    "ALTER TABLE outbox ADD COLUMN left_at BIGINT",
    "ALTER TABLE outbox ADD COLUMN held_at BIGINT",
    'UPDATE outbox SET urgency = CASE WHEN page LIKE \'%"severity": "critical"%\' THEN 1 ELSE 0 END'
    " WHERE kind = 'trigger' AND key NOT LIKE 'storm/%' AND key NOT LIKE 'drill/%'",
    "UPDATE outbox SET left_at = coalesce(sent_at, created_at) WHERE urgency IS NOT NULL"
    " AND state IN ('sent', 'sending', 'bundled')",
    "CREATE INDEX outbox_left ON outbox (notifier, address, left_at)",
)

_BESIDE = (
    # What is known beside a value: that it is only a lower bound, and the two sides of a share.
    "ALTER TABLE reading ADD COLUMN at_least BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE reading ADD COLUMN numerator DOUBLE PRECISION",
    "ALTER TABLE reading ADD COLUMN denominator DOUBLE PRECISION",
)

_AGAIN = ("INSERT INTO counter (name, value) VALUES ('again', 0)",)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _SECOND,
    _PAGES,
    _RULES,
    _DEPLOYMENTS,
    _SILENCES,
    _MOMENTS,
    _ON_CALL,
    _FAILURES,
    _SHIFTS,
    _WATCHES,
    _REPORTS,
    _PACING,
    RECORD,
    _BESIDE,
    _AGAIN,
)
"""The statements that lead from each version to the next; a landed one is never edited."""

VERSION = len(MIGRATIONS)


def version(connection: sqlite3.Connection) -> int:
    """Return the schema version of the store, 0 for an empty file."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def require_current(connection: sqlite3.Connection) -> None:
    """Raise StoreNewer where a newer opsdash has changed the tables under this one."""
    found = version(connection)
    if found > VERSION:
        raise StoreNewer(
            f"the store has schema {found}, this opsdash knows up to {VERSION}; upgrade opsdash"
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the store to `VERSION`, all in the transaction that is open: the old or the new, never half."""
    require_current(connection)
    for statements in MIGRATIONS[version(connection) :]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION:d}")


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether the database holds tables, and not ours: it is another program's."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    return bool(tables) and "lease" not in tables
