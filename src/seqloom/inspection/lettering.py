"""How a text is put on a picture or a page: which way it reads, and what stands for what can't be seen."""

import unicodedata
from collections.abc import Iterable
from typing import Literal

Direction = Literal["ltr", "rtl"]

# Format characters that draw nothing and, loose in a picture, would turn or glue what stands beside them.
# The two joiners (U+200C, U+200D) are not among them: they shape Persian and Indic words and emoji.
_UNSEEN = {0xAD, 0x200B, 0x200E, 0x200F, 0x61C, 0xFEFF, *range(0x202A, 0x202F), *range(0x2060, 0x2070)}
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def direction(texts: Iterable[str]) -> Direction:
    """The way the texts together are read: right to left when most of their letters are."""
    right = left = 0
    for text in texts:
        for character in text:
            kind = unicodedata.bidirectional(character)
            right += kind in ("R", "AL")
            left += kind == "L"
    return "rtl" if right > left else "ltr"


def visible(symbol: str) -> str:
    """The symbol as it can be drawn: controls as escapes, spaces that stand alone as ␣, nothing as ∅.

    Unseen format characters (directional marks, soft hyphens) are left out beside others and escaped when
    they are all there is.
    """
    if not symbol:
        return "∅"
    if symbol.isspace() and symbol.strip(" \u00a0\u3000") == "":
        return "␣" * len(symbol)
    seen = "".join(c for c in symbol if ord(c) not in _UNSEEN) or symbol
    return "".join(_escape(c) for c in seen)


def shorten(label: str, longest: int) -> str:
    """The label, cut with … so that it has at most `longest` characters; marks stay with their letter."""
    if len(label) <= longest:
        return label
    cut = longest - 1
    while cut > 1 and unicodedata.combining(label[cut]):
        cut -= 1
    return label[:cut] + "…"


def _escape(character: str) -> str:
    code = ord(character)
    if code in _UNSEEN or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
    return character
