"""Hostile strings, by their numbers in the list of reliability goals, for every test that needs some."""

import json
import random
from collections.abc import Sequence

ESC = "\x1b"
HOSTILE = {
    "H01": "[/]",
    "H02": "[/bold]",
    "H03": "[b]x[/i]",
    "H04": "disk [/dev/sda1] full",
    "H05": "path=[/var/log]",
    "H06": "[/dev/null]",
    "H07": "[bold red]x[/bold]",
    "H08": "[/",
    "H09": '[a="unclosed]',
    "H10": "[a=']",
    "H11": "[@mouse.down=app.pwn]x[/]",
    "H12": "[link=javascript:alert(1)]x[/link]",
    "H13": "[$nosuchvar]x[/]",
    "H14": "[r [[[[ [b + should [$text-muted",
    "H15": '{"booleans": [true, false]}',
    "H16": "[infra2] host down [CRIT] db1, disk [sda1] full",
    "H17": "[black on black]hidden[/]",
    "H18": "[on red]CRIT[/on red]",
    "H19": 'up{a=~"[0-9]+"} == 0 [firing] [x={] :bomb: rate(x[5m])',
    "H20": "[" * 900 + "[b]" * 300,
    "H21": "[@click=app.quit]x[/]",
    "H22": "[@click=app.simulate_key('a')]x",
    "H23": "[@click=screen.dismiss(True)]x",
    "H24": "[@click=app.screenshot('f','/dir')]x",
    "H25": "[@click=app.suspend_process]x",
    "H26": "[link='https://evil.example']x[/link]",
    "H27": f"{ESC}[31mRED",
    "H28": f"{ESC}[2J{ESC}[H",
    "H29": f"{ESC}]0;title\x07 {ESC}]2;x",
    "H30": f"{ESC}]52;c;aGk=\x07 {ESC}]52;c;aGk={ESC}\\",
    "H31": f"{ESC}]8;;https://evil.example{ESC}\\text",
    "H32": f"{ESC}[6n{ESC}[c",
    "H33": f"{ESC}P$q..{ESC}\\ {ESC}Ptmux;..",
    "H34": f"{ESC}c",
    "H35": f"{ESC}[?1049l{ESC}[?1000h",
    "H36": "\x9b31m \x9d0;x\x9c \x90q",
    "H37": f"{ESC}]9;hi {ESC}]777;notify;a;b",
    "H38": f"{ESC}_Gf=100 {ESC}]1337;File=:",
    "H39": f"{ESC}]0;unterminated",
    "H40": f"{ESC}]104",
    "H41": "a\x00b\x0ec\x0fd\x7f",
    "H42": "a\x07b\x08c\rd\x0be\x0c",
    "H43": "abc\u202egnp.exe \u2066x\u2067y\u2068z\u2069\u061c\u200e\u200f",
    "H44": "pay\u200bment\ufeffc\U000e0041\u00ad\u3164\u2060",
    "H45": "e" + "\u0301" * 300 + "o" + "\u0e31" * 300,
    "H46": "lone \ud800 surrogate \udfff",
    "H47": "a\u2028b\u2029c\x85d",
    "H48": "x" * 100_000,
    "H49": "line\nbreak\ttab\r\nfour",
    "H50": "pаypаl",  # Cyrillic а
    "H51": "=cmd|' /C calc'!A0",
    "H52": "[click](javascript:alert(1)) <img src=x onerror=alert(1)> a|b ``` fence",
    "H53": "<!channel> <@U1> <http://x|y> & <!here>",
    "H55": "'; DROP TABLE alert--",
    "H56": '% _ * " NEAR(',
    "H58": '"} or up{',
    "H61": "{0.__class__} {c.token} ${HOME} %(x)s {{ template }}",
    "H62": "file:///etc/passwd http://user:pw@169.254.169.254/",
    "H64": "99999999999999999999 ١٢ 1_000",
}
"""Each is text that anybody may put into a label, a comment, a ticket or a name."""


_PIECES = (
    *(chr(n) for n in (*range(32), *range(127, 160))),
    *"[]{}()<>|&;$`'\"\\/%#@=:.,*_~^+-?!",
    *(
        "a",
        "Z",
        "0",
        " ",
        "word",
        "ñ",
        "日本",
        "🔥",
        "👩\u200d🚒",
        "e\u0301",
        "\u202e",
        "\u2066",
        "\ufeff",
    ),
    *(
        "\u2028",
        "\U000e0041",
        "\ud800",
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\x1b\\",
        "31m",
        "2J",
        "52;c;aGk=",
        "\x9b",
    ),
    *("[/", "[@click=", "[b]", "[link=", "$(id)", "{{ x }}", "#{x}", "#(x)", "%s", "::", "\r\n"),
)
"""What generated text is made of: controls, signs that some language obeys, letters of many widths."""


def generated(count: int, seed: int) -> list[str]:
    """Return `count` texts that nobody thought of, the same for the same seed."""
    dice = random.Random(seed)
    return ["".join(dice.choices(_PIECES, k=dice.randint(1, 24))) for _ in range(count)]


def on_call(names: Sequence[str]) -> str:
    """Return tables of people of these names, on call a day each, for a configuration's end.

    A name has 80 characters at most and is not blank; what no file can hold in it is replaced.
    """
    # What JSON escapes, TOML reads; DEL alone JSON leaves as it is and TOML refuses.
    fit = [
        one[:80].encode(errors="surrogatepass").decode(errors="replace")
        for one in names
        if one.strip()
    ]
    texts = [json.dumps(one, ensure_ascii=False).replace("\x7f", "\\u007f") for one in fit]
    people = [f'[[person]]\nid = "p{n}"\nname = {text}' for n, text in enumerate(texts)]
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    turns = [f'{days[n % 7]} = "p{n % len(texts)}"' for n in range(-(-len(texts) // 7) * 7)]
    weeks = ", ".join(f"{{ {', '.join(turns[n : n + 7])} }}" for n in range(0, len(turns), 7))
    shift = '[[schedule]]\nid = "primary"\ntimezone = "UTC"\nhandoff = "09:00"'
    return "\n".join([*people, shift, f"weeks = [ {weeks} ]", ""])
