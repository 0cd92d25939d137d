"""What a model is given: padded ids with their true lengths."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqloom.base.errors import ShapeError
from seqloom.data.links import Span
from seqloom.text.vocabulary import BOS, EOS, PAD

Ids = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batch:
    """Sentences of one update, padded with PAD to the longest. Ids and lengths are int64; lengths count EOS.

    For a model that copies, ids from the vocabulary's size on are the source's own unknown words, row by row.

    source           (B, S)  x + EOS; for sound (B, S, F) frames, float32, 0 at padding, and lengths without an EOS
    source_lengths   (B,)
    target_input     (B, T)  BOS + y, what the decoder reads; None without targets, like the rest
    target_output    (B, T)  y + EOS, what it is to write
    target_lengths   (B,)
    alignment        (B, T, S) float32, where each target position should look: shares that sum to 1, or zeros where
                     nothing is known, as at EOS; None where no pair has a word alignment
    written          (M,) where symbols of the target stand among its B T places, row by row; None without targets
    largest          the largest id of the source; None for sound

    The last two are known from the lengths and ids, but not on a GPU without waiting for it, so `collate` finds them.
    """

    source: Tensor
    source_lengths: Tensor
    target_input: Tensor | None = None
    target_output: Tensor | None = None
    target_lengths: Tensor | None = None
    alignment: Tensor | None = None
    written: Tensor | None = None
    largest: int | None = None

    def __len__(self) -> int:
        return self.source.shape[0]

    @property
    def source_mask(self) -> Tensor:
        """(B, S) bool, True where there is a symbol."""
        return visible(self.source_lengths, self.source.shape[1])

    @property
    def target_mask(self) -> Tensor:
        """(B, T) bool, True where there is a symbol. Raises ShapeError without targets."""
        if self.target_lengths is None or self.target_output is None:
            raise ShapeError("The batch has no targets, so there is no target mask.")
        return visible(self.target_lengths, self.target_output.shape[1])

    @property
    def target_places(self) -> tuple[Tensor, Tensor]:
        """Rows and columns of the target's symbols (M,), which index as `target_mask` does, without counting them."""
        if self.written is None or self.target_output is None:
            rows, columns = self.target_mask.nonzero(as_tuple=True)
            return rows, columns
        width = self.target_output.shape[1]
        return self.written // width, self.written % width

    @property
    def target_tokens(self) -> int:
        """Symbols to write, EOS counted; 0 without targets."""
        return 0 if self.target_lengths is None else int(self.target_lengths.sum())

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on a device."""
        return self._changed(lambda tensor: tensor.to(device, non_blocking=True))

    def repeated(self, times: int) -> "Batch":
        """All sentences, and then all of them again, so many times in all."""
        if times == 1:
            return self
        found = self._changed(lambda tensor: torch.cat([tensor] * times))
        if self.written is None or self.target_output is None:
            return found
        step = self.target_output.numel()
        return replace(found, written=torch.cat([self.written + step * each for each in range(times)]))

    def _changed(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {
            name: change(value) for name, value in held.items() if isinstance(value, Tensor)
        }
        return replace(self, **changed)


def visible(lengths: Tensor, positions: int) -> Tensor:
    """(B,) lengths -> (B, positions) bool, True before each length."""
    return torch.arange(positions, device=lengths.device) < lengths[:, None]


def collate(
    sources: Sequence[Ids],
    targets: Sequence[Ids] | None = None,
    spans: Sequence[Sequence[Span]] | None = None,
) -> Batch:
    """Pad sentences of ids, which have no BOS and EOS yet, into a batch; targets None when there are none.

    spans    each pair's word alignment between symbols; None where no pair has one
    Raises   ShapeError for no sentences, or another number of targets or alignments than sources.
    """
    if not sources:
        raise ShapeError("A batch needs at least one sentence.")
    source, source_lengths = _padded(sources)
    if targets is None:
        return Batch(source, source_lengths, largest=int(source.max()))
    for name, rows in (("targets", targets), ("alignments", spans)):
        if rows is not None and len(rows) != len(sources):
            raise ShapeError(f"{len(sources)} sources and {len(rows)} {name}; expected as many.")
    target_output, target_lengths = _padded(targets)
    target_input, _ = _padded(targets, begin=True)
    alignment = None if spans is None else share_out(spans, target_output.shape[1], source.shape[1])
    written = visible(target_lengths, target_output.shape[1]).flatten().nonzero()[:, 0]
    found = Batch(source, source_lengths, target_input, target_output, target_lengths, alignment, written)
    return replace(found, largest=int(source.max()))


def share_out(spans: Sequence[Sequence[Span]], target_positions: int, source_positions: int) -> Tensor:
    """Let each target position look at all source positions that it is linked with alike: (B, T, S) float32."""
    linked = np.zeros((len(spans), target_positions, source_positions), np.float32)
    for row, own in zip(linked, spans, strict=True):
        for span in own:
            row[span.target_start : span.target_stop, span.source_start : span.source_stop] = 1.0
    linked /= np.maximum(linked.sum(axis=-1, keepdims=True), 1.0)
    return torch.from_numpy(linked)


def collate_frames(frames: Sequence[NDArray[np.float32]], targets: Sequence[Ids] | None = None) -> Batch:
    """Pad utterances of frames (S, F), with 0, into a batch; targets as `collate` takes them.

    Raises   ShapeError for no utterances, frames of several widths, or another number of targets
    """
    if not frames:
        raise ShapeError("A batch needs at least one utterance.")
    widths = {rows.shape[1] for rows in frames}
    if len(widths) > 1:
        raise ShapeError(f"Frames with {sorted(widths)} features; expected one number of features.")
    lengths = np.array([len(rows) for rows in frames], np.int64)
    source = np.zeros((len(frames), int(lengths.max()), widths.pop()), np.float32)
    for padded, rows in zip(source, frames, strict=True):
        padded[: len(rows)] = rows
    read = Batch(torch.from_numpy(source), torch.from_numpy(lengths))
    if targets is None:
        return read
    written = collate(targets, targets)
    if len(written) != len(read):
        raise ShapeError(f"{len(read)} utterances and {len(written)} targets; expected as many.")
    return replace(written, source=read.source, source_lengths=read.source_lengths, largest=None)


def _padded(rows: Sequence[Ids], begin: bool = False) -> tuple[Tensor, Tensor]:
    """Rows + EOS, or BOS + rows, padded: (B, positions) ids and (B,) lengths, int64."""
    lengths = np.array([len(row) + 1 for row in rows], np.int64)
    ids = np.full((len(rows), int(lengths.max())), PAD, np.int64)
    for padded, row, length in zip(ids, rows, lengths.tolist(), strict=True):
        padded[int(begin) : length - 1 + begin] = row
    if begin:
        ids[:, 0] = BOS
    else:
        ids[np.arange(len(rows)), lengths - 1] = EOS
    return torch.from_numpy(ids), torch.from_numpy(lengths)
