"""R5: pages under kill -9 and SIGSTOP: three engines, receivers that fail, every occurrence counted there.

An armed blow falls on the lease's holder at one step of a page's way: as the alert is read, while
it is written, as the message arrives, when it is obeyed but not yet answered, right after the answer.
"""

import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.figure import Figure, Size, quantile, script
from bench.pagers import Chat, Pager, PagingCrowd
from opsdash.domain.labels import fingerprint
from opsdash.store import outbox
from opsdash.store.errors import StoreError

ENGINES = 3
STEPS = ("read", "written", "arrived", "obeyed", "answered", "any")
"""Where blows fall on a page's way; `any` befalls one that stands by."""

PATIENCE = 3.0
"""Seconds after which an armed blow falls though its step did not come."""

_FENCES = """\
CREATE TABLE fence (what TEXT);
CREATE TRIGGER fence_claim AFTER UPDATE OF state ON outbox
WHEN NEW.state = 'sending' AND NEW.epoch IS NOT (SELECT epoch FROM lease)
BEGIN INSERT INTO fence VALUES ('a message claimed under an old epoch'); END;
CREATE TRIGGER fence_settle AFTER UPDATE OF state ON outbox
WHEN NEW.state = 'sent' AND (OLD.state <> 'sending' OR OLD.epoch IS NOT (SELECT epoch FROM lease))
BEGIN INSERT INTO fence VALUES ('a message settled under an old epoch'); END;
CREATE TRIGGER fence_lease AFTER UPDATE OF epoch ON lease WHEN NEW.epoch < OLD.epoch
BEGIN INSERT INTO fence VALUES ('the lease went back'); END;
"""
"""Kept by the store itself, whoever writes: nothing of an engine that lost the lease may get in."""


@dataclass(slots=True)
class Run:
    """What a run came to; times in seconds."""

    kills: int = 0
    stops: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    waiting: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    repeats: int = 0
    unheard: int = 0
    unmarked: int = 0
    failures: int = 0
    stale: list[str] = field(default_factory=list)
    refused: int = 0
    calm: list[float] = field(default_factory=list)
    once: list[float] = field(default_factory=list)
    often: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Blows:
    """Engines, and what befalls them: one armed blow at a time."""

    def __init__(self, crowd: PagingCrowd, seed: int) -> None:
        self._crowd = crowd
        self._dice = random.Random(seed)
        self.engines = [crowd.start("engine") for _ in range(ENGINES)]
        self._lock = threading.Lock()
        self._armed: tuple[str, str, float] | None = None
        self._holder = 0
        self._held_since = time.monotonic()
        self._sleeping: list[tuple[float, subprocess.Popen[bytes]]] = []
        self.kills = self.stops = 0
        self.steps: Counter[str] = Counter()
        self.fallen: list[float] = []

    @property
    def held_for(self) -> float:
        """Seconds for which an engine that is awake has held the lease."""
        return time.monotonic() - self._held_since

    @property
    def armed(self) -> bool:
        """Whether a blow waits for its step."""
        with self._lock:
            return self._armed is not None

    def arm(self, what: str, step: str) -> None:
        """Let the next blow fall at one step of the holder's, or (`any`) on one that stands by."""
        with self._lock:
            self._armed = (step, what, time.monotonic())

    def reach(self, step: str) -> bool:
        """Be told that a page has come to `step`; return whether that killed its sender."""
        with self._lock:
            if self._armed is None or self._armed[0] != step:
                return False
            return self._fall(step, self._armed[1])

    def look(self) -> None:
        """See who holds the lease, wake those whose time has come, and strike where no step came."""
        try:
            lease = self._crowd.leader()
        except StoreError:
            return
        with self._lock:
            if lease is not None:
                self._holder = int(lease.holder.rpartition(":")[2].split()[-1])
            awake = {e.pid for e in self.engines} - {e.pid for _, e in self._sleeping}
            fresh = lease is not None and lease.expires_at > datetime.now(UTC)
            if not (fresh and self._holder in awake):
                self._held_since = time.monotonic()
            for ends, engine in list(self._sleeping):
                if time.monotonic() >= ends:
                    engine.send_signal(signal.SIGCONT)
                    self._sleeping.remove((ends, engine))
            if self._armed is not None:
                step, what, since = self._armed
                if step == "any" or time.monotonic() > since + PATIENCE:
                    self._fall(step, what)

    def _fall(self, step: str, what: str) -> bool:
        held = next((e for e in self.engines if e.pid == self._holder), None)
        others = [engine for engine in self.engines if engine is not held]
        victim = held if held is not None and step != "any" else self._dice.choice(others)
        self._armed = None
        self.steps[step] += 1
        if victim is held:
            self.fallen.append(time.time())
        if what == "stop":
            if any(victim is engine for _, engine in self._sleeping):
                return False
            self.stops += 1
            # Half of them sleep past their lease and wake as one that another has followed.
            pause = self._dice.choice([self._dice.uniform(0.2, 2.0), self._dice.uniform(7.0, 9.0)])
            os.kill(victim.pid, signal.SIGSTOP)
            self._sleeping.append((time.monotonic() + pause, victim))
            return False
        self.kills += 1
        victim.kill()
        victim.wait()
        self._sleeping = [(at, e) for at, e in self._sleeping if e is not victim]
        self.engines[self.engines.index(victim)] = self._crowd.start("engine")
        return victim is held

    def end(self) -> None:
        """Let all engines live."""
        with self._lock:
            self._armed = None
            for _, engine in self._sleeping:
                engine.send_signal(signal.SIGCONT)
            self._sleeping.clear()


