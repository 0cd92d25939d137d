"""What a language model is given: chunks of text, each symbol beside the one that it is to be predicted from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqloom.data.chunks import Chunks, Window
from seqloom.text.vocabulary import EOS, PAD


class Symbols(Protocol):
    """A text as ids, however it is kept."""

    def symbols(self, start: int, stop: int) -> NDArray[np.int64]:
        """Those from `start` to `stop`."""
        ...


@dataclass(frozen=True, eq=False)
class TextBatch:
    """Chunks of text side by side.

    inputs   (B, T) the symbol before each; EOS before a text's first
    outputs  (B, T) what is to be predicted; PAD where nothing counts
    fresh    whether nothing is known of the text before, so that no state is carried on
    written  (M,) where predictions count among the B T places, row by row; found before the batch moves, as nobody can
             look for it on a GPU without waiting
    """

    inputs: Tensor
    outputs: Tensor
    fresh: bool = True
    written: Tensor | None = None

    def __len__(self) -> int:
        return self.inputs.shape[0]

    @property
    def counted(self) -> Tensor:
        """(B, T) bool, where a prediction counts."""
        return self.outputs != PAD

    @property
    def counted_places(self) -> tuple[Tensor, Tensor]:
        """Rows and columns (M,) of the predictions that count, which index as `counted` does."""
        written = self._written()
        width = self.outputs.shape[1]
        return written // width, written % width

    def _written(self) -> Tensor:
        return self.counted.flatten().nonzero()[:, 0] if self.written is None else self.written

    @property
    def target_tokens(self) -> int:
        """Predictions that count."""
        return int(self.counted.sum())

    def to(self, device: torch.device | str) -> "TextBatch":
        """The same batch on a device."""
        inputs, outputs, written = (
            tensor.to(device, non_blocking=True) for tensor in (self.inputs, self.outputs, self._written())
        )
        return TextBatch(inputs, outputs, self.fresh, written)


def preceded(text: Symbols, start: int, stop: int) -> NDArray[np.int64]:
    """The symbols from `start` to `stop` with the one before them, (stop - start + 1,)."""
    if start > 0:
        return text.symbols(start - 1, stop)
    return np.concatenate([np.array([EOS], np.int64), text.symbols(0, stop)])


def chunk_batch(text: Symbols, chunks: Chunks) -> TextBatch:
    """The chunks of a batch, read from the text."""
    rows = np.stack([preceded(text, start, start + chunks.length) for start in chunks.starts])
    found = torch.from_numpy(rows)
    return TextBatch(found[:, :-1], found[:, 1:], chunks.fresh)


def window_batch(text: Symbols, windows: Sequence[Window]) -> TextBatch:
    """Windows side by side; what they read as a beginning only, and what pads them, doesn't count."""
    longest = max(window.stop - window.read_from for window in windows)
    inputs = np.full((len(windows), longest), PAD, np.int64)
    outputs = inputs.copy()
    for row, window in enumerate(windows):
        read = preceded(text, window.read_from, window.stop)
        inputs[row, : len(read) - 1] = read[:-1]
        skipped = window.start - window.read_from
        outputs[row, skipped : len(read) - 1] = read[1 + skipped :]
    return TextBatch(torch.from_numpy(inputs), torch.from_numpy(outputs))


def text_batch(texts: Sequence[NDArray[np.int64]]) -> TextBatch:
    """Whole texts side by side, each from its beginning."""
    longest = max(map(len, texts))
    rows = np.full((len(texts), longest + 1), PAD, np.int64)
    rows[:, 0] = EOS
    for row, text in zip(rows, texts, strict=True):
        row[1 : len(text) + 1] = text
    found = torch.from_numpy(rows)
    return TextBatch(found[:, :-1], found[:, 1:])
