"""Files and streams into lines, with every fault named by file, line and byte.

A line ends at "\\n" and nowhere else: U+2028, VT, FF, NEL and a lone CR are characters like any other, so
that two parallel files stay parallel. One CR before the "\\n" is dropped, and so is a byte order mark at the
start.
"""

import difflib
import hashlib
import itertools
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from seqloom.base.errors import DataError, EncodingFault
from seqloom.base.files import explain_os_errors

LONGEST_LINE = 16 * 1024 * 1024  # bytes; bounds memory when a "line" is a whole file without an end of line
PIECE = 1024 * 1024  # bytes read at a time while surveying a file
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
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