class Occurrences:
    """What fires, when it began to, and what is wanted of the receivers."""

    def __init__(self, crowd: PagingCrowd, seed: int) -> None:
        self._alerts = crowd.alerts
        self._dice = random.Random(seed)
        self.began: dict[str, float] = {}
        self._count: Counter[int] = Counter()
        self._next = 0

    def key(self, number: int) -> str:
        """Return the dedup key of an alert's newest occurrence."""
        return f"opsdash:{fingerprint(self._alerts.labels[number])}/{self._count[number]}"

    def fire(self, number: int) -> None:
        """Let an alert fire."""
        self._count[number] += 1
        self.began[self.key(number)] = time.time()
        self._alerts.since[number] = datetime.now(UTC).isoformat()

    def move(self, pager: Pager, chat: Chat, wanted: int) -> None:
        """Fire what is still wanted; let some of what was paged everywhere end, and fire again."""
        told = Counter(name_of(message) for message in list(chat.posted) if not _ended(message))
        for number in range(self._next):
            incident = _newest(pager, self.key(number))
            if number in self._alerts.since:
                name = self._alerts.labels[number]["alertname"]
                paged = incident is not None and told[name] >= self._count[number]
                if paged and number % 2 and self._count[number] < 2 + number % 3 // 2:
                    del self._alerts.since[number]
            elif len(self.began) < wanted and self._count[number] < 2 and _over(incident):
                self.fire(number)
        if len(self.began) < wanted and self._next < len(self._alerts.labels):
            self._next += 1
            self.fire(self._next - 1)


def name_of(message: dict[str, Any]) -> str:
    """Return which alert a message of the chat is about."""
    text = str(message)
    begins = text.find("number ")
    number = text[begins + 7 :].split("'")[0].split(" ")[0].split("\\")[0].strip("*_.,:\"'")
    return f"Alert{number}"


def _ended(message: dict[str, Any]) -> bool:
    return "resolved" in str(message).lower()


def _over(incident: dict[str, Any] | None) -> bool:
    return incident is not None and incident["status"] == "resolved"


def _newest(pager: Pager, key: str) -> dict[str, Any] | None:
    found = [incident for incident in list(pager.incidents) if incident["key"] == key]
    return found[-1] if found else None


