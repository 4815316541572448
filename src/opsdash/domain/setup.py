"""The configuration in the field's nouns: what engine and screen work from, validated already."""

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta

from opsdash.domain.escalation import DEFAULT_POLICY, EscalationPolicy, matches_all
from opsdash.domain.frozen import dataclass
from opsdash.domain.indicator import Indicator
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.shift_change import HandoffNotice
from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class PaneSetup:
    """A metric pane: `performance`, `infrastructure` or `payments`, and its indicators in order."""

    id: str
    title: SafeText
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class PagingSetup:
    """How pages are sent. With no notifiers nothing is, and the screen says so.

    `group_wait` is how long a page waits for others to join it. Once `storm` alerts were paged to one
    destination within `storm_window`, further ones become one page. An unacknowledged alert is paged
    again each `repeat` (zero: never). A page that no receiver accepted within `deadline` goes to
    `fallback`, or where that is empty to the next escalation level. An alert that fired `flaps` times
    within `flap_window` is held for `flap_hold`, and paged only if it still fires then. `handoff` is
    whom a change of shift is told.
    """

    notifiers: tuple[str, ...] = ()
    group_wait: timedelta = timedelta(seconds=2)
    storm: int = 10
    repeat: timedelta = timedelta(minutes=30)
    deadline: timedelta = timedelta(minutes=1)
    fallback: tuple[str, ...] = ()
    flaps: int = 4
    flap_window: timedelta = timedelta(minutes=15)
    flap_hold: timedelta = timedelta(minutes=2)
    handoff: HandoffNotice = HandoffNotice.BOTH
    storm_window: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WatchdogSetup:
    """The alert that always fires: that it is missing for `within` says that the path is broken."""

    alert: str = "Watchdog"
    within: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TerminalSetup:
    """How a dashboard calls the person before it, when they are paged or something critical fires.

    `bell` rings, `title` names it in the terminal's title, `osc9` asks the terminal for a
    notification of the desktop, `tmux` shows a message in the tmux around it.
    """

    bell: bool = True
    title: bool = True
    osc9: bool = False
    tmux: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """What every screen and command needs of the configuration. No secret is ever in it.

    `users` and `uptime` are the header's indicators. `keys` maps an action to the key that the
    configuration gives it. `simulated` marks the demo, which the screen must say. `runbook` is where
    the runbook of an alert without one of its own is, with its name for `{alertname}`. `unverified`
    are the servers whose certificates nobody checks, which every screen must say.
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
    paging: PagingSetup = field(default_factory=PagingSetup)
    terminal: TerminalSetup = field(default_factory=TerminalSetup)
    watchdog: WatchdogSetup | None = None
    unverified: tuple[str, ...] = ()

    @property
    def policy(self) -> EscalationPolicy:
        """The escalation policy that alerts follow unless another one matches: the first."""
        return self.policies[0]

    def policy_for(self, labels: Mapping[str, str]) -> EscalationPolicy:
        """Return the policy that an alert with `labels` follows.

        It is the first whose matchers hold, else the first that has none.
        """
        chosen = (p for p in self.policies if p.matching and matches_all(p.matching, labels))
        open_to_all = (p for p in self.policies if not p.matching)
        return next(chosen, None) or next(open_to_all, self.policy)

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Every indicator that the engine collects, the header's included."""
        header = tuple(i for i in (self.uptime, self.users) if i is not None)
        listed = tuple(i for pane in self.panes for i in pane.indicators)
        return tuple({i.id: i for i in header + listed}.values())
