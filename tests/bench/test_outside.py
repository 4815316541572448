"""The goals that meet the world outside, at their smallest: what is counted, never how long it took."""

from bench import hostile, pages, secrets, shown, stale, tty, upstream, watchdog


def test_no_page_is_lost_or_doubled_under_kill_9() -> None:
    """R5: engines are killed and stopped while receivers fail; each occurrence is one incident."""
    done = pages.run(kills=1, stops=1, pages=4)
    assert (done.kills, done.stops) == (1, 1)
    assert done.pages >= 4
    assert (done.lost, done.doubled, done.unasked, done.stale) == ([], [], [], [])
    assert done.repeats - done.unheard <= done.kills + done.stops


def test_nothing_old_looks_live() -> None:
    """R7: servers that are gone or err are told by every figure of seven screens and of `status`."""
    done = stale.run(stale.FAULTS[:2], watched=0)
    assert set(done.marked) == set(stale.FAULTS[:2])
    assert done.frames >= 14 and done.figures >= 48 and done.outputs >= 6
    assert (done.unmarked, done.unaged, done.green) == ([], [], [])


def test_the_look_for_old_figures_is_not_blind() -> None:
    """The judge of it: a figure without its age is found in each form that there is."""
    tile = "│ ? CPU               <1 %  {} ││ ✔ Stripe   no data │"
    assert shown.tiles([tile.format("<10s old")]) == {"CPU": True, "Stripe": True}
    assert shown.tiles([tile.format("▁▁▁▁▁ ok")]) == {"CPU": False, "Stripe": True}
    top = " Shop   ✔ HEALTHY   uptime 100.00% {}   users no data   12:31 UTC"
    healthy = {"the status": False}
    assert shown.header([top.format("5s old")]) == {"uptime": True, "users": True} | healthy
    assert shown.header([top.format("24h")]) == {"uptime": False, "users": True} | healthy
    few = "2 cpu <1% ? <10s old  memory <1%{}  +3   {}"
    named = {"cpu": True, "pane 2": True}
    assert shown.pane_lines([few.format(" no data ?", "? 5 stale")]) == named | {"memory": True}
    assert shown.pane_lines([few.format(" ✔", "? 5 stale")]) == named | {"memory": False}
    assert not shown.pane_lines([few.format("", "live")])["pane 2"]
    page = ["╭─ Indicator ─╮", "│ CPU  <1 %  {}? unknown │"]
    assert shown.indicator_page([page[0], page[1].format("6s old  ")]) == {
        "the page's figure": True
    }
    assert shown.indicator_page([page[0], page[1].format("")]) == {"the page's figure": False}
    seen = "│ seen in        alertmanager{} │"
    assert shown.alert_page([seen.format(" (not heard for 9s)")]) == {"the alert": True}
    assert shown.alert_page([seen.format("")]) == {"the alert": False}
    text = "Shop: unknown, as of 2s ago\n  CPU    <1 %  unknown{}\n"
    assert shown.status_text(text.format("  (9s old)"))["CPU"]
    assert not shown.status_text(text.format(""))["CPU"]
    one = '{{"title": "CPU", "value": 1, "level": "{}", "age_seconds": {}}}'
    shape = '{{"status": "unknown", "panes": [{{"indicators": [{}]}}]}}'
    for level, age, marked in (("unknown", 9, True), ("ok", 9, False), ("unknown", 0.5, False)):
        assert shown.status_json(shape.format(one.format(level, age)), 2.0)["CPU"] is marked


def test_what_servers_do_hurts_no_engine() -> None:
    """R8: a bomb, a redirect elsewhere and a drip are named; no memory, no secret is lost to them."""
    done = upstream.run(upstream.FAULTS[:3])
    assert len(done.overruns) == 3
    assert (done.silent, done.crashes, done.foreign, done.shown) == ([], [], [], [])
    assert max(done.grown.values()) <= 50


def test_hostile_text_does_nothing_anywhere() -> None:
    """R9: strings through panes, receivers, commands and a real terminal."""
    chosen = dict(list(hostile.STRINGS.items())[::12])
    done = hostile.run(chosen, walked=5)
    assert len(hostile.STRINGS) >= 120 and len(done.sinks) >= 25
    assert (done.wrong, done.acts, done.controls, done.links) == ([], 0, 0, 0)


def test_no_terminal_fault_leaves_anything_behind() -> None:
    """R10: a dropped line, a signal and no terminal at all: the code is right, nothing is left."""
    done = tty.run(["hang-up", "SIGTERM"])
    assert done.met == 3
    assert (done.wrong, done.orphans, done.burnt, done.left) == ([], [], [], [])


def test_an_engine_that_stops_is_missed_everywhere() -> None:
    """R12: it is taken over from, then named on the screen, and the outside service hears nothing."""
    done = watchdog.run(["stop"])
    assert done.wrong == []
    assert set(done.shown) == set(done.taken) == {"stop"}
    assert done.beats == {"stop": []}


def test_no_secret_is_written_anywhere() -> None:
    """R13: canaries in every place, servers that echo them, crashes: every byte is searched."""
    done = secrets.run(4.0)
    assert done.canaries >= 10 and done.places >= 15 and done.asked > 10
    assert (done.found, done.taken, done.wrong) == ([], [], [])


def test_the_search_finds_secrets_however_they_are_written() -> None:
    """The judge is not blind: plain, quoted, in base64, with a user before it."""
    done = secrets.Run()
    search = secrets.Search({"smtp": "canary-smtp&pass/06"}, done)
    for written in (
        b"x canary-smtp&pass/06 y",
        b"canary-smtp%26pass%2F06",
        b"Y2FuYXJ5LXNtdHAmcGFzcy8wNg==",
        b"Basic Y2FuYXJ5LXVzZXItMDI6Y2FuYXJ5LXNtdHAmcGFzcy8wNg==",
    ):
        before = len(done.found)
        search.look("here", written)
        assert len(done.found) > before, written