def run(kills: int, stops: int, pages: int, seed: int = 1, limit: float = 5400.0) -> Run:
    """Page so often while so many blows fall."""
    done = Run()
    with (
        Pager(0.2, seed) as pager,
        Chat(0.2, seed) as chat,
        PagingCrowd(pages, pager, chat, seed) as crowd,
    ):
        with closing(sqlite3.connect(crowd.path, timeout=10)) as raw:
            raw.executescript(_FENCES)
        found = Occurrences(crowd, seed)
        blows = Blows(crowd, seed)
        crowd.wait_whole()
        calm = max(3, pages // 10)
        _page_calmly(crowd, found, pager, chat, calm)
        pager.hook = blows.reach
        listen(crowd, blows)
        plan = ["kill"] * kills + ["stop"] * stops
        _page_under(plan, pages, found, blows, pager, chat, random.Random(seed), limit)
        blows.end()
        # The chat takes one message a second, and what was held up by all those blows is behind.
        _wait_told(crowd, found, pager, 240.0 + 2.0 * pages)
        done.waiting = len(crowd.store.read(outbox.load_waiting))
        _judge(done, found, pager, chat, blows, calm)
        with closing(sqlite3.connect(crowd.path, timeout=10)) as raw:
            done.stale = [what for (what,) in raw.execute("SELECT what FROM fence")]
        done.refused = crowd.log.count("another engine took the lease")
    return done


def _page_under(
    plan: list[str],
    pages: int,
    found: Occurrences,
    blows: Blows,
    pager: Pager,
    chat: Chat,
    dice: random.Random,
    limit: float,
) -> None:
    """Let alerts fire and blows fall until there were as many as wanted of both."""
    dice.shuffle(plan)
    pace = max(0.3, len(plan) * 5.0 / pages)
    ends, due, fire = time.monotonic() + limit, 0.0, 0.0
    while time.monotonic() < ends:
        if not plan and not blows.armed and len(found.began) >= pages:
            break
        time.sleep(0.02)
        blows.look()
        now = time.monotonic()
        if now >= fire:
            fire = now + dice.uniform(0.5, 1.5) * pace
            found.move(pager, chat, pages)
        # Mostly the holder has had its time, as crashes come; now and then it falls in its first steps.
        if plan and now >= due and not blows.armed:
            due = now + dice.uniform(0.5, 2.0)
            calm = blows.held_for > dice.uniform(2.0, 8.0) or dice.random() < 0.03
            if calm or dice.random() < 0.2:
                blows.arm(plan.pop(), dice.choice(STEPS) if calm else "any")


def listen(crowd: PagingCrowd, blows: Blows) -> None:
    """Tell the blows when the alerts are read, and a moment later, while they are written."""
    shown = crowd.alerts._alerts

    def reached() -> list[dict[str, Any]]:
        blows.reach("read")
        threading.Timer(random.uniform(0.0, 0.12), blows.reach, ("written",)).start()
        return shown()

    crowd.alerts._alerts = reached  # type: ignore[method-assign]


def _page_calmly(
    crowd: PagingCrowd, found: Occurrences, pager: Pager, chat: Chat, pages: int
) -> None:
    while len(found.began) < pages:
        found.move(pager, chat, pages)
        time.sleep(0.3)
    _wait_told(crowd, found, pager, 60.0)


def _wait_told(crowd: PagingCrowd, found: Occurrences, pager: Pager, timeout: float) -> None:
    """Wait until every occurrence is accepted and nothing is left to be sent."""
    ends = time.monotonic() + timeout
    while time.monotonic() < ends:
        time.sleep(0.1)
        paged = {one.name for one in list(pager.accepted)}
        if paged >= set(found.began) and not crowd.store.read(outbox.load_waiting):
            return


def _judge(
    done: Run, found: Occurrences, pager: Pager, chat: Chat, blows: Blows, calm: int
) -> None:
    done.kills, done.stops, done.steps = blows.kills, blows.stops, blows.steps
    done.pages = len(found.began)
    done.failures = pager.dice.met + chat.dice.met
    accepted = defaultdict(list)
    for one in pager.accepted:
        accepted[one.name].append(one)
    done.lost = [key for key in found.began if key not in accepted]
    done.unasked = [key for key in accepted if key not in found.began]
    opened = Counter(incident["key"] for incident in pager.incidents)
    done.doubled = [key for key, times in opened.items() if times > 1]
    for number, (key, began) in enumerate(found.began.items()):
        times = accepted.get(key, [])
        if times:
            met = sum(1 for at in blows.fallen if began <= at <= times[0].at)
            group = done.calm if number < calm else done.once if met <= 1 else done.often
            group.append(times[0].at - began)
            if group[-1] > 15:
                done.notes.append(f"{key[-22:]} took {group[-1]:.1f} s through {met} blows")
        done.repeats += len(times[1:])
        done.unheard += sum(1 for one in times[:-1] if not one.answered)
    told: defaultdict[str, int] = defaultdict(int)
    unmarked: defaultdict[str, int] = defaultdict(int)
    for message in chat.posted:
        if not _ended(message):
            told[name_of(message)] += 1
            unmarked[name_of(message)] += "(repeat)" not in str(message)
    wanted = Counter(
        found._alerts.labels[number]["alertname"]
        for number, count in found._count.items()
        for _ in range(count)
    )
    done.lost += [f"slack {name}" for name in wanted if told[name] < wanted[name]]
    done.unmarked = sum(max(0, unmarked[name] - wanted[name]) for name in unmarked)


def measure(size: Size) -> Iterator[Figure]:
    """Measure R5."""
    kills, stops, pages = size.of(2, 12, 300), size.of(1, 4, 60), size.of(6, 40, 600)
    done = run(kills, stops, pages)
    after_blows = done.repeats - done.unheard
    blows = done.kills + done.stops
    calm = quantile(done.calm, 0.99) if done.calm else float("inf")
    once = quantile(done.once, 0.99) if done.once else 0.0
    often = max(done.often, default=0.0)
    steps = ", ".join(f"{step} {count}" for step, count in sorted(done.steps.items()))
    yield Figure(
        "R5",
        f"{done.pages} pages, {ENGINES} engines, {done.kills} kills and {done.stops} stops"
        f" ({steps}), {done.failures} failures of the receivers",
        "lost 0, doubled incidents 0, stale writes 0, repeated posts <= kills + stops,"
        " accepted p99 <= 10 s calm, <= 30 s across a crash",
        f"lost {len(done.lost)}, waiting {done.waiting}, doubled {len(done.doubled)}, unasked {len(done.unasked)},"
        f" stale {len(done.stale)} (refused {done.refused} times); posts repeated {done.repeats}"
        f" ({done.unheard} whose answer was lost), unmarked in chat {done.unmarked};"
        f" p99 {calm:.1f} s calm, {once:.1f} s across one blow at most, longest across several"
        f" {often:.1f} s" + "".join(f"; {one}" for one in (done.lost + done.notes)[:6]),
        not (done.lost or done.doubled or done.unasked or done.stale)
        and after_blows <= blows
        and calm <= 10
        and once <= 30,
    )


if __name__ == "__main__":
    script(measure)
