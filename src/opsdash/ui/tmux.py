"""A message in the tmux around the dashboard."""

import asyncio
import contextlib
import shutil

_WITHIN = 2.0
_SHOWN_MS = "5000"


async def show_message(text: str) -> None:
    """Show `text`, which must hold no format of tmux, for five seconds; nothing where that fails."""
    program = shutil.which("tmux")
    if program is None:
        return
    with contextlib.suppress(OSError):
        child = await asyncio.create_subprocess_exec(
            program,
            *("display-message", "-d", _SHOWN_MS, text),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.wait_for(child.wait(), _WITHIN)
        except TimeoutError:
            child.kill()
