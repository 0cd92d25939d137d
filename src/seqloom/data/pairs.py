"""What a corpus is made of, and what any kind of file that holds one offers."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol


class Pair(NamedTuple):
    """One example: what is read and what is to be written."""

    source: str
    target: str


class Judged(NamedTuple):
    """One example to be measured: what is read, and one text or several that an output is compared with."""

    source: str
    references: tuple[str, ...]


class PairSource(Protocol):
    """Files that pairs are read from, however they are written."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        ...

    @property
    def kind(self) -> str:
        """How they are written. Raises UsageError for files that don't fit it."""
        ...

    @property
    def reading(self) -> list[object]:
        """All that determines, beside the files' content, which pairs are read."""
        ...

    def read(self) -> Iterator[Pair]:
        """The pairs in order. Raises DataError."""
        ...

    def read_judged(self) -> Iterator[Judged]:
        """The same as sources with their references."""
        ...

    def groups(self) -> Iterator[int] | None:
        """For each pair the number of what it belongs to, such as a dialogue; None where each stands alone."""
        ...
