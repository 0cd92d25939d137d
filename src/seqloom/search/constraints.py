"""What may be written at each step: caps, the least length, banned symbols, n-grams, forced prefixes.

A search scores what a model says of every symbol, then sets what may not be written to -inf. Where only one symbol
is left (a forced prefix; EOS at the cap) it keeps the log-probability that the model gave it, so that a hypothesis
always has the score which forced scoring gives it. A symbol that the model calls impossible counts IMPOSSIBLE when
it is forced, so that no score is -inf.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from seqloom.base.errors import UsageError
from seqloom.search.options import Limits
from seqloom.search.trail import Integers

IMPOSSIBLE = -1e4  # nats, for a forced symbol whose log-probability is lower or -inf


def ban_repeated_ngrams(log_probs: Tensor, history: Tensor, n: int) -> None:
    """Set to -inf, in place, every symbol that would complete a run of n symbols written before.

    log_probs  (N, V)
    history    (N, T)  what each row has written
    """
    if history.shape[1] < n:
        return
    runs = history.unfold(1, n, 1)  # (N, T - n + 1, n)
    start = history[:, history.shape[1] - n + 1 :]  # (N, n - 1): what the next symbol would complete
    repeats = (runs[:, :, :-1] == start[:, None]).all(dim=-1)
    ban = torch.zeros_like(repeats, dtype=log_probs.dtype).masked_fill_(repeats, -torch.inf)
    log_probs.scatter_add_(1, runs[:, :, -1], ban)  # adding 0 where nothing repeats


def penalise_repetition(log_probs: Tensor, history: Tensor, penalty: float, window: int) -> Tensor:
    """A copy in which symbols that were written lately are less likely: their log-probability times the penalty.

    log_probs  (N, V)
    history    (N, T)  what each row has written, of which the last `window` symbols count
    Source     Keskar et al. 2019, section 4.1, there by dividing scores, which may have either sign; a log-probability
               is never positive, so here it is multiplied
    """
    recent = history[:, -window:]
    return log_probs.scatter(1, recent, log_probs.gather(1, recent) * penalty)


class Constraints:
    """The constraints of one batch; they look at a sentence's own source length and prefix only."""

    def __init__(
        self,
        limits: Limits,
        source_lengths: Sequence[int],
        prefixes: Sequence[Sequence[int]] | None,
        *,
        bos: int,
        eos: int,
        pad: int,
    ) -> None:
        if eos in limits.banned:
            raise UsageError(
                f"banned holds {eos}, which is EOS; without it no output could end. Take it out."
            )
        self.limits = limits
        self.eos = eos
        self.banned = torch.tensor(sorted({bos, pad, *limits.banned} - {eos}))
        self.prefixes = [list(prefix) for prefix in prefixes or [()] * len(source_lengths)]
        if len(self.prefixes) != len(source_lengths):
            raise UsageError(
                f"There are {len(self.prefixes)} prefixes for {len(source_lengths)} sentences; expected one each."
            )
        self.prefix_lengths = np.array([len(prefix) for prefix in self.prefixes], dtype=np.int64)
        caps = np.array([limits.cap(length) for length in source_lengths], dtype=np.int64)
        self.caps = np.maximum(caps, self.prefix_lengths)  # a longer prefix is still written whole
        self.needs_history = limits.no_repeat_ngram > 0

    def check_vocabulary(self, size: int) -> None:
        """Raise UsageError for a symbol that the model doesn't have, or that can't stand in a prefix."""
        for symbol in (*self.banned.tolist(), self.eos):
            if not 0 <= symbol < size:
                raise UsageError(
                    f"Symbol {symbol} is banned or special, but the model scores 0 to {size - 1}."
                )
        for sentence, prefix in enumerate(self.prefixes):
            for symbol in prefix:
                if not 0 <= symbol < size or symbol == self.eos:
                    raise UsageError(
                        f"The prefix of sentence {sentence} (counted from 0) holds symbol {symbol}; "
                        f"expected 0 to {size - 1}, and not EOS ({self.eos})."
                    )

    def apply(self, log_probs: Tensor, position: int, sentences: Integers, history: Tensor | None) -> None:
        """Set to -inf, in place, what the hypotheses of these sentences may not write at this position.

        log_probs  (n, w, V)
        position   symbols written so far
        sentences  (n,) their numbers in the batch
        history    (n * w, position) what each row has written; needed if `needs_history`
        """
        if position == 0:
            self.check_vocabulary(log_probs.shape[2])
        forced = self._forced(position, sentences)
        if forced is not None:
            rows, symbols = (torch.from_numpy(numbers).to(log_probs.device) for numbers in forced)
            kept = log_probs[rows, :, symbols].clamp(min=IMPOSSIBLE)  # (forced, w)
        log_probs.index_fill_(2, self.banned.to(log_probs.device), -torch.inf)
        if position < self.limits.min_length:
            log_probs[:, :, self.eos] = -torch.inf
        if history is not None and self.limits.no_repeat_ngram:
            ban_repeated_ngrams(log_probs.flatten(0, 1), history, self.limits.no_repeat_ngram)
        if forced is not None:
            log_probs[rows] = -torch.inf
            log_probs[rows, :, symbols] = kept

    def _forced(self, position: int, sentences: Integers) -> tuple[Integers, Integers] | None:
        """Of these sentences, the rows that have no choice, and the symbol each must write; None if all choose."""
        in_prefix = position < self.prefix_lengths[sentences]
        at_cap = position >= self.caps[sentences]
        rows = np.flatnonzero(in_prefix | at_cap)
        if not len(rows):
            return None
        symbols = [self.prefixes[sentences[row]][position] if in_prefix[row] else self.eos for row in rows]
        return rows, np.array(symbols, dtype=np.int64)
