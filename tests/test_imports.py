"""Imports run one way, cost what they must, and do nothing but define."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.source_tree import ROOT, area_of, imports, modules

ALLOWED: dict[str, set[str]] = {
    "": set(),
    "collector": set(),
    "domain": set(),
    "resources": set(),
    "plan": {"domain"},
    "presets": {"domain"},
    "secret": {"domain", "plan"},
    "store": {"domain"},
    "registers": {"domain", "store"},
    "roster": {"domain", "store"},
    "told": {"domain", "roster", "store"},
    "snapshot": {"collector", "domain", "registers", "roster", "store", "told"},
    "paging": {"domain", "store"},
    "silencing": {"domain", "store"},
    "inquiry": {"domain", "store"},
    "covering": {"domain", "store"},
    "act": {"domain", "paging", "store"},
    "ownership": {"act", "domain", "paging", "store"},
    "undoing": {
        *(
            "act",
            "covering",
            "domain",
            "inquiry",
            "ownership",
            "paging",
            "reporting",
            "silencing",
            "store",
        ),
    },
    "undoable": {"covering", "domain", "inquiry", "reporting", "store", "undoing"},
    "reporting": {"domain", "store"},
    "response": {"act", "domain", "paging", "silencing", "store", "undoing"},
    "config": {"domain", "plan", "presets", "resources", "secret"},
    "http": {"collector", "domain", "secret"},
    "sources": {"collector", "domain", "http", "plan", "presets", "resources", "secret"},
    "notifiers": {"domain", "http", "plan", "resources", "secret"},
    "reports": {"domain", "resources", "response", "snapshot", "store"},
    "digest": {"domain", "snapshot", "store"},
    "preview": {"domain", "snapshot"},
    "workload": {"domain", "store"},
    "ui": {
        *(
            "covering",
            "digest",
            "domain",
            "inquiry",
            "ownership",
            "preview",
            "resources",
            "response",
        ),
        *("reporting", "silencing", "snapshot", "store", "undoable", "undoing"),
    },
    "engine": {
        *("act", "digest", "domain", "http", "notifiers", "ownership", "paging", "plan", "presets"),
        *("resources", "response"),
        *("secret", "snapshot", "sources", "store"),
    },
}
"""What each area may import besides itself: domain <- store <- snapshot, response <- ui | reports |
engine (which alone uses sources and notifiers). `runtime` may import all of these and config, `cli`
everything; the rest is plain values and files that stand beside domain.
"""
ALLOWED["runtime"] = set(ALLOWED)
ALLOWED["cli"] = set(ALLOWED) | {"runtime"}
ALLOWED["__main__"] = {"", "cli"}

SCREEN = {"opsdash.cli.screen"}
"""The only command module that may pull textual when it is imported: what runs the dashboard."""

FORBIDDEN: dict[str, set[str]] = {
    "ui": {"httpx", "aiosqlite"},
    "engine": {"textual"},
    "store": {"httpx", "pydantic", "textual", "rich", "click"},
    "snapshot": {"httpx", "pydantic", "textual", "rich"},
    "paging": {"httpx", "pydantic", "textual", "rich"},
    "response": {"httpx", "pydantic", "textual", "rich"},
    "http": {"textual", "rich", "sqlite3", "aiosqlite"},
    "sources": {"textual", "rich", "sqlite3", "aiosqlite"},
    "config": {"textual", "httpx"},
}
"""Other people's packages that an area never imports, not even later."""

_HEAVY = ("textual", "httpx", "pydantic")


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_imports_run_one_way(module: Any) -> None:
    """A module imports only from areas below its own; a new area needs a line in ALLOWED."""
    assert module.area in ALLOWED, f"{module.name}: say in ALLOWED what {module.area} may import"
    wrong = [
        f"{module.place(node)}: {module.area} imports {name}"
        for node, name in imports(module)
        if name.split(".")[0] == "opsdash"
        and area_of(name) not in {module.area, "", *ALLOWED[module.area]}
    ]
    assert wrong == []


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_an_area_keeps_off_others_packages(module: Any) -> None:
    """The screen has no HTTP or SQL, the engine no terminal; domain has the standard library."""
    wrong = []
    for node, name in imports(module):
        package = name.split(".")[0]
        if module.area == "domain":
            fine = package == "opsdash" or package in sys.stdlib_module_names
        else:
            fine = package not in FORBIDDEN.get(module.area, ())
        if not fine:
            wrong.append(f"{module.place(node)}: {module.area} imports {package}")
    assert wrong == []


