"""A tokenizer for texts with parts: the turns of a dialogue, or the columns of a table, a tab between two cells.

    turns      user TAB hello TAB bot TAB what can i do        ⟨user⟩ h e l l o ⟨bot⟩ w h a t …
    columns    run TAB V;PST;NOM(3,SG)                         r u n | ⟨V⟩ ⟨PST⟩ ⟨NOM(3,SG)⟩

What stands in brackets here are atoms: symbols that are whole whatever tokenizer reads the text between them, with ids
of their own behind that tokenizer's. A text without a tab has no parts and is read by that tokenizer alone, so that
targets may share it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from seqloom.base.errors import DamagedModelError, DataError
from seqloom.text.grouping import WordGroup
from seqloom.text.normalise import Normaliser
from seqloom.text.storage import fingerprint, save_tokenizer
from seqloom.text.vocabulary import UNK, check_ids

if TYPE_CHECKING:
    from seqloom.text.tokenizer import Tokenizer

BASE = "base"  # the folder, within its own, of the tokenizer between the atoms
CELL_END = "\t"
SEPARATOR = ""  # the atom between two columns: no feature and no speaker has this name
SHOWN_SEPARATOR = "|"
ColumnKind = Literal["text", "features"]
Layout = Literal["turns"] | tuple[ColumnKind, ...]
FEATURE = re.compile(r"[^;|()\s]+(?:\([^;|()]*,[^;|()]*\))?")
"""A feature: V;PST;NOM(3,SG) has three, N;ABL(PL;PSS(2,PL)) four. A list with commas stays with what it belongs to."""


class Segment(NamedTuple):
    """A stretch of a text: an atom's name, or text for the tokenizer between atoms.

    word   the number, from 0, of the first word of the cell in which it stands, white space separating words
    """

    text: str
    atomic: bool
    word: int


def segments(text: str, layout: Layout) -> Iterator[Segment]:
    """The parts of a text in order; empty texts are left out. One without a tab is text alone."""
    cells = text.split(CELL_END)
    if len(cells) == 1:
        kinds: Iterable[str] = ("text",)
    elif layout == "turns":
        kinds = ("speaker", "text") * ((len(cells) + 1) // 2)
    else:
        kinds = layout
    word = 0
    for number, (cell, kind) in enumerate(zip(cells, chain(kinds, repeat("text")), strict=False)):
        if number and layout != "turns":
            yield Segment(SEPARATOR, True, word)
        if kind == "speaker":
            yield Segment(cell.strip(), True, word)
        elif kind == "features":
            yield from (Segment(name, True, word) for name in split_features(cell))
        elif cell.strip():
            yield Segment(cell, False, word)
        word += len(cell.split())


def split_features(text: str) -> list[str]:
    """The features of a cell, as FEATURE says."""
    return FEATURE.findall(text)


def spelt_out(text: str, layout: Layout | None) -> str:
    """A text with parts as a person reads it: who speaks in brackets, a stroke between two columns."""
    if layout != "turns":
        return text.replace(CELL_END, f" {SHOWN_SEPARATOR} ")
    cells = text.split(CELL_END)
    return " ".join(cell if number % 2 else f"⟨{cell}⟩" for number, cell in enumerate(cells))


def check_cells(text: str, columns: int, where: str) -> None:
    """Raise DataError unless a text, which is not empty, has so many cells."""
    found = text.count(CELL_END) + 1
    if text.strip() and found != columns:
        cells = "1 column" if found == 1 else f"{found} columns"
        raise DataError(
            f"{where} has {cells}; the model reads {columns}, with a tab between two, as its training data has them."
        )


class SegmentedTokenizer:
    """Any tokenizer, with atoms behind its ids: 0 to n - 1 are its own, n to n + atoms - 1 the atoms.

    What copies reads further ids, behind both (see `reading`).
    """

    kind = "segmented"

    def __init__(
        self, base: "Tokenizer", layout: Layout, atoms: Sequence[str], known: int | None = None
    ) -> None:
        """known: ids of the base without those that `reading` put behind them; all of them if None."""
        self.base = base
        self.layout = layout
        self.atoms = tuple(atoms)
        self._known = len(base) if known is None else known
        self._ids = {name: index for index, name in enumerate(self.atoms, self._known)}

    def __len__(self) -> int:
        return len(self.base) + len(self.atoms)

    @property
    def atom_ids(self) -> range:
        """The ids of all atoms."""
        return range(self._known, self._known + len(self.atoms))

    def unknown_atoms(self, text: str) -> list[str]:
        """Atoms of a text that training has not seen, each once."""
        names = [segment.text for segment in segments(text, self.layout) if segment.atomic]
        return [name for name in dict.fromkeys(names) if name not in self._ids]

    def normalise(self, text: str) -> str:
        """Each cell as the tokenizer between the atoms has it."""
        return CELL_END.join(map(self.base.normalise, text.split(CELL_END)))

    def encode(self, text: str) -> list[int]:
        return self.encode_many([text])[0]

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        parts = [list(segments(text, self.layout)) for text in texts]
        between = [segment.text for row in parts for segment in row if not segment.atomic]
        encoded = iter(self.base.encode_many(between))
        return [self._joined(row, lambda _: next(encoded)) for row in parts]

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """The text between the atoms is sampled; atoms are whole."""
        parts = segments(text, self.layout)
        return self._joined(parts, lambda between: self.base.sample(between, strength, generator))

    def _joined(self, parts: Iterable[Segment], encode: Callable[[str], list[int]]) -> list[int]:
        ids: list[int] = []
        for segment in parts:
            if segment.atomic:
                ids.append(self._ids.get(segment.text, UNK))
            else:
                ids.extend(self._outside(index) for index in encode(segment.text))
        return ids

    def _outside(self, index: int) -> int:
        """An id of the base as an id of this."""
        return index if index < self._known else index + len(self.atoms)

    def _inside(self, index: int) -> int:
        """An id of this, of no atom, as an id of the base."""
        return index if index < self._known else index - len(self.atoms)

    def _runs(self, ids: Sequence[int]) -> Iterator[tuple[bool, list[int]]]:
        """Stretches of atoms and of others by turns: whether they are atoms, and their ids."""
        for atomic, run in groupby(check_ids(ids, len(self)), key=self.atom_ids.__contains__):
            yield atomic, list(run)

    def decode(self, ids: Sequence[int]) -> str:
        """Atoms are dropped, as specials are."""
        between = [index for atomic, run in self._runs(ids) if not atomic for index in run]
        return self.base.decode(list(map(self._inside, between)))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        found: list[str] = []
        for atomic, run in self._runs(ids):
            found += map(self._shown, run) if atomic else self.base.pieces(list(map(self._inside, run)))
        return found

    def _shown(self, index: int) -> str:
        name = self.atoms[index - self._known]
        return f"⟨{name}⟩" if name else SHOWN_SEPARATOR

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        """Each atom is a group of its own."""
        groups: list[WordGroup] = []
        start = 0
        for atomic, run in self._runs(ids):
            if atomic:
                own = [WordGroup(self._shown(index), place, place + 1) for place, index in enumerate(run)]
            else:
                own = self.base.word_groups(list(map(self._inside, run)))
            groups += [WordGroup(group.text, group.start + start, group.stop + start) for group in own]
            start += len(run)
        return groups

    def reading(self, text: str) -> "SegmentedTokenizer":
        extended = self.base
        for segment in segments(text, self.layout):
            if not segment.atomic:
                extended = extended.reading(segment.text)
        if extended is self.base:
            return self
        return SegmentedTokenizer(extended, self.layout, self.atoms, self._known)

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """An atom counts for its cell's first word, a separator for the word after it.

        The atoms of the text must be known, as those of training text are.
        """
        runs = (run for atomic, run in self._runs(ids) if not atomic)
        last = max(0, len(text.split()) - 1)
        numbers: list[int] = []
        for segment in segments(text, self.layout):
            if segment.atomic:
                numbers.append(min(segment.word, last))
            else:
                own = self.base.word_numbers(segment.text, list(map(self._inside, next(runs, []))))
                numbers += [segment.word + number for number in own]
        return numbers

    def fingerprint(self) -> str:
        return fingerprint(self.kind, Normaliser(), len(self), self._to_json())

    def save(self, folder: Path) -> None:
        self.base.save(folder / BASE)
        save_tokenizer(folder, self.kind, Normaliser(), len(self), self._to_json())

    def _to_json(self) -> bytes:
        content = {"base": self.base.fingerprint(), "layout": self.layout, "atoms": self.atoms}
        return (json.dumps(content, ensure_ascii=False, indent=0) + "\n").encode("utf-8")

    @classmethod
    def from_json(cls, content: bytes, where: str, base: "Tokenizer") -> "SegmentedTokenizer":
        """Read what `save` wrote; `where` names the file in the message of a DamagedModelError."""
        try:
            found = json.loads(content)
            layout = found["layout"] if found["layout"] == "turns" else tuple(found["layout"])
            atoms, fits = tuple(map(str, found["atoms"])), found["base"] == base.fingerprint()
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DamagedModelError(
                f"{where} doesn't say what its parts are ({error!r}); it was altered."
            ) from error
        if not fits:
            raise DamagedModelError(
                f"{where} belongs to another tokenizer than the one in {BASE}/ beside it. Take both from the same run."
            )
        return cls(base, layout, atoms)


def with_atoms(base: "Tokenizer", layout: Layout, texts: Iterable[str]) -> SegmentedTokenizer:
    """The tokenizer with all atoms that occur in some texts, by name."""
    found = {part.text for text in texts for part in segments(text, layout) if part.atomic}
    return SegmentedTokenizer(base, layout, sorted(found))


def text_between(texts: Iterable[str], layout: Layout) -> Iterator[str]:
    """The text between the atoms, from which the tokenizer for it is trained."""
    return (part.text for text in texts for part in segments(text, layout) if not part.atomic)
