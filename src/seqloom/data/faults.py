"""Reading a corpus to its end in spite of its faults, each gathered with file, line and byte.

The readers in seqloom.data.readers stop at the first fault, as training must. These go on, so that a person mends a
corpus once and not fault by fault. A corpus has a fault here exactly if the readers refuse it; a test compares them.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from seqloom.base.errors import DataError
from seqloom.base.files import explain_os_errors, shown_path
from seqloom.data.blocks import Block, labelled_token
from seqloom.data.dialogues import AnyFiles, BabiDialogue, DialogueFiles, answers, turns_of_object
from seqloom.data.json_lines import KINDS, SURROGATE, join_cells, kind_of, no_json
from seqloom.data.lines import BYTE_ORDER_MARK, FIRST_BYTES, LONGEST_LINE, read_lines
from seqloom.data.pairs import Pair
from seqloom.data.readers import Column, pair_of_cells

KEPT = 10_000  # faults of a corpus kept with their place; all are counted
ESCAPED = re.compile("[\udc80-\udcff]+")  # what "surrogateescape" makes of bytes that are not UTF-8
NULS = re.compile(rb"\0+")


class Fault(NamedTuple):
    """One place where a file can't be read as pairs."""

    kind: str  # "encoding", "binary", "line" (too long), "columns" (TSV, blocks) or "json"
    file: str
    line: int  # from 1
    byte: int | None  # offset in the file, from 0; None where the whole line is meant
    detail: str

    @property
    def place(self) -> str:
        """File and line as compilers write them, and the byte where there is one."""
        byte = "" if self.byte is None else f" (byte {self.byte:,})"
        return f"{self.file}:{self.line}{byte}"


