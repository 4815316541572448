"""One evaluation after the other: what becomes of a rule's alerts, as in Prometheus and beyond it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.alert import AlertState
from opsdash.domain.labels import fingerprint
from opsdash.domain.rules.evaluate import (
    TROUBLE_LABEL,
    ActiveAlert,
    Memory,
    Outcome,
    Surroundings,
    evaluate,
)
from opsdash.domain.rules.observe import graph_link, observations, observe
from opsdash.domain.rules.rule import AlertRule, RuleState, Trouble
from opsdash.domain.rules.template import parse_template
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText

START = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)
DOWN = Outcome(error=SafeText("refused the connection"))
NOTHING = Outcome(empty_of_data=False)
NO_DATA = Outcome(empty_of_data=True)


def _rule(hold: float = 0, keep: float = 0, **labels: str) -> AlertRule:
    return AlertRule(
        "f;g;A",
        "A",
        "x > 1",
        "f",
        1,
        hold=timedelta(seconds=hold),
        keep_firing_for=timedelta(seconds=keep),
        labels={name: parse_template("A", text) for name, text in labels.items()},
        annotations={"summary": parse_template("A", "{{ $labels.job }} is {{ $value }}")},
    )


def _seen(value: float = 2.0, **labels: str) -> Outcome:
    named = labels or {"job": "api"}
    return Outcome((Sample(value, START, {"__name__": "x", **named}),))


class _Story:
    """A rule evaluated at seconds after START."""

    def __init__(self, rule: AlertRule, around: Surroundings | None = None) -> None:
        self.rule = rule
        self.around = around or Surroundings()
        self.memory = Memory()

    def at(self, seconds: float, outcome: Outcome) -> str:
        """Evaluate and return the state of its alerts, `-` for none."""
        at = START + timedelta(seconds=seconds)
        self.memory = evaluate(self.rule, self.memory, outcome, at, self.around)
        states = sorted("F" if a.fired_at else "P" for a in self.memory.active.values())
        return "".join(states) or "-"

    def state(self) -> RuleState:
        """How the rule stands."""
        return self.memory.state

    @property
    def only(self) -> ActiveAlert:
        """Its only alert."""
        (alert,) = self.memory.active.values()
        return alert


def test_pending_then_firing_then_gone() -> None:
    """An alert is pending for `for`, fires at the evaluation that completes it, and resolves at once."""
    story = _Story(_rule(hold=60))
    assert [story.at(t, _seen()) for t in (0, 15, 30, 45)] == ["P"] * 4
    assert story.state() is RuleState.PENDING
    assert story.at(60, _seen()) == "F"
    assert story.only.fired_at == START + timedelta(seconds=60)
    assert story.only.active_at == START
    assert story.state() is RuleState.FIRING
    assert story.at(75, NOTHING) == "-"
    assert story.state() is RuleState.INACTIVE


def test_without_for_it_fires_at_once() -> None:
    """No `for` is no waiting."""
    assert _Story(_rule()).at(0, _seen()) == "F"


def test_one_good_evaluation_resets_for() -> None:
    """Six bad ones, a good one and six bad ones never fire a two-minute rule."""
    story = _Story(_rule(hold=120))
    states = [story.at(20 * n, NOTHING if n % 7 == 6 else _seen()) for n in range(40)]
    assert "F" not in states
    assert states[6] == "-"


def test_one_alert_a_label_set() -> None:
    """Each label set has its own alert with its own time; the metric's name is no label."""
    story = _Story(_rule(hold=30, severity="critical"))
    story.at(0, _seen(job="a"))
    both = Outcome((*_seen(job="a").samples, *_seen(3.0, job="b").samples))
    assert story.at(30, both) == "FP"
    shown = observations([(story.rule, story.memory)])
    labels = {"alertname": "A", "job": "a", "severity": "critical"}
    seen = shown[fingerprint(labels)]
    assert (seen.labels, seen.state) == (labels, AlertState.FIRING)
    assert seen.annotations == {"summary": "a is 2"}
    other = shown[fingerprint({**labels, "job": "b"})]
    assert other.fires_at == START + timedelta(seconds=60)
    assert (other.value, other.fired_at) == (3.0, None)


def test_value_and_annotations_follow_labels_and_start_do_not() -> None:
    """A new value changes what is said of an alert, not which alert it is or when it began."""
    story = _Story(_rule())
    story.at(0, _seen(2.0))
    before = story.only
    story.at(15, _seen(9.5))
    assert story.only.annotations == {"summary": "api is 9.5"}
    assert story.only.labels == before.labels
    assert (story.only.active_at, story.only.fired_at) == (before.active_at, before.fired_at)


