"""One text, one form: Unicode normalisation that stays linear on hostile text."""

import difflib
import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

from seqloom.base.errors import ConfigError, EncodingFault

Form = Literal["NFC", "NFKC", "none"]
FORMS: tuple[str, ...] = get_args(Form)

MAX_MARKS = 30
"""Combining marks kept after one letter: the limit of Unicode's Stream-Safe Text Format (UAX #15, section 13)."""

MARK_PLANES = (range(0x300, 0x20000), range(0xE0000, 0xE1000))
"""Where combining marks live; planes 2 and 3 hold ideographs, the last two private use."""


@dataclass(frozen=True)
class Normaliser:
    """The normalisation that a tokenizer was made with; call it with a text."""

    form: Form = "NFC"
    lowercase: bool = False

    def __call__(self, text: str) -> str:
        return normalise(text, self.form, lowercase=self.lowercase)


def normalise(text: str, form: str = "NFC", *, lowercase: bool = False, max_marks: int = MAX_MARKS) -> str:
    """Bring a text to one line of one Unicode form, so that equal texts have equal ids.

    A line feed becomes a space, as a text is one line; every other character, control characters included, stays.
    form       "NFC", "NFKC" or "none" (leaves the characters as they are)
    lowercase  lower the text too (Python's `str.lower`, language-independent)
    max_marks  combining marks kept after one letter, from 6; further ones are dropped before normalising,
               because canonical ordering takes quadratic time on long runs. Not applied by form "none".
    Idempotent. Raises ConfigError for an unknown form, EncodingFault for a lone surrogate.
    """
    check_form(form)
    text = text.replace("\n", " ")
    if text.isascii():
        return text.lower() if lowercase else text
    refuse_surrogates(text)
    text = _bring_to(text, form, max_marks)
    if lowercase:
        lowered = text.lower()
        if lowered != text:  # lowering can leave the form: a dotted capital I becomes i and a combining dot
            text = _bring_to(lowered, form, max_marks)
    return text


def check_form(form: str) -> None:
    """Raise ConfigError, with a suggestion, for a form that isn't one of FORMS."""
    if form not in FORMS:
        near = difflib.get_close_matches(form.upper(), ["NFC", "NFKC"], n=1) or [FORMS[0]]
        raise ConfigError(
            f"The normalisation form {form!r} is unknown; use one of {', '.join(FORMS)}. Did you mean {near[0]!r}?"
        )


def refuse_surrogates(text: str) -> None:
    """Raise EncodingFault when the text holds half of a surrogate pair, which UTF-8 can't write."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingFault(
            f"Character {error.start + 1} of the text is the lone surrogate U+{ord(text[error.start]):04X}, half of "
            "a character, which UTF-8 can't write. Read the text as UTF-8, or remove that character."
        ) from None


def cap_marks(text: str, form: str = "NFC", max_marks: int = MAX_MARKS) -> str:
    """Keep at most `max_marks` combining marks after each letter, counted as the form decomposes them; linear time."""
    if max_marks < 6:
        raise ConfigError(
            f"max_marks is {max_marks}; expected 6 or more, as some letters of living scripts carry 4."
        )
    decomposed: Literal["NFD", "NFKD"] = "NFKD" if form == "NFKC" else "NFD"
    # A run shorter than a third of the cap passes whatever its marks decompose to: a mark gives at most two,
    # a letter at most three of its own.
    runs, marks = _mark_patterns(decomposed, max_marks // 3)
    if marks.search(text) is None:
        return text

    def shorten(match: re.Match[str]) -> str:
        letter, run = match.group(1), match.group(2)
        own = _trailing_marks(unicodedata.normalize(decomposed, letter))
        expanded = "".join(unicodedata.normalize(decomposed, mark) for mark in run)
        return match.group() if own + len(expanded) <= max_marks else letter + expanded[: max_marks - own]

    return runs.sub(shorten, text)


def _bring_to(text: str, form: str, max_marks: int) -> str:
    if form == "NFC":
        return unicodedata.normalize("NFC", cap_marks(text, form, max_marks))
    if form == "NFKC":
        return unicodedata.normalize("NFKC", cap_marks(text, form, max_marks))
    return text


def _trailing_marks(text: str) -> int:
    count = 0
    while count < len(text) and unicodedata.combining(text[-1 - count]):
        count += 1
    return count


@functools.cache
def _mark_patterns(
    decomposed: Literal["NFD", "NFKD"], shortest: int
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns for (a letter and its long run of marks) and for (a long run of marks).

    A mark is a character that decomposes to characters of a non-zero combining class only. Most are such
    themselves; a few aren't and would slip through a test of their own class (U+0F73; under NFKC U+FF9E).
    """
    points = [
        point
        for plane in MARK_PLANES
        for point in plane
        if unicodedata.combining(unicodedata.normalize(decomposed, chr(point))[0])
    ]
    marks = character_class(points)
    return re.compile(f"([^{marks}]?)([{marks}]{{{shortest},}})"), re.compile(f"[{marks}]{{{shortest}}}")


def character_class(points: list[int]) -> str:
    """The inside of a regular expression's brackets for ascending code points, as ranges."""
    ranges: list[list[int]] = []
    for point in points:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