class FaultReader:
    """Reads the pairs of one corpus and gathers its faults; read `faults`, `counts` and `lines` afterwards."""

    def __init__(self, files: AnyFiles) -> None:
        self.files = files
        self.format = files.kind
        self.faults: list[Fault] = []  # the first KEPT
        self.counts: Counter[str] = Counter()  # of all faults, by kind
        self.lines = [0] * len(files.paths)  # of each file
        for path in files.paths:
            if path.exists() and not path.is_file() and not path.is_dir():
                raise DataError(
                    f"{path} is a pipe or device; a corpus is read more than once. Write it to a file first."
                )
            if not path.is_file():
                next(read_lines(path), None)  # raises the reader's own DataError: missing, or a folder

    def pairs(self) -> Iterator[Pair | None]:
        """A pair for each line, None where the line holds none. Surplus lines of a longer file are only counted.

        Bytes that are not UTF-8 are left out of the text, so that the line counts in the other figures.
        Raises   DataError for a missing file or a folder; ResourceError without permission.
        """
        if self.format == "parallel":
            return self._parallel()
        if isinstance(self.files, DialogueFiles):
            return self._babi() if self.format == "babi" else self._json_dialogues(self.files.bot)
        if self.format == "tsv":
            return self._tab_separated(*self.files.columns)
        if self.format == "blocks":
            return self._blocks()
        return self._json_lines(*self.files.columns)

    def _parallel(self) -> Iterator[Pair | None]:
        sources, targets = self._lines(0), self._lines(1)
        for (source_line, source), (target_line, target) in itertools.zip_longest(
            sources, targets, fillvalue=(0, None)
        ):
            if source_line and target_line:
                yield None if source is None or target is None else Pair(source, target)

    def _tab_separated(self, sources: Sequence[Column], target: Column) -> Iterator[Pair | None]:
        numbers = [int(column) for column in (*sources, target)]
        columns, least = 0, max(numbers)
        for number, line in self._lines(0):
            if line is None:
                yield None
                continue
            cells = line.split("\t")
            columns = columns or len(cells)
            if len(cells) < 2:
                self._add("columns", number, None, "no tab in the line; expected source, a tab, target")
                yield None
            elif len(cells) != columns:
                self._add("columns", number, None, f"{len(cells)} columns; expected {columns} as in line 1")
                yield None
            elif len(cells) < least:
                self._add("columns", number, None, f"{len(cells)} columns; column {least} is read")
                yield None
            else:
                yield pair_of_cells(cells, numbers[:-1], numbers[-1])

    def _blocks(self) -> Iterator[Pair | None]:
        """A pair at the last line of each sentence, None at the others."""
        rows: list[tuple[str, str]] = []
        broken = False
        for number, line in self._lines(0):
            if line is not None and line.strip():
                found = labelled_token(line)
                if isinstance(found, str):
                    self._add("columns", number, None, found)
                    broken = True
                else:
                    rows.append(found)
                yield None
                continue
            broken = broken or line is None
            yield None if broken or not rows else _pair_of(rows)
            rows, broken = [], False
        if rows and not broken:
            yield _pair_of(rows)

    def _json_lines(self, sources: Sequence[Column], target: Column) -> Iterator[Pair | None]:
        for number, row in self._json_objects():
            if row is None:
                yield None
                continue
            texts = [self._json_text(row, str(field), number) for field in (*sources, target)]
            found = [text for text in texts if text is not None]
            yield Pair(join_cells(found[:-1]), found[-1]) if len(found) == len(texts) else None

    def _json_dialogues(self, bot: str) -> Iterator[Pair | None]:
        """Of each line, which is a dialogue, the last answer with all before it."""
        for number, row in self._json_objects():
            try:
                pairs = [] if row is None else list(answers(turns_of_object(row, ""), bot))
            except DataError as error:
                self._add(
                    "json", number, None, str(error).removeprefix(": ").removeprefix(", ").removesuffix(".")
                )
                pairs = []
            yield pairs[-1] if pairs else None

    def _babi(self) -> Iterator[Pair | None]:
        dialogue = BabiDialogue()
        for number, line in self._lines(0):
            try:
                answered = line is not None and dialogue.read(line)
            except ValueError as error:
                self._add("columns", number, None, str(error))
                answered = False
            yield dialogue.pair() if answered else None

    def _json_objects(self) -> Iterator[tuple[int, dict[str, object] | None]]:
        """Line numbers and the objects that the lines hold; None where one holds none."""
        for number, line in self._lines(0):
            yield number, None if line is None else self._json_object(line, number)

    def _json_object(self, line: str, number: int) -> dict[str, object] | None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            self._add("json", number, None, f"{no_json(line, error)}; expected one JSON object a line")
            return None
        if not isinstance(row, dict):
            self._add("json", number, None, f"a JSON {KINDS[type(row)]}; expected an object")
            return None
        return row

    def _json_text(self, row: dict[str, object], field: str, number: int) -> str | None:
        value = row.get(field)
        if not isinstance(value, str):
            found = f"is {kind_of(value)}; expected text" if field in row else "is missing"
            self._add("json", number, None, f"field {field!r} {found}")
            return None
        if SURROGATE.search(value):
            self._add("encoding", number, None, f"field {field!r} has half of a surrogate pair")
        return SURROGATE.sub("", value)

    def _lines(self, index: int) -> Iterator[tuple[int, str | None]]:
        """Line numbers and lines of one file; None for a line too long to hold, an end for a binary file."""
        path = self.files.paths[index]
        offset = 0
        with explain_os_errors("read", path), path.open("rb") as stream:
            for number in itertools.count(1):
                raw = stream.readline(LONGEST_LINE + 1)
                start, offset = offset, offset + len(raw)
                if number == 1:
                    if self._looks_binary(raw, index):
                        return
                    if raw.startswith(BYTE_ORDER_MARK):
                        raw, start = raw[len(BYTE_ORDER_MARK) :], start + len(BYTE_ORDER_MARK)
                if not raw:
                    return
                self.lines[index] = number
                if len(raw) > LONGEST_LINE:
                    offset += rest_of_line(stream, raw)
                    self._add("line", number, None, f"the line is longer than {LONGEST_LINE:,} bytes", index)
                    yield number, None
                else:
                    yield number, self._decode(raw, start, number, index)

    def _looks_binary(self, beginning: bytes, index: int) -> bool:
        """Whether a first line that is no text begins as a known kind of file does; text may begin so too."""
        try:
            if b"\0" not in beginning and len(beginning) <= LONGEST_LINE:
                beginning.decode("utf-8")
                return False
        except UnicodeDecodeError:
            pass
        for signature, meaning in FIRST_BYTES.items():
            if beginning.startswith(signature):
                self._add("binary", 1, 0, f"begins like {meaning}; the file was not read further", index)
                return True
        return False

    def _decode(self, raw: bytes, start: int, number: int, index: int) -> str:
        """The text of a line, without its end, NUL bytes and whatever is not UTF-8."""
        if b"\0" in raw:
            for match in NULS.finditer(raw):
                detail = "a NUL byte: the file looks binary or is UTF-16"
                self._add("binary", number, start + match.start(), detail, index)
        end = -2 if raw.endswith(b"\r\n") else -1 if raw.endswith(b"\n") else None
        try:
            text = raw[:end].decode("utf-8")
        except UnicodeDecodeError:
            text = self._salvage(raw[:end], start, number, index)
        return text.replace("\0", "") if b"\0" in raw else text

    def _salvage(self, raw: bytes, start: int, number: int, index: int) -> str:
        text = raw.decode("utf-8", "surrogateescape")
        byte = seen = 0
        for match in ESCAPED.finditer(text):
            byte += len(text[seen : match.start()].encode("utf-8", "surrogateescape"))
            seen = match.start()
            self._add("encoding", number, start + byte, describe_bytes(text, match), index)
        return ESCAPED.sub("", text)

    def _add(self, kind: str, line: int, byte: int | None, detail: str, index: int = 0) -> None:
        self.counts[kind] += 1
        if len(self.faults) < KEPT:
            self.faults.append(Fault(kind, shown_path(self.files.paths[index]), line, byte, detail))


