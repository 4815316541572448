"""What was deployed lately, in the room beneath the list and on the alert's sheet."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.domain.alert import Alert
from opsdash.domain.deployment import Commit, Deployment, DeploymentKind
from opsdash.domain.text import SafeText, clean
from opsdash.presets import PERFORMANCE
from opsdash.store import alerts, changes, deployments
from opsdash.store.session import Store, open_store
from opsdash.ui.glyphs import UTF8
from opsdash.ui.lines import text_of, width_of
from opsdash.ui.live import StoreFeed
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.alert_room import alert_area
from opsdash.ui.ports import Detail
from tests.ui import pictures
from tests.ui.pictures import NOW, busy

COMMITS = tuple(
    Commit(SafeText(id), SafeText(author), SafeText(subject))
    for id, author, subject in (
        ("4e91c0a", "alice", "retry loop"),
        ("91d7f3e", "sam", "name the gateway in its errors"),
    )
)


def shown() -> Alert:
    """The guide's alert, which fired at 14:05."""
    return busy().alerts[0]


def deployed(minutes: float = 7, **more: object) -> Deployment:
    """A deployment so many minutes before it."""
    at = (shown().fired_at or NOW) - timedelta(minutes=minutes)
    given = {"version": SafeText("v1.4.2"), "commits": COMMITS, "commit_count": 23} | more
    return Deployment(SafeText("payments-api"), at, **given)  # type: ignore[arg-type]


def detail(*found: Deployment) -> Detail:
    history = pictures.history(0.025, 0.0006)
    indicator = PERFORMANCE.indicators[1]
    return Detail(shown().id, pictures.entries(), indicator, history, deployments=found)


def area(found: Detail | None, width: int = 156, height: int = 16) -> list[str]:
    lines = alert_area(shown(), found, busy(), width, height, Moment(NOW), UTF8)
    assert len(lines) == height
    assert {width_of(one) for one in lines} == {width}
    return [text_of(one) for one in lines]


def test_the_room_beneath_the_list_names_the_deployment() -> None:
    """Under the timeline as in the drawing: when, what, by whom, how long before, what it brought."""
    drawn = area(detail(deployed()), 176)
    heading = next(i for i, text in enumerate(drawn) if text.rstrip().endswith("  deployments"))
    assert (
        "13:58  payments-api v1.4.2 4e91c0a  by alice, 7m before: retry loop (+22 commits)"
        in drawn[heading + 1]
    )
    assert any("14:05:01" in text for text in drawn[:heading])
    assert not any("deployments" in text for text in area(detail()))
    assert not any("deployments" in text for text in area(None))


@pytest.mark.parametrize("width", [10, 36, 76, 99, 116, 156, 196])
def test_it_fits_any_size(width: int) -> None:
    """The timeline gives way, the newest deployment stays as long as there are a few lines."""
    many = detail(*(deployed(minutes) for minutes in range(7, 300, 10)))
    for height in (1, 2, 5, 7, 9, 14, 30):
        drawn = area(many, width, height)
        told = sum("payments-api v1.4.2" in text for text in drawn)
        assert told <= max(1, height // 4)
        if width >= 76 and height >= 9:
            assert told >= 1
            assert any("14:0" in text for text in drawn), "no timeline is left"


def test_the_sheet_has_every_commit_and_link() -> None:
    """One commit a line, how many more there were, the pipeline's address, a restart's instances."""
    found = detail(
        deployed(url=SafeText("https://ci.example.com/7")),
        deployed(
            30,
            kind=DeploymentKind.RESTART,
            commits=(),
            commit_count=0,
            note=SafeText("payments-1:9400"),
        ),
    )
    lines = alert_page(shown(), found, busy(), 100, Moment(NOW), UTF8)
    drawn = "\n".join(text_of(one).rstrip() for one in lines)
    assert (
        "deployments\n"
        "13:58  payments-api v1.4.2 4e91c0a  by alice, 7m before: retry loop (+22 commits)\n"
        "  4e91c0a  retry loop  alice\n"
        "  91d7f3e  name the gateway in its errors  sam\n"
        "  and 21 more\n"
        "  https://ci.example.com/7\n"
        "13:35  payments-api v1.4.2 restarted  30m before: payments-1:9400\n"
    ) in drawn
    assert max(width_of(one) for one in lines) <= 100
    other = replace(found, id="another/1")
    without = alert_page(shown(), other, busy(), 100, Moment(NOW), UTF8)
    assert "deployments" not in "\n".join(map(text_of, without))


@pytest.mark.parametrize(
    ("asked", "shown_too"),
    [("recent deployments, recent code changes", True), ("deployments", False), ("none", None)],
)
def test_the_detail_shows_the_context_that_the_rule_names(
    asked: str, shown_too: bool | None
) -> None:
    """Commits where code changes are named, deployments alone, or neither; the list's room the same."""
    alert = replace(shown(), annotations={"opsdash_context": SafeText(asked)})
    lines = alert_page(alert, detail(deployed()), busy(), 100, Moment(NOW), UTF8)
    drawn = "\n".join(text_of(one).rstrip() for one in lines)
    assert ("payments-api v1.4.2 4e91c0a  by alice, 7m before" in drawn) is (shown_too is not None)
    assert ("name the gateway in its errors" in drawn) is (shown_too is True)
    room = alert_area(alert, detail(deployed()), busy(), 156, 16, Moment(NOW), UTF8)
    beneath = "\n".join(map(text_of, room))
    assert ("payments-api v1.4.2 4e91c0a" in beneath) is (shown_too is not None)
    assert ("retry loop" in beneath) is (shown_too is True)


def test_hostile_words_move_nothing() -> None:
    """Wide, combining and marked-up names keep every line in its width and lose no bracket."""
    name = clean("[red]決済サービス[/red]\x1b[2J" + "é̀́" * 5)
    hostile = replace(deployed(), service=name, author=clean("eve\u202e"), url=clean("http://\n"))
    for width in (36, 99, 116, 156):
        drawn = area(detail(hostile), width)
        assert not any("\x1b" in text or "\u202e" in text for text in drawn)
    assert any("[red]決済サービス[/red]\ufffd[2J" in text for text in area(detail(hostile)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store with the guide's alert in it."""
    opened = await open_store(tmp_path / "ops.db")
    await opened.write(lambda c: alerts.insert(c, shown(), changes.next_change(c)))
    yield opened
    await opened.close()


async def test_a_dashboard_finds_them_in_the_store(store: Store) -> None:
    """Those of the alert's service, of six hours before it and since, each change once."""
    for one in (
        deployed(),
        deployed(6, kind=DeploymentKind.VERSION),
        deployed(500, version=SafeText("v1.4.0")),
        replace(deployed(), service=SafeText("edge")),
    ):
        assert await store.write(deployments.record, one)
    feed = StoreFeed(store.path, lambda: NOW)
    await feed.take()
    assert not await feed.changed()
    later = deployed(-1, version=SafeText("v1.4.3"))
    assert await store.write(deployments.record, later)
    assert await feed.changed(), "a dashboard would not look again"
    found = await feed.detail(shown().id)
    await (await feed.store()).close()
    assert [(one.version, one.kind) for one in found.deployments] == [
        ("v1.4.3", "deploy"),
        ("v1.4.2", "deploy"),
    ]
