"""The goals that meet the world outside, at their smallest: what is counted, never how long it took."""

from bench import hostile, pages, secrets, stale, tty, upstream, watchdog


def test_no_page_is_lost_or_doubled_under_kill_9() -> None:
    """R5: engines are killed and stopped while receivers fail; each occurrence is one incident."""
    done = pages.run(kills=1, stops=1, pages=4)
    assert (done.kills, done.stops) == (1, 1)
    assert done.pages >= 4
    assert (done.lost, done.doubled, done.unasked, done.stale) == ([], [], [], [])
    assert done.repeats - done.unheard <= done.kills + done.stops


def test_nothing_old_looks_live() -> None:
    """R7: a server that is gone and one that says NaN are marked on every tile, no frame lies."""
    done = stale.run(stale.FAULTS[:2])
    assert set(done.marked) == set(stale.FAULTS[:2]) and done.frames and done.tiles >= 13
    assert (done.unmarked, done.unaged, done.green) == ([], [], [])


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
