"""Small apps on the terminal foundations, run as programs by tests: `python -m … NAME STATE`."""

import random
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Input, Static

from opsdash.ui.departure import end_process
from opsdash.ui.rawmode import terminal_problem
from opsdash.ui.terminal import TerminalApp, run_in_terminal
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.lines import Lines
from opsdash.ui.widgets.spans import plain
from opsdash.ui.widgets.table import LineTable, Row
from tests.ui.changing import changing
from tests.ui.widgets.rows import show_rows

COLUMNS = (
    Column("severity", "Severity", 9, keep=9),
    Column("name", "Alert", 30, least=10, flex=1, keep=8),
    Column("count", "Count", 7, keep=2, align="right"),
)
STYLES = {
    "critical": Style(color="#ff5555", bold=True),
    "warning": Style(color="#f1fa8c"),
    "table.header": Style(underline=True),
    "table.cursor": Style(bgcolor="#224488"),
}
NAMES = ("disk [/dev/sda1] full", "決済 API 遅延", "p95 > 500 ms", "höhe", "❯ queue ▃▅▇")


class Board(TerminalApp):
    """Two kinds of widgets and keys that change, break, hang and stall them."""

    CSS = "Static { height: 1; background: #202040; } Vertical { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("c", "change", "Change"),
        Binding("o", "one", "One"),
        Binding("b", "break_handler", "Break"),
        Binding("w", "break_worker", "Break a worker"),
        Binding("d", "break_thread", "Break a thread"),
        Binding("h", "hang", "Hang"),
        Binding("e", "break_output", "Break the output stage"),
        Binding("v", "hostile", "Hostile"),
        Binding("s", "suspend_for_program", "Suspend"),
    ]

    def __init__(self, state: Path, stock: bool = False) -> None:
        super().__init__(state, lambda text: text.replace("hunter2", "[secret]"))
        self._state = state
        state.mkdir(exist_ok=True)
        self._dice = random.Random(7)
        self._stock_output = self._stock_output or stock
        self._step = self._frames = 0
        self._rows: list[Row] = []

    def compose(self) -> ComposeResult:
        """Lay out a stock widget, a list of lines and a table."""
        yield Static(Text("steps: 0"), id="steps", markup=False)
        yield Lines([plain("first line"), (("second ", ""), ("line", "warning"))])
        with Vertical():
            yield LineTable(COLUMNS, empty="All quiet")

    def on_mount(self) -> None:
        """Fill the table."""
        self.action_change()
        self.query_one(LineTable).focus()

    def style_of(self, token: str) -> Style:
        """Return the style of a token."""
        return STYLES.get(token, Style.null())

    def post_display_hook(self) -> None:
        """Count frames, drawn or left out, where a test can see it."""
        self._frames += 1
        (self._state / "frames").write_text(str(self._frames))

    @property
    def writing(self) -> bool:
        """Whether a write is under way, as the file `writing` says."""
        return (self._state / "writing").exists()

    def continued(self) -> None:
        """Show that what is drawn is old."""
        self.query_one(Lines).update([plain("continued: all is stale"), plain("")])

    def action_change(self) -> None:
        """Change everything at random."""
        dice, self._step = self._dice, self._step + 1
        self._rows = [
            Row(
                f"key-{i}",
                (
                    plain(*dice.choice([("critical", "critical"), ("warning", "warning")])),
                    plain(f"{dice.choice(NAMES)} {dice.randrange(100)}"),
                    plain(str(dice.randrange(10_000))),
                ),
            )
            for i in range(dice.randrange(5, 60))
        ]
        dice.shuffle(self._rows)
        show_rows(self.query_one(LineTable), COLUMNS, self._rows)
        lines = [(("now ", ""), (str(dice.randrange(99)), "critical")), plain(dice.choice(NAMES))]
        self.query_one(Lines).update(lines)
        self._show_step()

    def action_one(self) -> None:
        """Change one figure of one row."""
        self._step += 1
        row = self._rows[0]
        self._rows[0] = row._replace(cells=(*row.cells[:2], plain(str(self._step))))
        show_rows(self.query_one(LineTable), COLUMNS, list(self._rows))
        self._show_step()

    def _show_step(self) -> None:
        self.query_one("#steps", Static).update(Text(f"steps: {self._step}"), layout=False)

    def action_hostile(self) -> None:
        """Hand every kind of widget text that was never cleaned."""
        hostile = "\x1b]52;c;cHduZWQ=\x07\x1b[31mred\x9b2J\u202etfel\r\n\x08\x7fend"
        self.query_one(Lines).update([plain(hostile), plain("hostile shown")])
        self.query_one("#steps", Static).update(Text(hostile))
        self.notify(hostile, title=hostile, markup=False)
        row = Row(hostile, (plain(hostile), plain(hostile), plain(hostile)))
        show_rows(self.query_one(LineTable), COLUMNS, [row])

    def action_suspend_for_program(self) -> None:
        """Start another program in the terminal, which says when ctrl+c reaches it."""
        program = "trap 'echo interrupted' INT; echo the other program; read x; read y"
        with self.suspend():
            for _ in range(100):
                self.query_one(LineTable).refresh()
                self._write("written by nobody")
            subprocess.run(["sh", "-c", program], check=False)

    def action_break_handler(self) -> None:
        """Raise in a handler, with a secret in a local and in the message."""
        token = "hunter2"
        raise ValueError(f"cannot reach https://bob:pa55@host/?token={token}")

    def action_break_worker(self) -> None:
        """Raise in a worker."""

        async def work() -> None:
            raise ValueError("worker hunter2")

        self.run_worker(work())

    def action_break_thread(self) -> None:
        """Raise in a plain thread."""

        def work() -> None:
            raise ValueError("thread hunter2")

        Thread(target=work).start()

    def action_hang(self) -> None:
        """Keep the event loop from running for ever."""
        (self._state / "hanging").touch()
        time.sleep(3600)

    def action_break_output(self) -> None:
        """Make the output stage fail, as another Textual would."""

        def fail(*_: Any) -> str:
            raise AttributeError("chops")

        self._difference = fail  # type: ignore[method-assign,assignment]


class Wide(Board):
    """A board whose lines hold wide, joined and combining characters."""

    def action_change(self) -> None:
        """Change everything, wide lines too."""
        super().action_change()
        words = ("漢字", "a", "かな", "é", "  ", "🚒", "12")
        picked = "".join(self._dice.choice(words) for _ in range(30))
        self.query_one(Lines).update([plain(picked, "warning"), plain(picked[::-1])])


class Form(TerminalApp):
    """An input field, for the place of the cursor, and the name of the last key."""

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        yield Input()
        yield Lines([plain("")])

    def on_key(self, event: Key) -> None:
        """Show the key."""
        self.query_one(Lines).update([plain(f"key: {event.key}")])


def main() -> None:
    """Run the app that the first argument names, its state in the folder of the second."""
    problem = terminal_problem()
    if problem:
        sys.stderr.write(problem + "\n")
        sys.exit(2)
    name, state = sys.argv[1], Path(sys.argv[2])
    apps: dict[str, Any] = {
        "board": lambda: Board(state),
        "stock": lambda: Board(state, stock=True),
        "wide": lambda: Wide(state),
        "stock-wide": lambda: Wide(state, stock=True),
        "form": lambda: Form(state),
        "changing": lambda: changing(state, int(sys.argv[3])),
    }
    end_process(run_in_terminal(apps[name](), mouse="--mouse" in sys.argv))


if __name__ == "__main__":
    main()
