"""Pairs from files: two in step, tab-separated or JSON lines, or blocks of labelled tokens."""

import difflib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqloom.base.errors import DataError, UsageError
from seqloom.data.blocks import read_blocks
from seqloom.data.json_lines import read_objects, source_of, text_field, texts_field
from seqloom.data.lines import read_lines
from seqloom.data.pairs import Judged, Pair

FORMATS = ("auto", "parallel", "tsv", "jsonl", "blocks")
FORMAT_OF_SUFFIX = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".conll": "blocks",
    ".bio": "blocks",
    ".iob": "blocks",
}

Column = int | str  # of a TSV file by its number from 1, of a JSON line by its field's name


@dataclass(frozen=True)
class PairFiles:
    """Where pairs are read: two parallel files, or one file of tab-separated or JSON lines, or of blocks of tokens.

    reference_fields  the keys of a JSON line that hold what an output is compared with; none means the target
    source_columns    several columns make one source, a tab between two; () is column 1, or source_field
    target_column     None is column 2, or target_field
    """

    paths: tuple[Path, ...]
    format: str = "auto"
    source_field: str = "source"
    target_field: str = "target"
    reference_fields: tuple[str, ...] = ()
    source_columns: tuple[Column, ...] = ()
    target_column: Column | None = None

    @property
    def kind(self) -> str:
        """ "parallel", "tsv", "jsonl" or "blocks". Raises UsageError for paths and format that don't fit."""
        return pair_format(self.paths, self.format)

    @property
    def reading(self) -> list[object]:
        """All that determines which pairs are read of the files' content."""
        plain: list[object] = [self.kind, self.source_field, self.target_field]
        if not self.source_columns and self.target_column is None:
            return plain
        return [*plain, list(self.source_columns), self.target_column]

    @property
    def columns(self) -> tuple[tuple[Column, ...], Column]:
        """Those of the source and that of the target, as the format names them.

        Raises   UsageError for a number in a JSON line, or a name in a TSV file
        """
        numbered = self.kind == "tsv"
        sources = self.source_columns or ((1,) if numbered else (self.source_field,))
        target = self.target_column or (2 if numbered else self.target_field)
        for column in (*sources, target):
            if isinstance(column, int) != numbered:
                how = "are numbered from 1" if numbered else "have names"
                what = "columns of a tab-separated file" if numbered else "fields of a JSON line"
                raise UsageError(f"{self.paths[0]}: there is no column {column!r}, as the {what} {how}.")
        return sources, target

    def read(self) -> Iterator[Pair]:
        """The pairs in order; see read_pairs."""
        if self.kind == "parallel":
            return _parallel(self.paths[0], self.paths[1])
        if self.kind == "blocks":
            return (block.pair for block in read_blocks(self.paths[0]))
        sources, target = self.columns
        if self.kind == "tsv":
            return _tab_separated(self.paths[0], [*map(int, sources)], int(target))
        return _json_lines(self.paths[0], [*map(str, sources)], str(target))

    def groups(self) -> Iterator[int] | None:
        """For each pair the number of what it belongs to, such as a dialogue; None where each stands alone."""
        return None

    def read_judged(self) -> Iterator[Judged]:
        """Sources with their references, in order.

        A reference field may hold a text or a list of texts.
        Raises   as read_pairs does; DataError for a line without any reference, UsageError for files without fields
        """
        if not self.reference_fields:
            return (Judged(pair.source, (pair.target,)) for pair in self.read())
        if self.kind != "jsonl":
            names = " and ".join(map(str, self.paths))
            raise UsageError(
                f"References in {', '.join(self.reference_fields)} are fields of JSON lines, but {names} has no fields."
            )
        return _judged_json_lines(self.paths[0], [*map(str, self.columns[0])], self.reference_fields)


