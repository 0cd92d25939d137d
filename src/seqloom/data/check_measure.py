"""Measuring one part of a corpus in one reading, with memory that does not grow with its text."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seqloom.base.files import shown_path
from seqloom.data.characters import KINDS, UnusualKind, find_unusual, visible
from seqloom.data.check_report import UNITS, Example, Found, Lengths, Part, Side, UnusualFound
from seqloom.data.dialogues import DialogueFiles
from seqloom.data.faults import FaultReader, read_pairs_at, size_of
from seqloom.data.pairs import Pair
from seqloom.text.vocabulary import UNK

PAIRS_AT_A_TIME = 1_024
CHARACTERS_AT_A_TIME = 500_000
LONGEST = 10_000  # longer lengths are counted as this one
RATIO_FACTOR = 3.0  # an outlier's length ratio is this many times above or below the middle one
SMOOTHING = 10  # characters added to both sides, so that "Oui." for "Yes, sir." is no outlier
NOTHING = 0  # the digest where there is nothing to compare

Digests = NDArray[np.uint64]  # one for each line, in order, so that row + 1 is the line


class Symbols(Protocol):
    """What makes symbols of a side's texts, to be counted: a tokenizer, or labels."""

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""
        ...


@dataclass
class Tally:
    """Counts a finding and keeps the lines of its first few."""

    keep: int
    count: int = 0
    places: list[tuple[tuple[int, ...], str]] = field(default_factory=list)  # lines, note

    def add(self, *lines: int, note: str = "", times: int = 1) -> None:
        self.count += times
        if len(self.places) < self.keep:
            self.places.append((lines, note))

    def lines(self) -> list[int]:
        """The line of each place whose text is shown: the last one, where the finding came to light."""
        return [lines[-1] for lines, _ in self.places]

    def examples(self, texts: dict[int, Pair]) -> tuple[Example, ...]:
        """The places with their texts."""
        return tuple(
            Example(lines, texts[lines[-1]].source, texts[lines[-1]].target, note)
            for lines, note in self.places
            if lines[-1] in texts
        )

    def found(self, texts: dict[int, Pair]) -> Found:
        return Found(self.count, self.examples(texts))


class SideMeasure:
    """Lengths and unknowns of the sources, or of the targets."""

    def __init__(self, tokenizer: Symbols | None) -> None:
        self.tokenizer = tokenizer
        units = UNITS if tokenizer else UNITS[:-1]
        self.counts = {unit: np.zeros(LONGEST + 1, dtype=np.int64) for unit in units}
        self.totals: Counter[str] = Counter()
        self.unknown = 0

    def add(self, texts: Sequence[str]) -> list[int]:
        """Measure some texts; their lengths in symbols, or zeros without a tokenizer."""
        self._count("characters", [len(text) for text in texts])
        self._count("words", [len(text.split()) for text in texts])
        if not self.tokenizer:
            return [0] * len(texts)
        ids = self.tokenizer.encode_many(texts)
        symbols = [len(row) for row in ids]
        self._count("symbols", symbols)
        self.unknown += sum(row.count(UNK) for row in ids)
        return symbols

    def _count(self, unit: str, lengths: list[int]) -> None:
        self.totals[unit] += sum(lengths)
        self.counts[unit] += np.bincount(np.minimum(lengths, LONGEST), minlength=LONGEST + 1)

    def result(self) -> Side:
        lengths = {
            unit: Lengths(tuple(np.trim_zeros(counts, "b").tolist()), self.totals[unit])
            for unit, counts in self.counts.items()
        }
        return Side(lengths, self.unknown)


