"""Texts that mean something to a page, a terminal, a log, a header or a spreadsheet."""

MARK = "SENTINELLE"
"""Stands in each of them: wherever it turns up, a stranger's words have got there."""

NAUGHTY = {
    "markup": f"<script>alert('{MARK}')</script>",
    "attribute": f'"><img src=x onerror=alert(1)>{MARK}',
    "entity": f"&lt;b&gt;{MARK}&#x3c;/textarea&gt;</textarea><b>",
    "template": f"{{{{7*7}}}}{{% raw %}}${{7*7}}{MARK}%(x)s%s",
    "formula": f"=cmd|' /C calc'!A0{MARK}",
    "sql": f"{MARK}'; DROP TABLE alert; --",
    "escape": f"\x1b[2J\x1b]0;{MARK}\x07\x1b[31m",
    "eight-bit-escape": f"\x9b2J\x9d0;{MARK}\x9c",
    "direction": f"\u202egnol{MARK}\u202c\u2066\u2069\u200f",
    "invisible": f"{MARK}\u200b\u200d\ufeff\u00ad\u2060",
    "line-breaks": f"{MARK}\r\nSet-Cookie: x=1\r\n\r\n<html>",
    "other-line-breaks": f"{MARK}\u2028\u2029\x0b\x0c\x85x",
    "log-line": f'"}}\n{{"event":"stopped","{MARK}":1}}',
    "nul": f"a\x00{MARK}\x00",
    "combining": MARK + "a" + "\u0301" * 1500,
    "cdata": f"]]><Hangup/>{MARK}<![CDATA[",
    "xml": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;{MARK}',
    "twiml": f"</Say><Dial>+33199000099</Dial><Say>{MARK}",
    "path": f"../../{MARK}/%2e%2e/C:\\con",
    "emoji": f"{MARK}\U0001f469\u200d\U0001f469\u200d\U0001f467\U0010ffff\ufffe",
    "long": MARK + "x" * 2500,
}

TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


def shows_safely(page: str) -> bool:
    """Nothing of it became markup or turned the text around; what it says may well stand there."""
    low = page.lower()
    assert "<script>alert" not in low
    assert "<img src=x" not in low
    assert "</textarea><b>" not in low
    assert "<hangup" not in low
    assert "<dial" not in low
    bad = [hex(ord(c)) for c in page if c in TURNS or (ord(c) < 32 and c not in "\n\r\t")]
    bad += [hex(ord(c)) for c in page if 0x7F <= ord(c) < 0xA0]
    assert not bad, bad[:5]
    return True