def test_rule_labels_are_templates_that_may_replace_and_remove() -> None:
    """Rule labels are expanded over the sample's; an empty one takes the sample's away."""
    story = _Story(_rule(job="{{ $labels.job | toUpper }}", instance="", tier="{{ $value }}"))
    story.at(0, _seen(7, job="api", instance="i"))
    assert story.only.labels == {"alertname": "A", "job": "API", "tier": "7"}


def test_a_label_from_the_value_makes_a_new_alert_of_each_value() -> None:
    """As in Prometheus a label that holds the value never gets through `for`."""
    story = _Story(_rule(hold=30, bad="{{ $value }}"))
    assert [story.at(15 * n, _seen(float(n))) for n in range(6)] == ["P"] * 6


def test_keep_firing_for_bridges_good_evaluations() -> None:
    """A firing alert stays for keep_firing_for, begins anew when bad again; a pending one does not."""
    story = _Story(_rule(keep=30))
    story.at(0, _seen())
    assert [story.at(t, NOTHING) for t in (15, 30)] == ["F", "F"]
    assert story.at(40, _seen()) == "F"
    assert story.only.kept_since is None
    assert [story.at(t, NOTHING) for t in (55, 70, 84.999, 85)] == ["F", "F", "F", "-"]
    pending = _Story(_rule(hold=60, keep=30))
    pending.at(0, _seen())
    assert pending.at(15, NOTHING) == "-"


def test_the_same_labels_twice_is_an_error() -> None:
    """Rule labels that make two samples one fail the evaluation and leave the alerts as they are."""
    story = _Story(_rule(job="all"))
    story.at(0, _seen(job="a"))
    assert story.at(15, Outcome((*_seen(job="a").samples, *_seen(job="b").samples))) == "F"
    assert story.state() is RuleState.ERROR
    assert "same labelset after applying alert labels" in (story.memory.error or "")
    assert story.at(30, _seen(job="a")) == "F"
    assert (story.state(), story.memory.error) == (RuleState.FIRING, None)


def test_more_alerts_than_the_limit_is_an_error() -> None:
    """Beyond the group's limit there are no alerts at all, and the rule says why."""
    story = _Story(_rule(), Surroundings(limit=2))
    three = Outcome(tuple(Sample(1.0, START, {"job": name}) for name in "abc"))
    assert story.at(0, replace(three, samples=three.samples[:2])) == "FF"
    assert story.at(15, three) == "-"
    assert story.memory.error == "exceeded limit of 2 with 3 alerts"


def test_a_failing_query_keeps_alerts_and_says_since_when() -> None:
    """Failing is a state of its own; `for` neither ends nor begins anew while nobody knows."""
    story = _Story(_rule(hold=60))
    story.at(0, _seen())
    assert [story.at(t, DOWN) for t in (15, 30, 45, 60, 75)] == ["P"] * 5
    assert story.state() is RuleState.ERROR
    assert story.memory.error == "refused the connection"
    assert story.memory.error_since == START + timedelta(seconds=15)
    assert story.at(90, _seen()) == "F"
    assert story.memory.error_since is None


@pytest.mark.parametrize(
    ("policy", "states"),
    [(Trouble.KEEP, ["F", "F", "-"]), (Trouble.OK, ["-", "-", "-"])],
)
def test_policies_for_a_failing_query(policy: Trouble, states: list[str]) -> None:
    """`keep` holds what fires, `ok` lets it go; both show the error."""
    story = _Story(replace(_rule(), on_error=policy))
    story.at(0, _seen())
    assert [story.at(15, DOWN), story.at(30, DOWN), story.at(45, NOTHING)] == states


def test_a_rule_may_fire_because_it_fails() -> None:
    """`fire` raises an alert of its own after `for`, beside those that are there, until it works."""
    story = _Story(replace(_rule(hold=30, severity="critical"), on_error=Trouble.FIRE))
    assert [story.at(t, DOWN) for t in (0, 15, 30, 45)] == ["P", "P", "F", "F"]
    assert story.only.labels == {"alertname": "A", "severity": "critical", TROUBLE_LABEL: "error"}
    # Its own words, "{{ $labels.job }} is {{ $value }}", would speak of what nobody has seen.
    assert story.only.annotations == {
        "summary": "A cannot be judged: error",
        "description": "refused the connection",
        TROUBLE_LABEL: "refused the connection",
    }
    assert story.only.fired_at == START + timedelta(seconds=30)
    seen = observe(story.rule, "f", story.only)
    assert (seen.value, seen.active_at) == (None, START)
    assert story.at(60, NOTHING) == "-"


@pytest.mark.parametrize(
    ("policy", "states", "state"),
    [
        (Trouble.OK, ["-", "-"], RuleState.NO_DATA),
        (Trouble.KEEP, ["F", "F"], RuleState.NO_DATA),
        (Trouble.FIRE, ["FF", "FF"], RuleState.NO_DATA),
    ],
)
def test_policies_for_no_data(policy: Trouble, states: list[str], state: RuleState) -> None:
    """No data is a state of its own, and what becomes of the alerts is the rule's to say."""
    story = _Story(replace(_rule(), on_no_data=policy))
    story.at(0, _seen())
    assert [story.at(15, NO_DATA), story.at(30, NO_DATA)] == states
    assert story.state() is state
    assert story.at(45, NOTHING) == "-"
    assert story.state() is RuleState.INACTIVE


