"""Alerts from the alerting rules of a Prometheus, pending ones included, from `/api/v1/rules`."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from opsdash.collector import collector_paused
from opsdash.domain.alert import AlertState, Observation
from opsdash.domain.labels import fingerprint
from opsdash.domain.rules.view import RuleView
from opsdash.domain.text import SafeText, clean
from opsdash.http.client import MEBIBYTE, HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.json_body import MalformedError, read_json
from opsdash.http.reply import Reply
from opsdash.sources.external_labels import ask_external_labels
from opsdash.sources.rule_views import view_of
from opsdash.sources.source import AlertReport
from opsdash.sources.wire import SafeTexts, raw_labels, read_number, read_time

BODY_CAP = 32 * MEBIBYTE
"""Bytes of one list of rules with their alerts that are read."""

SETTLING = timedelta(minutes=2)
"""How long after Prometheus' start a missing alert proves nothing: scrapes and rules begin anew."""

_NO_RULES_PAUSE = timedelta(seconds=300)
_MOST_WARNINGS = 20
_MOST_VIEWS = 2000

_Pairs = tuple[tuple[str, str], ...]


class PrometheusRulesSource:
    """Reads pending and firing alerts with the moment their condition began.

    The fingerprint is that of the alert's labels with `external_labels` added, computed as
    Alertmanager does from the labels as sent, so that both show one alert. Those that are not given
    are asked of the server when it is read for the first time, or again after a failure. Where Prometheus also
    rewrites labels by `alert_relabel_configs`, the fingerprints differ and it is two.
    `fired_at` is the beginning plus the rule's `for`, at most an evaluation interval too early.
    `rules` is how each alerting rule stood at the last read.
    """

    kind = "prometheus rules"

    def __init__(
        self,
        client: HttpClient,
        id: str = "prometheus-rules",
        external_labels: Mapping[str, str] | None = None,
        settling: timedelta = SETTLING,
    ) -> None:
        self.id = id
        self.client = client
        self._external = dict(external_labels or {})
        self._external_known = self._external_given = external_labels is not None
        self._settling = settling
        self._settled_at: datetime | None = None
        self._unproven = True
        self._before: Mapping[str, Observation] = {}
        self._prints: Mapping[_Pairs, str] = {}
        self.rules: tuple[RuleView, ...] = ()

    async def alerts(self, now: datetime) -> AlertReport:
        """Return every pending or firing alert of the rules; raise RemoteError when unreadable."""
        try:
            reply = await self._fetch()
            if not self._external_known:
                self._external = await ask_external_labels(self.client)
                self._external_known = True
                self._prints = {}
            with collector_paused():
                found = _Rules(self._groups(reply), self._external, self._prints, now)
            if self._unproven or self._before.keys() - found.observations.keys():
                await self._look_for_restart(now)
        except RemoteError:
            self._unproven = True
            self._external_known = self._external_given
            raise
        self._unproven = False
        self._before, self._prints = found.observations, found.prints
        self.rules = tuple(found.views)
        young = self._settled_at is not None and now < self._settled_at
        return AlertReport(
            tuple(found.observations.values()),
            restarted=young or found.incomplete,
            warnings=found.warnings,
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self.client.close()

    async def _fetch(self) -> Reply:
        reply = await self.client.send("/api/v1/rules", {"type": "alert"}, cap=BODY_CAP)
        if reply.status in (400, 404, 405, 501):
            text = (
                f"{self.client.origin} has no /api/v1/rules ({reply.status}): it evaluates no rules"
            )
            raise RemoteError(clean(text, 400), _NO_RULES_PAUSE)
        if reply.status != 200:
            raise self.client.refusal(reply)
        return reply

    def _groups(self, reply: Reply) -> list[Any]:
        try:
            payload = read_json(reply.body)
            if isinstance(payload, dict) and payload.get("status") == "error":
                raise RemoteError(
                    clean(f"{self.client.origin} answered: {self.client.words(reply)}", 400)
                )
            groups = payload["data"]["groups"] or []
            if isinstance(groups, list):
                return groups
            what = "no list of rule groups"
        except MalformedError as error:
            what = str(error)
        except (KeyError, TypeError):
            what = "JSON that is not Prometheus' rules"
        raise self.client.strange(what, reply)

    async def _look_for_restart(self, now: datetime) -> None:
        """Ask since when the server runs; one that does not tell is taken as settled."""
        reply = await self.client.send("/api/v1/status/runtimeinfo")
        try:
            started = read_time(read_json(reply.body)["data"]["startTime"])
        except (MalformedError, KeyError, TypeError):
            return
        if started is not None:
            self._settled_at = now + self._settling - ((reply.date or now) - started)


class _Rules:
    """The alerts of rule groups; `incomplete` while a rule was not evaluated or could not be read."""

    def __init__(
        self,
        groups: list[Any],
        external: Mapping[str, str],
        known: Mapping[_Pairs, str],
        now: datetime,
    ) -> None:
        self.observations: dict[str, Observation] = {}
        self.incomplete = False
        self._external = external
        self.prints: dict[_Pairs, str] = {}
        self._known = known
        self._texts = SafeTexts()
        self._now = now
        self._warnings: dict[SafeText, None] = {}
        self.views: list[RuleView] = []
        for group, rule in self._rules(groups):
            self._read(clean(group.get("name") or "", 100), rule)
            if rule.get("type") != "recording" and len(self.views) < _MOST_VIEWS:
                self.views.append(view_of(group, rule))

    @property
    def warnings(self) -> tuple[SafeText, ...]:
        """What is wrong with the rules, the first twenty."""
        found = tuple(self._warnings)
        more = len(found) - _MOST_WARNINGS
        if more <= 0:
            return found
        return (*found[:_MOST_WARNINGS], SafeText(f"and {more} more rules with errors"))

    def _rules(self, groups: list[Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for group in groups:
            rules = group.get("rules") if isinstance(group, dict) else None
            if not isinstance(rules, list):
                self._note_unreadable("a rule group")
                continue
            name = clean(group.get("name") or "", 100)
            for rule in rules:
                if isinstance(rule, dict):
                    yield group, rule
                else:
                    self._note_unreadable(f"a rule of group {name}")

    def _read(self, group: SafeText, rule: dict[str, Any]) -> None:
        if rule.get("type") == "recording":
            return
        name = clean(rule.get("name") or "", 100)
        health = rule.get("health")
        if health == "err":
            error = clean(rule.get("lastError") or "", 200)
            self._warnings[clean(f"rule {name} of group {group} fails: {error}", 400)] = None
        elif health == "unknown":
            self.incomplete = True
        hold = _duration(rule.get("duration"))
        alerts = rule.get("alerts")
        for alert in alerts if isinstance(alerts, list) else ():
            try:
                self._keep(self._observe(alert, hold))
            except MalformedError:
                self._note_unreadable(f"an alert of rule {name}")

    def _note_unreadable(self, what: str) -> None:
        self.incomplete = True
        self._warnings[clean(f"{what} could not be read")] = None

    def _keep(self, seen: Observation) -> None:
        """Keep the alert that is further on where two rules give the same labels."""
        known = self.observations.get(seen.fingerprint)
        if known is None or known.state is AlertState.PENDING:
            self.observations[seen.fingerprint] = seen

    def _observe(self, raw: Any, hold: timedelta) -> Observation:
        if not isinstance(raw, dict):
            raise MalformedError("no alert")
        sent = {**self._external, **raw_labels(raw.get("labels"))}
        pairs = tuple(sent.items())
        # Computing a fingerprint is slow in Python, and an alert's labels never change.
        name = self.prints[pairs] = self._known.get(pairs) or fingerprint(sent)
        pending = raw.get("state") == "pending"
        began = read_time(raw.get("activeAt"))
        due = began + hold if began is not None else None
        value = read_number(raw.get("value"))
        return Observation(
            fingerprint=name,
            labels=self._texts.labels(sent),
            annotations=self._texts.labels(raw_labels(raw.get("annotations") or {})),
            state=AlertState.PENDING if pending else AlertState.FIRING,
            active_at=began,
            fires_at=due if pending else None,
            fired_at=min(due, self._now) if due is not None and not pending else None,
            value=value if value is not None and math.isfinite(value) else None,
        )


def _duration(seconds: object) -> timedelta:
    length = read_number(seconds)
    try:
        return timedelta(seconds=length or 0)
    except (OverflowError, ValueError):
        return timedelta()