def read_pairs(
    paths: Sequence[Path],
    *,
    format: str = "auto",  # noqa: A002 - the word that a user writes in the configuration
    source_field: str = "source",
    target_field: str = "target",
) -> Iterator[Pair]:
    """The pairs of two parallel files, or of one file of tab-separated (.tsv) or JSON (.jsonl) lines, or of blocks.

    format         "auto" goes by the number of paths and the suffix; or "parallel", "tsv", "jsonl", "blocks"
    source_field   the key of the source text; JSON lines only, like target_field
    A tab-separated file may have further columns; they are ignored, but every line must have as many.
    Raises         UsageError at once for paths and format that don't fit;
                   DataError while reading: both counts when parallel files differ, else file:line.
    """
    return PairFiles(tuple(paths), format, source_field, target_field).read()


def pair_format(paths: Sequence[Path], stated: str = "auto") -> str:
    """Which of "parallel", "tsv", "jsonl" and "blocks" the paths are read as. Raises UsageError when they don't fit."""
    if stated not in FORMATS:
        near = difflib.get_close_matches(stated, FORMATS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"Unknown format {stated!r}; expected one of {', '.join(FORMATS)}.{hint}")
    names = ", ".join(map(str, paths)) or "none"
    if not 1 <= len(paths) <= 2:
        raise UsageError(f"Pairs are read from two parallel files or one .tsv or .jsonl file; found {names}.")
    kind = stated
    if stated == "auto":
        kind = "parallel" if len(paths) == 2 else FORMAT_OF_SUFFIX.get(paths[0].suffix.lower(), "")
    if not kind:
        raise UsageError(
            f"{paths[0]} alone is not enough: give the second, parallel file as well, or a file whose name "
            "ends in .tsv or .jsonl, or state its format."
        )
    if (kind == "parallel") != (len(paths) == 2):
        wanted = "two files" if kind == "parallel" else "one file"
        raise UsageError(f"Format {kind!r} reads {wanted}; found {names}.")
    return kind


def check_line_counts(paths: Sequence[Path], counts: Sequence[int]) -> None:
    """Raise DataError with both counts when two parallel files differ in length."""
    if len(set(counts)) > 1:
        raise DataError(
            f"{paths[0]} has {counts[0]:,} lines and {paths[1]} has {counts[1]:,}; line n of the one must be "
            "the translation of line n of the other. Look for the first place where they part."
        )


def _parallel(source_path: Path, target_path: Path) -> Iterator[Pair]:
    sources, targets = read_lines(source_path), read_lines(target_path)
    for count, (source, target) in enumerate(itertools.zip_longest(sources, targets)):
        if source is None or target is None:
            longer = count + 1 + sum(1 for _ in itertools.chain(sources, targets))
            counts = (count, longer) if source is None else (longer, count)
            check_line_counts((source_path, target_path), counts)
        yield Pair(source, target)


def _tab_separated(path: Path, sources: Sequence[int], target: int) -> Iterator[Pair]:
    columns, least = 0, max(*sources, target)
    for number, line in enumerate(read_lines(path), start=1):
        cells = line.split("\t")
        columns = columns or len(cells)
        if len(cells) < 2:
            raise DataError(f"{path}:{number}: no tab in the line; expected source, a tab, target.")
        if len(cells) != columns:
            raise DataError(
                f"{path}:{number}: {len(cells)} columns; expected {columns} as in line 1. "
                "A tab inside a sentence must become a space."
            )
        if len(cells) < least:
            raise DataError(
                f"{path}:{number}: {len(cells)} columns; expected {least} or more, as column {least} is read."
            )
        yield pair_of_cells(cells, sources, target)


def pair_of_cells(cells: Sequence[str], sources: Sequence[int], target: int) -> Pair:
    """The pair of a line's cells, by the numbers of its columns."""
    return Pair("\t".join(cells[column - 1] for column in sources), cells[target - 1])


def _json_lines(path: Path, sources: Sequence[str], target: str) -> Iterator[Pair]:
    for row, where in read_objects(path):
        yield Pair(source_of(row, sources, where), text_field(row, target, where))


def _judged_json_lines(path: Path, sources: Sequence[str], fields: Sequence[str]) -> Iterator[Judged]:
    for row, where in read_objects(path):
        references = tuple(text for name in fields for text in texts_field(row, name, where))
        if not references:
            raise DataError(
                f"{where}: no reference in {', '.join(map(repr, fields))}; expected at least one text."
            )
        yield Judged(source_of(row, sources, where), references)