def _pair_of(rows: Sequence[tuple[str, str]]) -> Pair:
    """A sentence of tokens with their labels as one pair."""
    tokens, labels = zip(*rows, strict=True)
    return Block(0, tokens, labels).pair


def rest_of_line(stream: BinaryIO, piece: bytes) -> int:
    """Skip to the end of the line that `piece` begins; the bytes skipped."""
    skipped = 0
    while piece and not piece.endswith(b"\n"):
        piece = stream.readline(LONGEST_LINE)
        skipped += len(piece)
    return skipped


def describe_bytes(text: str, match: re.Match[str]) -> str:
    """Bytes that are not UTF-8, between the words around them: not UTF-8: 0xe9 after "caf"."""
    found = match.group().encode("utf-8", "surrogateescape")
    shown = " ".join(f"0x{byte:02x}" for byte in found[:4]) + (" ..." if len(found) > 4 else "")
    likely = "".join(chr(byte) for byte in found[:4]) if min(found) >= 0xA0 else ""
    guess = f" ({likely!r} in Latin-1)" if likely else ""
    before = ESCAPED.sub("?", text[max(0, match.start() - 12) : match.start()])
    return f"not UTF-8: {shown}{guess} after {before!r}" if before else f"not UTF-8: {shown}{guess}"


def read_pairs_at(files: AnyFiles, lines: Sequence[int]) -> dict[int, Pair]:
    """The pairs at some lines (from 1), by a second reading that stops at the last of them."""
    wanted = set(lines)
    found: dict[int, Pair] = {}
    for number, pair in enumerate(FaultReader(files).pairs(), start=1):
        if len(found) == len(wanted) or number > max(wanted):
            break
        if pair is not None and number in wanted:
            found[number] = pair
    return found


def size_of(paths: Sequence[Path]) -> int:
    """Bytes of all files together."""
    return sum(path.stat().st_size for path in paths)
