"""Text to ids and back: one interface, six kinds of tokenizer, and the two calls that make one.

word       an id a word or punctuation mark; unseen words are <unk>
space      an id for whatever white space separates; unseen ones are <unk>
character  an id a character; unseen characters are <unk>
byte       an id a byte of UTF-8; 260 ids, nothing to train
unigram    pieces of words chosen by likelihood (Kudo 2018), through sentencepiece
bpe        pieces of words made by merging (Sennrich et al. 2016), through sentencepiece

One more, "segmented", wraps any of them for texts with parts, such as the turns of a dialogue (see segmented.py).
"""

import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from seqloom.base.errors import ConfigError, DamagedModelError
from seqloom.base.randomness import numpy_generator
from seqloom.text.byte import ByteTokenizer
from seqloom.text.character import CharacterTokenizer, train_character_tokenizer
from seqloom.text.grouping import WordGroup
from seqloom.text.normalise import Form, Normaliser, check_form
from seqloom.text.reservoir import draw_lines
from seqloom.text.segmented import BASE, SegmentedTokenizer
from seqloom.text.space import SpaceTokenizer, train_space_tokenizer
from seqloom.text.storage import StoredTokenizer, read_tokenizer
from seqloom.text.subword import SubwordTokenizer, train_subword_tokenizer
from seqloom.text.vocabulary import SPECIALS, Vocabulary
from seqloom.text.word import WordTokenizer, train_word_tokenizer

__all__ = ["KINDS", "Tokenizer", "WordGroup", "load_tokenizer", "train_tokenizer"]


class Tokenizer(Protocol):
    """What every kind can do. Ids 0 to 3 are the specials, always."""

    @property
    def kind(self) -> str:
        """ "word", "space", "character", "byte", "unigram" or "bpe"; "segmented" for one with parts."""

    def __len__(self) -> int:
        """The number of ids, the specials included."""

    def normalise(self, text: str) -> str:
        """The form that texts are brought to; what decode(encode(text)) gives for all kinds but word."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text, normalised first, without begin and end. EncodingFault for a lone surrogate."""

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text, faster."""

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """Ids that decode to the same text in a spelling drawn at random; `encode` for kinds with one spelling.

        strength  0 is `encode`; unigram: the temperature; bpe: the probability of dropping a merge.
        """

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids, on one line; specials are dropped. DataError for an id outside the vocabulary."""

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """A printable symbol for each id, specials included, for the axes of a plot."""

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        """The words that the ids spell and the positions of each; every position once, in order."""

    def reading(self, text: str) -> "Tokenizer":
        """The same with the unknown symbols of a text behind its own, an id each: what copies from that text needs.

        Itself where nothing is unknown, as always for byte, unigram and bpe. For one text; not to be saved.
        """

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """For each of the ids that `encode` or `sample` gave of the text, the number of the word that it spells.

        Words are what white space separates in the text as it was given, counted from 0. White space goes to the
        word after it, or at the end to the last; what spells several words counts for the first.
        """

    def fingerprint(self) -> str:
        """SHA-256 over what determines the ids."""

    def save(self, folder: Path) -> None:
        """Write tokenizer.json and, for most kinds, the file with the symbols. ResourceError when the disk refuses."""


def train_tokenizer(
    lines: Iterable[str],
    *,
    kind: str,
    size: int,
    form: Form = "NFC",
    lowercase: bool = False,
    seed: int = 0,
    sample_lines: int = 200_000,
    threads: int = 2,
) -> Tokenizer:
    """Make a tokenizer from lines of text; the same lines and arguments make the same one on every run.

    size          symbols, the 4 specials included. unigram and bpe (which also hold 256 bytes) get exactly as many;
                  for word, space and character it is the most; a byte tokenizer has 260 whatever is asked.
    form          Unicode normalisation: "NFC", "NFKC" or "none"
    seed          of the sample of lines
    sample_lines  lines used at most, drawn uniformly; memory is bounded by them
    threads       used by `encode_many`
    Raises ConfigError for an unknown kind or form or a size below 5; DataError when the lines are empty or, for
    unigram and bpe, don't allow that size: the message then gives the size that is possible.
    """
    check_form(form)
    normaliser = Normaliser(form, lowercase)
    if kind not in TRAINED:
        near = difflib.get_close_matches(kind.lower(), TRAINED, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"The tokenizer kind {kind!r} is unknown; use one of {', '.join(TRAINED)}.{hint}")
    if kind == "byte":
        return ByteTokenizer(normaliser)
    for name, value, least in (
        ("size", size, len(SPECIALS) + 1),
        ("sample_lines", sample_lines, 1),
        ("threads", threads, 1),
    ):
        if value < least:
            raise ConfigError(f"A tokenizer's {name} is {value}; expected {least} or more.")
    sample = draw_lines(lines, sample_lines, numpy_generator(seed, "tokenizer sample"))
    if kind == "word":
        return train_word_tokenizer(sample, size=size, normaliser=normaliser)
    if kind == "space":
        return train_space_tokenizer(sample, size=size, normaliser=normaliser)
    if kind == "character":
        return train_character_tokenizer(sample, size=size, normaliser=normaliser)
    return train_subword_tokenizer(
        sample,
        kind="unigram" if kind == "unigram" else "bpe",
        size=size,
        normaliser=normaliser,
        threads=threads,
    )


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read what `save` wrote. Raises DamagedModelError, naming the file, when one is missing, cut short or altered."""
    stored = read_tokenizer(folder)
    tokenizer = KINDS[stored.kind](stored)
    if len(tokenizer) != stored.size:
        raise DamagedModelError(
            f"{stored.payload_path} holds {len(tokenizer)} symbols; tokenizer.json says {stored.size}. One was altered."
        )
    return tokenizer


def _load_word(stored: StoredTokenizer) -> Tokenizer:
    return WordTokenizer(Vocabulary.from_json(stored.payload, stored.payload_path), stored.normaliser)


def _load_space(stored: StoredTokenizer) -> Tokenizer:
    return SpaceTokenizer(Vocabulary.from_json(stored.payload, stored.payload_path), stored.normaliser)


def _load_character(stored: StoredTokenizer) -> Tokenizer:
    return CharacterTokenizer(Vocabulary.from_json(stored.payload, stored.payload_path), stored.normaliser)


def _load_byte(stored: StoredTokenizer) -> Tokenizer:
    return ByteTokenizer(stored.normaliser)


def _load_subword(stored: StoredTokenizer) -> Tokenizer:
    try:
        return SubwordTokenizer(
            "unigram" if stored.kind == "unigram" else "bpe", stored.payload, stored.normaliser
        )
    except DamagedModelError as error:
        raise DamagedModelError(f"{stored.payload_path}: {error}") from error


def _load_segmented(stored: StoredTokenizer) -> Tokenizer:
    base = load_tokenizer(Path(stored.payload_path).parent / BASE)
    return SegmentedTokenizer.from_json(stored.payload, stored.payload_path, base)


KINDS: dict[str, Callable[[StoredTokenizer], Tokenizer]] = {
    "word": _load_word,
    "space": _load_space,
    "character": _load_character,
    "byte": _load_byte,
    "unigram": _load_subword,
    "bpe": _load_subword,
    "segmented": _load_segmented,
}
"""The kinds of tokenizer and how each is opened."""

TRAINED = tuple(kind for kind in KINDS if kind != "segmented")
"""Those that are made from text."""
