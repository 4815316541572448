"""What the two lists hold: rows by id, in order, narrowed by the filter."""

from collections.abc import Mapping, Sequence

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.incident import Incident
from opsdash.domain.ticket import Ticket
from opsdash.snapshot import Snapshot
from opsdash.ui.panes.alert_words import summary

_RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Listing:
    """A snapshot's alerts, incidents and tickets by id; what stayed the same is kept."""

    def __init__(self) -> None:
        self.alerts: Mapping[str, Alert] = {}
        self.incidents: dict[str, Incident] = {}
        self.tickets: dict[str, Ticket] = {}
        self.ids: Sequence[str] = []
        self._snapshot: Snapshot | None = None
        self._searched: dict[str, tuple[Alert, str]] = {}
        self._texts: dict[str, str] | None = None

    def hold(self, snapshot: Snapshot) -> None:
        """Hold what `snapshot` lists; the same one again costs nothing."""
        before = self._snapshot
        if snapshot is before:
            return
        self._snapshot = snapshot
        same_alerts = before is not None and snapshot.alerts is before.alerts
        if not same_alerts:
            self.alerts = snapshot.shown.by_id
        if not same_alerts or before is None or snapshot.incidents != before.incidents:
            self.incidents = {incident.id: incident for incident in snapshot.incidents}
            self.ids = listed(snapshot)
            self._texts = None
        if before is None or snapshot.tickets is not before.tickets:
            self.tickets = {str(ticket.number): ticket for ticket in snapshot.tickets}

    def narrowed(self, words: Sequence[str]) -> Sequence[str]:
        """Return the ids of alerts and incidents that have all the lower-case words."""
        if not words:
            return self.ids
        if self._texts is None:
            self._texts = self._search_texts()
        texts, ids = self._texts, self.ids
        for word in words:
            ids = [id for id in ids if word in texts[id]]
        return ids

    def _search_texts(self) -> dict[str, str]:
        """The text of each row; that of an alert which stayed the same is not made again."""
        kept: dict[str, tuple[Alert, str]] = {}
        texts: dict[str, str] = {}
        for id in self.ids:
            alert = self.alerts.get(id)
            if alert is None:
                texts[id] = f"{id} {self.incidents[id].title}".lower()
                continue
            known = self._searched.get(id)
            if known is None or known[0] is not alert:
                known = (alert, search_text(alert))
            kept[id] = known
            texts[id] = known[1]
        self._searched = kept
        return texts

    def narrowed_tickets(self, words: Sequence[str]) -> list[str]:
        """Return the numbers of the tickets that have all the lower-case words."""
        if not words:
            return list(self.tickets)
        return [
            id
            for id, ticket in self.tickets.items()
            if all(word in _ticket_text(ticket) for word in words)
        ]


def _ticket_text(ticket: Ticket) -> str:
    parts = (f"#{ticket.number}", ticket.subject, ticket.customer, ticket.status, ticket.priority)
    return " ".join(parts).lower()


def listed(snapshot: Snapshot) -> list[str]:
    """Return the ids of the list in order: alerts as the snapshot sorts them, and the incidents
    that none of the open alerts shows, each above the first row that is less urgent.
    """
    shown = snapshot.shown
    lone = [i for i in snapshot.incidents if i.open and i.id not in shown.members]
    if not lone:
        return shown.ids
    lone.sort(key=lambda i: (_RANK[i.severity], i.opened_at))
    ids: list[str] = []
    for alert in snapshot.alerts:
        while lone and _before(lone[0], alert):
            ids.append(lone.pop(0).id)
        ids.append(alert.id)
    return [*ids, *(incident.id for incident in lone)]


def _before(incident: Incident, alert: Alert) -> bool:
    if not alert.needs_person:
        return True
    return _RANK[incident.severity] <= _RANK[alert.severity]


def search_text(alert: Alert) -> str:
    """Return the lower-case text in which a filter looks for an alert."""
    taken = f"acknowledged {alert.acknowledgement.by}" if alert.acknowledgement else "nobody"
    parts = [alert.name, alert.state, alert.severity, taken, alert.incident or "", *_states(alert)]
    parts += [f"{name}={value}" for name, value in alert.labels.items()]
    return " ".join([*parts, summary(alert)]).lower()


def _states(alert: Alert) -> list[str]:
    return ["silenced"] * bool(alert.silenced_by) + ["inhibited"] * bool(alert.inhibited_by)
