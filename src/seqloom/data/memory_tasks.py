"""Tasks that ask what a model remembers over a distance, each with one right answer. Ids only; no text, no tokenizer.

The distance is how many symbols lie between what is to be remembered and its use, the farthest where there are several.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seqloom.base.errors import UsageError
from seqloom.base.randomness import numpy_generator
from seqloom.data.synthetic import FIRST, IdPair

SYMBOLS = 8  # kinds of symbols to be remembered
KEYS = 48  # so many that no key need stand twice at distances of less than 80
EARLIER = 8  # pairs at most before the one that is asked for
PAUSE = FIRST + KEYS + SYMBOLS  # says nothing
DIGITS = 10
DEEPEST = 9  # brackets open at once
Draw = Callable[[np.random.Generator, int], IdPair]


@dataclass(frozen=True)
class MemoryTask:
    """What is asked of a memory.

    name         for tables
    description  one line
    symbols      ids in the vocabulary, the specials included
    draw         (generator, distance) -> a pair
    """

    name: str
    description: str
    symbols: int
    draw: Draw

    def pairs(self, count: int, *, seed: int, shortest: int, longest: int) -> list[IdPair]:
        """Pairs of distances drawn evenly; a function of the arguments. Raises UsageError for an empty range."""
        if not 1 <= shortest <= longest:
            raise UsageError(f"shortest = {shortest}, longest = {longest} make no distances.")
        generator = numpy_generator(seed, self.name, shortest, longest)
        distances = generator.integers(shortest, longest + 1, size=count).tolist()
        return [self.draw(generator, distance) for distance in distances]


def _symbols(generator: np.random.Generator, count: int) -> list[int]:
    ids: list[int] = (FIRST + generator.integers(SYMBOLS, size=count)).tolist()
    return ids


def _copy(generator: np.random.Generator, distance: int) -> IdPair:
    """Each symbol is written as many steps after it was read as there are symbols."""
    source = _symbols(generator, distance)
    return IdPair(source, source)


def _reverse(generator: np.random.Generator, distance: int) -> IdPair:
    """The first symbol read is the last to be written; the distance is half the way."""
    source = _symbols(generator, distance)
    return IdPair(source, source[::-1])


def _first(generator: np.random.Generator, distance: int) -> IdPair:
    source = _symbols(generator, distance)
    return IdPair(source, source[:1])


def _associative(generator: np.random.Generator, distance: int) -> IdPair:
    """Keys, each with its value; then one of the keys: its value, which so many symbols part from the question.

    The pairs between are distance / 2, and for an odd one a pause; how many stand before is drawn, from none to one
    more than those, so that neither a place nor the length of the source gives the answer away. The key that
    is asked for stands in no other pair; the others don't either while there are enough of them.
    """
    later = distance // 2
    asked = int(generator.integers(min(later + 1, EARLIER) + 1))
    pairs = asked + 1 + later
    key, *others = (FIRST + generator.permutation(KEYS)).tolist()
    keys = np.insert(np.resize(others, pairs - 1), asked, key)
    values = FIRST + KEYS + generator.integers(SYMBOLS, size=pairs)
    shown = np.stack([keys, values], axis=1).ravel().tolist()
    return IdPair([*shown, *[PAUSE] * (distance % 2), key], [int(values[asked])])


def _adding(generator: np.random.Generator, distance: int) -> IdPair:
    """Digits, two of them marked, the first of all and another: their sum, as two digits.

    Source: Hochreiter and Schmidhuber 1997, section 5.4, with digits in place of real numbers.
    """
    digits = generator.integers(DIGITS, size=max(distance, 2))
    other = int(generator.integers(1, len(digits)))
    total = int(digits[0] + digits[other])
    marked = np.zeros_like(digits)
    marked[[0, other]] = DIGITS
    return IdPair((FIRST + digits + marked).tolist(), [FIRST + total // DIGITS, FIRST + total % DIGITS])


def _brackets(generator: np.random.Generator, distance: int) -> IdPair:
    """Brackets that open and close: how many are open at the end; never fewer than none, nor more than DEEPEST."""
    depth, source = 0, []
    for up in generator.integers(2, size=distance).tolist():
        opens = (up or depth == 0) and depth < DEEPEST
        source.append(FIRST + (0 if opens else 1))
        depth += 1 if opens else -1
    return IdPair(source, [FIRST + 2 + depth])


MEMORY_TASKS: Mapping[str, MemoryTask] = {
    task.name: task
    for task in (
        MemoryTask("copy", "write what was read", FIRST + SYMBOLS, _copy),
        MemoryTask("reverse", "write it backwards", FIRST + SYMBOLS, _reverse),
        MemoryTask("first token", "say the first symbol", FIRST + SYMBOLS, _first),
        MemoryTask("associative recall", "say what stood beside a key", PAUSE + 1, _associative),
        MemoryTask("adding", "add the two marked digits", FIRST + 2 * DIGITS, _adding),
        MemoryTask("bracket depth", "count the open brackets", FIRST + 2 + DEEPEST + 1, _brackets),
    )
}
