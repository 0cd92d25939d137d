"""Text into lines and pairs, with every fault named by file and line.

A line ends at "\\n" and nowhere else: U+2028, VT, FF, NEL and a lone CR are characters like any other, so
that two parallel files stay parallel. One CR before the "\\n" is dropped, and so is a byte order mark at the
start.
"""

import difflib
import hashlib
import itertools
import json
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from seqloom.base.errors import DataError, EncodingFault, UsageError
from seqloom.base.files import explain_os_errors

LONGEST_LINE = 16 * 1024 * 1024  # bytes; bounds memory when a "line" is a whole file without an end of line
PIECE = 1024 * 1024  # bytes read at a time while surveying a file
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
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
SURROGATE = re.compile("[\ud800-\udfff]")
FIRST_BYTES = {  # what files that turn out not to be UTF-8 text begin with -> what they are, how to mend it
    b"\x1f\x8b": "gzip-compressed; unpack it first (gunzip)",
    b"BZh91AY&SY": "bzip2-compressed; unpack it first (bunzip2)",
    b"\xfd7zXZ": "xz-compressed; unpack it first (unxz)",
    b"\x28\xb5\x2f\xfd": "zstd-compressed; unpack it first (unzstd)",
    b"PK\x03\x04": "a zip archive (or an office document); unpack it, or save it as plain text",
    b"%PDF-": "a PDF; save it as plain text",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
}


class Pair(NamedTuple):
    """One example: what is read and what is to be written."""

    source: str
    target: str


class Judged(NamedTuple):
    """One example to be measured: what is read, and one text or several that an output is compared with."""

    source: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class PairFiles:
    """Where pairs are read: two parallel files, or one file of tab-separated or JSON lines, or of blocks of tokens.

    reference_fields  the keys of a JSON line that hold what an output is compared with; none means the target
    """

    paths: tuple[Path, ...]
    format: str = "auto"
    source_field: str = "source"
    target_field: str = "target"
    reference_fields: tuple[str, ...] = ()

    def read(self) -> Iterator[Pair]:
        """The pairs in order; see read_pairs."""
        return read_pairs(
            self.paths, format=self.format, source_field=self.source_field, target_field=self.target_field
        )

    def read_judged(self) -> Iterator[Judged]:
        """Sources with their references, in order.

        A reference field may hold a text or a list of texts.
        Raises   as read_pairs does; DataError for a line without any reference, UsageError for files without fields
        """
        if not self.reference_fields:
            return (Judged(pair.source, (pair.target,)) for pair in self.read())
        if pair_format(self.paths, self.format) != "jsonl":
            names = " and ".join(map(str, self.paths))
            raise UsageError(
                f"References in {', '.join(self.reference_fields)} are fields of JSON lines, but {names} has no fields."
            )
        return _judged_json_lines(self.paths[0], self.source_field, self.reference_fields)


class EndedLine(NamedTuple):
    """A line and what ended it: "\\n", "\\r\\n", or nothing where the file ends without."""

    text: str
    end: str


class Survey(NamedTuple):
    """What one pass over a file's bytes tells."""

    sha256: str
    lines: int


