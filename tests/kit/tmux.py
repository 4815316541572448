"""A tmux server of its own on a private socket: a second terminal emulator, and detach and attach."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.kit.process import find_program
from tests.kit.waiting import wait_until


class Tmux:
    """One detached session with one pane that runs a shell; leaving the `with` ends the server."""

    def __init__(
        self,
        folder: Path,
        *,
        columns: int = 100,
        lines: int = 30,
        shell: str = "sh",
        env: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._base = [find_program("tmux", "tmux"), "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._env = {**os.environ, **(env or {}), "TERM": "xterm-256color"}
        self._env.pop("TMUX", None)
        for name, value in (options or {}).items():
            self._base += ["set", "-g", name, value, ";"]
        size = ("-x", str(columns), "-y", str(lines))
        self._call("new-session", "-d", *size, shell)
        self._base = self._base[:5]
        self.wait_for(lambda text: text.strip()[-1:] in {"$", "#"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._base, "kill-server"], env=self._env, check=False)

    @property
    def attach_command(self) -> list[str]:
        """What attaches the session to a terminal."""
        return [*self._base, "attach"]

    def type(self, text: str, *keys: str) -> None:
        """Type text as it is, then keys by tmux' names for them."""
        if text:
            self._call("send-keys", "-l", text)
        if keys:
            self._call("send-keys", *keys)

    def text(self) -> str:
        """Return what is on the pane's screen."""
        return self._call("capture-pane", "-p")

    def wait_for(self, text: str | Callable[[str], bool], deadline: float = 60.0) -> None:
        """Wait until the pane shows `text`, or satisfies the function."""
        holds = text if callable(text) else (lambda shown: text in shown)
        last = ""

        def shown() -> bool:
            nonlocal last
            last = self.text()
            return holds(last)

        try:
            wait_until(shown, deadline, pause=0.1)
        except AssertionError:
            raise AssertionError(f"{text!r} not within {deadline:g} s\n{last}") from None

    def says(self, *names: str) -> dict[str, str]:
        """Return formats of the pane, for example `alternate_on`, `cursor_flag`, `pane_tty`."""
        told = self._call("display-message", "-p", "\t".join(f"#{{{name}}}" for name in names))
        return dict(zip(names, told.rstrip("\n").split("\t"), strict=True))

    def command(self, *arguments: str) -> str:
        """Give tmux a command and return what it says."""
        return self._call(*arguments)

    def detach(self) -> None:
        """Take every terminal away from the session."""
        self._call("detach-client", "-a", check=False)
        self._call("detach-client", check=False)

    def clients(self) -> int:
        """Return how many terminals are attached."""
        return len(self._call("list-clients").splitlines())

    def _call(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [*self._base, *arguments], env=self._env, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, (arguments, done.stderr)
        return done.stdout
