"""What a word is: splitting text into words and punctuation, and joining them again.

The split is for languages that put spaces between words. It is reversible for single-spaced text, because a token
remembers on which side it was glued to its neighbour by the joiner ￭, the convention of OpenNMT's tokenizer:

    How are you?        How  are  you  ￭?
    Comment ça va ?     Comment  ça  va  ?
    L'ami (de Paul)     L'￭  ami  (￭  de  Paul  ￭)
    I don't             I  do  ￭n't

The joiner stands on the punctuation and never on the word, so that a word has one id wherever it stands.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

from seqloom.text.normalise import character_class

JOINER = "￭"
JOINER_STAND_IN = "■"
"""What a joiner in the user's own text becomes; also its compatibility equivalent in Unicode."""

LONGEST_CACHED = 64
"""Characters; longer stretches without a space are rare, and caching hostile ones would fill the memory."""


class _Part(NamedTuple):
    """A token of a stretch without spaces; `loose` ones (punctuation, clitics) carry the joiners."""

    text: str
    start: int
    loose: bool
    joins_next: bool


def split_words(text: str) -> list[str]:
    """Split a text into tokens with joiners; any white space counts as one space. Linear time."""
    tokens: list[str] = []
    for stretch in text.split():
        tokens.extend(split_stretch(stretch))
    return tokens


def split_stretch(stretch: str) -> tuple[str, ...]:
    """Split a stretch of text without spaces into tokens with joiners."""
    return _split_cached(stretch) if len(stretch) <= LONGEST_CACHED else _split(stretch)


def join_words(tokens: Iterable[str]) -> str:
    """Put tokens together again: a space between two, unless a joiner says that they touch."""
    out: list[str] = []
    glued = True
    for token in tokens:
        text = token.removeprefix(JOINER) if len(token) > 1 else token
        if not glued and text is token:
            out.append(" ")
        glued = len(text) > 1 and text.endswith(JOINER)
        out.append(text[:-1] if glued else text)
    return "".join(out)


def bare(token: str) -> str:
    """A token without its joiners, for people to read."""
    return token.strip(JOINER) or token


def word_starts(text: str) -> set[int]:
    """Offsets where the tokens of `split_words` begin, the white space before them included; linear time."""
    starts: set[int] = set()
    end = 0
    for match in re.finditer(r"\S+", text):
        inside = [match.start() + part.start for part in _parts(match.group())]
        starts.update([end, *inside[1:]])
        end = match.end()
    return starts


def stretch_owners(raw: str, normalise: Callable[[str], str]) -> list[int]:
    """For each stretch without spaces of the normalised text, the number of the raw text's stretch that it comes from.

    They are one to one but where normalising spells a character with a space, as NFKC does with some accents.
    """
    stretches, words = normalise(raw).split(), raw.split()
    if len(stretches) == len(words):
        return list(range(len(words)))
    return [number for number, word in enumerate(words) for _ in normalise(word).split()]


def character_owners(raw: str, normalise: Callable[[str], str]) -> list[int]:
    """For each character of the normalised text, the number of the raw text's stretch that it belongs to.

    White space goes to the stretch after it, or at the end to the last, as in `word_starts`. Linear time.
    """
    text = normalise(raw)
    found: list[int] = []
    owner = 0
    matches = re.finditer(r"\S+", text)
    for owner, match in zip(stretch_owners(raw, normalise), matches, strict=True):
        found.extend([owner] * (match.end() - len(found)))
    return [*found, *[owner] * (len(text) - len(found))]


def byte_owners(text: str, owners: Iterable[int]) -> list[int]:
    """For each byte of a text's UTF-8 what its character has."""
    return [owner for character, owner in zip(text, owners, strict=True) for _ in character.encode("utf-8")]


@functools.lru_cache(maxsize=1 << 17)
def _split_cached(stretch: str) -> tuple[str, ...]:
    return _split(stretch)


def _split(stretch: str) -> tuple[str, ...]:
    parts = _parts(stretch.replace(JOINER, JOINER_STAND_IN))
    before = [part.text for part in parts]
    after = [JOINER if part.joins_next else "" for part in parts]
    for index, (left, right) in enumerate(pairwise(parts)):
        if left.joins_next:
            continue  # "l'" before a word carries the joiner itself
        if right.loose or not left.loose:
            before[index + 1] = JOINER + before[index + 1]
        else:
            after[index] = JOINER
    return tuple(text + joiner for text, joiner in zip(before, after, strict=True))


def _parts(stretch: str) -> list[_Part]:
    return [
        _Part(
            match.group(),
            match.start(),
            loose=match.lastgroup in ("clitic", "symbols", "mark"),
            joins_next=match.lastgroup == "elision",
        )
        for match in _token_pattern().finditer(stretch)
    ]


@functools.cache
def _token_pattern() -> re.Pattern[str]:
    """The tokens of a stretch without spaces, in order of precedence. Every alternative is linear.

    number   1,000  10:30  3.14
    clitic   's 'm 'll n't ... after a word (English; German "geht's")
    elision  l'  qu'  dell'  before a word, when no English clitic follows
    word     letters, digits, marks and joining hyphens: peut-être, T-Shirt, 20h30
    symbols  a run of emoji and such, or of full stops
    mark     any other character, alone: punctuation, currency, mathematics
    """
    emoji, other = _symbol_classes()
    inside = rf"[^\s{emoji}{other}]"
    word = rf"{inside}++(?:-{inside}++)*+"
    clitic = rf"['’](?i:s|m|d|t|re|ve|ll)(?!{inside})"
    negation = rf"(?i:n['’]t)(?!{inside})"
    return re.compile(
        rf"(?P<number>\d{{1,20}}+(?:[.,:]\d{{1,20}}+){{1,8}}+(?!{inside}))"  # bounded: it may fail and start anew
        rf"|(?P<clitic>(?<={inside})(?:{clitic}|{negation}))"
        rf"|(?P<elision>{word}(?!{clitic})['’](?={inside}))"
        rf"|(?P<word>{inside}+?(?={negation})|{word})"
        rf"|(?P<symbols>[{emoji}][{emoji}\u200d\ufe0f\U000e0020-\U000e007f]*+|\.{{2,}}+)"
        r"|(?P<mark>.)",
        re.DOTALL,
    )


def _symbol_classes() -> tuple[str, str]:
    """Two character classes: emoji and their like, and all other punctuation."""
    emoji: list[int] = []
    other: list[int] = []
    for point in range(0x21, 0x20000):
        category = unicodedata.category(chr(point))
        if category == "So" or 0x1F3FB <= point <= 0x1F3FF:  # skin tones are "Sk"
            emoji.append(point)
        elif category[0] in "PS":
            other.append(point)
    return character_class(emoji), character_class(other)
