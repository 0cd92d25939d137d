"""What `seqloom check` found in a corpus: figures, places, and a verdict on each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from seqloom.data.faults import Fault

Level = Literal["error", "warning", "fine"]
UNITS = ("characters", "words", "symbols")  # words are what blanks separate; symbols are the tokenizer's


@dataclass(frozen=True)
class Example:
    """A pair worth looking at, and where it stands."""

    lines: tuple[int, ...]  # from 1; of two parts for an overlap, of one part else
    source: str
    target: str
    note: str = ""


@dataclass(frozen=True)
class Found:
    """How often something was found, and the first or worst of it."""

    count: int = 0
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Lengths:
    """How many lines have each length, in one unit; the last count is of all that are longer."""

    counts: tuple[int, ...]
    total: int  # of the unit, over all lines

    @property
    def lines(self) -> int:
        return sum(self.counts)

    @property
    def mean(self) -> float:
        return self.total / self.lines if self.lines else 0.0

    def quantile(self, share: float) -> int:
        """The length that a share of the lines does not exceed."""
        wanted, below = share * self.lines, 0
        for length, count in enumerate(self.counts):
            below += count
            if below >= wanted:
                return length
        return 0


@dataclass(frozen=True)
class Side:
    """The sources or the targets of a part."""

    lengths: Mapping[str, Lengths]  # by unit; symbols only with a tokenizer
    unknown: int = 0  # symbols that the vocabulary does not have


@dataclass(frozen=True)
class UnusualFound:
    """Lines with unusual characters of one kind."""

    name: str
    meaning: str
    characters: int
    lines: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Part:
    """One part of a corpus: train, valid or test."""

    name: str
    files: tuple[str, ...]
    format: str
    bytes: int
    file_lines: tuple[int, ...]  # of each file
    pairs: int
    source: Side
    target: Side
    faults: tuple[Fault, ...]  # the first 10,000
    fault_counts: Mapping[str, int]  # of all, by kind
    empty: Found
    identical: Found
    duplicates: Found  # pairs that stood there before, word for word
    several_targets: Found  # sources with more than one target
    middle_ratio: float  # median of target characters to source characters
    outliers: Found
    too_long: Found
    unusual: tuple[UnusualFound, ...]


@dataclass(frozen=True)
class Overlap:
    """Pairs and sources of a later part that an earlier one holds too."""

    earlier: str
    later: str
    of: int  # pairs of the later part
    pairs: Found
    sources: Found


@dataclass(frozen=True)
class Verdict:
    """One sentence on one question, and for a fault how to mend it."""

    level: Level
    part: str
    sentence: str
    mend: str = ""


@dataclass(frozen=True)
class CheckReport:
    """The whole report. Errors keep the corpus from being read; warnings cost quality."""

    parts: tuple[Part, ...]
    overlaps: tuple[Overlap, ...]
    max_length: int | None = None  # symbols; longer sides are left out of training
    cut: bool = False  # or longer sources are cut
    alike: bool = True  # whether a target says what its source says, so that their lengths go together
    copying: bool = False  # whether the model can write words that only the source has
    vocabulary_sizes: tuple[int, int] | None = None  # source, target
    labels: Mapping[str, int] | None = (
        None  # how often each stands in the training data, where targets are labels
    )
    verdicts: tuple[Verdict, ...] = field(default=())

    @property
    def errors(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.level == "error")

    @property
    def warnings(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.level == "warning")

    @property
    def exit_code(self) -> int:
        """0, or 3 (data) when there are errors."""
        return 3 if self.errors else 0


def share(count: int, of: int) -> str:
    """A count in its proportion: 12 (0.04 %)."""
    percent = 100 * count / of if of else 0.0
    shown = "less than 0.01" if 0 < percent < 0.01 else f"{percent:.2f}" if percent < 1 else f"{percent:.1f}"
    return f"{count:,} ({shown} %)" if count else "0"
