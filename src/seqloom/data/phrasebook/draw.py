"""Choices that depend on a name alone, so that the corpus is the same on every machine and in every year."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TypeVar

from seqloom.data.phrasebook.words import Sentence

Option = TypeVar("Option")

TRIES_PER_SENTENCE = 40  # a rule that repeats itself this often has nothing more to say


class Draw:
    """One long number, hashed from a name, read digit by digit: each choice takes the digit it needs."""

    def __init__(self, name: str) -> None:
        self.digits = int.from_bytes(hashlib.blake2b(name.encode()).digest(), "little")

    def below(self, size: int) -> int:
        self.digits, digit = divmod(self.digits, size)
        return digit

    def one(self, options: Sequence[Option]) -> Option:
        return options[self.below(len(options))]

    def chance(self, one_in: int) -> bool:
        return self.below(one_in) == 0


def distinct(name: str, wanted: int, rule: Callable[[Draw], Sentence | None]) -> Iterator[Sentence]:
    """`wanted` different sentences of `rule`, which may answer None to a draw that makes no sense.

    Raises ValueError when the rule hasn't that much to say.
    """
    seen: set[str] = set()
    for number in count():
        if len(seen) == wanted:
            return
        if number > TRIES_PER_SENTENCE * wanted:
            raise ValueError(
                f"{name}: {wanted} sentences asked for, but it only says {len(seen)} different ones."
            )
        sentence = rule(Draw(f"{name} {number}"))
        if sentence is not None and sentence.english not in seen:
            seen.add(sentence.english)
            yield sentence
