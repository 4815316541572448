"""What systemd is told: ready, alive, stopping (`sd_notify(3)`), where it started us and asks for it."""

import os
import socket

from opsdash.engine.engine import Engine


def notify(state: str) -> None:
    """Send one state to systemd; nothing happens where it did not start us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    target = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(state.encode(), target)
    except OSError:
        # Not being able to say that we live must not keep us from living.
        return


async def feed_watchdog(engine_: Engine) -> None:
    """Say that the loop is alive: with `WatchdogSec=` systemd restarts an engine that hangs."""
    if engine_.is_due("systemd", 1.0):
        notify("WATCHDOG=1")
