"""Training a sentencepiece model in this process, without files and without its log."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import sentencepiece

from seqloom.base.errors import DataError
from seqloom.text.normalise import Normaliser
from seqloom.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK

SubwordKind = Literal["unigram", "bpe"]

THREADS = 4
"""Not the caller's choice: expectation maximisation sums in the order of its threads, so the pieces depend on it."""

USUAL_COVERAGE = 0.9995
"""Share of the text whose characters get an id of their own, sentencepiece's default; the rest is spelled in bytes."""

SMALL_ALPHABET = 400
"""Characters that all get an id, as sentencepiece's authors advise for alphabets; ideographs and web text have more."""

LONGEST_SENTENCE = 1 << 20
"""Bytes; longer lines would be skipped silently. The caller's are shorter."""

RESERVED = str.maketrans(dict.fromkeys("\0▁▅\n", " "))
"""Characters that mean something to the trainer. It sees a space; in use they are spelled in bytes."""


def train_sentencepiece(
    lines: Sequence[str], *, kind: SubwordKind, size: int, normaliser: Normaliser
) -> bytes:
    """Train a model of exactly `size` symbols, specials and 256 bytes included, and return it serialised.

    The same lines give the same model on every run. Raises DataError, with the nearest size that is possible,
    when the lines hold too little text for `size` or too many characters.
    """
    prepared = [normaliser(line).translate(RESERVED) for line in lines]
    prepared = [line for line in prepared if line.strip()]
    if not prepared:
        raise DataError("There is no text to take subwords from: every line is empty.")
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(prepared),
            model_writer=model,
            model_type=kind,
            vocab_size=size,
            character_coverage=_coverage(prepared),
            byte_fallback=True,
            normalization_rule_name="identity",
            add_dummy_prefix=True,
            remove_extra_whitespaces=False,
            max_sentence_length=LONGEST_SENTENCE,
            pad_id=PAD,
            unk_id=UNK,
            bos_id=BOS,
            eos_id=EOS,
            pad_piece=SPECIALS[PAD],
            unk_piece=SPECIALS[UNK],
            bos_piece=SPECIALS[BOS],
            eos_piece=SPECIALS[EOS],
            num_threads=THREADS,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise DataError(_explain(str(error), kind, size, len(prepared))) from error
    return model.getvalue()


def _coverage(lines: Sequence[str]) -> float:
    """All characters of a small alphabet, else the usual share."""
    alphabet: Counter[str] = Counter()
    for line in lines:
        alphabet.update(line)
    return 1.0 if len(alphabet) <= SMALL_ALPHABET else USUAL_COVERAGE


def _explain(message: str, kind: str, size: int, lines: int) -> str:
    if match := re.search(r"too high.*<= (\d+)", message):
        return (
            f"A {kind} vocabulary of {size:,} symbols is too large for this text ({lines:,} lines); "
            f"the largest possible size is {int(match.group(1)):,}."
        )
    if match := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        return (
            f"A {kind} vocabulary of {size:,} symbols is too small for the characters of this text; "
            f"the smallest possible size is {int(match.group(1)):,} (4 specials, 256 bytes and the alphabet)."
        )
    return f"Sentencepiece can't train a {kind} vocabulary of {size:,} symbols on {lines:,} lines: {message}"
