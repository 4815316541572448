"""Two dashboards, three engines and commands on one file under random kill -9: nothing lost, nothing twice."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.terminal import Terminal

from bench.crowd import Crowd
from bench.figure import Figure, Size, script
from bench.ledger import contradictions, texts
from opsdash.store import alerts

ALERTS = 40
COMMANDS_AT_ONCE = 2


@dataclass(slots=True)
class Run:
    """What a run came to."""

    kills: int = 0
    confirmed: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    epochs: int = 0
    pressed: int = 0


def run(seconds: float, seed: int = 1) -> Run:
    """Let them all work for so long, killing one of them again and again."""
    dice = random.Random(seed)
    done = Run()
    with Crowd(ALERTS, seed) as crowd:
        engines = [crowd.start("engine") for _ in range(3)]
        dashboards = [crowd.open_dashboard() for _ in range(2)]
        crowd.wait_whole()
        commands: dict[str, subprocess.Popen[bytes]] = {}
        confirmed: list[str] = []
        count = 0
        ends = time.monotonic() + seconds
        churn = kill = time.monotonic()
        while (now := time.monotonic()) < ends:
            time.sleep(0.05)
            if now >= churn:
                churn = now + 1.0
                crowd.alerts.churn(3)
            for terminal in dashboards:
                done.pressed += _press(terminal, dice)
            for token, command in list(commands.items()):
                if command.poll() is not None:
                    confirmed += _confirmed(token, command)
                    del commands[token]
            while len(commands) < COMMANDS_AT_ONCE:
                count += 1
                token = f"command-{count}"
                commands[token] = crowd.start(*_words(crowd, token, dice))
            if now >= kill:
                kill = now + dice.uniform(0.3, 1.0)
                done.kills += 1
                _kill_one(crowd, dice, engines, dashboards, list(commands.values()))
        for token, command in commands.items():
            command.wait(120)
            confirmed += _confirmed(token, command)
        crowd.wait_whole()
        for engine in engines:
            engine.send_signal(signal.SIGTERM)
        for engine in engines:
            engine.wait(120)
        held = crowd.leader()
        done.epochs = held.epoch if held else 0
        kept = set("\n".join(texts(crowd.path)).split())
        done.confirmed = len(confirmed)
        done.lost = [token for token in confirmed if token not in kept]
        done.wrong = contradictions(crowd.path)
    return done


def _press(terminal: Terminal, dice: random.Random) -> int:
    if dice.random() > 0.2:
        return 0
    try:
        terminal.send(dice.choice(["j", "j", "k", "a", "a", "A", "u"]))
    except OSError:
        return 0  # its program was killed a moment ago
    return 1


def _words(crowd: Crowd, token: str, dice: random.Random) -> list[str]:
    found = list(crowd.store.read(alerts.load_open))
    one = dice.choice(found) if found else "none"
    words = {
        "ack": ["ack", one, "--comment", token],
        "escalate": ["escalate", one, "--to", str(dice.choice([1, 2, 3])), "--reason", token],
        "unack": ["unack", one],
    }
    return words[dice.choice(["ack", "ack", "escalate", "unack"])]


def _confirmed(token: str, command: subprocess.Popen[bytes]) -> list[str]:
    output = b"" if command.stdout is None else command.stdout.read()
    told = output.startswith((b"acknowledged ", b"escalated ")) and output.endswith(b"\n")
    return [token] if told else []


def _kill_one(
    crowd: Crowd,
    dice: random.Random,
    engines: list[subprocess.Popen[bytes]],
    dashboards: list[Terminal],
    commands: list[subprocess.Popen[bytes]],
) -> None:
    what = dice.random()
    if what < 0.45:
        number = dice.randrange(len(engines))
        engines[number].kill()
        engines[number].wait()
        engines[number] = crowd.start("engine")
    elif what < 0.6:
        number = dice.randrange(len(dashboards))
        dashboards[number].kill()
        dashboards[number] = crowd.open_dashboard()
    else:
        dice.choice(commands).kill()


def measure(size: Size) -> Iterator[Figure]:
    """Measure two dashboards, three engines and commands on one file."""
    done = run(size.of(10, 30, 300))
    yield Figure(
        "R1b",
        f"2 dashboards, 3 engines, commands on one file: {done.kills} kill -9,"
        f" {done.confirmed} confirmed commands, {done.pressed} keys, {done.epochs} epochs",
        "lost 0, doubled 0, the store follows the world in the end",
        f"lost {len(done.lost)}, contradictions {len(done.wrong)}"
        + "".join(f"; {line}" for line in (done.lost + done.wrong)[:3]),
        not done.lost and not done.wrong,
    )


if __name__ == "__main__":
    script(measure)
