"""How long a WAV or AIFF file says that its sound is, which libsndfile doesn't hold against it when it is cut short."""

import io
import struct
from pathlib import Path
from typing import NamedTuple

from seqloom.base.files import explain_os_errors

FORMS = {b"RIFF": ("<", b"data"), b"RIFX": (">", b"data"), b"FORM": (">", b"SSND")}
"""How a file begins: the order of its bytes, and what the chunk of its samples is called."""
STREAMED = 0x7FFF_0000  # bytes, and more: what is written into a pipe, where the length can't be known
SPARE = 64  # bytes: some programs count their own header among the samples
MOST_CHUNKS = 1_000  # before the samples; a file with more is none


class SoundLength(NamedTuple):
    """What a header says of its samples, and what there is.

    start   byte where the samples begin; how many bytes they are stands in the four before it
    said    bytes of samples, by the header
    there   bytes from the start to the end of the file
    whole   bytes of the whole file after its first eight, by the header
    order   of bytes, as struct has it
    """

    start: int
    said: int
    there: int
    whole: int
    order: str

    @property
    def cut(self) -> bool:
        """Whether the file ends before the samples do."""
        return self.there + SPARE < self.said < STREAMED

    @property
    def unfinished(self) -> bool:
        """Whether the header was written before the samples and never after: a recorder that lost its power."""
        return self.said == 0 < self.there and self.whole + 8 <= self.start


def sound_length(path: Path) -> SoundLength | None:
    """As the file's own header says; None for other formats, and for a pipe."""
    if not path.is_file():
        return None
    with explain_os_errors("read", path), path.open("rb") as stream:
        beginning = stream.read(12)
        if len(beginning) < 12 or beginning[:4] not in FORMS:
            return None
        order, samples = FORMS[beginning[:4]]
        (whole,) = struct.unpack(f"{order}I", beginning[4:8])
        size, at = path.stat().st_size, 12
        for _ in range(MOST_CHUNKS):
            stream.seek(at)
            chunk = stream.read(8)
            if len(chunk) < 8:
                return None
            name, length = struct.unpack(f"{order}4sI", chunk)
            at += 8
            if name == samples:
                return SoundLength(at, length, size - at, whole, order)
            at += length + length % 2
    return None


def finished(path: Path, length: SoundLength) -> io.BytesIO:
    """The file with a header that says how long the sound is, in memory."""
    content = bytearray(path.read_bytes())
    content[length.start - 4 : length.start] = struct.pack(f"{length.order}I", length.there)
    return io.BytesIO(bytes(content))
