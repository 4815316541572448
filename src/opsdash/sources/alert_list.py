"""Alertmanager's list of alerts, read one by one as its bytes arrive.

What stood in the last answer byte for byte is not read again, and no answer is held whole: ten
thousand alerts are 8 MB, and four times that as JSON.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opsdash.collector import collector_paused
from opsdash.domain.alert import AlertState, Observation
from opsdash.domain.labels import fingerprint
from opsdash.domain.text import SafeText, clean
from opsdash.http.json_body import MalformedError, read_json
from opsdash.http.reply import Body
from opsdash.sources.cutting import Cut, Cutter, is_long_enough
from opsdash.sources.peers import PeerReading
from opsdash.sources.wire import SafeTexts, raw_labels, read_time

_NO_LIST = "JSON that is not Alertmanager's list of alerts"
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_STATES = {"active", "suppressed", "unprocessed"}


class AlertList(Body):
    """The body of an answer that is a list of alerts, each one read as soon as it is whole.

    A list that cannot be cut into its alerts, and every list unless `cut`, is read at its end.
    `by_update` keeps when each alert was updated.
    """

    def __init__(self, before: PeerReading, cut: bool = True, by_update: bool = False) -> None:
        super().__init__(b"")
        self._before = before
        self._by_update = by_update
        self._cuts: bool | None = None if cut else False
        self._cutter = Cutter(before.cut)
        self._start = b""
        self._fresh: dict[int, Observation | None] = {}
        self._odd: dict[int, SafeText] = {}
        self._updates: dict[str, str] = {}
        self._texts = SafeTexts()
        self._broken: MalformedError | None = None
        self._reading: PeerReading | None = None

    @property
    def reading(self) -> PeerReading:
        """The list, once all of it has arrived: the very one of before where it is the same.

        Raises MalformedError where it is none.
        """
        if self._broken is not None or self._reading is None:
            raise self._broken or MalformedError("an empty answer")
        return self._reading

    @property
    def was_cut(self) -> bool:
        """Whether it was taken for a list that can be cut."""
        return bool(self._cuts)

    def add(self, chunk: bytes) -> None:
        """Take the next bytes, and read the alerts that end in them."""
        if self._cuts is None:
            chunk = self._begin(self._start + chunk)
        if self._cuts is None:
            return
        if not self._cuts:
            super().add(chunk)
            return
        self.size += len(chunk)
        if self._broken is None:
            self._take(lambda: self._cutter.add(chunk))

    def whole(self) -> bytes:
        """Read what is left; return nothing, as no bytes are kept."""
        try:
            with collector_paused():
                self._reading = self._finish()
        except MalformedError as error:
            self._broken = self._broken or error
        return b""

    def _begin(self, start: bytes) -> bytes:
        """Decide by the first bytes whether the list can be cut; return those still to be taken."""
        if not is_long_enough(start):
            self._start, self.size = start, len(start)
            return b""
        self._start, self.size = b"", 0
        goes_on = self._cutter.begin(start)
        self._cuts = goes_on is not None
        self.size += goes_on or 0
        return start[goes_on:]

    def _take(self, cut: Callable[[], list[tuple[int, bytes]]]) -> None:
        """Read those alerts that were not in the list before."""
        try:
            new = cut()
            if not new:
                return
            # What is read of a list is as large as its bytes at least.
            held = sum(len(piece) for _, piece in new)
            self._held += held
            Body.under_way += held
            with collector_paused():
                for key, piece in new:
                    self._read(key, read_json(piece))
        except MalformedError as error:
            self._broken = error
        except ValueError as error:
            self._broken = MalformedError(f"no JSON ({error})")

    def _finish(self) -> PeerReading:
        if not self._cuts:
            return self._read_whole(self._start + super().whole())
        if self._broken is None:
            self._take(self._cutter.end)
        if self._broken is not None:
            raise self._broken
        if self._cutter.same:
            return self._before
        known, fresh, keys = self._before.cut.pieces, self._fresh, self._cutter.keys
        pieces = {key: fresh[key] if key in fresh else known[key] for key in keys}
        odd = {key: text for key, text in self._before.odd.items() if key in pieces} | self._odd
        return self._put_together([pieces[key] for key in keys], odd)._replace(
            cut=Cut(pieces, self._cutter.blocks), odd=odd
        )

    def _read_whole(self, body: bytes) -> PeerReading:
        digest = hash(body)
        if body and digest == self._before.digest:
            return self._before
        found = read_json(body)
        if not isinstance(found, list):
            raise MalformedError(_NO_LIST)
        for number, raw in enumerate(found):
            self._read(number, raw)
        return self._put_together([*self._fresh.values()], self._odd)._replace(digest=digest)

    def _read(self, key: int, raw: Any) -> None:
        try:
            seen = observe(raw, self._before.observations, self._texts)
        except MalformedError:
            self._fresh[key] = None
            return
        self._fresh[key] = seen
        if self._by_update:
            self._updates[seen.fingerprint] = str(raw.get("updatedAt", ""))
        state = raw["status"].get("state")
        if state not in _STATES:
            word = clean(state, 40)
            self._odd[key] = clean(f"an alert has the unknown state {word!r}; it counts as firing")

    def _put_together(
        self, alerts: Sequence[Observation | None], odd: Mapping[int, SafeText]
    ) -> PeerReading:
        observations = {seen.fingerprint: seen for seen in alerts if seen is not None}
        updates = {**self._before.updates, **self._updates} if self._by_update else {}
        if len(updates) > len(observations):
            updates = {name: at for name, at in updates.items() if name in observations}
        unreadable = sum(seen is None for seen in alerts)
        warnings = list(dict.fromkeys(odd.values()))
        if unreadable:
            warnings.append(SafeText(f"{unreadable} alerts could not be read"))
        return PeerReading(observations, updates, tuple(warnings), unreadable == 0)


def observe(raw: Any, before: Mapping[str, Observation], texts: SafeTexts) -> Observation:
    """Return one alert; the very observation of before where nothing that it shows has changed.

    Raises MalformedError where it is no alert.
    """
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
