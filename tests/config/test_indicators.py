"""Indicators: defaults adjusted, replaced, removed and joined, thresholds that make sense."""

from datetime import timedelta

import pytest

from opsdash import presets
from opsdash.domain.indicator import Indicator, Unit
from tests.config.conftest import MINIMAL, Read, Refuse

OWN = 'title = "Mine"\nquery = "up"\nunit = "count"\n'


def ids(read: Read, text: str) -> list[str]:
    return [i.id for i in read(text).setup().panes[0].indicators]


def test_panes_begin_with_the_defaults(read: Read) -> None:
    """A configuration that only names servers has the default panes and header."""
    setup = read(MINIMAL).setup()
    assert setup.panes == presets.DEFAULT_PANES
    assert (setup.uptime, setup.users) == (presets.UPTIME, presets.USERS)


def test_an_entry_without_a_query_adjusts_the_default_in_its_place(read: Read) -> None:
    """What it gives is changed; place, query and the rest stay."""
    setup = read(
        MINIMAL + '[[pane.performance]]\nid = "error_ratio"\nwarn = 0.002\ntitle = "Errors"\n'
    ).setup()
    before = presets.PERFORMANCE.indicators[1]
    after = setup.panes[0].indicators[1]
    assert (after.title, after.warn) == ("Errors", 0.002)
    assert (after.query, after.unit, after.crit) == (before.query, before.unit, before.crit)


def test_an_entry_with_a_query_takes_nothing_but_the_place(read: Read) -> None:
    """No threshold of a replaced default judges another query."""
    setup = read(MINIMAL + '[[pane.performance]]\nid = "p95"\n' + OWN).setup()
    assert setup.panes[0].indicators[0] == Indicator(
        "p95", presets.USERS.title.__class__("Mine"), "up", Unit.COUNT
    )


def test_a_new_id_joins_at_the_end_and_a_removed_one_is_gone(read: Read) -> None:
    """The order is that of the defaults, then that of the file."""
    text = MINIMAL + '[[pane.performance]]\nid = "mine"\n' + OWN
    assert ids(read, text) == ["p95", "error_ratio", "transactions", "requests", "mine"]
    text += '[[pane.performance]]\nid = "p95"\nremove = true\n'
    assert ids(read, text) == ["error_ratio", "transactions", "requests", "mine"]


def test_defaults_can_be_left_out_altogether(read: Read, refuse: Refuse) -> None:
    """`default_indicators = false` leaves what is listed and nothing else."""
    text = "default_indicators = false\n" + MINIMAL
    own = '[[pane.performance]]\nid = "mine"\n' + OWN
    setup = read(text + own).setup()
    assert [i.id for i in setup.indicators] == ["mine"]
    assert "missing" in refuse(text + '[[pane.performance]]\nid = "p95"\nwarn = 1\n')[0]
    assert "header.uptime.query: missing" in refuse(text + "[header.uptime]\nwarn = 0.9\n")[0]


def test_header_figures_are_adjusted_and_removed(read: Read) -> None:
    """The header's two figures keep their ids, titles and units."""
    setup = read(
        MINIMAL + '[header]\nusers = { query = "sum(sessions)", compare = "7d" }\n'
        "uptime = { remove = true }\n"
    ).setup()
    assert setup.uptime is None
    assert setup.users is not None
    assert (setup.users.query, setup.users.compare) == ("sum(sessions)", timedelta(days=7))
    assert setup.users.title == presets.USERS.title


