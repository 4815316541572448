"""Servers that show the same alerts: each one's last reading, and what an absence in it proves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from opsdash.domain.alert import Observation
from opsdash.domain.text import SafeText, clean
from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError
from opsdash.sources.cutting import Cut


class PeerReading(NamedTuple):
    """A list of alerts: what they mean, when each was updated, and whether all was read.

    `cut` and `odd`, what is strange about a piece, are of a list that was cut into its alerts;
    `digest` is the hash of one that was not.
    """

    observations: Mapping[str, Observation] = {}
    updates: Mapping[str, str] = {}
    warnings: tuple[SafeText, ...] = ()
    whole: bool = True
    cut: Cut = Cut()
    odd: Mapping[int, SafeText] = {}
    digest: int | None = None


@dataclass(slots=True)
class Peer:
    """One server.

    `unproven` says that it may have restarted since it was last asked when it started.
    `settled_at` is when a server that has just started has been told everything. `alone` are the
    alerts that it alone showed while it could be trusted. `shown` are those that it has shown since
    it started at `started_at`, kept while it is not settled. `cuts` says that its next list is cut
    into alerts while it arrives.
    """

    client: HttpClient
    reading: PeerReading = field(default_factory=PeerReading)
    error: RemoteError | None = None
    paused_until: datetime | None = None
    unproven: bool = True
    settled_at: datetime | None = None
    alone: Set[str] | None = None
    started_at: datetime | None = None
    shown: set[str] = field(default_factory=set)
    cuts: bool = True

    def note_start(self, started: datetime, settled_at: datetime) -> None:
        """Note since when the server runs: what it showed before it began anew proves nothing."""
        if started != self.started_at:
            self.shown.clear()
            self.started_at = started
        self.settled_at = settled_at

    def trusted(self, now: datetime) -> bool:
        """Whether an alert that it does not show is not firing."""
        settled = self.settled_at is None or self.settled_at <= now
        return self.error is None and settled and self.reading.whole


async def read_peers(
    peers: Sequence[Peer],
    now: datetime,
    read: Callable[[Peer, datetime], Awaitable[PeerReading]],
) -> bool:
    """Read all peers at once and return whether anything differs; raise when none answers."""
    changed = await asyncio.gather(*(_read(peer, now, read) for peer in peers))
    errors = [peer.error for peer in peers if peer.error is not None]
    if len(errors) == len(peers):
        waits = [error.retry_after for error in errors if error.retry_after is not None]
        reasons = dict.fromkeys(error.reason for error in errors)
        raise RemoteError(
            clean("; ".join(reasons), 800), min(waits) if len(waits) == len(errors) else None
        )
    if len(peers) > 1 and (any(changed) or any(peer.alone is None for peer in peers)):
        _note_alone([peer for peer in peers if peer.trusted(now)])
    return any(changed)


def _note_alone(trusted: Sequence[Peer]) -> None:
    for peer in trusted:
        others = (p.reading.observations.keys() for p in trusted if p is not peer)
        peer.alone = set(peer.reading.observations).difference(*others)


async def _read(
    peer: Peer, now: datetime, read: Callable[[Peer, datetime], Awaitable[PeerReading]]
) -> bool:
    """Read one peer and return whether it differs from before; its error is kept in it."""
    before, failed = peer.reading, peer.error is not None
    if peer.paused_until is not None and now < peer.paused_until:
        return False
    try:
        peer.reading = await read(peer, now)
    except RemoteError as error:
        peer.error = error
        peer.unproven = True
        peer.paused_until = now + error.retry_after if error.retry_after else None
        return not failed
    peer.error, peer.paused_until, peer.unproven = None, None, False
    if peer.trusted(now):
        peer.shown.clear()
    else:
        peer.shown.update(peer.reading.observations)
    return failed or peer.reading is not before


def ended(peers: Sequence[Peer], now: datetime) -> Set[str]:
    """Return the alerts that a server which has just started has shown since, and no server shows now.

    None while a server does not answer, or could not be read whole.
    """
    if any(peer.error is not None or not peer.reading.whole for peer in peers):
        return frozenset()
    young = [peer for peer in peers if not peer.trusted(now)]
    shown = [peer.reading.observations.keys() for peer in peers]
    return frozenset().union(*(peer.shown for peer in young)).difference(*shown)


def doubtful(peers: Sequence[Peer], now: datetime, patience_ends: datetime) -> bool:
    """Whether an alert that no peer shows may be firing all the same.

    So it is while no peer can be trusted, while one that cannot had shown alerts that nobody else
    shows, and, until `patience_ends`, while one was never trusted at all.
    """
    trusted = [peer.trusted(now) for peer in peers]
    if not any(trusted) or all(trusted):
        return not any(trusted)
    shown: set[str] = set()
    for peer in peers:
        if peer.error is None:
            shown.update(peer.reading.observations)
    for peer in peers:
        if peer.trusted(now):
            continue
        if peer.alone is None and now < patience_ends:
            return True
        if peer.alone is not None and peer.alone - shown:
            return True
    return False
