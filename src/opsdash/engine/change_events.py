"""The step that tells receivers of deployments: change events, which page nobody."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol, cast

from opsdash.domain.deployment import Deployment, telling
from opsdash.engine.engine import Engine
from opsdash.engine.poll import Poll
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.store import deployments, lease
from opsdash.store.errors import StoreError
from opsdash.store.session import Store

log = logging.getLogger("opsdash.engine")

TELL_EVERY = timedelta(seconds=15)
"""How often it is looked whether there is a deployment to tell of."""

WORTH_TELLING = timedelta(hours=1)
"""How old a deployment is told of at most: receivers sort by when it came, not by when it was."""

SEND_DEADLINE = 15.0
"""Seconds that a receiver may take for one of them."""

_AROUND = timedelta(hours=2)


class ChangeReceiver(Protocol):
    """A notifier that also takes deployments."""

    async def change(self, deployment: Deployment) -> Receipt:
        """Tell of a deployment; raise NotifierError where it was not accepted."""
        ...


def polls(engine_: Engine) -> list[Poll[int]]:
    """Return the poll that tells every receiver there is, none where there is no receiver."""
    receivers = {
        id: cast("ChangeReceiver", notifier)
        for id, notifier in engine_.notifiers.items()
        if hasattr(notifier, "change")
    }
    return [_poll(engine_.store, receivers)] if receivers else []


def _poll(store: Store, receivers: Mapping[str, ChangeReceiver]) -> Poll[int]:
    accepted: set[tuple[int, str]] = set()

    async def tell(now: datetime) -> int:
        """Tell of what is new in its order; return the number up to which all were told, else 0."""
        try:
            untold = await store.read(deployments.load_untold, now - WORTH_TELLING)
            around = await store.read(deployments.load_recent, (), now - _AROUND, now)
        except StoreError:
            # The store is everybody's trouble, and told by the loop.
            return 0
        worth = {one.id for one in telling(around)}
        told = 0
        for deployment in untold:
            for id, receiver in receivers.items():
                wanted = deployment.id in worth and (deployment.id, id) not in accepted
                if wanted and not await _send(id, receiver, deployment):
                    return told
                accepted.add((deployment.id, id))
            told = deployment.id
        return told

    return Poll("change events", "deployments", TELL_EVERY, tell)


async def _send(id: str, receiver: ChangeReceiver, deployment: Deployment) -> bool:
    """Send one; return whether it is done with, be it accepted or refused for good."""
    try:
        await asyncio.wait_for(receiver.change(deployment), SEND_DEADLINE)
    except NotifierError as error:
        log.warning("%s: the deployment %s: %s", id, deployment.named, error.reason)
        return error.permanent
    except TimeoutError:
        log.warning("%s: the deployment %s: no answer", id, deployment.named)
        return False
    return True


async def tell_deployments(engine_: Engine) -> None:
    """Note what receivers were told of, and begin to tell them of what is new."""
    watched = engine_.deployments
    if watched is None:
        return
    for poll in watched.events:
        result = poll.collect(engine_.clock.monotonic())
        poll.begin(engine_.clock.now(), engine_.clock.monotonic())
        if result is not None and result.value:
            await engine_.store.write(_note, engine_.held, result.value)


def _note(connection: sqlite3.Connection, epoch: int, id: int) -> None:
    lease.require(connection, epoch)
    deployments.set_told(connection, id)
