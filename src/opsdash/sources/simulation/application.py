"""The payment application's figures at any simulated moment: a daily curve, noise, the story.

Idle figures are the guide's dashboard (142 ms, 0.06 %, 45/s, 2,450 users, CPU 45 %, …). The day is
set so that the demo always opens in its early afternoon, whatever the time where it runs.
"""

import math
from functools import cached_property

from opsdash.domain.frozen import dataclass
from opsdash.sources.simulation.disk import used
from opsdash.sources.simulation.noise import Noise
from opsdash.sources.simulation.story import (
    CPU,
    DATABASE,
    ERRORS,
    FAILURES,
    LATENCY,
    QUEUE,
    Scene,
    scene,
)

DAY = 86400.0
WINDOW = 300.0
"""Seconds over which payments and failed payments are counted: at 45 a second two failures of
13,500 are the guide's 2 and its 99.98 % at once, which no longer window can give."""

_USERS_A_DAY, _CPU_A_DAY, _TRANSACTIONS_A_DAY = 1.15, 45 / 35, 45 / 47
_PEAK_HOUR, _STORY_HOUR, _NIGHT = 15.0, 14.0, 0.3
_DOWN_A_DAY = 17.28
_REQUESTS_A_TRANSACTION = 4.0
_FAILURE_RATIO = 0.000178
_FAILED_IN_INCIDENT = 3.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that can be measured at one moment, in seconds, ratios, a second, or counts."""

    p95: float
    error_ratio: float
    transactions: float
    requests: float
    uptime: float
    users: float
    cpu: float
    memory: float
    disk: float
    database_p95: float
    pods: float
    success_ratio: float
    failed: float
    processing: float
    stripe: float


class Application:
    """The simulated application of one seed: the same seed gives the same past and future."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed

    @cached_property
    def _noise(self) -> dict[str, Noise]:
        names = (
            "p95", "errors", "transactions", "users", "cpu", "memory", "disk", "database",
            "failures", "processing",
        )  # fmt: skip
        return {name: Noise(f"{self._seed}/{name}") for name in names}

    def figures(self, elapsed: float) -> Figures:
        """Return the figures `elapsed` simulated seconds after the story's first 14:00."""
        now = scene(elapsed)
        day = min(0.0, elapsed / DAY)
        load = _daily_load(elapsed)
        wave = {name: noise.at(elapsed) for name, noise in self._noise.items()}
        queue = QUEUE.at(now.seconds)
        transactions = 45 * load * _TRANSACTIONS_A_DAY**day * (1 + 0.03 * wave["transactions"])
        transactions *= 1 - 0.04 * queue
        more = _FAILED_IN_INCIDENT * FAILURES.at(now.seconds)
        failure = _FAILURE_RATIO * (1 + 0.03 * wave["failures"]) + more / (WINDOW * transactions)
        return Figures(
            p95=self._p95(now, load, wave["p95"]),
            error_ratio=_between(0.0006 + 0.00005 * wave["errors"], 0.025, ERRORS.at(now.seconds))
            * (1 + 0.01 * wave["errors"]),
            transactions=transactions,
            requests=transactions * _REQUESTS_A_TRANSACTION,
            uptime=1 - _DOWN_A_DAY / DAY,
            users=float(round(2450 * load * _USERS_A_DAY**day * (1 + 0.002 * wave["users"]))),
            cpu=self._cpu(now, (0.1 + 0.35 * load) * _CPU_A_DAY ** max(day, -3.0), wave["cpu"]),
            memory=0.62 + 0.003 * wave["memory"],
            disk=used(elapsed) + 0.0004 * wave["disk"],
            database_p95=_between(
                0.18 * (0.8 + 0.2 * load) * (1 + 0.02 * wave["database"]),
                0.516 + 0.006 * wave["database"],
                DATABASE.at(now.seconds),
            ),
            pods=float(now.pods),
            success_ratio=1 - failure,
            # Without noise: each one that comes is looked into, and a wave would be new again.
            failed=float(round(WINDOW * 45 * load * _FAILURE_RATIO) + round(more)),
            processing=_between(1.2 + 0.02 * wave["processing"], 1.52, queue),
            stripe=1.0,
        )

    def _p95(self, now: Scene, load: float, wave: float) -> float:
        idle = 0.142 * (0.85 + 0.15 * load) * (1 + 0.015 * wave)
        return _between(idle, 0.318 + 0.004 * wave, LATENCY.at(now.seconds))

    def _cpu(self, now: Scene, idle: float, wave: float) -> float:
        """Return the busy share; more pods share the load."""
        idle *= 1 + 0.02 * wave
        idle *= 0.9 if now.pods > 2 else 1.0
        return _between(idle, 0.98 + 0.004 * wave, CPU.at(now.seconds))


def _between(idle: float, worst: float, weight: float) -> float:
    return idle + (worst - idle) * weight


def _daily_load(elapsed: float) -> float:
    """Return the traffic as a share of that at 14:00: low at night, high at 15:00."""
    return _daily(_STORY_HOUR + elapsed / 3600) / _daily(_STORY_HOUR)


def _daily(hour: float) -> float:
    wave = (1 + math.cos(2 * math.pi * (hour - _PEAK_HOUR) / 24)) / 2
    return _NIGHT + (1 - _NIGHT) * math.pow(wave, 0.8)
