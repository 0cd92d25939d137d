"""How likely a language model finds a text: symbol by symbol, and the same numbers however the text is batched.

A text is read from its beginning. A recurrence carries its state from its first symbol to its last. A Transformer sees
windows that slide by half their size, each read from nothing: a symbol is predicted from half a window or more, but
near the text's beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqloom.data.chunks import Chunks, windows
from seqloom.data.text_batch import TextBatch, chunk_batch, text_batch, window_batch
from seqloom.models.language_model import LanguageModel
from seqloom.training.loss import chunk_rows

PIECE = 512  # symbols that a recurrence reads at a time; what is computed doesn't depend on it
WINDOWS = 32  # read side by side


@dataclass(frozen=True)
class HeldText:
    """A stretch of text in memory, as ids; the first of them is symbol `first` of the whole."""

    ids: NDArray[np.int64]
    first: int = 0

    def symbols(self, start: int, stop: int) -> NDArray[np.int64]:
        """Those from `start` to `stop` of the whole text."""
        return self.ids[start - self.first : stop - self.first]


@torch.no_grad()
def nats_of(model: LanguageModel, features: Tensor, batch: TextBatch) -> Tensor:
    """features (B, T, E) -> the negative log-likelihood of each output (B, T), 0 where none counts."""
    counted = batch.counted
    rows, targets = features[counted], batch.outputs[counted]
    pieces = []
    size = chunk_rows(len(model.output.bias), torch.float32)
    for some, wanted in zip(rows.split(size), targets.split(size), strict=True):
        logits = model.output(some)
        exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
        pieces.append(torch.nn.functional.cross_entropy(exact, wanted, reduction="none"))
    found = torch.zeros(counted.shape, dtype=pieces[0].dtype, device=counted.device)
    found[counted] = torch.cat(pieces)
    return found


class Reading:
    """A text that is read from its beginning, piece after piece; memory doesn't grow with what was read."""

    def __init__(self, model: LanguageModel, device: torch.device) -> None:
        self.model = model
        self.device = device
        self.state = model.start(1)
        self.position = 0  # symbols read so far
        self.before = np.zeros(0, np.int64)  # the last of them, as many as a window reaches back

    @torch.no_grad()
    def further(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The negative log-likelihood of each of the next symbols, in nats (symbols,)."""
        text = HeldText(np.concatenate([self.before, ids]), self.position - len(self.before))
        start, stop = self.position, self.position + len(ids)
        if self.model.window is None:
            found, reach = self._by_state(text, start, stop), 1
        else:
            found, reach = self._by_windows(text, start, stop, self.model.window), self.model.window + 1
        self.before = text.ids[-reach:]
        self.position = stop
        return found

    def _by_state(self, text: HeldText, first: int, last: int) -> NDArray[np.float64]:
        found = np.zeros(last - first)
        for start in range(first, last, PIECE):
            stop = min(start + PIECE, last)
            batch = chunk_batch(text, Chunks((start,), stop - start, fresh=start == 0)).to(self.device)
            features, self.state = self.model.read(batch.inputs, self.state)
            found[start - first : stop - first] = nats_of(self.model, features, batch)[0].cpu().numpy()
        return found

    def _by_windows(self, text: HeldText, first: int, last: int, size: int) -> NDArray[np.float64]:
        found = np.zeros(last - first)
        plan = windows(first, last, size)
        for group in range(0, len(plan), WINDOWS):
            some = plan[group : group + WINDOWS]
            nats = _nats_from_nothing(self.model, window_batch(text, some), self.device)
            for row, window in enumerate(some):
                begin = window.start - window.read_from
                found[window.start - first : window.stop - first] = nats[
                    row, begin : window.stop - window.read_from
                ]
        return found


def _nats_from_nothing(
    model: LanguageModel, batch: TextBatch, device: torch.device
) -> NDArray[np.floating[Any]]:
    """Of rows that nothing is known before of (B, T)."""
    batch = batch.to(device)
    nats = nats_of(model, model.read(batch.inputs, model.start(len(batch))).features, batch)
    found: NDArray[np.floating[Any]] = nats.cpu().numpy()
    return found


@torch.no_grad()
def separate_nats(
    model: LanguageModel, texts: Sequence[NDArray[np.int64]], device: torch.device
) -> list[NDArray[np.float64]]:
    """The same for several texts, each on its own; short ones of like length are read side by side."""
    found = [np.zeros(0)] * len(texts)
    limit = PIECE if model.window is None else min(PIECE, model.window)
    order = sorted((row for row in range(len(texts)) if len(texts[row])), key=lambda row: len(texts[row]))
    short = [row for row in order if len(texts[row]) <= limit]
    for first in range(0, len(short), WINDOWS):
        rows = short[first : first + WINDOWS]
        nats = _nats_from_nothing(model, text_batch([texts[row] for row in rows]), device)
        for place, row in enumerate(rows):
            found[row] = nats[place, : len(texts[row])].astype(np.float64)
    for row in order[len(short) :]:
        found[row] = Reading(model, device).further(texts[row])
    return found
