"""What the errors of PagerDuty's REST API mean: done already, ask again, or refused and what to do about it.

The numbers are those of developer.pagerduty.com, "Errors"; the status says less: a conflict, a request
that cannot be and one that came too late are all 400.
"""

from enum import IntEnum

from opsdash.http.reply import Reply
from opsdash.notifiers.courier import Courier, read, told
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.pagerduty_answers import code_of


class Code(IntEnum):
    """The errors that are handled each in its own way."""

    RESOLVED_ALREADY = 1001
    ACKNOWLEDGED_ALREADY = 1002
    CHANGED_MEANWHILE = 1005
    CANNOT_ESCALATE = 1006
    ASSIGNEE_UNKNOWN = 1007
    REQUESTER_UNKNOWN = 1008
    NOT_ACKNOWLEDGED = 1012
    BAD_SNOOZE = 1013
    NOBODY_ON_CALL = 1015
    UNAUTHORIZED = 2006
    ACCESS_DENIED = 2010
    ABILITY_MISSING = 2014
    TOO_MANY = 2020
    NOT_FOUND = 2100


DONE_ALREADY = (Code.RESOLVED_ALREADY, Code.ACKNOWLEDGED_ALREADY)
"""What was asked for holds."""

_TRY_AGAIN = (Code.CHANGED_MEANWHILE, Code.TOO_MANY)

_CURES = {
    Code.CHANGED_MEANWHILE: "somebody changed it there at the same moment",
    Code.CANNOT_ESCALATE: "its policy there has no such level, or it was given to a person by name",
    Code.ASSIGNEE_UNKNOWN: "there is no such user there",
    Code.REQUESTER_UNKNOWN: "write the address of a user of the account as sender",
    Code.NOT_ACKNOWLEDGED: "somebody gave it back there",
    Code.BAD_SNOOZE: "from one second to seven days",
    Code.NOBODY_ON_CALL: "nobody is on call at that level there",
    Code.UNAUTHORIZED: "the token is not valid",
    Code.ACCESS_DENIED: "the token, or the user that sender names, has not the right to it",
    Code.ABILITY_MISSING: "the account's plan does not have it",
}


class RefusedError(NotifierError):
    """A request that PagerDuty answered with an error; `code` is its number, None where it has none."""

    code: int | None = None


def refusal(courier: Courier, reply: Reply) -> RefusedError:
    """Return the error that an answer means, with what to do about it."""
    error = courier.refusal(reply)
    code = code_of(read(reply))
    cure = next((text for known, text in _CURES.items() if known == code), "")
    reason = told(f"{error.reason} ({cure})") if cure else error.reason
    permanent = error.permanent and code not in _TRY_AGAIN
    refused = RefusedError(reason, permanent, error.retry_after)
    refused.code = code
    return refused
