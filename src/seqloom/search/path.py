"""One hypothesis a sentence, from BOS to EOS: what greedy search, sampling and forced scoring share.

They differ in how a symbol is chosen and in nothing else.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from seqloom.models.state import SearchableModel, State
from seqloom.search.constraints import IMPOSSIBLE
from seqloom.search.scoring import Job, on_device, on_host, refuse_broken, score_next
from seqloom.search.trail import Ended, Floats, Integers, Looked, Trail, Written


class Choose(Protocol):
    """How the next symbol of every row is chosen."""

    def __call__(
        self, log_probs: Tensor, position: int, sentences: Integers, history: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Choose one symbol a row; -inf as its log-probability says that nothing may be written.

        log_probs  (n, 1, V)      may be written on
        position                  symbols written so far
        sentences  (n,)           their numbers in the batch
        history    (n, position)  what each row has written, if asked for
        Returns    symbols (n, 1), log_probs (n, 1)
        """
        ...


@dataclass(frozen=True)
class Rows:
    """The sentences that still write, one row each.

    sentences  (n,)       their numbers in the batch, rising
    tokens     (n, 1)     the symbol last written
    total      (n, 1)     nats so far
    lengths    (n,)       of their sources, on the device
    history    (n, T)     what was written, if anybody asks, on the device
    coverage   (n, 1, S)  attention so far, if it counts, on the device
    """

    sentences: Integers
    tokens: Integers
    total: Floats
    lengths: Tensor
    history: Tensor | None = None
    coverage: Tensor | None = None

    def of(self, rows: Integers) -> "Rows":
        """rows (n',) -> those rows."""
        index = on_device(rows, self.lengths.device)
        fields = (self.lengths, self.history, self.coverage)
        return Rows(
            self.sentences[rows],
            self.tokens[rows],
            self.total[rows],
            *(None if field is None else field.index_select(0, index) for field in fields),  # type: ignore[arg-type]
        )


def follow(model: SearchableModel, state: State, job: Job, choose: Choose, *, history: bool) -> Trail:
    """Let every sentence write one symbol a step until it writes EOS; it then leaves the batch.

    history  whether `choose` needs what was written
    """
    trail = Trail()
    tokens = np.full((len(job.source_lengths), 1), job.bos, dtype=np.int64)
    total = np.zeros(tokens.shape, dtype=np.float32)
    written = job.source_lengths.new_zeros((len(tokens), 0), dtype=torch.int64) if history else None
    rows = Rows(np.arange(len(tokens)), tokens, total, job.source_lengths, written)
    position = 0
    while len(rows.sentences):
        scored = score_next(model, rows.tokens, state, job)
        if job.alignment and scored.alignment is not None:
            trail.looked.append(Looked(rows.sentences, scored.alignment))
        last_resort = scored.log_probs[:, :, job.eos].clamp(min=IMPOSSIBLE)
        symbols, chosen = choose(scored.log_probs, position, rows.sentences, rows.history)
        stuck = chosen == -torch.inf
        symbols, chosen = symbols.masked_fill(stuck, job.eos), torch.where(stuck, last_resort, chosen)
        tokens, log_probs, is_stuck, broken = on_host(
            symbols, chosen, stuck, scored.broken
        )  # waits for the GPU
        refuse_broken(broken, rows.sentences, position)
        rows = replace(
            rows,
            tokens=tokens,
            total=rows.total + log_probs,
            history=None if rows.history is None else torch.cat([rows.history, symbols], dim=1),
            coverage=job.covered(rows.coverage, scored.alignment),
        )
        trail.stuck.update(rows.sentences[is_stuck[:, 0]].tolist())
        state = scored.state
        ends = tokens[:, 0] == job.eos
        gone, staying = np.flatnonzero(ends), np.flatnonzero(~ends)
        if len(gone):
            trail.ended.append(_ended(rows, log_probs, gone, position, job))
            if not len(staying):
                break
            state = state.reorder(on_device(staying, symbols.device))
            rows, log_probs = rows.of(staying), log_probs[staying]
        trail.written.append(Written(rows.sentences, rows.tokens, np.zeros_like(rows.tokens), log_probs))
        position += 1
    return trail


def _ended(rows: Rows, log_probs: Floats, gone: Integers, position: int, job: Job) -> tuple[Integers, Ended]:
    """The rows that have just written EOS."""
    score = job.normalised(rows.total, position + 1)
    if rows.coverage is not None:
        score = score + on_host(job.unread(rows.lengths, rows.coverage))[0]
    zero = np.zeros_like(rows.tokens)
    ended = Ended(score, rows.total, log_probs, np.full_like(zero, position), zero)
    return rows.sentences[gone], ended.of(gone)
