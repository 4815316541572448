"""Go's Sprintf: flags, width, precision, argument numbers, and what it writes where they do not fit."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from opsdash.domain.rules.gotext.literals import printable, quote, quote_character
from opsdash.domain.rules.gotext.numbers import format_float
from opsdash.domain.rules.gotext.show import show
from opsdash.domain.rules.gotext.values import Map, Struct, Value, type_name

_WIDEST = 10_000
"""Columns that a width or precision may ask for; Go's own bound is 1e6."""

_DIRECTIVE = re.compile(
    r"%(?P<flags>[+\-# 0]*)"
    r"(?:(?P<width_index>\[[^\]]*\]?)?(?P<width>\*|[0-9]+)?)"
    r"(?P<dot>\.(?:(?P<precision_index>\[[^\]]*\]?)?(?P<precision>\*|[0-9]+))?)?"
    r"(?P<index>\[[^\]]*\]?)?(?P<verb>.)?",
    re.DOTALL,
)


@dataclass(slots=True)
class _Spec:
    """One directive, its stars filled in."""

    flags: str
    verb: str
    width: int | None = None
    precision: int | None = None


def sprintf(form: str, values: list[Value]) -> str:
    """Return `form` with its directives filled from `values`; never raises."""
    return _Printer(values).run(form)


class _Printer:
    def __init__(self, values: list[Value]) -> None:
        self.values = values
        self.at = 0
        self.reordered = False
        self.bad_index = False

    def run(self, form: str) -> str:
        parts: list[str] = []
        at = 0
        while (match := _DIRECTIVE.search(form, at)) is not None:
            parts.append(form[at : match.start()])
            parts.append(self.directive(match))
            at = match.end()
        parts.append(form[at:])
        if not self.reordered and self.at < len(self.values):
            parts.append(self.extra())
        return "".join(parts)

    def extra(self) -> str:
        rest = (
            "<nil>" if value is None else f"{type_name(value)}={show(value)}"
            for value in self.values[self.at :]
        )
        return f"%!(EXTRA {', '.join(rest)})"

    def directive(self, match: re.Match[str]) -> str:
        spec = _Spec(match["flags"], match["verb"] or "")
        self.bad_index = False
        trouble = ""
        self.index(match["width_index"])
        if match["width"] == "*":
            spec.width, problem = self.star()
            trouble += "" if problem else "%!(BADWIDTH)"
            if spec.width is not None and spec.width < 0:
                spec.flags, spec.width = spec.flags + "-", -spec.width
        elif match["width"]:
            spec.width = _bounded(int(match["width"]))
        if match["dot"]:
            spec.precision = 0
            self.index(match["precision_index"])
            if match["precision"] == "*":
                spec.precision, problem = self.star()
                if spec.precision is not None and spec.precision < 0:
                    spec.precision = None
                    problem = False
                trouble += "" if problem else "%!(BADPREC)"
            elif match["precision"]:
                spec.precision = _bounded(int(match["precision"]))
        self.index(match["index"])
        return trouble + self.fill(spec)

    def fill(self, spec: _Spec) -> str:
        if not spec.verb:
            return "%!(NOVERB)"
        if spec.verb == "%":
            return "%"
        if self.bad_index:
            return f"%!{spec.verb}(BADINDEX)"
        if self.at >= len(self.values):
            return f"%!{spec.verb}(MISSING)"
        value = self.values[self.at]
        self.at += 1
        return format_value(spec, value)

    def index(self, text: str | None) -> None:
        if text is None:
            return
        self.reordered = True
        number = text[1:-1]
        digits = text.endswith("]") and number.isascii() and number.isdigit()
        if digits and 1 <= int(number[:9]) <= len(self.values):
            self.at = int(number) - 1
            return
        self.bad_index = True

    def star(self) -> tuple[int | None, bool]:
        """Take a width or precision from the values; False where there is no whole number."""
        value = self.values[self.at] if self.at < len(self.values) else None
        self.at += self.at < len(self.values)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000_000:
            return None, False
        return max(min(value, _WIDEST), -_WIDEST), True


def _bounded(width: int) -> int | None:
    return width if width <= _WIDEST else None


def format_value(spec: _Spec, value: Value) -> str:
    """Return one value by one directive."""
    if spec.verb == "T":
        return _pad(spec, type_name(value))
    if value is None:
        return _pad(spec, "<nil>") if spec.verb == "v" else f"%!{spec.verb}(<nil>)"
    text = _write(spec, value)
    if text is None:
        plain = _Spec("", "v")
        return f"%!{spec.verb}({type_name(value)}={_write(plain, value)})"
    return text


