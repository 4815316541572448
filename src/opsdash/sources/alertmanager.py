"""Alerts from Alertmanager's API v2: several URLs, one list by fingerprint, and why one is mute."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsdash.domain.alert import Observation
from opsdash.http.client import MEBIBYTE, HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.json_body import MalformedError, read_json
from opsdash.sources.alert_list import AlertList
from opsdash.sources.peers import Peer, PeerReading, doubtful, ended, read_peers
from opsdash.sources.source import AlertReport
from opsdash.sources.wire import read_time

BODY_CAP = 32 * MEBIBYTE
"""Bytes of one list of alerts that are read: 10,000 alerts are 8 MB."""

GROUP_INTERVAL = timedelta(minutes=5)
"""Alertmanager's default `group_interval`."""


class AlertmanagerSource:
    """Reads the alerts of all URLs at once and shows each alert as its newest update says.

    Every alert it lists is firing: Alertmanager shows neither pending nor resolved ones. A
    report is marked `restarted` while an alert missing from it proves nothing: for two
    `group_interval` after a start of Alertmanager, and while a URL that alone had shown an alert
    does not answer; those that it has shown since its start and then dropped are `ended` all the
    same. The fingerprint is Alertmanager's own, of the labels as sent; the labels
    themselves are clean.
    """

    kind = "alertmanager"

    def __init__(
        self,
        clients: Sequence[HttpClient],
        id: str = "alertmanager",
        group_interval: timedelta = GROUP_INTERVAL,
    ) -> None:
        self.id = id
        self._peers = [Peer(client) for client in clients]
        self._settling = 2 * group_interval
        self._first_read: datetime | None = None
        self._told: tuple[object, ...] | None = None

    async def alerts(self, now: datetime) -> AlertReport:
        """Return every alert that any of the URLs shows; raise RemoteError when none answers."""
        self._first_read = self._first_read or now
        try:
            changed = await read_peers(self._peers, now, self._read)
        except RemoteError:
            self.forget()
            raise
        warnings = [peer.error.reason for peer in self._peers if peer.error is not None]
        for peer in self._peers:
            warnings += [w for w in peer.reading.warnings if peer.error is None]
        restarted = doubtful(self._peers, now, self._first_read + self._settling)
        gone = ended(self._peers, now) if restarted else frozenset()
        told = (tuple(warnings), restarted, gone)
        if not changed and told == self._told:
            return AlertReport(unchanged=True, restarted=restarted, warnings=tuple(warnings))
        self._told = told
        return AlertReport(_union(self._peers), False, restarted, tuple(warnings), gone)

    def forget(self) -> None:
        """Give the whole list at the next read, changed or not: the last one was not kept."""
        self._told = None

    async def close(self) -> None:
        """Let go of connections."""
        for peer in self._peers:
            await peer.client.close()

    async def _read(self, peer: Peer, now: datetime) -> PeerReading:
        reading = await self._read_list(peer)
        if peer.unproven or peer.reading.observations.keys() - reading.observations.keys():
            await self._look_for_restart(peer, now)
        return reading

    async def _read_list(self, peer: Peer) -> PeerReading:
        while True:
            body = AlertList(peer.reading, peer.cuts, by_update=len(self._peers) > 1)
            reply = await peer.client.fetch("/api/v2/alerts", cap=BODY_CAP, into=body)
            try:
                return body.reading
            except MalformedError as error:
                # What could not be cut may be a list of alerts all the same.
                peer.cuts = not body.was_cut
                if not body.was_cut:
                    raise peer.client.strange(str(error), reply) from None

    async def _look_for_restart(self, peer: Peer, now: datetime) -> None:
        """Ask since when it runs: one that has just started has not been told all alerts yet."""
        shown, peer.shown = peer.shown, set()
        reply = await peer.client.send("/api/v2/status")
        if reply.status != 200:
            return  # a proxy that hides the status; then nothing can be known of restarts
        try:
            found = read_json(reply.body)
        except MalformedError:
            return
        started = read_time(found.get("uptime")) if isinstance(found, dict) else None
        if started is not None:
            peer.shown = shown
            peer.note_start(started, now + self._settling - ((reply.date or now) - started))


def _union(peers: Sequence[Peer]) -> tuple[Observation, ...]:
    """Return each alert that an answering peer shows, as the one with the newest update does."""
    answering = [peer.reading for peer in peers if peer.error is None]
    if len(answering) == 1:
        return tuple(answering[0].observations.values())
    newest: dict[str, tuple[datetime | None, Observation]] = {}
    for reading in answering:
        for name, seen in reading.observations.items():
            at = read_time(reading.updates[name])
            known = newest.get(name)
            if known is None or (at is not None and (known[0] is None or at > known[0])):
                newest[name] = (at, seen)
    return tuple(seen for _, seen in newest.values())
