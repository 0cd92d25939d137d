"""Characters that seldom belong in a sentence: controls, damage, separators, and text decoded twice."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple


class UnusualKind(NamedTuple):
    """A kind of character, and why it matters."""

    name: str  # in the plural
    characters: str  # for a regular expression's class
    meaning: str


UNUSUAL = (
    UnusualKind("replacement characters", "\ufffd", "U+FFFD: the text was damaged when someone decoded it"),
    UnusualKind(
        "line separators",
        "\x0b\x0c\x1c-\x1e\x85\u2028\u2029",
        "inside a line; tools that split lines here lose the step of two parallel files",
    ),
    UnusualKind("carriage returns", "\r", "inside a line; often two lines that became one"),
    UnusualKind("control characters", "\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f", "no part of any writing"),
    UnusualKind("tabs", "\t", "inside a sentence; often a column that belongs elsewhere"),
    UnusualKind("invisible characters", "\xad\u180e\u200b\u2060\ufeff", "they make equal words different"),
    UnusualKind(
        "direction marks", "\u200e\u200f\u202a-\u202e\u2066-\u2069", "they steer the order of display"
    ),
    UnusualKind(
        "private or unassigned characters",
        "\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff",
        "they have no meaning outside of one font or program",
    ),
)
MOJIBAKE = UnusualKind("text decoded twice", "", "UTF-8 read as Windows-1252, as in 'cafÃ©' for 'café'")
KINDS = (*UNUSUAL, MOJIBAKE)

ANY = re.compile("[" + "".join(kind.characters for kind in UNUSUAL) + "]")
UNPRINTABLE = re.compile("[\n" + ANY.pattern[1:])  # a JSON line's text may hold line feeds
EACH = tuple((kind, re.compile(f"[{kind.characters}]")) for kind in UNUSUAL)

# The 27 characters that Windows-1252 has where Latin-1 has controls, with their bytes.
WINDOWS_1252 = {
    bytes([byte]).decode("cp1252"): byte
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
CONTINUATION = "[\x80-\xbf" + "".join(WINDOWS_1252) + "]"
# Alone, only what is no likely end of a word before a quotation mark: not the ß“ of „Spaß“, nor the é » of « café ».
DECODED_TWICE = re.compile(
    f"[\xc2\xc3]{CONTINUATION}|\xe2[\x81€‚ƒ„]{CONTINUATION}"
    f"|(?:[\xc4\xc5\xce-\xd1\xd7-\xd9]{CONTINUATION}|[\xe0-\xed]{CONTINUATION}{{2}}){{2,}}"
)


class Unusual(NamedTuple):
    """Unusual characters of one kind in one text."""

    kind: UnusualKind
    occurrences: int
    example: str  # the first of them, as U+XXXX, or what decoded-twice text should be


def find_unusual(text: str) -> Iterator[Unusual]:
    """The kinds of unusual characters in a text; linear in its length."""
    if ANY.search(text):
        for kind, pattern in EACH:
            found = pattern.findall(text)
            if found:
                yield Unusual(kind, len(found), code_point(found[0]))
    if not text.isascii():
        damage = [(seen, mended) for seen in DECODED_TWICE.findall(text) if (mended := decoded_once(seen))]
        if damage:
            yield Unusual(MOJIBAKE, len(damage), f"{visible(damage[0][0])} for {visible(damage[0][1])}")


def decoded_once(seen: str) -> str:
    """What text that was decoded twice should have been ("Ã©" -> "é"); empty if it was not."""
    try:
        return bytes(WINDOWS_1252.get(character, ord(character)) for character in seen).decode("utf-8")
    except (ValueError, UnicodeDecodeError):
        return ""


def code_point(character: str) -> str:
    """U+200B (ZERO WIDTH SPACE)."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def visible(text: str, longest: int = 120) -> str:
    """A text cut to one line of a report, with what can't be seen written as ‹U+XXXX›.

    Also keeps a corpus from steering the terminal it is shown on.
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return UNPRINTABLE.sub(lambda match: f"‹U+{ord(match.group()):04X}›", cut)
