"""Hand-made silences, rules and messages for pictures of their screens."""

from dataclasses import replace
from datetime import timedelta

from opsdash.domain.alert import Severity
from opsdash.domain.letter import Letters, LetterState, LetterView, Queue, Refusal
from opsdash.domain.matchers import parse_matchers
from opsdash.domain.page import Page, PageKind
from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.domain.silence import Silence
from opsdash.domain.text import SafeText, clean
from opsdash.registers import Registers
from opsdash.snapshot import Snapshot
from tests.ui.pictures import NOW, ago, busy

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def silence(id: str, text: str, minutes: float = 30, **changes: object) -> Silence:
    """Return a silence of Sarah's that ends in so many minutes."""
    made = Silence(
        id,
        parse_matchers(text),
        ago(minutes=10),
        NOW + minutes * MINUTE,
        SafeText("sarah"),
        SafeText("deploying v1.4"),
        made_at=ago(minutes=10),
        synced=1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def silences() -> tuple[Silence, ...]:
    """Return one silence of every kind."""
    return (
        silence("S1", 'alertname="HighErrorRate"', 5),
        silence("S2", 'job=~"pay.*"', 90, synced=0, error=SafeText("connection refused")),
        silence("aa11", 'alertname="Other"', 30, own=False, author=SafeText("john"), remote="aa11"),
        silence("S3", "Gone", 30, ended_at=ago(minutes=3), ended_by=SafeText("maria")),
    )


def rule(name: str, state: RuleState, **changes: object) -> RuleView:
    """Return a rule of the guide."""
    made = RuleView(
        f"payments.yml;payments;{name}",
        SafeText("payments"),
        SafeText(name),
        SafeText("payments.yml"),
        12,
        clean(f"{name}_ratio > 0.01"),
        2 * MINUTE,
        15 * SECOND,
        state,
        SafeText("critical"),
        0.025,
        SafeText("> 0.01"),
        evaluated_at=ago(seconds=7),
        duration=timedelta(milliseconds=42),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def rules() -> tuple[RuleView, ...]:
    """Return one rule of every state, in the order of their file."""
    return (
        rule("Quiet", RuleState.INACTIVE, value=0.0001),
        rule("HighErrorRate", RuleState.FIRING, firing=2),
        rule(
            "Broken",
            RuleState.ERROR,
            value=None,
            error=SafeText("parse error: unexpected end of input"),
            error_since=ago(minutes=9),
        ),
        rule("Slow", RuleState.PENDING, pending=1),
        rule("Missing", RuleState.NO_DATA, value=None),
        rule("New", RuleState.WAITING, value=None, evaluated_at=None, duration=None),
        rule("Foreign", RuleState.INACTIVE, source=SafeText("rules"), value=None, line=0),
    )


def letter(id: int, state: LetterState, **changes: object) -> LetterView:
    """Return a page to John."""
    made = LetterView(
        id,
        state,
        PageKind.TRIGGER,
        SafeText("High error rate detected in payments API"),
        Severity.CRITICAL,
        SafeText("pagerduty"),
        SafeText(""),
        SafeText("schedule:primary"),
        SafeText("John"),
        1,
        "abc/1",
        ago(seconds=60),
        ago(seconds=58),
        NOW + MINUTE,
        ago(seconds=57) if state is LetterState.SENT else None,
        1,
        SafeText("202 accepted"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def letters() -> Letters:
    """Return one message of every kind, and what is wrong with them."""
    refused = SafeText("403 invalid_auth")
    return Letters(
        (
            letter(6, LetterState.WAITING, deadline_at=ago(seconds=5), answer=SafeText("timeout")),
            letter(5, LetterState.DEAD, notifier=SafeText("slack"), answer=refused),
            letter(4, LetterState.DROPPED, answer=SafeText("silenced by S1")),
            letter(3, LetterState.SENT, kind=PageKind.RESOLVE),
            letter(2, LetterState.SENDING),
            letter(1, LetterState.SENT),
        ),
        (Queue(SafeText("pagerduty"), 2, ago(minutes=4), ago(minutes=3), SafeText("timeout")),),
        (Refusal(SafeText("slack"), ago(minutes=2), refused, True),),
    )


def page() -> Page:
    """Return the whole page of a message."""
    return Page(
        "1",
        "abc/1",
        PageKind.TRIGGER,
        SafeText("High error rate detected in payments API"),
        Severity.CRITICAL,
        SafeText("payments-api"),
        ago(seconds=60),
        alert="abc/1",
        incident="INC-001",
        level_name=SafeText("On-call engineer"),
        labels={"alertname": SafeText("HighErrorRate")},
        annotations={"description": SafeText("2.5% > 1%")},
        context=(SafeText("payments-api v1.4.2 was deployed 12m before"),),
    )


def listed() -> Snapshot:
    """Return the busy evening with all registers filled."""
    return replace(busy(), registers=Registers(rules(), letters(), silences()))
