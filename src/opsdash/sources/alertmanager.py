"""Alerts from Alertmanager's API v2: several URLs, one list by fingerprint, and why one is mute."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.alert import AlertState, Observation
from opsdash.domain.labels import fingerprint
from opsdash.domain.text import SafeText, clean
from opsdash.http.client import MEBIBYTE, HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.json_body import MalformedError, collector_paused, read_json
from opsdash.sources.peers import Peer, PeerReading, doubtful, ended, read_peers
from opsdash.sources.source import AlertReport
from opsdash.sources.wire import SafeTexts, raw_labels, read_time

BODY_CAP = 32 * MEBIBYTE
"""Bytes of one list of alerts that are read: 10,000 alerts are 8 MB."""

GROUP_INTERVAL = timedelta(minutes=5)
"""Alertmanager's default `group_interval`."""

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_STATES = {"active", "suppressed", "unprocessed"}


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
            changed = await read_peers(self._peers, now, self._read, self._settling)
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
        reply = await peer.client.fetch("/api/v2/alerts", cap=BODY_CAP, known=peer.reading.body)
        if reply.body and reply.body is peer.reading.body:
            return peer.reading
        try:
            with collector_paused():
                reading = _parse(reply.body, peer.reading)
        except MalformedError as error:
            raise peer.client.strange(str(error), reply) from None
        if peer.unproven or peer.reading.observations.keys() - reading.observations.keys():
            await self._look_for_restart(peer, now)
        return reading

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


def _parse(body: bytes, before: PeerReading) -> PeerReading:
    """Return a list of alerts as observations; raise MalformedError where it is no list."""
    found = read_json(body)
    if not isinstance(found, list):
        raise MalformedError("JSON that is not Alertmanager's list of alerts")
    observations: dict[str, Observation] = {}
    updates: dict[str, str] = {}
    texts = SafeTexts()
    warnings: dict[SafeText, None] = {}
    unreadable = 0
    for raw in found:
        try:
            seen = _observe(raw, before.observations, texts)
        except MalformedError:
            unreadable += 1
            continue
        observations[seen.fingerprint] = seen
        updates[seen.fingerprint] = str(raw.get("updatedAt", ""))
        if raw["status"].get("state") not in _STATES:
            word = clean(raw["status"].get("state"), 40)
            warnings[clean(f"an alert has the unknown state {word!r}; it counts as firing")] = None
    if unreadable:
        warnings[SafeText(f"{unreadable} alerts could not be read")] = None
    return PeerReading(body, observations, updates, tuple(warnings), unreadable == 0)


def _observe(raw: Any, before: Mapping[str, Observation], texts: SafeTexts) -> Observation:
    """Return one alert; the very observation of before where nothing that it shows has changed."""
    if not isinstance(raw, dict) or not isinstance(raw.get("status"), dict):
        raise MalformedError("an alert without a status")
    labels, annotations, status = raw.get("labels"), raw.get("annotations") or {}, raw["status"]
    name = raw.get("fingerprint")
    if not isinstance(name, str) or not _FINGERPRINT.fullmatch(name):
        name = fingerprint(raw_labels(labels))
    known = before.get(name)
    silenced, inhibited = _muted_by(status)
    fired_at = read_time(raw.get("startsAt"))
    link = texts.text(raw.get("generatorURL") or "")
    same_labels = known is not None and known.labels == labels
    same_annotations = known is not None and known.annotations == annotations
    if (
        known is not None
        and same_labels
        and same_annotations
        and (known.fired_at, known.generator_url) == (fired_at, link)
        and (known.silenced_by, known.inhibited_by) == (silenced, inhibited)
    ):
        return known
    return Observation(
        fingerprint=name,
        labels=known.labels if known and same_labels else texts.labels(raw_labels(labels)),
        annotations=known.annotations
        if known and same_annotations
        else texts.labels(raw_labels(annotations)),
        state=AlertState.FIRING,
        fired_at=fired_at,
        silenced_by=silenced,
        inhibited_by=inhibited,
        generator_url=link,
    )


def _muted_by(status: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what silences an alert, time intervals included, and what inhibits it."""
    silenced = _names(status.get("silencedBy"))
    inhibited = _names(status.get("inhibitedBy"))
    muted = tuple(clean(f"time interval {name}") for name in _names(status.get("mutedBy")))
    if status.get("state") == "suppressed" and not (silenced or inhibited or muted):
        silenced = ("suppressed",)
    return silenced + muted, inhibited


def _names(found: object) -> tuple[str, ...]:
    if not found or not isinstance(found, list):
        return ()
    return tuple(clean(name, 200) for name in found)


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
