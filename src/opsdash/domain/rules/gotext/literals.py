"""Go's literals, read and written: quoted strings, characters, numbers."""

import re
import unicodedata

_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_WRITTEN = {ord(c): f"\\{n}" for n, c in _ESCAPES.items() if n not in ("'", '"')}
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL
)
_GROUPED = re.compile(r"0[xXoObB]?_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|[1-9][0-9]*(?:_[0-9]+)*|0")
_FLOAT = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE
)
_HEX_FLOAT = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F_]+\.?[0-9a-fA-F_]*|\.[0-9a-fA-F_]+)[pP][+-]?[0-9]+"
)
_LARGEST = 1 << 63


def unquote(source: str) -> str:
    """Return the text that a Go string literal means; raise ValueError where it is none."""
    if source[0] == "`":
        return source[1:-1].replace("\r", "")
    return _unescape(source[1:-1], '"')


def character(source: str) -> int:
    """Return the code of a character literal; raise ValueError where it is none."""
    text = _unescape(source[1:-1], "'")
    if len(text) != 1:
        raise ValueError(f"malformed character constant: {source}")
    return ord(text)


def _unescape(inner: str, quote: str) -> str:
    """Escapes of single bytes are gathered, so that `\\xc3\\xa4` is one letter."""
    whole = bytearray()
    at = 0
    for match in _ESCAPE.finditer(inner):
        whole += inner[at : match.start()].encode()
        byte, short, long, octal, letter = match.groups()
        if byte or octal:
            code = int(byte, 16) if byte else int(octal, 8)
            if code > 255:
                raise ValueError("invalid syntax")
            whole.append(code)
        elif letter is not None:
            if letter not in _ESCAPES or (letter in "'\"" and letter != quote):
                raise ValueError("invalid syntax")
            whole += _ESCAPES[letter].encode()
        else:
            whole += _rune(int(short or long, 16)).encode()
        at = match.end()
    whole += inner[at:].encode()
    return whole.decode(errors="replace")


def _rune(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("invalid syntax")
    return chr(code)


def quote(text: str, ascii_only: bool = False) -> str:
    """Return `text` as `%q` writes it: a Go string literal."""
    return '"' + "".join(_written(c, '"', ascii_only) for c in text) + '"'


def quote_character(code: int, ascii_only: bool = False) -> str:
    """Return a character as `%q` writes it."""
    valid = 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return f"'{_written(chr(code) if valid else chr(0xFFFD), chr(39), ascii_only)}'"


def _written(character: str, mark: str, ascii_only: bool) -> str:
    code = ord(character)
    if character == mark:
        return f"\\{character}"
    if code in _WRITTEN:
        return _WRITTEN[code]
    if code < 0x80:
        return character if 0x20 <= code < 0x7F else f"\\x{code:02x}"
    if not ascii_only and printable(character):
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(character: str) -> bool:
    """Whether Go counts a character as printable: letters, marks, numbers, symbols, and the space."""
    return character == " " or unicodedata.category(character)[0] in "LMNPS"


def number(source: str) -> tuple[int | None, float, int | float]:
    """Return a number literal as an integer, as a float, and as what it is by itself.

    Raises ValueError where it is none, is complex or too large.
    """
    if source.endswith("i") and not source.lower().startswith("0x"):
        raise ValueError(f"complex numbers cannot be rendered: {source}")
    whole = _whole(source)
    if whole is not None:
        if not -_LARGEST <= whole < _LARGEST:
            raise ValueError(f"integer overflow: {source}")
        return whole, float(whole), whole
    value = parse_float(source.replace("_", "") if "_" in source else source)
    exact = int(value) if value.is_integer() and abs(value) < _LARGEST else None
    return exact, value, value


def _whole(source: str) -> int | None:
    digits = source.lstrip("+-")
    if not _GROUPED.fullmatch(digits):
        return None
    try:
        # A leading zero is octal in Go and an error in Python.
        octal = len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567_"
        value = int(digits, 8 if octal else 0)
    except ValueError:
        return None
    return -value if source[0] == "-" else value


def parse_float(text: str) -> float:
    """Return the float that `text` names as Go's ParseFloat reads it; raise ValueError in its words."""
    if _FLOAT.fullmatch(text):
        value = float(text)
    elif _HEX_FLOAT.fullmatch(text):
        value = float.fromhex(text.replace("_", ""))
    else:
        raise ValueError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")
    if value in (float("inf"), float("-inf")) and "i" not in text.lower():
        raise ValueError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    return value
