"""What goes with a figure: whether a quantile is only a lower bound, and the two sides of a share."""

import math

import pytest

from opsdash import presets
from opsdash.domain.companion import beside, companions, judged, with_companions
from opsdash.domain.indicator import Indicator, Level, Unit
from opsdash.domain.sample import Answer
from opsdash.domain.text import SafeText

P95 = "histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))"


def indicator(query: str, **more: object) -> Indicator:
    """Return a figure of this query."""
    return Indicator("it", SafeText("It"), query, Unit.SECONDS, **more)  # type: ignore[arg-type]


def answers(**values: float | None) -> dict[str, Answer]:
    """Return answers by the ends of their ids, that of the figure itself as `it`."""
    named = {name if name == "it" else f"it/{name}": value for name, value in values.items()}
    return {name: Answer(value, None) for name, value in named.items()}


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (P95, "histogram_quantile(1, sum by (le) (rate(x_bucket[5m])))"),
        ("1000 * histogram_quantile( .5 , x)", "1000 * histogram_quantile(1, x)"),
        ("histogram_quantile(0.95, a) - histogram_quantile(0.5, a)", None),
        ("histogram_quantile(scalar(q), a)", None),
        ("histogram_quantile(1, a)", None),
        ("sum(x)", None),
    ],
)
def test_a_quantile_is_asked_for_once_more_as_the_highest(query: str, asked: str | None) -> None:
    """One literal quantile; where there are two of them nothing could be said of the whole."""
    assert [one.query for one in companions(indicator(query))] == ([asked] if asked else [])


def test_a_quantile_beyond_the_largest_bucket_is_a_lower_bound() -> None:
    """It equals the highest one there, and nowhere else; what failed takes nothing from the figure."""
    it = indicator(P95)
    assert beside(it, answers(it=10.0, top=10.0)).at_least
    assert not beside(it, answers(it=9.99, top=10.0)).at_least
    assert not beside(it, answers(it=10.0, top=None)).at_least
    assert not beside(it, answers(it=10.0)).at_least
    assert not beside(it, answers(it=math.nan, top=math.nan)).at_least
    assert not beside(it, answers(it=0.0, top=0.0)).at_least


def test_a_lower_bound_below_every_limit_is_not_well() -> None:
    """At least ten seconds may be twenty: beyond a limit is certain, within none is."""
    bound = beside(indicator(P95), answers(it=10.0, top=10.0))
    limited = indicator(P95, warn=12.0, crit=20.0)
    assert judged(limited, Level.OK, bound) is Level.UNKNOWN
    assert judged(limited, Level.WARN, bound) is Level.WARN
    assert judged(limited, Level.CRIT, bound) is Level.CRIT
    assert judged(indicator(P95), Level.OK, bound) is Level.OK
    assert judged(limited, Level.OK, beside(limited, answers(it=9.0, top=10.0))) is Level.OK


def test_both_sides_of_a_share_or_none() -> None:
    """Half of it says nothing."""
    it = indicator("a / b", numerator="a", denominator="b")
    assert [one.id for one in with_companions((it,))] == ["it", "it/numerator", "it/denominator"]
    whole = beside(it, answers(it=0.98, numerator=412, denominator=418))
    assert (whole.numerator, whole.denominator) == (412, 418)
    for half in (answers(it=0.98, numerator=412), answers(it=1.0, denominator=418)):
        assert beside(it, half).numerator is beside(it, half).denominator is None


def test_the_defaults_ask_for_what_the_guide_wants_to_see() -> None:
    """Both latencies may be beyond their buckets (S9); the payments are counted (S16)."""
    asked = {one.id for one in with_companions(presets.DEFAULT_SETUP.indicators) if "/" in one.id}
    assert asked == {
        "p95/top",
        "database_p95/top",
        "success_ratio/numerator",
        "success_ratio/denominator",
    }
