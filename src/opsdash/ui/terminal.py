"""The app that the dashboard builds on: diffed output, own driver, render guard, crashes, exit codes."""

import asyncio
import threading
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.worker import WorkerFailed

from opsdash.ui.crash import EXIT_CODE, CrashReport, Redact, say
from opsdash.ui.driver import TerminalDriver
from opsdash.ui.guard import ControlGuard
from opsdash.ui.output import DiffedOutput, differs_from_stock


class TerminalApp(DiffedOutput):
    """A Textual app made for terminals that drop, stall, stop and shrink.

    Override `style_of` and `ascii_only` for themes and glyphs, `continued` to mark what is shown
    as old. `crash_folder` is where a crash leaves its trace; `redact` knows the secrets.
    """

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "repaint", "Repaint", show=False, priority=True)
    ]

    terminal_notes: Path | None = None
    """The folder in which the terminal is noted while the app has it."""

    ascii_only: bool = False
    """Whether nothing but ASCII may be written."""

    def __init__(self, crash_folder: Path, redact: Redact | None = None) -> None:
        super().__init__()
        self._filters.append(ControlGuard())
        self._crash = CrashReport(crash_folder, redact)
        self._stock_output = bool(differs_from_stock(self))

    def get_driver_class(self) -> type[Driver]:
        """Drive the terminal by `TerminalDriver`."""
        return TerminalDriver

    def style_of(self, token: str) -> Style:
        """Return the style of a token in the present theme; the base knows none."""
        return Style.null()

    @property
    def writing(self) -> bool:
        """Whether something is being written just now that others would wait for."""
        return False

    def continued(self) -> None:
        """The process or the app was stopped and goes on: what is shown is old until read again."""

    def action_repaint(self) -> None:
        """Write every cell anew, for a terminal that something else has written on."""
        self.repaint()

    def _handle_exception(self, error: Exception) -> None:
        """End with code 70 and a redacted trace in a file; no locals, nothing on the screen."""
        self._return_code = EXIT_CODE
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._crash.write(error)
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """End as a crash does: Textual calls this with what it would print."""
        self._handle_exception(RuntimeError("the terminal's input thread failed"))

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
        if self._crash.line:
            say(self._crash.line)
            self._crash.line = ""


def run_in_terminal(app: TerminalApp, *, mouse: bool = False) -> int:
    """Run the app until it ends and return the exit code: 0, 70 for a crash, 128+n for a signal.

    An exception in a thread or a forgotten task ends it like one in a handler.
    """
    before = threading.excepthook

    def in_thread(arguments: threading.ExceptHookArgs) -> None:
        error = arguments.exc_value
        if isinstance(error, Exception) and app._loop is not None:
            app._loop.call_soon_threadsafe(app._handle_exception, error)

    threading.excepthook = in_thread
    loop = asyncio.new_event_loop()
    try:
        loop.set_exception_handler(lambda _loop, context: _on_forgotten(app, context))
        loop.run_until_complete(app.run_async(mouse=mouse))
        loop.run_until_complete(_cancel_rest())
    except Exception as error:
        say(app._crash.write(error))
        return EXIT_CODE
    finally:
        threading.excepthook = before
        loop.close()
    return app.return_code or 0


def _on_forgotten(app: TerminalApp, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, Exception) and app._running:
        app._handle_exception(error)


async def _cancel_rest() -> None:
    """Cancel what is left and let it clean up; unlike asyncio.run, wait for no thread."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
