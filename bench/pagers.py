"""What pages are counted at: receivers that fail as asked, and a crowd whose engines page them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import SupportsIndex

from tests.notifiers.receivers import Answered, PagerDutyServer, Received, SlackServer

from bench.crowd import Crowd

_FAULTS = ("500", "503", "429=1", "drop", "hang")
"""Answers that fail a message: `drop` obeys it and loses the answer, `hang` does neither at once."""

_CONFIG = """\
refresh = "1s"
[store]
url = "sqlite:///{store}"
[engine]
autostart = false
[alertmanager]
urls = ["{alerts}"]
[[notifier]]
id = "pagerduty"
kind = "pagerduty"
url = "{pagerduty}"
routing_key_file = "routing.key"
[[notifier]]
id = "slack"
kind = "slack"
url_file = "slack.url"
[paging]
group_wait = "0s"
storm = {storm}
repeat = "0s"
deadline = "{deadline}"
flaps = 100
[[escalation_policy]]
id = "only"
levels = [ {{ name = "On call", notify = ["notifier:pagerduty", "notifier:slack"] }} ]
{more}
"""

Hook = Callable[[str], bool]
"""Told how far a message came; says whether its sender was stopped there for good."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One trigger that a receiver obeyed: `answered` is False where its sender never learnt of it."""

    at: float
    name: str
    answered: bool


class Dice(list[str]):
    """The faults of a receiver: a share of all requests meets one at random."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__()
        self.share = share
        self.met = 0
        self._dice = random.Random(seed)

    def __bool__(self) -> bool:
        return True

    def pop(self, index: SupportsIndex = -1) -> str:
        """Return the fault that the next request meets, or nothing."""
        if self._dice.random() >= self.share:
            return ""
        self.met += 1
        return self._dice.choice(_FAULTS)


class Pager(PagerDutyServer):
    """PagerDuty, which fails now and then and tells how far each message came."""

    def __init__(self, share: float = 0.0, seed: int = 1, hook: Hook = lambda step: False) -> None:
        super().__init__()
        self.dice = Dice(share, seed)
        self.faults = self.dice
        self.released.set()  # what hangs is dropped unheard
        self.accepted: list[Accepted] = []
        self.hook = hook
        self._fault = ""

    def _serve(self, exchange: BaseHTTPRequestHandler) -> None:
        if self.hook("arrived"):
            exchange.close_connection = True
            return
        super()._serve(exchange)
        self.hook("answered")

    def _faulty(self, fault: str, parameter: str) -> Answered | None:
        self._fault = fault
        return super()._faulty(fault, parameter)

    def answer(self, received: Received) -> Answered:
        """Obey, and note it."""
        answered = super().answer(received)
        if answered.status == 202 and received.message.get("event_action") == "trigger":
            lost = self._fault == "drop"
            name = received.message["dedup_key"]
            killed = self.hook("obeyed")
            self.accepted.append(Accepted(time.time(), name, not lost and not killed))
        return answered


class Chat(SlackServer):
    """Slack's incoming webhook, which fails now and then."""

    def __init__(self, share: float = 0.0, seed: int = 2) -> None:
        super().__init__()
        self.dice = Dice(share, seed)
        self.faults = self.dice
        self.released.set()


class PagingCrowd(Crowd):
    """A crowd whose engines page one PagerDuty and one Slack."""

    def __init__(
        self,
        count: int,
        pager: PagerDutyServer,
        chat: SlackServer,
        seed: int = 1,
        deadline: str = "1h",
        more: str = "",
        storm: int = 10000,
    ) -> None:
        super().__init__(count, seed)
        for server in (self.alerts._server, pager._server, chat._server):
            # A killed engine cuts its connections: that is what is measured, and nothing to print.
            server.handle_error = ignore  # type: ignore[method-assign]
        for name, text in (
            ("routing.key", pager.routing_key),
            ("slack.url", f"{chat.url}{chat.hook}"),
        ):
            path = self.folder / name
            path.write_text(text)
            path.chmod(0o600)
        self.alerts.since.clear()
        text = _CONFIG.format(
            store=self.path,
            alerts=self.alerts.url,
            pagerduty=pager.url,
            deadline=deadline,
            more=more,
            storm=storm,
        )
        self.config.write_text(text)


def ignore(request: object, client_address: object) -> None:
    """Say nothing of a connection that was cut."""