def test_crit_below_warn_means_that_less_is_worse(read: Read) -> None:
    """The direction follows from the two thresholds, and can be said where there is one."""

    def below(lines: str) -> bool:
        text = MINIMAL + '[[pane.payments]]\nid = "mine"\n' + OWN + lines
        return read(text).setup().panes[2].indicators[-1].below

    assert below("warn = 0.99\ncrit = 0.9\n")
    assert not below("warn = 0.9\ncrit = 0.99\n")
    assert below("warn = 0.99\nbelow = true\n")
    assert not below("crit = 1\n")


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("warn = 2\ncrit = 1\nbelow = false\n", "warn: crit 1 is not above warn 2; write both so"),
        ("warn = 1\ncrit = 2\nbelow = true\n", "warn: crit 2 is not below warn 1"),
        ("warn = nan\n", "warn: found nan; write a number"),
        ("crit = -inf\n", "crit: found -inf; write a number"),
        ('warn = "80%"\n', "warn: found '80%'; write a number"),
        (f"warn = {10**400}\n", "warn: found 1000"),
        ('compare = "1s"\n', "compare: found '1s'; write a duration from 1m to 365d"),
        (f'note = "{"x" * 201}"\n', "write 200 characters at most"),
        ("remove = true\n", "id: no default 'mine' to remove; write one of p95"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(
    refuse: Refuse, lines: str, problem: str
) -> None:
    """A threshold that could never, or always, be beyond is named."""
    found = refuse(MINIMAL + '[[pane.performance]]\nid = "mine"\n' + OWN + lines)
    assert any(problem in line for line in found), found


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('id = "mine"\n', "title: missing; a new indicator has id, title, query and unit"),
        (OWN, "pane.performance[0].id: missing; add it: Its name for the store"),
        ('id = "A b"\n' + OWN, "id: found 'A b'; write small letters, digits"),
        ('id = "cpu"\n' + OWN, "id: 'cpu' is the id in the defaults of pane.infrastructure"),
        ('id = "users"\n' + OWN, "id: 'users' is the id in header.users already"),
        ('id = "p95"\nunit = "count"\n', "unit: a unit without its query; add query, or take"),
        ('id = "p95"\nquery = "up"\n', "title: missing; a new indicator has"),
        ('id = "p95"\nwarn = 0.6\n', "warn: crit 0.5 is not above warn 0.6; write both"),
        ('id = "p95"\nremove = true\nwarn = 1\n', "warn: set on what is removed"),
        (
            'id = "mine"\ntitle = "x"\nquery = "up"\nunit = "up"\nwarn = 1\n',
            "warn: a threshold on up; take it out; below 1 is critical",
        ),
    ],
)
def test_an_entry_that_says_too_little_or_too_much_is_refused(
    refuse: Refuse, entry: str, problem: str
) -> None:
    """What a new indicator needs, and what an adjustment cannot have, is said."""
    found = refuse(MINIMAL + "[[pane.performance]]\n" + entry)
    assert any(problem in line for line in found), found


def test_failures_are_looked_into_where_a_count_says_so(read: Read, refuse: Refuse) -> None:
    """It is on for the default, can be switched, goes with its query, and is for counts alone."""

    def failed(lines: str) -> bool:
        text = MINIMAL + '[[pane.payments]]\nid = "failed"\n' + lines
        return read(text).setup().panes[2].indicators[1].investigate

    assert presets.PAYMENTS.indicators[1].investigate
    assert failed("warn = 10\n")
    assert not failed("investigate = false\n")
    assert not failed(OWN)
    assert failed(OWN + "investigate = true\n")
    assert [i.id for i in presets.DEFAULT_SETUP.indicators if i.investigate] == ["failed"]
    on_a_ratio = MINIMAL + '[[pane.performance]]\nid = "error_ratio"\ninvestigate = true\n'
    assert "investigate: set on a ratio; take it out" in refuse(on_a_ratio)[0]


def test_an_id_is_given_once(refuse: Refuse) -> None:
    """The second of two is named with the place of the first, across panes."""
    first = '[[pane.performance]]\nid = "mine"\n' + OWN
    found = refuse(MINIMAL + first + first + first.replace("performance", "payments"))
    assert [line.split("; ")[0] for line in found] == [
        "9: pane.performance[1].id: 'mine' is the id in pane.performance[0] already",
        "14: pane.payments[0].id: 'mine' is the id in pane.performance[0] already",
    ]


def test_a_default_moves_to_another_pane_when_removed_from_its_own(read: Read) -> None:
    """An id that is removed from its pane is free."""
    text = MINIMAL + '[[pane.infrastructure]]\nid = "cpu"\nremove = true\n'
    assert ids(read, text + '[[pane.performance]]\nid = "cpu"\n' + OWN)[-1] == "cpu"


def test_indicators_need_something_to_read_them_from(read: Read, refuse: Refuse) -> None:
    """With an Alertmanager alone no tile is drawn that could never have a value."""
    text = '[alertmanager]\nurls = ["http://127.0.0.1:9093"]\n'
    assert read(text).setup().indicators == ()
    found = refuse(text + '[[pane.performance]]\nid = "mine"\n' + OWN)
    assert found == ['3: pane: nothing to read it from; add [prometheus] with its "url"']


def test_a_share_has_both_sides_or_none(read: Read, refuse: Refuse) -> None:
    """The default has them, a query of one's own gives them anew, and one side alone is refused."""

    def sides(lines: str) -> tuple[str, str]:
        text = MINIMAL + '[[pane.payments]]\nid = "success_ratio"\n' + lines
        found = read(text).setup().panes[2].indicators[0]
        return found.numerator, found.denominator

    default = presets.PAYMENTS.indicators[0]
    assert sides("warn = 0.99\n") == (default.numerator, default.denominator) != ("", "")
    own = 'title = "x"\nquery = "a / b"\nunit = "ratio"\n'
    assert sides(own) == ("", "")
    assert sides(own + 'numerator = "a"\ndenominator = "b"\n') == ("a", "b")
    half = MINIMAL + '[[pane.payments]]\nid = "success_ratio"\nnumerator = "a"\n'
    assert any("denominator: missing beside numerator" in line for line in refuse(half))
