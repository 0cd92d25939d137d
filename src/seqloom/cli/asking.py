"""What a piece of input asks of a model, and what is written for the answers: lines, documents, fields of JSON lines.

Each way of reading is an iterator of `Piece`s. What they are written by is the verb's own: a text and its results give
text, a record, or a value.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from seqloom.base.errors import DataError, UsageError
from seqloom.cli.arriving import Line, read_inputs

if TYPE_CHECKING:
    from seqloom.config.data import DataConfig

Result = TypeVar("Result")  # of a text, whatever a model makes of it


class Piece(NamedTuple, Generic[Result]):
    """where    it stood, for what there is to say about it
    sources  the texts that a model is to read, none or more
    write    what is written for their results, ends of line included
    """

    where: str
    sources: tuple[str, ...]
    write: Callable[[Sequence[Result]], str]


Cut = Callable[[str], tuple[Sequence[str], Callable[[Sequence[Result]], str]]]
"""A text -> what is asked of the model for it, and what the results come to."""


def each_line(lines: Iterable[Line], cut: Cut[Result], *, keep_ends: bool = False) -> Iterator[Piece[Result]]:
    """A text a line; n lines in, n lines out.

    keep_ends  whether a line ends as it did, CR and a missing last end included
    """
    for line in lines:
        sources, write = cut(line.text)
        yield Piece(line.where, tuple(sources), _ended(write, line.end if keep_ends else "\n"))


def _ended(write: Callable[[Sequence[Result]], str], end: str) -> Callable[[Sequence[Result]], str]:
    return lambda results: write(results) + end


def each_file(paths: Sequence[Path], cut: Cut[Result]) -> Iterator[Piece[Result]]:
    """A text a file, its lines together; stdin for none."""
    from seqloom.data.lines import LONGEST_LINE

    for path in paths or [Path("-")]:
        lines: list[str] = []
        size = 0
        for line in read_inputs([path]):
            lines.append(line.text)
            size += len(line.text) + 1
            if size > LONGEST_LINE:
                raise DataError(
                    f"{path} is longer than {LONGEST_LINE:,} characters; expected one text. Split it."
                )
        sources, write = cut("\n".join(lines))
        yield Piece("stdin" if str(path) == "-" else str(path), tuple(sources), _ended(write, "\n"))


class Fields(NamedTuple):
    """read  the keys of a JSON line that hold the text, or its columns · written  the key that gets what comes of it
    overwrite  whether that key may be there already
    """

    read: tuple[str, ...]
    written: str
    overwrite: bool = False


def fields_of(data: "DataConfig", field: str | None) -> tuple[str, ...]:
    """The fields of a JSON line that make a text for a model: the one that is named, or those that it learnt from.

    Raises   UsageError for a model of several numbered columns
    """
    named = tuple(column for column in data.source_columns if isinstance(column, str))
    if len(data.source_columns) < 2 or (field is None and len(named) == len(data.source_columns)):
        return (field,) if field is not None else named or (data.source_field,)
    raise UsageError(
        f"The model reads {len(data.source_columns)} columns, which one field of JSON lines can't hold. Give it "
        "lines with tabs."
    )


def each_record(lines: Iterable[Line], fields: Fields, cut: Cut[Result]) -> Iterator[Piece[Result]]:
    """A text a JSON line, in one of its fields; the same line is written with one field more, every other character
    as it was.

    Raises  DataError for a line that is no object, lacks the field, has it twice, or has the one to be written
    """
    from seqloom.data.json_lines import json_object, source_of

    for line in lines:
        row = json_object(line.text, line.where)
        text = source_of(row, fields.read, line.where)
        refuse_written(row, fields, line)
        sources, write = cut(text)
        yield Piece(line.where, tuple(sources), _recorded(line, fields.written, write))


def refuse_written(row: dict[str, Any], fields: Fields, line: Line) -> None:
    """Raise DataError for a line that has a field twice that is read or written, or that has the one to be written
    already, unless it may be written over.
    """
    from seqloom.data.json_lines import members

    names = [member.name for member in members(line.text)]
    twice = [name for name in (*fields.read, fields.written) if names.count(name) > 1]
    if twice:
        raise DataError(f"{line.where}: field {twice[0]!r} stands there more than once; expected it once.")
    if fields.written in row and not fields.overwrite:
        raise DataError(
            f"{line.where}: there is a field {fields.written!r} already, and nothing is written over. Name another "
            "one by --into, or give --overwrite."
        )


def _recorded(
    line: Line, name: str, write: Callable[[Sequence[Result]], str]
) -> Callable[[Sequence[Result]], str]:
    return lambda results: written_record(line, name, write(results))


def written_record(line: Line, name: str, value: str | None) -> str:
    """A JSON line as it was, with a value in a field, and an end."""
    from seqloom.data.json_lines import with_field

    return with_field(line.text, name, value) + (line.end or "\n")


def by_sentences(language: str, text_of: Callable[[Result], str]) -> Cut[Result]:
    """A text is asked sentence by sentence, and put together again with its spacing."""
    from seqloom.text.sentences import split_sentences

    def cut(text: str) -> tuple[Sequence[str], Callable[[Sequence[Result]], str]]:
        found = split_sentences(text, language)
        return found.texts, lambda results: found.joined([text_of(result) for result in results])

    return cut


def as_a_whole(write: Callable[[Result], str]) -> Cut[Result]:
    """A text is asked at once."""

    def cut(text: str) -> tuple[Sequence[str], Callable[[Sequence[Result]], str]]:
        return [text], lambda results: write(results[0])

    return cut


def unwrapped(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines of a paragraph as one line; a paragraph ends at a blank line, which stays."""
    kept: list[Line] = []
    for line in lines:
        if line.text.strip():
            kept.append(line)
            continue
        yield from _one_line(kept)
        kept = []
        yield line
    yield from _one_line(kept)


def _one_line(lines: Sequence[Line]) -> Iterator[Line]:
    if not lines:
        return
    first, *others = lines
    text = " ".join([first.text.rstrip() if others else first.text, *(line.text.strip() for line in others)])
    yield Line(text, first.where, lines[-1].end)
