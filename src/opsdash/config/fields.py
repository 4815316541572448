"""The kinds of value that a configuration holds, each refused with the cure."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from opsdash.domain.alert import Severity
from opsdash.domain.duration import parse_duration
from opsdash.domain.indicator import Unit
from opsdash.domain.mailbox import is_address
from opsdash.domain.promql import obvious_error


class Table(BaseModel):
    """A TOML table: its keys are these and no others, of exactly these types."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError('write a duration in quotes, as "30s", "5m" or "1h30m"')
    try:
        return parse_duration(value)
    except ValueError:
        raise ValueError('write a duration as "30s", "5m" or "1h30m"') from None


def between(least: timedelta, most: timedelta, words: str) -> AfterValidator:
    """Return a validator that admits durations from `least` to `most`, named by `words`."""

    def check(value: timedelta) -> timedelta:
        if not least <= value <= most:
            raise ValueError(f"write a duration {words}")
        return value

    return AfterValidator(check)


def _clock_time(value: Any) -> Any:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", value):
        return time.fromisoformat(value)
    raise ValueError('write a time of day as "09:00"')


def _monday(value: Any) -> Any:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError('write a date as "2024-01-01"')
    if day.weekday():
        raise ValueError("write the Monday on which the first week began")
    return day


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError(_zone_cure(value)) from None
    return value


def _zone_cure(value: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = {name.lower(): name for name in available_timezones()}
    near = get_close_matches(value.lower(), known, 1, 0.6)
    if near:
        return f'did you mean "{known[near[0]]}"?'
    return 'write an IANA time zone, as "Europe/London" or "UTC"'


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s\\\x00-\x1f]", value):
        raise ValueError('write an address as "http://HOST:PORT/PATH" or "https://…"')
    if parts.username is not None or parts.password is not None:
        raise ValueError("take user and password out of the address; use basic_auth")
    return value


def _base_url(value: str) -> str:
    value = _url(value)
    if "?" in value or "#" in value:
        raise ValueError("write the address without what follows ? or #")
    return value.rstrip("/")


def _calendar_url(value: str) -> str:
    # A subscription's own scheme says what it is for, not how it is fetched: that is https.
    return _url(f"https{value[6:]}" if value[:7].lower() == "webcal:" else value)


def _remote_id(value: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]{3,40}", value):
        raise ValueError('write the id that PagerDuty has in its address, as "PI7DH85"')
    return value


def _runbook(value: str) -> str:
    plain = value.replace("{alertname}", "x")
    if re.search(r"[{}]", plain):
        raise ValueError("write {alertname} where the alert's name belongs, and no other bracket")
    _url(plain)
    return value


def _mail(value: str) -> str:
    if not is_address(value):
        raise ValueError('write a mail address as "john@example.com"')
    return value


def _query(value: str) -> str:
    if error := obvious_error(value):
        raise ValueError(error)
    return value.strip()


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("write some text")
    return value


def _file_name(value: str) -> str:
    if not value.strip() or any(character < " " for character in value):
        raise ValueError("write the path of a file")
    return value


def _env_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value):
        raise ValueError("write the name of an environment variable, not what it holds")
    return value


def _id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", value):
        raise ValueError("write small letters, digits, - and _, 40 at most")
    return value


def _one_of(names: type[Unit] | type[Severity]) -> BeforeValidator:
    def check(value: Any) -> Any:
        try:
            return names(value)
        except ValueError:
            raise ValueError("write one of " + ", ".join(name.value for name in names)) from None

    return BeforeValidator(check)


def _threshold(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**63:
        raise ValueError("write a number smaller than 2^63")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Monday = Annotated[date, BeforeValidator(_monday)]
Zone = Annotated[str, AfterValidator(_zone)]
Reach = Annotated[str, Field(max_length=400), AfterValidator(_text)]
"""A target or a destination: `person:john`, `mail:john@example.com`."""
Runbook = Annotated[str, Field(max_length=2000), AfterValidator(lambda v: _runbook(v) if v else v)]
MailAddress = Annotated[str, AfterValidator(_mail)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
CalendarUrl = Annotated[str, Field(max_length=4096), AfterValidator(_calendar_url)]
RemoteId = Annotated[str, AfterValidator(_remote_id)]
"""The id of a schedule or user at PagerDuty."""
Query = Annotated[str, AfterValidator(_query)]
Text = Annotated[str, Field(max_length=80), AfterValidator(_text)]
FileName = Annotated[str, Field(max_length=4096), AfterValidator(_file_name)]
EnvName = Annotated[str, AfterValidator(_env_name)]
HeaderValue = Annotated[str, Field(max_length=4096), AfterValidator(_text)]
Id = Annotated[str, AfterValidator(_id)]
UnitName = Annotated[Unit, _one_of(Unit)]
SeverityName = Annotated[Severity, _one_of(Severity)]
Threshold = Annotated[float, BeforeValidator(_threshold), Field(allow_inf_nan=False)]