def survey(path: Path) -> Survey:
    """Hash a file and count its lines as read_lines does, in pieces of bounded size.

    Raises   DataError when the file is missing, or is a pipe and could not be read a second time.
    """
    digest, lines, last, size = hashlib.sha256(), 0, b"\n", 0
    with _open(path) as stream:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path} is a pipe or device; a corpus is read twice. Save it to a file first.")
        beginning = stream.read(len(BYTE_ORDER_MARK))
        piece = beginning
        while piece:
            digest.update(piece)
            size += len(piece)
            lines += piece.count(b"\n")
            last = piece[-1:]
            piece = stream.read(PIECE)
    unfinished = last != b"\n" and not (size == len(BYTE_ORDER_MARK) and beginning == BYTE_ORDER_MARK)
    return Survey(digest.hexdigest(), lines + unfinished)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file without their ends, one in memory at a time.

    Raises   EncodingFault with file, line (from 1) and byte offset (from 0) for bytes that are not UTF-8;
             DataError for a missing file, a binary one, or a line above LONGEST_LINE bytes.
    """
    for line in read_ended_lines(path):
        yield line.text


def read_ended_lines(path: Path) -> Iterator[EndedLine]:
    """The lines of a UTF-8 file with their ends; as read_lines."""
    with _open(path) as stream:
        yield from read_stream(stream, str(path))


def read_stream(stream: BinaryIO, name: str) -> Iterator[EndedLine]:
    """The lines of an open binary stream, such as sys.stdin.buffer, as they arrive; as read_lines."""
    offset = 0  # of the line's first byte in the stream
    beginning = b""
    for number in itertools.count(1):
        raw = stream.readline(LONGEST_LINE + 1)
        following = offset + len(raw)
        if number == 1:
            beginning = raw[:16]
            if raw.startswith(BYTE_ORDER_MARK):
                raw = raw[len(BYTE_ORDER_MARK) :]
                offset += len(BYTE_ORDER_MARK)
        if not raw:
            return
        yield _line(raw, offset, f"{name}:{number}", beginning)
        offset = following


def _line(raw: bytes, offset: int, where: str, beginning: bytes) -> EndedLine:
    """One line's text and its end; `offset` is its first byte's in the file that has this beginning."""
    if len(raw) > LONGEST_LINE:
        raise _binary(where, f"a line of more than {LONGEST_LINE:,} bytes", beginning)
    if b"\0" in raw:
        raise _binary(where, f"a NUL byte at byte {offset + raw.index(0):,}", beginning)
    end = "\r\n" if raw.endswith(b"\r\n") else "\n" if raw.endswith(b"\n") else ""
    try:
        return EndedLine(raw[: len(raw) - len(end)].decode("utf-8"), end)
    except UnicodeDecodeError as error:
        byte = f"byte 0x{raw[error.start]:02x} at byte {offset + error.start:,} of the file"
        if beginning.startswith(tuple(FIRST_BYTES)):
            raise _binary(where, byte, beginning) from error
        raise EncodingFault(
            f"{where}: not UTF-8: {byte} (byte {error.start:,} of the line). Convert the file, for example "
            "iconv -f LATIN1 -t UTF-8, or mend the line."
        ) from error


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
    kind = pair_format(paths, format)
    if kind == "parallel":
        return _parallel(paths[0], paths[1])
    if kind == "tsv":
        return _tab_separated(paths[0])
    if kind == "blocks":
        return (block.pair for block in read_blocks(paths[0]))
    return _json_lines(paths[0], source_field, target_field)


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


def _tab_separated(path: Path) -> Iterator[Pair]:
    columns = 0
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
        yield Pair(cells[0], cells[1])


class Block(NamedTuple):
    """A sentence of labelled tokens, and the line (from 1) of its first one; the others follow line by line."""

    line: int
    tokens: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def pair(self) -> Pair:
        """Tokens and labels, each separated by blanks; white space within a token is left out, so that they count."""
        return Pair(" ".join("".join(token.split()) for token in self.tokens), " ".join(self.labels))


def read_blocks(path: Path) -> Iterator[Block]:
    """Sentences of a file that has a token, a tab and its label in a line, and an empty line between sentences.

    Raises   DataError at the line that is otherwise
    """
    rows: list[tuple[str, str]] = []
    first = 0
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            if rows:
                yield _block(first, rows)
            rows = []
            continue
        first = first if rows else number
        found = labelled_token(line)
        if isinstance(found, str):
            raise DataError(f"{path}:{number}: {found}.")
        rows.append(found)
    if rows:
        yield _block(first, rows)


def _block(line: int, rows: Sequence[tuple[str, str]]) -> Block:
    return Block(line, tuple(token for token, _ in rows), tuple(label for _, label in rows))


def labelled_token(line: str) -> tuple[str, str] | str:
    """The token and the label of a line; or what is wrong with it."""
    cells = line.split("\t")
    if len(cells) != 2:
        found = "no tab in the line" if len(cells) == 1 else f"{len(cells)} columns"
        return f"{found}; expected a token, a tab, its label, and an empty line between sentences"
    token, label = cells[0].strip(), cells[1].strip()
    if not token or not label:
        return f"no {'label' if token else 'token'}; expected a token, a tab, its label"
    if len(label.split()) > 1:
        return f"the label {label!r} has white space inside; write it as one word"
    return token, label


def _json_lines(path: Path, source_field: str, target_field: str) -> Iterator[Pair]:
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}:{number}"
        row = json_object(line, where)
        yield Pair(text_field(row, source_field, where), text_field(row, target_field, where))


def _judged_json_lines(path: Path, source_field: str, fields: Sequence[str]) -> Iterator[Judged]:
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}:{number}"
        row = json_object(line, where)
        references = tuple(text for name in fields for text in _texts_field(row, name, where))
        if not references:
            raise DataError(
                f"{where}: no reference in {', '.join(map(repr, fields))}; expected at least one text."
            )
        yield Judged(text_field(row, source_field, where), references)


def _texts_field(row: dict[str, object], name: str, where: str) -> list[str]:
    """The text, or the texts of a list, under one key of a JSON line."""
    value = row.get(name)
    if not isinstance(value, list):
        return [text_field(row, name, where)]
    return [text_field({name: each}, name, where) for each in value]


def json_object(line: str, where: str) -> dict[str, object]:
    """What a line of JSON lines holds; `where` it stands, for the DataError if it is no object."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        found = "an empty line" if not line.strip() else f"no JSON ({error})"
        raise DataError(f"{where}: {found}; expected one JSON object a line.") from error
    if not isinstance(row, dict):
        raise DataError(f"{where}: a JSON {type(row).__name__}; expected an object, as in {{...}}.")
    return row


def text_field(row: dict[str, object], name: str, where: str) -> str:
    """The text under one key of a JSON line. Raises DataError, with the place, where there is none."""
    if name not in row:
        near = difflib.get_close_matches(name, row, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        found = ", ".join(map(repr, itertools.islice(row, 8))) or "none"
        raise DataError(f"{where}: no field {name!r}; found {found}.{hint}")
    value = row[name]
    if not isinstance(value, str):
        raise DataError(f"{where}: field {name!r} is a {type(value).__name__}; expected text in quotes.")
    if SURROGATE.search(value):
        raise EncodingFault(
            f"{where}: field {name!r} has half of a surrogate pair (\\ud800 to \\udfff alone), which is no "
            "character. Mend or drop the line."
        )
    return value


def _open(path: Path) -> BinaryIO:
    """Open for reading; a missing file or a folder is a DataError that suggests a near name."""
    with explain_os_errors("read", path):
        if path.is_dir():
            raise DataError(f"{path} is a folder; expected a text file.")
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            siblings = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
            near = difflib.get_close_matches(path.name, siblings, n=1)
            hint = f" Did you mean {path.parent / near[0]}?" if near else ""
            raise DataError(f"{path} does not exist.{hint}") from error


def _binary(where: str, found: str, beginning: bytes) -> DataError:
    """The error for content that no text has; names the usual files by their first bytes."""
    meanings = [meaning for signature, meaning in FIRST_BYTES.items() if beginning.startswith(signature)]
    guess = f"it begins like {meanings[0]}" if meanings else "it looks binary, or is UTF-16"
    return DataError(f"{where}: {found}, and UTF-8 text was expected; {guess}.")
