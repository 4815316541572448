"""The figures of header and panes as models."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from opsdash.config.fields import Duration, Id, Query, Table, Text, Threshold, UnitName, between

_COMPARE = between(timedelta(minutes=1), timedelta(days=365), "from 1m to 365d")


class Adjustments(Table):
    """What a figure of a default may be given instead."""

    title: Text | None = None
    """What the screen calls it, short."""
    query: Query | None = None
    """PromQL whose first sample is the value."""
    warn: Threshold | None = None
    """The value beyond which it is a warning, in the unit."""
    crit: Threshold | None = None
    """The value beyond which it is critical, in the unit."""
    below: bool | None = None
    """Whether beyond means less; implied where `crit` is less than `warn`."""
    compare: Annotated[Duration, _COMPARE] | None = None
    """How long ago the value is compared with."""
    note: Annotated[str, Field(max_length=200)] | None = None
    """A remark for its detail."""
    alerts: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = None
    """The names of the alerts that its chart is shown with."""
    numerator: Query | None = None
    """PromQL of what a share counts: shown beside it, as in `412 of 418`."""
    denominator: Query | None = None
    """PromQL of all that it counts among."""
    remove: bool = False
    """Whether to leave the default of this id out."""


class IndicatorTable(Adjustments):
    """One figure of a pane."""

    id: Id
    """Its name for the store and for commands, unique among all indicators."""
    unit: UnitName | None = None
    """The unit of the value."""
    investigate: bool | None = None
    """Whether it counts failures that people look into: its tile says how far they are."""


class PaneTables(Table):
    """The metric panes."""

    performance: list[IndicatorTable] = Field(default_factory=list)
    """Indicators of the performance pane."""
    infrastructure: list[IndicatorTable] = Field(default_factory=list)
    """Indicators of the infrastructure pane."""
    payments: list[IndicatorTable] = Field(default_factory=list)
    """Indicators of the payments pane."""


class HeaderTables(Table):
    """The header's figures."""

    uptime: Adjustments = Field(default_factory=Adjustments)
    """The uptime, a ratio."""
    users: Adjustments = Field(default_factory=Adjustments)
    """The active users, a count."""