def test_domain_is_pure() -> None:
    """domain reads no clock, file, network or environment: it does not import what would."""
    impure = {"time", "os", "io", "socket", "asyncio", "subprocess", "threading", "sqlite3"}
    wrong = [
        f"{module.place(node)}: domain imports {name}"
        for module in modules()
        if module.area == "domain"
        for node, name in imports(module)
        if name.split(".")[0] in impure
    ]
    assert wrong == []


_WATCH = r"""
import io, json, os, sys, threading, traceback
root, names, heavy = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.symlink", "os.link",
           "sqlite3.connect", "socket.bind", "socket.connect", "socket.getaddrinfo",
           "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "tempfile.mkstemp"}

def watch(name, into):
    def hook(event, args):
        if event in CHANGES:
            into.append(f"{event} {args[:2]}")
        elif event == "open":
            path, mode, flags = (tuple(args) + (None, 0))[:3]
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            own = str(path).startswith(root) and "/.venv/" not in str(path)
            if writes or (own and not str(path).endswith((".py", ".pyc"))):
                into.append(f"open {path} {mode}")
    sys.addaudithook(hook)

for name in names:
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        events, out = [], io.StringIO()
        sys.stdout = sys.stderr = out
        found = {"name": name, "error": ""}
        watch(name, events)
        try:
            __import__(name)
        except BaseException:
            found["error"] = traceback.format_exc()
        found["pulled"] = [package for package in heavy if package in sys.modules]
        found["printed"], found["events"] = out.getvalue(), list(events)
        found["threads"] = threading.active_count()
        with os.fdopen(theirs, "w") as pipe:
            pipe.write(json.dumps(found))
            pipe.flush()
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        print(pipe.read(), flush=True)
    os.waitpid(pid, 0)
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What importing each module, each in a process of its own, did."""
    home = tmp_path_factory.mktemp("home")
    names = [module.name for module in modules() if module.area != "__main__"]
    done = subprocess.run(
        [sys.executable, "-B", "-c", _WATCH, str(ROOT), json.dumps(names), json.dumps(_HEAVY)],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm"},
    )
    assert done.returncode == 0, done.stderr
    assert list(Path(home).iterdir()) == []
    found = [json.loads(line) for line in done.stdout.splitlines() if line]
    assert [each["name"] for each in found] == names
    return {each["name"]: each for each in found}


def test_importing_does_nothing(imported: dict[str, dict[str, Any]]) -> None:
    """No module prints, writes, reads a file of ours, connects, or starts a thread on import."""
    for name, found in imported.items():
        assert found["error"] == "", name
        assert (name, found["printed"]) == (name, "")
        assert (name, found["events"]) == (name, [])
        assert (name, found["threads"]) == (name, 1)


def test_importing_pulls_no_more_than_it_must(imported: dict[str, dict[str, Any]]) -> None:
    """Only the screen's modules cost textual; domain, store and what reads them cost no library."""
    light = {
        "paging",
        "",
        "domain",
        "store",
        "snapshot",
        "response",
        "plan",
        "presets",
        "secret",
        "resources",
    }
    for name, found in imported.items():
        pulled = set(found["pulled"])
        if area_of(name) in light:
            assert (name, pulled) == (name, set())
        if area_of(name) not in ("ui",) and name not in SCREEN:
            assert (name, pulled & {"textual"}) == (name, set())
        if name in ("opsdash.cli", "opsdash.config", "opsdash.runtime"):
            assert (name, pulled) == (name, set())
