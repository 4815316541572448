"""Floats as Go's strconv writes them (FormatFloat): %e, %f, %g, to a precision or the shortest."""

import math
from decimal import Decimal


def format_float(value: float, verb: str = "g", precision: int | None = None) -> str:
    """Return `value` with a Go verb (e E f F g G); `%g` without `precision` is as short as reads back."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    letter = verb.lower()
    if precision is None and letter == "g":
        text = _shortest(value)
    else:
        # C and Go agree: exponents have two digits at least, and halves are rounded exactly.
        text = format(value, f".{6 if precision is None else precision}{letter}")
    return text.upper() if verb.isupper() else text


def _shortest(value: float) -> str:
    sign, parts, exponent = Decimal(repr(value)).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is not finite")
    minus = "-" if sign else ""
    digits = "".join(map(str, parts)).lstrip("0")
    if not digits:
        return f"{minus}0"
    exponent += len(digits) - 1
    digits = digits.rstrip("0")
    # Six digits are where FormatFloat turns to exponents when it looks for the shortest.
    if not -4 <= exponent < 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{minus}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{minus}0." + "0" * (-exponent - 1) + digits
    whole, rest = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{minus}{whole}.{rest}" if rest else minus + whole