class PartMeasure:
    """Everything that is counted while one part is read; `read` once, then `result`."""

    def __init__(
        self,
        reader: FaultReader,
        tokenizers: tuple[Symbols | None, Symbols | None],
        max_length: int | None,
        keep: int,
        *,
        targets_may_be_empty: bool = False,
        alike: bool = True,
    ) -> None:
        self.reader = reader
        files = reader.files
        self.has_cells = (
            isinstance(files, DialogueFiles) or len(files.source_columns) > 1
        )  # with a tab between two
        self.max_length = max_length
        self.keep = keep
        self.targets_may_be_empty = targets_may_be_empty
        self.alike = alike
        self.source, self.target = SideMeasure(tokenizers[0]), SideMeasure(tokenizers[1])
        self.pairs = 0
        self.empty, self.identical, self.too_long = Tally(keep), Tally(keep), Tally(keep)
        self.unusual = {kind.name: (kind, Tally(keep)) for kind in KINDS}
        self.unusual_characters: Counter[str] = Counter()
        self._sources, self._both, self._ratios = array("Q"), array("Q"), array("f")

    def read(self, on_progress: Callable[[int], None]) -> None:
        """Read the part to its end."""
        chunk: list[tuple[int, Pair]] = []
        characters = number = 0
        for number, pair in enumerate(self.reader.pairs(), start=1):
            self._sources.append(NOTHING)
            self._both.append(NOTHING)
            self._ratios.append(np.nan)
            if pair is not None:
                chunk.append((number, pair))
                characters += len(pair.source) + len(pair.target)
            if len(chunk) >= PAIRS_AT_A_TIME or characters >= CHARACTERS_AT_A_TIME:
                self._measure(chunk)
                on_progress(number)
                chunk, characters = [], 0
        self._measure(chunk)
        on_progress(number)

    def _measure(self, chunk: list[tuple[int, Pair]]) -> None:
        if not chunk:
            return
        self.pairs += len(chunk)
        sources = self.source.add([pair.source for _, pair in chunk])
        targets = self.target.add([pair.target for _, pair in chunk])
        for (number, pair), source, target in zip(chunk, sources, targets, strict=True):
            self._look_for_unusual(number, pair)
            empty = [side for side, text in zip(("source", "target"), pair, strict=True) if not text.strip()]
            if self.targets_may_be_empty and "target" in empty:
                empty.remove("target")
            if empty:
                self.empty.add(number, note=f"{' and '.join(empty)} empty")
                continue
            if self.max_length is not None and max(source, target) > self.max_length:
                self.too_long.add(number, note=f"{source:,} and {target:,} symbols")
            if pair.source == pair.target:
                self.identical.add(number)
            self._compare_later(number, pair)

    def _look_for_unusual(self, number: int, pair: Pair) -> None:
        source = pair.source.replace("\t", " ") if self.has_cells else pair.source
        for side, text in (("source", source), ("target", pair.target)):
            for found in find_unusual(text):
                self.unusual[found.kind.name][1].add(number, note=f"{side}: {found.example}")
                self.unusual_characters[found.kind.name] += found.occurrences

    def _compare_later(self, number: int, pair: Pair) -> None:
        source = blake2b(pair.source.encode(), digest_size=8).digest()
        both = blake2b(source + pair.target.encode(), digest_size=8).digest()
        self._sources[number - 1] = int.from_bytes(source, "little") or 1  # NOTHING is taken
        self._both[number - 1] = int.from_bytes(both, "little") or 1
        if self.alike and not isinstance(
            self.reader.files, DialogueFiles
        ):  # no answer is longer for a longer history
            self._ratios[number - 1] = (len(pair.target) + SMOOTHING) / (len(pair.source) + SMOOTHING)

    @property
    def source_digests(self) -> Digests:
        return np.frombuffer(self._sources, dtype=np.uint64)

    @property
    def pair_digests(self) -> Digests:
        return np.frombuffer(self._both, dtype=np.uint64)

    def result(self, name: str) -> Part:
        """The part's figures, and the texts of its examples by a second reading."""
        duplicates = find_repeated(self.pair_digests, self.keep)
        several = find_several_targets(self.source_digests, self.pair_digests, self.keep)
        middle, outliers = find_outliers(np.frombuffer(self._ratios, dtype=np.float32), self.keep)
        unusual = [(kind, tally) for kind, tally in self.unusual.values() if tally.count]
        tallies = [self.empty, self.identical, self.too_long, duplicates, several, outliers]
        texts = read_texts(self.reader, [*tallies, *(tally for _, tally in unusual)])
        return Part(
            name=name,
            files=tuple(map(shown_path, self.reader.files.paths)),
            format=self.reader.format,
            bytes=size_of(self.reader.files.paths),
            file_lines=tuple(self.reader.lines),
            pairs=self.pairs,
            source=self.source.result(),
            target=self.target.result(),
            faults=tuple(self.reader.faults),
            fault_counts=dict(self.reader.counts),
            empty=self.empty.found(texts),
            identical=self.identical.found(texts),
            duplicates=duplicates.found(texts),
            several_targets=self._with_other_target(several.found(texts)),
            middle_ratio=middle,
            outliers=outliers.found(texts),
            too_long=self.too_long.found(texts),
            unusual=tuple(self._unusual_found(kind, tally, texts) for kind, tally in unusual),
        )

    def _with_other_target(self, several: Found) -> Found:
        """Say beside each example what the target of the earlier line was."""
        firsts = sorted({example.lines[0] for example in several.examples})
        texts = read_pairs_at(self.reader.files, firsts) if firsts else {}
        notes = {line: f"line {line:,}: {visible(pair.target)}" for line, pair in texts.items()}
        examples = tuple(replace(example, note=notes[example.lines[0]]) for example in several.examples)
        return Found(several.count, examples)

    def _unusual_found(self, kind: UnusualKind, tally: Tally, texts: dict[int, Pair]) -> UnusualFound:
        characters = self.unusual_characters[kind.name]
        return UnusualFound(kind.name, kind.meaning, characters, tally.count, tally.examples(texts))


