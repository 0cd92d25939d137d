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
from seqloom.search.scoring import Job, refuse_broken, score_next
from seqloom.search.trail import Ended, Integers, Looked, Trail, Written


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

    sentences  (n,)       their numbers in the batch, rising; on the host
    lengths    (n,)       of their sources
    tokens     (n, 1)     the symbol last written
    total      (n, 1)     nats so far
    history    (n, T)     what was written, if anybody asks
    coverage   (n, 1, S)  attention so far, if it counts
    """

    sentences: Integers
    lengths: Tensor
    tokens: Tensor
    total: Tensor
    history: Tensor | None = None
    coverage: Tensor | None = None

    def of(self, rows: Integers) -> "Rows":
        """rows (n',) on the host -> those rows."""
        index = torch.from_numpy(rows).to(self.tokens.device)
        fields = (self.lengths, self.tokens, self.total, self.history, self.coverage)
        return Rows(
            self.sentences[rows],
            *(None if field is None else field.index_select(0, index) for field in fields),  # type: ignore[arg-type]
        )


def follow(model: SearchableModel, state: State, job: Job, choose: Choose, *, history: bool) -> Trail:
    """Let every sentence write one symbol a step until it writes EOS; it then leaves the batch.

    history  whether `choose` needs what was written
    """
    trail = Trail()
    tokens = torch.full_like(job.source_lengths, job.bos, dtype=torch.int64)[:, None]
    total = torch.zeros_like(tokens, dtype=torch.float32)
    rows = Rows(np.arange(len(tokens)), job.source_lengths, tokens, total, tokens[:, :0] if history else None)
    position = 0
    while len(rows.sentences):
        scored = score_next(model, rows.tokens, state, job)
        if job.alignment and scored.alignment is not None:
            trail.looked.append(Looked(rows.sentences, scored.alignment))
        last_resort = scored.log_probs[:, :, job.eos].clamp(min=IMPOSSIBLE)
        tokens, log_probs = choose(scored.log_probs, position, rows.sentences, rows.history)
        stuck = log_probs == -torch.inf
        tokens, log_probs = tokens.masked_fill(stuck, job.eos), torch.where(stuck, last_resort, log_probs)
        rows = replace(
            rows,
            tokens=tokens,
            total=rows.total + log_probs,
            history=None if rows.history is None else torch.cat([rows.history, tokens], dim=1),
            coverage=job.covered(rows.coverage, scored.alignment),
        )
        ends = tokens == job.eos
        flags = torch.stack([ends[:, 0], stuck[:, 0], scored.broken]).cpu().numpy()  # waits for the GPU
        refuse_broken(flags[2], rows.sentences, position)
        trail.stuck.update(rows.sentences[flags[1]].tolist())
        state = scored.state
        gone, staying = np.flatnonzero(flags[0]), np.flatnonzero(~flags[0])
        if len(gone):
            trail.ended.append(_ended(rows, log_probs, gone, position, job))
            if not len(staying):
                break
            kept = torch.from_numpy(staying).to(tokens.device)
            state, rows, log_probs = state.reorder(kept), rows.of(staying), log_probs.index_select(0, kept)
        trail.written.append(Written(rows.sentences, rows.tokens, torch.zeros_like(rows.tokens), log_probs))
        position += 1
    return trail


def _ended(rows: Rows, log_probs: Tensor, gone: Integers, position: int, job: Job) -> tuple[Integers, Ended]:
    """The rows that have just written EOS."""
    score = job.normalised(rows.total, position + 1)
    if rows.coverage is not None:
        score = score + job.unread(rows.lengths, rows.coverage)
    zero = torch.zeros_like(rows.tokens)
    ended = Ended(score, rows.total, log_probs, torch.full_like(zero, position), zero)
    return rows.sentences[gone], ended.of(torch.from_numpy(gone).to(zero.device))
