"""Symbols and their ids: four specials first, then the symbols of a corpus from the most frequent down."""

import copy
import json
from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping, Sequence

from seqloom.base.errors import ConfigError, DamagedModelError, DataError

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")


class Vocabulary:
    """A two-way table between symbols and ids; ids 0 to 3 are the specials, always.

    A symbol of a text that is spelled like a special is unknown, not that special: nobody ends a sentence by
    typing "</s>".
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        """Take the symbols without the specials, in the order of their ids. Raises DataError for a repeated one."""
        self._symbols = (*SPECIALS, *symbols)
        self._ids: MutableMapping[str, int] = {
            symbol: index for index, symbol in enumerate(self._symbols) if index >= len(SPECIALS)
        }
        if len(self._ids) != len(self._symbols) - len(SPECIALS):
            raise DataError("A symbol stands in the vocabulary twice; each must have one id.")

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], *, size: int, min_count: int = 1) -> "Vocabulary":
        """Keep the most frequent symbols; of equally frequent ones the first by code point.

        size       symbols at most, the specials included
        min_count  occurrences that a symbol needs to be kept
        """
        if size <= len(SPECIALS):
            raise ConfigError(
                f"A vocabulary of size {size} holds no symbol: expected {len(SPECIALS) + 1} or more."
            )
        kept = [symbol for symbol, count in counts.items() if count >= min_count and symbol not in SPECIALS]
        kept.sort(key=lambda symbol: (-counts[symbol], symbol))
        return cls(kept[: size - len(SPECIALS)])

    def __len__(self) -> int:
        return len(self._symbols)

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols in the order of their ids, the specials first."""
        return self._symbols

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._ids

    def ids_of(self, symbols: Iterable[str]) -> list[int]:
        """The id of each symbol, UNK for unknown ones."""
        find = self._ids.get
        return [find(symbol, UNK) for symbol in symbols]

    def reading(self, symbols: Iterable[str]) -> "Vocabulary":
        """The same with those of the symbols that it doesn't have behind its own, in the order they come in.

        Itself where it has them all. The table is shared and not copied.
        """
        further = [symbol for symbol in dict.fromkeys(symbols) if symbol not in self._ids]
        if not further:
            return self
        extended = copy.copy(self)
        extended._symbols = (*self._symbols, *further)
        further_ids = {symbol: index for index, symbol in enumerate(further, len(self))}
        extended._ids = ChainMap(further_ids, self._ids)
        return extended

    def to_json(self) -> bytes:
        """All symbols, the specials included, as a JSON list with one symbol on a line."""
        return (json.dumps(self._symbols, ensure_ascii=False, indent=0) + "\n").encode("utf-8")

    @classmethod
    def from_json(cls, content: bytes, where: str) -> "Vocabulary":
        """Read what `to_json` wrote; `where` names the file in the message of a DamagedModelError."""
        try:
            symbols = json.loads(content)
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise DamagedModelError(f"{where} is not JSON ({error}); it was cut short or altered.") from error
        if not isinstance(symbols, list) or not all(isinstance(symbol, str) and symbol for symbol in symbols):
            raise DamagedModelError(f"{where} is not a list of symbols; it was altered.")
        if tuple(symbols[: len(SPECIALS)]) != SPECIALS:
            raise DamagedModelError(f"{where} must begin with {', '.join(SPECIALS)}; found {symbols[:4]}.")
        try:
            return cls(symbols[len(SPECIALS) :])
        except DataError as error:
            raise DamagedModelError(f"{where}: {error}") from error


def check_ids(ids: Sequence[int], size: int) -> list[int]:
    """The ids as plain integers. Raises DataError for one that a vocabulary of `size` doesn't have."""
    plain = [int(index) for index in ids]
    if plain and not 0 <= min(plain) <= max(plain) < size:
        wrong = next(index for index in plain if not 0 <= index < size)
        raise DataError(
            f"Id {wrong} is outside the vocabulary, whose ids are 0 to {size - 1}; "
            "these ids were made with another tokenizer."
        )
    return plain