def _write(spec: _Spec, value: Value) -> str | None:
    """Return the text of a value, None where the verb is not for its type."""
    if isinstance(value, bool):
        return _pad(spec, show(value)) if spec.verb in "tv" else None
    if isinstance(value, int):
        return _integer(spec, value)
    if isinstance(value, float):
        return _float(spec, value)
    if isinstance(value, str):
        return _string(spec, str(value))
    if isinstance(value, Map):
        return _map(spec, value)
    if isinstance(value, Struct):
        parts = (format_value(spec, item) for item in value.fields.values())
        return "{" + " ".join(parts) + "}"
    return _string(spec, show(value))


def _map(spec: _Spec, value: Map) -> str:
    if spec.verb == "v" and "#" in spec.flags:
        inner = ", ".join(
            f"{quote(k)}:{quote(v) if isinstance(v, str) else show(v)}" for k, v in value.items()
        )
        return f"{type_name(value)}{{{inner}}}"
    inner = " ".join(
        f"{format_value(spec, key)}:{format_value(spec, item)}" for key, item in value.items()
    )
    return f"map[{inner}]"


def _pad(spec: _Spec, text: str, zeros: bool = False) -> str:
    width = spec.width or 0
    if "-" in spec.flags:
        return text.ljust(width)
    if zeros and "0" in spec.flags:
        sign = text[0] if text[:1] in ("+", "-", " ") else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _float(spec: _Spec, value: float) -> str | None:
    if spec.verb == "v":
        # With %v a plus and a sharp say something else, which numbers do not have.
        spec = _Spec(spec.flags.replace("+", "").replace("#", ""), "g", spec.width, spec.precision)
    verb = spec.verb
    if verb not in "eEfFgG":
        return None
    text = format_float(value, verb, spec.precision)
    finite = text[-1].isdigit()
    if "+" in spec.flags:
        text = text if text[0] in "+-" else f"+{text}"
    if " " in spec.flags and text[0] not in "-" and "+" not in spec.flags:
        text = f" {text.lstrip('+')}"
    return _pad(spec, text, zeros=finite)


_BASES: dict[str, Callable[[int], str]] = {
    "d": str,
    "b": lambda n: format(n, "b"),
    "o": lambda n: format(n, "o"),
    "O": lambda n: "0o" + format(n, "o"),
    "x": lambda n: format(n, "x"),
    "X": lambda n: format(n, "X"),
}
_PREFIXES = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}


def _integer(spec: _Spec, value: int) -> str | None:
    if spec.verb == "c":
        return _pad(spec, chr(value) if 0 <= value <= 0x10FFFF else "\ufffd")
    if spec.verb == "q":
        return _pad(spec, quote_character(value, "+" in spec.flags))
    if spec.verb == "U":
        text = f"U+{value:04X}"
        if "#" in spec.flags and 0 <= value <= 0x10FFFF and printable(chr(value)):
            text += f" '{chr(value)}'"
        return _pad(spec, text)
    if spec.verb == "v":
        spec = _Spec(spec.flags.replace("+", "").replace("#", ""), "d", spec.width, spec.precision)
    write = _BASES.get(spec.verb)
    if write is None:
        return None
    digits = write(abs(value))
    if spec.precision is not None:
        digits = digits.rjust(spec.precision, "0") if spec.precision or value else ""
    elif "0" in spec.flags and "-" not in spec.flags and spec.width:
        signed = value < 0 or "+" in spec.flags or " " in spec.flags
        digits = digits.rjust(spec.width - signed, "0")
    if "#" in spec.flags:
        digits = _PREFIXES.get(spec.verb, "") + digits
    sign = "-" if value < 0 else "+" if "+" in spec.flags else " " if " " in spec.flags else ""
    return _pad(_Spec(spec.flags.replace("0", ""), "d", spec.width), sign + digits)


def _string(spec: _Spec, text: str) -> str | None:
    if spec.verb in ("x", "X"):
        raw = text.encode(errors="replace")
        if spec.precision is not None:
            raw = raw[: spec.precision]
        digits = raw.hex(" ") if " " in spec.flags else raw.hex()
        if "#" in spec.flags and digits:
            digits = " ".join(f"0x{part}" for part in digits.split(" "))
        return _pad(spec, digits.upper() if spec.verb == "X" else digits)
    if spec.precision is not None and spec.verb in ("s", "v", "q"):
        text = text[: spec.precision]
    if spec.verb == "s" or (spec.verb == "v" and "#" not in spec.flags):
        # Debian's and older Go pad text with zeros where asked to, newer ones with spaces.
        return _pad(spec, text)
    if spec.verb in ("q", "v"):
        if "#" in spec.flags and spec.verb == "q" and "`" not in text and text.isprintable():
            return _pad(spec, f"`{text}`")
        return _pad(spec, quote(text, "+" in spec.flags))
    return None
