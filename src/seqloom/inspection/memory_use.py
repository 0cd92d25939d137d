"""The memory that a model takes to read and to write a sentence, as its tensors were seen to take it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from seqloom.data.batch import Batch
from seqloom.inspection.allocations import Allocations, bytes_of, tensors_in
from seqloom.inspection.memory_formulas import MemoryUse
from seqloom.inspection.plain_operations import plain_operations
from seqloom.models.classifier import LabelNetwork
from seqloom.models.language_model import LanguageModel
from seqloom.models.speech import CTCModel


def weights_of(model: nn.Module) -> int:
    """Bytes of its parameters and of the tensors that it keeps besides, as they are laid out."""
    return bytes_of([*model.parameters(), *model.buffers()])


def measure_memory(model: Any, batch: Batch, symbols: Sequence[int], rows: int = 1) -> MemoryUse:
    """Read a sentence and write symbols by steps, as many rows side by side as a beam has.

    model    in evaluation, on a CPU
    batch    of one sentence or recording; of a language model it is not read
    symbols  what is read by the decoder, BOS or the like first; () where nothing is written
    """
    with plain_operations(model):
        if isinstance(model, LanguageModel):
            written = _written(model, [model.start(rows)], symbols, rows)
            return MemoryUse(0, 0, *written)
        if isinstance(model, LabelNetwork):
            with torch.no_grad(), Allocations() as read:
                model(batch)
            return MemoryUse(read.largest, read.peak)
        with torch.no_grad(), Allocations() as read:
            begun = [model.encode(batch)]
            if isinstance(model, CTCModel):
                model.ctc(begun[0].values)
        if isinstance(model, CTCModel):
            return MemoryUse(read.largest, read.peak)
        written = _written(model, begun, symbols, rows)
    return MemoryUse(read.largest, read.peak, *written)


def _written(model: Any, begun: list[Any], symbols: Sequence[int], rows: int) -> tuple[int, int, int]:
    """The largest tensor and the peak while all symbols are written, and what the state keeps then.

    begun   a memory to start from, or a language model's state; it is taken out, so that nobody else holds it
    """

    seen = Allocations(tensors_in(begun))
    with torch.no_grad(), seen:
        state = begun.pop()
        if not isinstance(model, LanguageModel):
            state = model.start(state).reorder(torch.zeros(rows, dtype=torch.int64))
        for symbol in symbols:
            state = model.step(torch.full((rows,), symbol), state.reorder(torch.arange(rows))).state
    return seen.largest, seen.peak, bytes_of(tensors_in(state))