def read_texts(reader: FaultReader, tallies: Iterable[Tally]) -> dict[int, Pair]:
    """The texts of all places, in one further reading that stops at the last of them."""
    lines = sorted({line for tally in tallies for line in tally.lines()})
    return read_pairs_at(reader.files, lines) if lines else {}


def find_repeated(digests: Digests, keep: int) -> Tally:
    """Lines whose digest stood before; each place is the first line with it and the repeating one."""
    order = np.argsort(digests, kind="stable")  # equal ones keep the order of their lines
    ordered = digests[order]
    repeats = np.flatnonzero((ordered[1:] == ordered[:-1]) & (ordered[1:] != NOTHING)) + 1
    tally = Tally(keep, count=len(repeats))
    for row in np.sort(order[repeats])[:keep].tolist():
        first = int(np.flatnonzero(digests == digests[row])[0])
        tally.places.append(((first + 1, row + 1), ""))
    return tally


def find_several_targets(sources: Digests, pairs: Digests, keep: int) -> Tally:
    """Sources with more than one target; each place is two lines where they differ."""
    order = np.lexsort((pairs, sources))
    source, pair = sources[order], pairs[order]
    another = np.flatnonzero((source[1:] == source[:-1]) & (pair[1:] != pair[:-1])) + 1
    if len(another):  # a source with three targets stands here twice: keep the first of each
        another = another[np.r_[True, source[another[1:]] != source[another[:-1]]]]
    tally = Tally(keep, count=len(another))
    rows = np.sort(np.stack([order[another - 1], order[another]], axis=1), axis=1)  # (sources, 2)
    for first, second in rows[np.argsort(rows[:, 1], kind="stable")[:keep]].tolist():
        tally.places.append(((first + 1, second + 1), ""))
    return tally


def find_outliers(ratios: NDArray[np.float32], keep: int) -> tuple[float, Tally]:
    """The median length ratio, and the pairs RATIO_FACTOR above or below it, worst first."""
    valid = ratios[~np.isnan(ratios)]
    if not len(valid):
        return 1.0, Tally(keep)
    middle = float(np.median(valid))
    far = np.abs(np.log(ratios / middle))
    rows = np.flatnonzero(far > np.log(RATIO_FACTOR))  # a NaN is not above anything
    tally = Tally(keep, count=len(rows))
    for row in rows[np.argsort(-far[rows], kind="stable")[:keep]].tolist():
        factor = float(ratios[row]) / middle
        how = (
            f"{factor:.1f} times the usual length"
            if factor > 1
            else f"1/{1 / factor:.1f} of the usual length"
        )
        tally.places.append(((row + 1,), f"target {how}"))
    return middle, tally


def find_shared(earlier: Digests, later: Digests, keep: int) -> Tally:
    """Lines of the later part whose digest the earlier one holds; each place is a line of both."""
    known = np.sort(earlier)
    if not len(known):
        return Tally(keep)
    position = np.minimum(np.searchsorted(known, later), len(known) - 1)
    rows = np.flatnonzero((known[position] == later) & (later != NOTHING))
    tally = Tally(keep, count=len(rows))
    for row in rows[:keep].tolist():
        first = int(np.flatnonzero(earlier == later[row])[0])
        tally.places.append(((first + 1, row + 1), ""))
    return tally