def test_a_partial_answer_resolves_nothing() -> None:
    """What a part of the storage did not show may still be so; what it shows is taken."""
    story = _Story(_rule(hold=30))
    story.at(0, _seen(job="a"))
    partial = replace(_seen(job="b"), partial=SafeText("partial answer: store down"))
    assert story.at(30, partial) == "PP"
    assert story.memory.error == "partial answer: store down"
    assert story.at(45, Outcome((*_seen(job="a").samples, *_seen(job="b").samples))) == "FP"


def test_for_goes_on_over_a_restart_and_begins_anew_after_an_hour() -> None:
    """Up to an hour without evaluations the condition counts as having held; firing ones always."""
    story = _Story(_rule(hold=3000))
    story.at(0, _seen())
    assert story.at(3000, _seen()) == "F"
    assert story.at(20_000, _seen()) == "F"
    pending = _Story(_rule(hold=3000))
    pending.at(0, _seen())
    assert pending.at(3601, _seen()) == "P"
    assert pending.only.active_at == START + timedelta(seconds=3601)


def test_a_clock_that_goes_back_fires_nothing_early_and_nothing_never() -> None:
    """After a jump back the alert waits for the whole of `for` again."""
    story = _Story(_rule(hold=60))
    story.at(0, _seen())
    assert [story.at(-3600 + t, _seen()) for t in (0, 30, 60)] == ["P", "P", "F"]


def test_a_longer_for_puts_a_firing_alert_back() -> None:
    """An alert whose rule was given a longer `for` is pending until that is over."""
    story = _Story(_rule(hold=10))
    story.at(0, _seen())
    assert story.at(15, _seen()) == "F"
    story.rule = _rule(hold=60)
    assert [story.at(t, _seen()) for t in (30, 60)] == ["P", "F"]


def test_external_labels_are_added_and_never_replace() -> None:
    """The labels are those that Alertmanager gets from a Prometheus with the same external labels."""
    around = Surroundings({"cluster": "eu", "job": "external"})
    story = _Story(_rule(from_="{{ $externalLabels.cluster }}"), around)
    story.at(0, _seen(job="api"))
    assert story.only.labels == {"alertname": "A", "cluster": "eu", "from_": "eu", "job": "api"}


def test_of_two_rules_with_the_same_labels_the_firing_one_counts() -> None:
    """Rules whose alerts have the same labels are one alert, as far on as the furthest."""
    slow, fast = _Story(_rule(hold=60)), _Story(_rule())
    slow.at(0, _seen())
    fast.at(0, _seen())
    for pair in ([slow, fast], [fast, slow]):
        (seen,) = observations((s.rule, s.memory) for s in pair).values()
        assert seen.state is AlertState.FIRING


def test_outside_text_is_clean_where_it_leaves() -> None:
    """Labels and annotations of an observation are safe text; the fingerprint is of the raw ones."""
    story = _Story(_rule())
    story.at(0, _seen(job="\x1b[31mred\n"))
    (key,) = story.memory.active
    seen = observe(story.rule, key, story.only)
    assert "\x1b" not in seen.labels["job"] + seen.annotations["summary"]
    assert key == fingerprint({"alertname": "A", "job": "\x1b[31mred\n"})


_OUTCOMES: Mapping[str, Outcome] = {"bad": _seen(), "good": NOTHING}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["bad", "good"]), min_size=1, max_size=40),
    st.integers(0, 8),
    st.integers(0, 5),
)
def test_states_follow_from_the_last_run_of_bad_evaluations(
    evaluations: list[str], hold: int, keep: int
) -> None:
    """Whatever comes before: firing is `for` of bad without a break, or less than keep after it."""
    story = _Story(_rule(hold=15 * hold, keep=15 * keep))
    firing, run, since = False, 0, 0
    for number, word in enumerate(evaluations):
        state = story.at(15 * number, _OUTCOMES[word])
        if word == "bad":
            run += 1
            firing = firing or run > hold
            since = 0
        else:
            run = 0
            since += 1
            firing = firing and since <= keep
        assert state == ("F" if firing else "P" if run else "-"), (number, evaluations)
        if not firing and not run:
            run = 0


def test_a_link_that_does_not_fit_is_none() -> None:
    """Half an address would lead nowhere; without a Prometheus there is none either."""
    assert (
        graph_link("http://p:9090/", "up == 0")
        == "http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"
    )
    assert graph_link("http://p:9090", "up + " * 1000 + "up") == ""
    assert graph_link("", "up") == ""
