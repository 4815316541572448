"""What people decide at this terminal on its way into the store: one act after the other, and what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from opsdash.domain.text import clean
from opsdash.ui.acts import said_of
from opsdash.ui.ports import Outcome

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

PATIENCE = 0.4
"""Seconds after which an act that is not written yet is said to be waiting."""

SAID_WITHIN = 0.05
"""Seconds after which an act that is written is said to be, though the new picture is not there."""


class Writing:
    """Writes away from the keys, and keeps the program until what was decided is written."""

    def __init__(self, app: "OpsdashApp") -> None:
        self._app = app
        self._turn = asyncio.Lock()
        self._under_way = 0
        self._leaving = False

    def __bool__(self) -> bool:
        return self._under_way > 0

    def begin(
        self, verb: str, names: Mapping[str, str], act: Callable[[], Awaitable[Outcome]]
    ) -> None:
        """Write an act about things called `names` by their id; `verb` says that it is done."""
        self._under_way += 1
        self._app.run_worker(self._write(verb, names, act), exit_on_error=False)

    def leave(self) -> None:
        """End the program once all is written; asked a second time, at once and unwritten."""
        if self._under_way and not self._leaving:
            self._leaving = True
            self._app.say("leaving when it is written; q again leaves it undone", "warn bold")
        else:
            self._app.exit()

    async def _write(
        self, verb: str, names: Mapping[str, str], act: Callable[[], Awaitable[Outcome]]
    ) -> None:
        app = self._app
        async with self._turn:
            task = asyncio.ensure_future(act())
            done, _ = await asyncio.wait({task}, timeout=PATIENCE)
            if not done and not self._leaving:
                app.say("not written yet: waiting for the store", "warn")
            try:
                outcome = await task
            except Exception as error:
                # The act did not happen; whatever the reason, the person must be told.
                self._leaving = False
                app.say(f"NOT done: {clean(error) or type(error).__name__}", "crit bold")
                return
            finally:
                self._under_way -= 1
        if self._leaving and not self._under_way and not outcome.refused:
            app.exit()
            return
        self._leaving = self._leaving and bool(self._under_way)
        if outcome.done:
            app.forget_marks((*outcome.done, *names))
        app.note(*said_of(outcome, verb, names))
        # Said with the picture in which it is done, else without it.
        saying = asyncio.get_running_loop().call_later(SAID_WITHIN, app.draw_message)
        await app.lookout.look_again()
        saying.cancel()
        app.draw_message()
