"""Matchers and silences: the textual forms, what they match, and how long that may take."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.matchers import Matcher, MatcherError, Op, parse_matchers, quoted
from opsdash.domain.rules.regex import compile_regex
from opsdash.domain.silence import Muting, Silence, SilenceState, matches, prefill
from opsdash.domain.silence_sync import marked_comment, plan, split_mark
from opsdash.domain.text import SafeText, clean
from tests.kit.process import find_program

NOW = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)
LABELS = {"alertname": "HighErrorRate", "job": "payments-api", "pod": "api-12", "empty": ""}


def one(text: str) -> Matcher:
    (matcher,) = parse_matchers(text)
    return matcher


def silence(id: str = "S1", text: str = "alertname=A", **changes: object) -> Silence:
    made = Silence(
        id, parse_matchers(text), NOW, NOW + timedelta(hours=1), SafeText("sarah"), SafeText("why")
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("alertname=HighErrorRate", True),
        ("HighErrorRate", True),
        ("alertname = HighErrorRate", True),
        ('alertname="HighErrorRate"', True),
        ("{alertname=HighErrorRate}", True),
        ('{alertname="HighErrorRate", job=~"pay.*",}', True),
        ("alertname=Higherrorrate", False),
        ("alertname!=HighErrorRate", False),
        ("alertname!=Other", True),
        ("job=~payments", False),
        ("job=~payments.*", True),
        ("job=~.*pay.*", True),
        ("job=~a|payments-api", True),
        ("job!~pay.*", False),
        ("job!~pay", True),
        ("pod=~api-[0-9]+", True),
        ("pod=~api-[0-9]{2}", True),
        ("pod=~api-[0-9]{3}", False),
        ("pod=~(?i)API-12", True),
        (r"pod=~api-\d+", True),
        (r"pod=~^api-12$", True),
        (r"pod=~\bapi-12\b", True),
        ("pod=~.+", True),
        ("absent=", True),
        ("absent!=x", True),
        ("absent=~.*", True),
        ("absent=~.+", False),
        ("absent!~.+", True),
        ("empty=", True),
        ('"alertname"=HighErrorRate', True),
    ],
)
def test_what_matches(text: str, hit: bool) -> None:
    """As Alertmanager has it: anchored, an absent label is an empty one, all must hold."""
    assert matches(parse_matchers(text), LABELS) is hit


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (r'"näme \"x\""="a\\b\nc, d"', 'näme "x"', "a\\b c, d"),
        ("a=b c", "a", "b c"),
        ("a=b=c", "a", "b=c"),
        ("a=", "a", ""),
        ('a=""', "a", ""),
        ("pod=~a{1,2}", "pod", "a{1,2}"),
        ("pod=~(a,b)", "pod", "(a,b)"),
        ("名=🚨", "名", "🚨"),
    ],
)
def test_quoted_and_bare_texts_are_read(text: str, name: str, value: str) -> None:
    """UTF-8 names, escapes, spaces and commas."""
    matcher = one(text)
    assert (matcher.name, matcher.value) == (name, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write a matcher"),
        ("{}", "write a matcher"),
        ("=x", "expected a label's name"),
        ('a="x" b', "expected a comma before 'b'"),
        ("{a=x", "the closing } is missing"),
        ('a="x', "does not end"),
        ('a=x"y', "a quote in the middle"),
        ("a=~(", "not a regular expression: missing closing )"),
        ("a=~a{1,9999}", "not a regular expression"),
        (r"a=~(.)\1", "not a regular expression"),
        ("a=~(?=x)", "not a regular expression"),
        ("a=~(a{50}){50}", "too large"),
        ("a=~[a-z]{600}", "too complex"),
        ("a=~" + "(" * 400 + ")" * 400, "not a regular expression"),
        ("a=~" + "x" * 1001, "longer than 1000 characters"),
        ('""=x', "a label's name is empty"),
    ],
)
def test_what_is_no_matcher_is_said_in_words(text: str, said: str) -> None:
    """One line that says what is wrong."""
    with pytest.raises(MatcherError) as raised:
        parse_matchers(text)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*b", "(a*)*b", "(.*)*x", "a?a?a?a?a?a?a?a?a?a?a?a?a?a?b", ".*.*.*.*x"],
)
def test_no_expression_keeps_it_busy(pattern: str) -> None:
    """What takes Python's own engine hours is answered (H57): a hang would end the whole run."""
    matcher = one(f"a=~{pattern}")
    assert matcher.matches("a" * 2000) is (pattern == "(a+)+$")
    assert not matcher.matches("a" * 1999 + "!")


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf"], exclude_characters="\u2028\u2029"),
    max_size=20,
)


