"""The subword tokenizer: unigram and BPE pieces through sentencepiece, for any text, exactly reversible.

Characters outside the vocabulary are spelled in bytes, so there is no unknown. Sentencepiece writes a space as ▁
(U+2581); a ▁ of the text itself is given to it as a line feed, which no text holds, and turned back when decoding.
For text without ▁ the ids are those of plain sentencepiece with the same model.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import sentencepiece

from seqloom.base.errors import DamagedModelError
from seqloom.text.grouping import WordGroup, group_pieces
from seqloom.text.normalise import Normaliser
from seqloom.text.printable import printable
from seqloom.text.storage import fingerprint, save_tokenizer
from seqloom.text.subword_sampling import LONGEST_WORD, BpeDropout, PieceTable, UnigramSampler
from seqloom.text.subword_training import SubwordKind, train_sentencepiece
from seqloom.text.vocabulary import SPECIALS, check_ids
from seqloom.text.words import byte_owners, character_owners

SPACE = "▁"
ESCAPED_SPACE = "\n"
RANDOM_BLOCK = 256  # random numbers drawn at a time

_WORDS = re.compile(rf"{SPACE}[^{SPACE}]{{0,{LONGEST_WORD - 1}}}+|[^{SPACE}]{{1,{LONGEST_WORD}}}+")


class SubwordTokenizer:
    """Pieces of words by id. decode(encode(x)) == normalise(x) for every text.

    What a model makes up may not be UTF-8: decoding shows each faulty sequence as U+FFFD.
    """

    def __init__(self, kind: SubwordKind, model: bytes, normaliser: Normaliser, *, threads: int = 2) -> None:
        """model: as `train_sentencepiece` returns it. threads: for `encode_many`. DamagedModelError for other bytes."""
        self.kind = kind
        self.normaliser = normaliser
        self._model = model
        self._threads = threads
        self._processor = _open(model, kind)
        self._symbols = [self._processor.id_to_piece(index) for index in range(len(self._processor))]
        self._spelled = [
            _spelling(self._processor, index, symbol) for index, symbol in enumerate(self._symbols)
        ]
        self._sampler: tuple[float, UnigramSampler | BpeDropout] | None = None

    def __len__(self) -> int:
        return len(self._symbols)

    def normalise(self, text: str) -> str:
        return self.normaliser(text)

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._processor.encode(self._escape(text), out_type=int)
        return ids

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        escaped = [self._escape(text) for text in texts]
        many: list[list[int]] = self._processor.encode(escaped, out_type=int, num_threads=self._threads)
        return many

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """Encode in a randomly drawn spelling, for subword regularisation in training; 0 is `encode`.

        strength  unigram: the temperature, from 0 up; a spelling has probability proportional to
                  exp(score / strength): 1 follows the model, more flattens it (Kudo's alpha is 1 / strength, so his
                  0.2 is 5 here).
                  bpe: the probability, 0 to 1, of dropping a merge; 1 spells in characters. Provilkov et al. use 0.1.
        The spelling is a function of the text, the strength and the generator's state. A stretch of more than 128
        characters without a space is cut there. Raises ConfigError for a strength out of range.
        """
        if strength == 0:
            return self.encode(text)
        sampler = self._sampler_for(strength)
        escaped = self._escape(text)
        if not escaped:
            return []
        uniform = _uniform(generator)
        words = _WORDS.findall(SPACE + escaped.replace(" ", SPACE))
        return [index for word in words for index in sampler.sample(word, uniform)]

    def decode(self, ids: Sequence[int]) -> str:
        spelled = self._spelled
        content = b"".join(spelled[index] for index in check_ids(ids, len(self)) if index >= len(SPECIALS))
        return _read(content).removeprefix(" ")  # the first word begins with a space of sentencepiece's own

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [printable(self._symbols[index]) for index in check_ids(ids, len(self))]

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        spelled = [self._spelled[index] or SPECIALS[index] for index in check_ids(ids, len(self))]
        return group_pieces(spelled, _read)

    def reading(self, text: str) -> "SubwordTokenizer":  # noqa: ARG002 - nothing is unknown in any text
        return self

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """The word in which each piece begins."""
        if not ids:
            return []
        owners = character_owners(text, self.normaliser)
        spelled = SPACE + self._escape(text).replace(" ", SPACE)  # begins with sentencepiece's own space
        of_bytes = byte_owners(spelled, owners[:1] + owners)
        ends = accumulate((len(self._spelled[index]) for index in ids), initial=0)
        return [of_bytes[start] for start, _ in zip(ends, ids, strict=False)]

    def fingerprint(self) -> str:
        return fingerprint(self.kind, self.normaliser, len(self), self._model)

    def save(self, folder: Path) -> None:
        save_tokenizer(folder, self.kind, self.normaliser, len(self), self._model)

    def _escape(self, text: str) -> str:
        return self.normaliser(text).replace(SPACE, ESCAPED_SPACE)

    def _sampler_for(self, strength: float) -> UnigramSampler | BpeDropout:
        """The sampler of this strength; the last one is kept, with what it has worked out about words."""
        if self._sampler is None or self._sampler[0] != strength:
            if self.kind == "unigram":
                self._sampler = (strength, UnigramSampler(self._piece_table(), strength))
            else:
                self._sampler = (strength, BpeDropout(self._piece_table(), strength))
        return self._sampler[1]

    def _piece_table(self) -> PieceTable:
        processor = self._processor
        byte_ids = [index for index in range(len(self)) if processor.is_byte(index)]
        byte_ids.sort(key=lambda index: self._spelled[index])
        special = {*byte_ids, *range(len(SPECIALS))}
        ids = {symbol: index for index, symbol in enumerate(self._symbols) if index not in special}
        return PieceTable(ids, [processor.get_score(index) for index in range(len(self))], byte_ids)


def train_subword_tokenizer(
    lines: Sequence[str], *, kind: SubwordKind, size: int, normaliser: Normaliser, threads: int = 2
) -> SubwordTokenizer:
    """Train on all the lines; see `train_sentencepiece` for what it raises."""
    model = train_sentencepiece(lines, kind=kind, size=size, normaliser=normaliser)
    return SubwordTokenizer(kind, model, normaliser, threads=threads)


def _open(model: bytes, kind: SubwordKind) -> sentencepiece.SentencePieceProcessor:
    """Load a model and check that it is one of ours. Raises DamagedModelError."""
    try:
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        found = tuple(processor.id_to_piece(index) for index in range(len(SPECIALS)))
    except (RuntimeError, IndexError) as error:
        raise DamagedModelError("This is no sentencepiece model; it was cut short or altered.") from error
    if found != SPECIALS:
        raise DamagedModelError(
            f"The model must begin with {', '.join(SPECIALS)}; it begins with {', '.join(found)}."
        )
    if sum(processor.is_byte(index) for index in range(len(processor))) != 256:
        raise DamagedModelError(
            "The model lacks the 256 bytes that spell unknown characters (byte_fallback)."
        )
    if _kind_of(processor) != kind:
        raise DamagedModelError(f"The model is of kind {_kind_of(processor)}; expected {kind}.")
    return processor


def _kind_of(processor: sentencepiece.SentencePieceProcessor) -> SubwordKind:
    try:
        processor.nbest_encode_as_ids("a", nbest_size=2)
    except RuntimeError:
        return "bpe"  # has no n-best search
    return "unigram"


def _spelling(processor: sentencepiece.SentencePieceProcessor, index: int, symbol: str) -> bytes:
    """The UTF-8 that an id stands for; none for a special."""
    if index < len(SPECIALS):
        return b""
    return bytes([int(symbol[3:5], 16)]) if processor.is_byte(index) else symbol.encode("utf-8")


def _read(spelled: bytes) -> str:
    return spelled.decode("utf-8", errors="replace").replace(SPACE, " ").replace(ESCAPED_SPACE, SPACE)


def _uniform(generator: np.random.Generator) -> Iterator[float]:
    """Numbers from 0 to 1, drawn a block at a time because single draws are slow."""
    while True:
        yield from generator.random(RANDOM_BLOCK).tolist()
