"""A team of whose every text somebody hostile wrote one: alerts, tickets, people, pages, rules and all else."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opsdash.domain.alert import Severity
from opsdash.domain.deployment import Commit, Deployment
from opsdash.domain.failures import BatchState
from opsdash.domain.labels import fingerprint
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.page import Page, PageKind
from opsdash.domain.routing import Destination
from opsdash.domain.text import clean
from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.store import deployments, entries, failures, maintenance, outbox, overrides, tickets
from opsdash.store.opening import connect
from tests.faultserver import FaultServer
from tests.kit.hostile import on_call
from tests.kit.team import Team
from tests.kit.waiting import wait_until


class HostileTeam(Team):
    """Its servers, configuration and store hold `texts`, a different one in each field of a thing.

    What comes over the network or from the file passes an engine; the rest is written as the
    commands and the engine write it.
    """

    def __init__(self, folder: Path, server: FaultServer, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        # A server cannot send half a character.
        self.sent = [t.encode(errors="surrogatepass").decode(errors="replace") for t in texts]
        numbers = range(len(self.sent))
        server.alerts = [self._alert(n) for n in numbers]
        server.silences = [self._silence(n) for n in numbers]
        server.groups = [self._group(n) for n in numbers]
        server.value = 3.0
        lines = [
            # Long enough that what was read once is shown while it is looked at.
            'refresh = "1m"',
            f"title = {_toml(self.texts[0])}",
            "[store]",
            f'url = "sqlite:///{folder}/ops.db"',
            "[prometheus]",
            f'url = "{server.url}"',
            "[alertmanager]",
            f'urls = ["{server.url}"]',
            *(line for n in range(0, len(self.texts), 4) for line in self._tile(n)),
        ]
        super().__init__(folder, "\n".join([*lines, on_call(self.sent)]))

    @property
    def store(self) -> Path:
        """The file that everything is in."""
        return self.folder / "ops.db"

    def fill(self) -> None:
        """Run an engine until it has all that servers tell, and write what people wrote."""
        self.start_engine()
        wait_until(lambda: self.count("alert") == len(self.texts), 60, "the alerts")
        wait_until(lambda: self.count("silence") == len(self.texts), 60, "the silences")
        wait_until(lambda: self.count("incident"), 60, "incidents")
        with closing(connect(self.store)) as connection:
            connection.write(self._write)

    def count(self, table: str) -> int:
        """Return how many rows a table has, 0 while it is not there."""
        try:
            with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as reading:
                rows = reading.execute(f"SELECT count(*) FROM {table}").fetchone()
        except sqlite3.Error:
            return 0
        return int(rows[0])

    def _text(self, n: int) -> str:
        return self.sent[n % len(self.sent)]

    def _alert(self, n: int) -> dict[str, Any]:
        text = self._text
        labels = {"alertname": text(n), "severity": "critical", "job": text(n + 1)}
        labels |= {"instance": text(n + 2), "n": str(n)}
        return {
            "labels": labels,
            "annotations": {
                "summary": text(n + 3),
                "description": text(n + 4),
                "runbook_url": text(n + 5)[:900],
                "dashboard_url": text(n + 6)[:900],
            },
            "fingerprint": fingerprint(labels),
            "startsAt": "2025-12-22T14:00:00.000Z",
            "endsAt": "2099-12-22T14:00:00.000Z",
            "updatedAt": "2025-12-22T14:00:00.000Z",
            "generatorURL": text(n + 7)[:900],
            "receivers": [{"name": text(n)}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        }

    def _silence(self, n: int) -> dict[str, Any]:
        text = self._text
        return {
            "id": f"00000000-0000-4000-8000-{n:012}",
            "matchers": [{"name": "x", "value": text(n)[:900], "isRegex": False, "isEqual": True}],
            "startsAt": "2025-12-22T14:00:00Z",
            "endsAt": "2099-12-22T14:00:00Z",
            "updatedAt": "2025-12-22T14:00:00Z",
            "createdBy": text(n + 1),
            "comment": text(n + 2),
            "status": {"state": "active"},
        }

    def _group(self, n: int) -> dict[str, Any]:
        text = self._text
        rule = {
            "name": text(n),
            "type": "alerting",
            "query": text(n + 1)[:900],
            "health": "err",
            "lastError": text(n + 2),
            "state": "inactive",
            "labels": {"severity": text(n + 3)},
            "annotations": {"summary": text(n + 4)},
            "alerts": [],
            "duration": 0,
            "evaluationTime": 0.1,
            "lastEvaluation": "2025-12-22T14:00:00Z",
        }
        return {"name": text(n + 5), "file": text(n + 6), "interval": 15, "rules": [rule]}

    def _tile(self, n: int) -> list[str]:
        pane = ("performance", "infrastructure", "payments")[n // 4 % 3]
        fields = {"title": n, "note": n + 1}
        return [
            f"[[pane.{pane}]]",
            f'id = "tile{n}"',
            f'query = "sum(tile_{n})"',
            'unit = "count"',
            *(f"{name} = {_toml(self._text(at), name)}" for name, at in fields.items()),
        ]

    def _write(self, raw: sqlite3.Connection) -> None:
        now = datetime.now(UTC)
        counted = failures.load_open_of(raw, "failed")
        if counted is not None:
            failures.save(raw, replace(counted, ended_at=now))
        alerts = [row[0] for row in raw.execute("SELECT id FROM alert ORDER BY id")]
        for n in range(len(self.texts)):
            self._write_ticket(raw, n, now)
            self._write_story(raw, n, alerts[n], now)
            self._write_page(raw, n, alerts[n], now)
            self._write_failures(raw, n, now)
        for n in range(0, len(self.texts), 6):
            self._write_cover(raw, n, now)

    def _safe(self, n: int, limit: int = 2000) -> Any:
        return clean(self.texts[n % len(self.texts)], limit)

    def _write_ticket(self, raw: sqlite3.Connection, n: int, now: datetime) -> None:
        safe = self._safe
        found = Ticket(
            n + 1,
            safe(n),
            safe(n + 1),
            now - timedelta(hours=1, seconds=n),
            list(Priority)[n % 4],
            TicketStatus.OPEN,
            priority_reason=safe(n + 2),
            category=safe(n + 3),
            description=safe(n + 4),
            response=safe(n + 5),
            resolution=safe(n + 6),
            confirmation=safe(n + 7),
        )
        tickets.save(raw, found)

    def _write_story(self, raw: sqlite3.Connection, n: int, alert: str, now: datetime) -> None:
        safe = self._safe
        claimed = {"SUDO_USER": safe(n + 2), "OPSDASH_USER": safe(n + 3)}
        told = Entry(now, safe(n), EntryKind.NOTE, safe(n + 1), alert, claimed=claimed)
        entries.add(raw, told)
        raw.execute("UPDATE incident SET title = ? WHERE number = ?", (safe(n), n + 1))
        commit = Commit(safe(n + 1, 40), safe(n + 2, 80), safe(n + 3), now)
        at = now - timedelta(minutes=1, seconds=n)
        built = Deployment(
            safe(n + 4) or clean("x"), at, version=safe(n), author=safe(n + 1), url=safe(n + 2),
            source=safe(n + 3), commits=(commit,), commit_count=1, note=safe(n + 5),
        )  # fmt: skip
        deployments.record(raw, built)

    def _write_page(self, raw: sqlite3.Connection, n: int, alert: str, now: datetime) -> None:
        safe = self._safe
        page = Page(
            f"told-{n}", f"told-{n}", PageKind.TRIGGER, safe(n), Severity.CRITICAL, safe(n + 1),
            now, alert, level_name=safe(n + 2), reached=(safe(n + 3),), by=safe(n + 4),
            text=safe(n + 5), labels={"x": safe(n + 6)}, annotations={"y": safe(n + 7)},
            context=(safe(n + 8),), members=(safe(n + 9),), lines=(safe(n + 10),),
        )  # fmt: skip
        whom = Destination(safe(n + 1), safe(n + 2), safe(n + 3), safe(n + 4))
        later = now + timedelta(days=1)
        id = outbox.add(raw, whom, page, 0, now, later, later)
        raw.execute("UPDATE outbox SET state = 'sent', answer = ? WHERE id = ?", (safe(n), id))

    def _write_failures(self, raw: sqlite3.Connection, n: int, now: datetime) -> None:
        made = failures.open_batch(raw, "failed", n + 1, now)
        state, ended = BatchState.INVESTIGATED, now
        safe = self._safe
        failures.save(
            raw,
            replace(made, state=state, by=safe(n), at=now, note=safe(n + 1), ended_at=ended),
        )

    def _write_cover(self, raw: sqlite3.Connection, n: int, now: datetime) -> None:
        safe, end = self._safe, now + timedelta(hours=2)
        start = now + timedelta(minutes=n)
        kind = OverrideKind.ADD
        cover = Override("primary", kind, start, end, "p1", by=safe(n), reason=safe(n + 1))
        overrides.add(raw, cover, now)
        window = Maintenance(0, now, end, safe(n), safe(n + 1), clean(f"nothing-{n}"))
        maintenance.add(raw, window, now)


def _toml(text: str, field: str = "title") -> str:
    # What JSON escapes, TOML reads; DEL alone JSON leaves as it is and TOML refuses.
    fit = text[:80].encode(errors="surrogatepass").decode(errors="replace")
    if not fit.strip():
        fit = field
    return json.dumps(fit, ensure_ascii=False).replace("\x7f", "\\u007f")
