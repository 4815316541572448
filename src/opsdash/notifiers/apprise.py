"""Any of Apprise's services: SMS, Teams, ntfy, Matrix and a hundred others, by one secret URL.

Apprise runs in a process of its own, because it blocks, asks the environment for proxies and is
large: so a message has a deadline, no proxy that nobody configured, and costs the engine nothing.
"""

import asyncio
import json
import os
import re
import sys
from importlib.util import find_spec
from urllib.parse import quote

from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.http.credentials import Secret
from opsdash.notifiers.courier import UnsureError, reveal, told
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.notifiers.wording import body_lines
from opsdash.secret import remember_address

ADDRESS = "{address}"
"""Stands in the URL where the address of a page belongs."""

_KEPT = re.compile(r"PATH|LANG|LC_.*|TZ|TMPDIR|SSL_CERT_(FILE|DIR)|PYTHONPATH|VIRTUAL_ENV")
_MENTIONS = re.compile(r"@(?=everyone|here|channel|all\b|room)", re.IGNORECASE)
_REFUSED = re.compile(r"error[= ](4\d\d)")
_TRY_AGAIN = ("408", "425", "429")
_TYPES = {PageKind.TRIGGER: "failure", PageKind.RESOLVE: "success"}


class Apprise:
    """Sends to the service that its URL names."""

    kind = "apprise"

    def __init__(self, id: str, url: Secret, timeout: float = 10.0) -> None:
        self.id = id
        self._url = url
        self._timeout = timeout

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        """Send one page as plain text; raise NotifierError where Apprise did not bring it there."""
        if find_spec("apprise") is None:
            cure = "Apprise is not installed; run: pip install 'opsdash[apprise]'"
            raise NotifierError(SafeText(cure), permanent=True)
        lines = [neutral(line) for line in body_lines(page)]
        job = {
            "url": self._addressed(address),
            "title": lines[0],
            "body": "\n".join(lines[1:]).strip(),
            "type": _TYPES.get(page.kind, "info"),
        }
        answer = await self._run(json.dumps(job))
        said = told(str(answer.get("said") or ""), 200)
        if answer.get("sent") is True:
            return Receipt(SafeText("sent"))
        refused = _REFUSED.search(said)
        permanent = answer.get("unusable") is True or bool(refused and refused[1] not in _TRY_AGAIN)
        raise NotifierError(told(said or "Apprise did not say why it failed"), permanent)

    async def close(self) -> None:
        """Nothing is kept open between messages."""

    def _addressed(self, address: str) -> str:
        url = reveal(self._url)
        remember_address(url)
        if ADDRESS not in url:
            return url
        if not address:
            text = f"no address: the URL of {self.id} asks for one"
            raise NotifierError(clean(text), permanent=True)
        return url.replace(ADDRESS, quote(address, safe=""))

    async def _run(self, job: str) -> dict[str, object]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "opsdash.notifiers.apprise_child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)},
        )
        try:
            async with asyncio.timeout(self._timeout):
                out, _ = await child.communicate(job.encode())
        except TimeoutError:
            raise UnsureError(clean(f"no answer within {self._timeout:g} s")) from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        try:
            answer = json.loads(out)
        except ValueError:
            answer = None
        return answer if isinstance(answer, dict) else {"said": "Apprise ended unexpectedly"}


def neutral(text: str) -> str:
    """Return `text` without what some service takes for a mention, a tag or a link.

    Which service it is nobody knows here, and each escapes in its own way or not at all: the
    characters that begin such things become look-alikes.
    """
    text = text.replace("<", "‹").replace(">", "›").replace("](", "] (")
    return _MENTIONS.sub("＠", text)
