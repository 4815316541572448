"""The configuration in the field's nouns: what engine and screen work from, validated already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from opsdash.domain.escalation import DEFAULT_POLICY, EscalationPolicy
from opsdash.domain.indicator import Indicator
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class PaneSetup:
    """A metric pane: `performance`, `infrastructure` or `payments`, and its indicators in order."""

    id: str
    title: SafeText
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Setup:
    """What every screen and command needs of the configuration. No secret is ever in it.

    `users` and `uptime` are the header's indicators. `keys` maps an action to the key that the
    configuration gives it. `simulated` marks the demo, which the screen must say.
    """

    title: SafeText = SafeText("Payment App Production")
    refresh: timedelta = timedelta(seconds=5)
    timezone: str = "UTC"
    theme: str = "night-shift"
    simulated: bool = False
    panes: tuple[PaneSetup, ...] = ()
    uptime: Indicator | None = None
    users: Indicator | None = None
    people: tuple[Person, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    policies: tuple[EscalationPolicy, ...] = (DEFAULT_POLICY,)
    keys: Mapping[str, str] = field(default_factory=dict)
    runbook: str = ""

    @property
    def policy(self) -> EscalationPolicy:
        """The escalation policy that alerts follow: the first one configured."""
        return self.policies[0]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Every indicator that the engine collects, the header's included."""
        header = tuple(i for i in (self.uptime, self.users) if i is not None)
        listed = tuple(i for pane in self.panes for i in pane.indicators)
        return tuple({i.id: i for i in header + listed}.values())