@given(texts.filter(bool), st.sampled_from(Op), texts)
def test_a_matcher_reads_back_as_it_is_written(name: str, op: Op, value: str) -> None:
    """What the prefilled sheet shows is what is made."""
    written = quoted(value) if op.is_regex else value
    matcher = Matcher(clean(name), op, clean(written))
    assert parse_matchers(str(matcher)) == (matcher,)
    assert matcher.matches(clean(value)) is op.is_equal


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but MatcherError leaves it, and what is read is clean."""
    try:
        found = parse_matchers(text)
    except MatcherError:
        return
    assert found
    assert all(m.name == clean(m.name) and m.value == clean(m.value) for m in found)


@given(
    st.from_regex(r"\A[ab.](\*|\+|\?)?[abc.]{0,2}(\|[ab]+)?[ab]?(\*)?\Z", fullmatch=True),
    st.text("abc", max_size=8),
)
@settings(max_examples=200)
def test_the_quick_engine_agrees_with_pythons(pattern: str, text: str) -> None:
    """For expressions that both know."""
    try:
        wanted = re.fullmatch(f"(?:{pattern})", text) is not None
    except re.error:
        return
    assert one(f'x=~"{pattern}"').matches(text) is wanted


label_sets = st.dictionaries(
    st.sampled_from(["alertname", "job", "instance", "pod", "team"]), texts, min_size=1
)


@given(st.lists(label_sets, min_size=1, max_size=4))
def test_what_is_prefilled_matches_what_it_was_made_from(sets: list[Mapping[str, str]]) -> None:
    """All of them, whatever their labels hold."""
    shown = [{n: clean(v) for n, v in each.items()} for each in sets]
    found = prefill(shown)
    assert all(matches(found, each) for each in shown)


def test_what_is_prefilled_names_alert_and_place() -> None:
    """Not the severity or the team; a text that was cleaned cannot be matched and is left out."""
    labels = {"alertname": "A", "severity": "critical", "instance": "db.1:9100", "team": "x"}
    assert list(map(str, prefill([labels]))) == ['alertname="A"', 'instance="db.1:9100"']
    other = labels | {"alertname": "B+", "instance": "x\ufffd"}
    assert list(map(str, prefill([labels, other]))) == [r'alertname=~"A|B\\+"']


@pytest.mark.parametrize("text", ['a="x"', 'a!~"x|y"', '{a="b",c=~"d.*"}', r'a="q\"\\n"'])
def test_amtool_reads_what_is_written_here(text: str) -> None:
    """The forms are Alertmanager's own."""
    amtool = find_program("amtool", "prometheus-alertmanager")
    written = [str(matcher) for matcher in parse_matchers(text)]
    done = subprocess.run(
        [amtool, "--alertmanager.url=http://127.0.0.1:1", "silence", "query", *written],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "refused" in done.stderr, done.stderr


def test_a_silence_begins_and_ends_by_the_clock() -> None:
    """And is over at once when somebody ends it."""
    made = silence()
    assert made.state(NOW - timedelta(seconds=1)) is SilenceState.PENDING
    assert made.state(NOW) is SilenceState.ACTIVE
    assert made.state(NOW + timedelta(hours=1)) is SilenceState.EXPIRED
    ended = silence(ended_at=NOW + timedelta(minutes=5))
    assert ended.state(NOW + timedelta(minutes=5)) is SilenceState.EXPIRED


def test_muting_knows_what_counts_now_and_when_that_changes() -> None:
    """What Alertmanager names by its own id is one of ours; what has ended is kept by nobody."""
    later = NOW + timedelta(minutes=90)
    first, second = silence("S1", remote="uuid"), silence("S2", ends_at=later)
    muting = Muting((first, second), NOW)
    assert muting.changes_at == NOW + timedelta(hours=1)
    assert muting.all_of("f", {"alertname": "A"}, ("uuid", "foreign")) == ("S1", "foreign", "S2")
    assert muting.all_of("g", {"alertname": "B"}, ()) == ()
    after = Muting((first, second), NOW + timedelta(hours=1))
    kept = ("S1", "S2", "foreign")
    assert after.all_of("f", {"alertname": "A"}, (), kept) == ("foreign", "S2")


def test_the_mark_in_the_comment_is_ours_alone() -> None:
    """It is split off again, and no comment can fake another's by accident of form."""
    made = silence(token="ab12cd34ef56")
    assert split_mark(marked_comment(made)) == ("why", "ab12cd34ef56")
    assert split_mark("why [opsdash:nothex]") == ("why [opsdash:nothex]", "")
    assert split_mark("") == ("", "")


def test_nothing_to_do_is_nothing_planned() -> None:
    """A silence that is there as it is here asks for nothing, as one that ended does."""
    made = silence(token="ab12cd", remote="u", synced=1)
    there = silence("u", own=False, token="ab12cd", remote="u", synced=1)
    done = plan([made], {}, {"u": there}, NOW)
    assert (done.save, done.forget, done.tasks) == ((), (), ())
    later = NOW + timedelta(hours=2)
    over = plan([made], {}, {"u": there}, later)
    assert (over.save, over.forget, over.tasks) == ((), (), ())


@given(
    st.sampled_from([r"(?i)ki[sx]*", r"^a\b.*", "a.*(b|c)", "[^a-c]+", r"(?i)[^k]I.*", "a{2,3}b?"]),
    st.text("aAbBckKsSiI x\u212a\u017f\u0131", max_size=6),
)
def test_both_engines_say_the_same(pattern: str, text: str) -> None:
    """The quick one is chosen by the expression and the text's length; neither may show."""
    linear = compile_regex(rf"\A(?:{pattern})\z")
    assert one(f'x=~"{pattern}"'.replace("\\", r"\\")).matches(text) is (
        linear.search(text) is not None
    )
