"""Subword regularisation: other spellings of the same text, drawn with the caller's own generator.

Pieces never cross a space, so a sentence's spellings are those of its words, independent of each other; both
samplers work on one word at a time. A word here is ▁ and what follows up to the next ▁, as sentencepiece writes it.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from seqloom.base.errors import ConfigError

LONGEST_WORD = 128
"""Characters; a longer stretch without spaces is cut there, so that hostile text costs linear time."""

CACHED_WORDS = 1 << 15
LONGEST_CACHED = 32  # characters; so the cache stays below some 100 MB whatever the text
COLDEST = 1e-6  # a temperature at which the best spelling has all the probability that a float can show
UNKNOWN_PENALTY = 10.0  # sentencepiece's own, below the worst piece


class _Arc(NamedTuple):
    """A piece of the lattice that ends somewhere: where it starts and the ids that spell it."""

    start: int
    ids: tuple[int, ...]


class _Column(NamedTuple):
    """The arcs that end at one character, with their cumulative probabilities."""

    cumulative: tuple[float, ...]
    arcs: tuple[_Arc, ...]


class PieceTable:
    """A model's pieces with their ids and scores, and the bytes that spell everything else."""

    def __init__(self, ids: Mapping[str, int], scores: Sequence[float], byte_ids: Sequence[int]) -> None:
        """ids of the learned pieces; the score of every id; the ids of bytes 0 to 255."""
        self.ids = ids
        self.scores = scores
        self.byte_ids = byte_ids
        self.longest = max(map(len, ids))  # characters
        self.unknown_score = min(scores[index] for index in ids.values()) - UNKNOWN_PENALTY

    def spell(self, piece: str) -> tuple[int, ...]:
        """The id of a piece, or those of its bytes."""
        index = self.ids.get(piece)
        return tuple(self.byte_ids[byte] for byte in piece.encode("utf-8")) if index is None else (index,)


class UnigramSampler:
    """Draw a spelling with probability proportional to exp(score / temperature).

    Every spelling may be drawn, by forward filtering and backward sampling: the n-best sampling of Kudo 2018
    (section 3.2) with n without bound; its alpha is 1 / temperature.
    """

    def __init__(self, pieces: PieceTable, temperature: float) -> None:
        """Raises ConfigError unless the temperature is above 0."""
        if not temperature > 0:
            raise ConfigError(
                f"The strength of unigram sampling is {temperature}; as a temperature it must be 0 or more."
            )
        self._pieces = pieces
        self._temperature = max(temperature, COLDEST)
        self._lattices: dict[str, tuple[_Column, ...]] = {}

    def sample(self, word: str, uniform: Iterator[float]) -> list[int]:
        """Spell one word in ids, taking one number from `uniform` a piece."""
        columns = self._lattices.get(word)
        if columns is None:
            columns = self._build_lattice(word)
            if len(self._lattices) < CACHED_WORDS and len(word) <= LONGEST_CACHED:
                self._lattices[word] = columns
        parts: list[tuple[int, ...]] = []
        end = len(word)
        while end:
            column = columns[end - 1]
            chosen = bisect_right(column.cumulative, next(uniform), hi=len(column.arcs) - 1)
            end, ids = column.arcs[chosen]
            parts.append(ids)
        return [index for ids in reversed(parts) for index in ids]

    def _build_lattice(self, word: str) -> tuple[_Column, ...]:
        """A column for each character of the word: the arcs that end after it."""
        totals = [0.0]  # log of the summed weights of all spellings of the first `end` characters
        columns = []
        for end in range(1, len(word) + 1):
            arcs, weights = [], []
            for start in range(max(0, end - self._pieces.longest), end):
                score = self._score(word[start:end])
                if score is not None:
                    arcs.append(_Arc(start, self._pieces.spell(word[start:end])))
                    weights.append(totals[start] + score / self._temperature)
            best = max(weights)
            exponentials = [math.exp(weight - best) for weight in weights]
            total = math.fsum(exponentials)
            totals.append(best + math.log(total))
            columns.append(_Column(tuple(_cumulate(exponentials, total)), tuple(arcs)))
        return tuple(columns)

    def _score(self, piece: str) -> float | None:
        index = self._pieces.ids.get(piece)
        if index is not None:
            return self._pieces.scores[index]
        return self._pieces.unknown_score if len(piece) == 1 else None


class BpeDropout:
    """Merge as BPE does, but drop each possible merge with a probability at each step.

    Source: Provilkov et al. 2020, algorithm 1. A merge is possible where two neighbours together are a piece; of
    those not dropped the one with the best score is applied, the leftmost on a tie, until none is left. The merges
    are tried from the best down, so that one kept spares the draws of the rest.
    """

    def __init__(self, pieces: PieceTable, probability: float) -> None:
        """Raises ConfigError unless the probability is from 0 to 1."""
        if not 0 <= probability <= 1:
            raise ConfigError(
                f"The strength of BPE-dropout is {probability}; as a probability it must be from 0 to 1."
            )
        self._pieces = pieces
        self._probability = probability
        self._paths: dict[str, tuple[tuple[str, ...], ...]] = {}

    def sample(self, word: str, uniform: Iterator[float]) -> list[int]:
        """Spell one word in ids, taking a number from `uniform` for each merge tried.

        As long as the best merge is kept, the work is that of plain BPE and is looked up. `sample_slowly` is the
        same without looking up; both take the same numbers and give the same ids.
        """
        path = self._paths.get(word)
        if path is None:
            path = self._undropped_path(word)
            if len(self._paths) < CACHED_WORDS and len(word) <= LONGEST_CACHED:
                self._paths[word] = path
        for symbols in path[:-1]:
            if next(uniform) < self._probability:
                return self.sample_slowly(symbols, uniform, dropped=1)
        return self._spell(path[-1])

    def sample_slowly(self, symbols: Sequence[str], uniform: Iterator[float], dropped: int = 0) -> list[int]:
        """Go on from some symbols, at first the word's characters, whose best `dropped` merges are dropped already."""
        while True:
            for place in self._places(symbols)[dropped:]:
                if next(uniform) >= self._probability:
                    symbols = _merge(symbols, place)
                    dropped = 0
                    break
            else:
                return self._spell(symbols)

    def _undropped_path(self, word: str) -> tuple[tuple[str, ...], ...]:
        """What plain BPE goes through, from the characters to the pieces."""
        path = [tuple(word)]
        while places := self._places(path[-1]):
            path.append(_merge(path[-1], places[0]))
        return tuple(path)

    def _places(self, symbols: Sequence[str]) -> list[int]:
        """Where a merge is possible, the best first."""
        ids, scores = self._pieces.ids, self._pieces.scores
        merged = [ids.get(left + right) for left, right in pairwise(symbols)]
        ranked = [(-scores[index], place) for place, index in enumerate(merged) if index is not None]
        return [place for _, place in sorted(ranked)]

    def _spell(self, symbols: Sequence[str]) -> list[int]:
        return [index for symbol in symbols for index in self._pieces.spell(symbol)]


def _merge(symbols: Sequence[str], place: int) -> tuple[str, ...]:
    return (*symbols[:place], symbols[place] + symbols[place + 1], *symbols[place + 2 :])


def _cumulate(weights: Sequence[float], total: float) -> Iterator[float]:
    reached = 0.0
    for weight in weights:
        reached += weight
        yield reached / total
