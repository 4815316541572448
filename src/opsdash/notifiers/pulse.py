"""The service outside that is called to say that the engine lives, and misses the call otherwise."""

from opsdash.http.credentials import Secret
from opsdash.http.errors import RemoteError
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.courier import Courier
from opsdash.notifiers.notifier import NotifierError


class Pulse:
    """Calls one address, which may be a secret: who knows it can keep the service quiet."""

    def __init__(self, settings: HttpSettings, address: Secret | None = None) -> None:
        self._courier = Courier(settings, address)

    async def call(self) -> None:
        """Call it once; raise RemoteError where it did not answer with 2xx."""
        try:
            reply = await self._courier.send("")
            if reply.status // 100 != 2:
                raise self._courier.refusal(reply)
        except NotifierError as error:
            raise RemoteError(error.reason, error.retry_after) from None

    async def close(self) -> None:
        """Let go of the connection."""
        await self._courier.close()
