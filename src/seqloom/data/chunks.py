"""Where the chunks of a text lie: side by side and one after the other, anywhere, or overlapping for scoring.

All are pure functions of (seed, epoch, index), so that a resumed run meets the same chunks.
"""

from dataclasses import dataclass
from typing import NamedTuple

from seqloom.base.errors import DataError
from seqloom.base.randomness import derive, numpy_generator


class Chunks(NamedTuple):
    """Chunks of one batch: row b predicts the symbols starts[b] to starts[b] + length, each from those before it.

    fresh  whether nothing is known of what was before, as at a text's beginning
    """

    starts: tuple[int, ...]
    length: int
    fresh: bool


@dataclass(frozen=True)
class ConsecutiveChunks:
    """A text of `symbols` cut into `rows` streams side by side, each read chunk after chunk.

    Chunk boundaries move from epoch to epoch: an epoch begins up to a chunk after the text's beginning. The symbols
    left out so, and those at the end that don't make a full row, are fewer than a chunk and a row each.
    """

    symbols: int
    rows: int
    chunk: int
    seed: int

    @classmethod
    def fitting(cls, symbols: int, rows: int, chunk: int, seed: int) -> "ConsecutiveChunks":
        """With fewer rows, and a shorter chunk, where the text is too short. Raises DataError for none at all."""
        if symbols < 1:
            raise DataError("There are no symbols to learn from.")
        return cls(symbols, max(1, min(rows, symbols // chunk)), min(chunk, symbols), seed)

    def count(self, epoch: int) -> int:
        """Batches of an epoch."""
        return -(-self._length(epoch) // self.chunk)

    def batch(self, epoch: int, index: int) -> Chunks:
        """The chunks of one batch."""
        length = self._length(epoch)
        first = index * self.chunk
        offset = self._offset(epoch)
        starts = tuple(offset + row * length + first for row in range(self.rows))
        return Chunks(starts, min(self.chunk, length - first), fresh=index == 0)

    def _offset(self, epoch: int) -> int:
        """Symbols left out at the beginning: none in the first epoch, nor where a row would lose all it has."""
        if epoch == 0 or self.symbols < 2 * self.rows * self.chunk:
            return 0
        return derive(self.seed, "chunks", epoch) % self.chunk

    def _length(self, epoch: int) -> int:
        """Symbols of a row."""
        return (self.symbols - self._offset(epoch)) // self.rows


@dataclass(frozen=True)
class RandomChunks:
    """Chunks that begin anywhere, drawn anew for each batch; an epoch has as many symbols as the text."""

    symbols: int
    rows: int
    chunk: int
    seed: int

    @classmethod
    def fitting(cls, symbols: int, rows: int, chunk: int, seed: int) -> "RandomChunks":
        """With a shorter chunk where the text is too short. Raises DataError for no symbols at all."""
        if symbols < 1:
            raise DataError("There are no symbols to learn from.")
        return cls(symbols, rows, min(chunk, symbols), seed)

    def count(self, epoch: int) -> int:  # noqa: ARG002 - one face for all plans
        """Batches of an epoch."""
        return max(1, self.symbols // (self.rows * self.chunk))

    def batch(self, epoch: int, index: int) -> Chunks:
        """The chunks of one batch."""
        generator = numpy_generator(self.seed, "chunks", epoch, index)
        starts = generator.integers(0, self.symbols - self.chunk + 1, self.rows)
        return Chunks(tuple(starts.tolist()), self.chunk, fresh=True)


class Window(NamedTuple):
    """A stretch of text that is read from nothing: symbols read_from to stop, of which those from `start` count."""

    read_from: int
    start: int
    stop: int


def windows(first: int, stop: int, size: int) -> list[Window]:
    """Windows of `size` symbols that slide by half of it, so that together they count the symbols first to stop once.

    The windows lie where a text read from symbol 0 has them: from 0, then every size - size // 2 symbols. All but the
    first count their second half, so each symbol is predicted from half a window or more.
    """
    stride = size - size // 2
    found = []
    begin = max(0, -(-(first - size) // stride) * stride)
    while first < stop:
        end = min(begin + size, stop)
        if end > first:
            found.append(Window(begin, first, end))
            first = end
        begin += stride
    return found
