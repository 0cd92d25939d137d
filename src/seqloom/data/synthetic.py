"""Tiny tasks with known answers, for tests that a model learns. Ids only, from 4 up; no text, no tokenizer."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import UsageError
from seqloom.base.randomness import numpy_generator
from seqloom.text.vocabulary import SPECIALS

FIRST = len(SPECIALS)  # the first id that is no special


class IdPair(NamedTuple):
    """A source and its only right answer, as ids without BOS and EOS."""

    source: list[int]
    target: list[int]


def copy_pairs(
    count: int, *, seed: int, symbols: int = 8, shortest: int = 1, longest: int = 8
) -> list[IdPair]:
    """Sequences of `symbols` kinds, to be written as they are; the vocabulary has FIRST + symbols ids."""
    return _pairs("copy", list, count, (seed, symbols, shortest, longest))


def reverse_pairs(
    count: int, *, seed: int, symbols: int = 8, shortest: int = 1, longest: int = 8
) -> list[IdPair]:
    """Sequences to be written backwards."""
    return _pairs("reverse", lambda source: source[::-1], count, (seed, symbols, shortest, longest))


def recall_pairs(count: int, *, seed: int, symbols: int = 8, pairs: int = 3) -> list[IdPair]:
    """Key, value, key, value, …, a key again: to be answered with its value (associative recall).

    Keys are FIRST .. FIRST + symbols - 1, values the `symbols` ids after them. Raises UsageError when there are
    more pairs than keys.
    """
    if not 1 <= pairs <= symbols:
        raise UsageError(f"pairs = {pairs} with {symbols} symbols; expected 1 to {symbols}.")
    generator = numpy_generator(seed, "recall", symbols, pairs)
    found = []
    for _ in range(count):
        keys = FIRST + generator.permutation(symbols)[:pairs]
        values = FIRST + symbols + generator.integers(symbols, size=pairs)
        asked = int(generator.integers(pairs))
        source = [*np.stack([keys, values], axis=1).ravel().tolist(), int(keys[asked])]
        found.append(IdPair(source, [int(values[asked])]))
    return found


def _pairs(
    name: str, answer: Callable[[list[int]], list[int]], count: int, sizes: tuple[int, int, int, int]
) -> list[IdPair]:
    seed, symbols, shortest, longest = sizes
    if symbols < 1 or not 1 <= shortest <= longest:
        raise UsageError(
            f"symbols = {symbols}, shortest = {shortest}, longest = {longest} make no sequences."
        )
    generator = numpy_generator(seed, name, symbols, shortest, longest)
    lengths = generator.integers(shortest, longest + 1, size=count)
    sources: list[NDArray[np.int64]] = [
        FIRST + generator.integers(symbols, size=length) for length in lengths
    ]
    return [IdPair(source.tolist(), answer(source.tolist())) for source in sources]
