"""CTC with the face of a decoder: what it thinks of the next symbol after a prefix, step by step."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from seqloom.models.state import Memory, SourceView, Step
from seqloom.text.vocabulary import BOS, EOS, PAD

BLANK = PAD


@dataclass(frozen=True)
class CTCState:
    """source: log-probabilities and probabilities of all symbols at all positions, (B, S, V) each, kept once a sentence
    ends        (N, 2, S + 1)  log-probability that the first t positions spell the prefix, and end with its last symbol
                               (0) or with a blank (1); float64
    log_prefix  (N,)           log-probability of all that begins with the prefix
    last        (N,)           its last symbol, BOS at first
    """

    source: SourceView
    ends: Tensor
    log_prefix: Tensor
    last: Tensor

    def reorder(self, rows: Tensor) -> "CTCState":
        """The state of those rows, memory included."""
        chosen = (tensor.index_select(0, rows) for tensor in (self.ends, self.log_prefix, self.last))
        return CTCState(self.source.reorder(rows), *chosen)


class CTCPrefixes:
    """P(c | prefix) = P(prefix c ...) / P(prefix ...), where P(g ...) is CTC's probability of all that begins with g.

    With EOS for c it is that of the prefix alone, so the probabilities of one step sum to 1. Stepping costs a loop over
    the memory's positions for the symbol that was written; all next symbols are then scored at once.
    Source   Graves 2008, section 7.5; Watanabe et al. 2017, algorithm 2. Unlike there, in float64 throughout.
    """

    def __init__(self, head: nn.Module) -> None:
        self.head = head

    def start(self, memory: Memory) -> CTCState:
        """Read every position of the memory once; nothing is written yet."""
        log_probs = padded_with_blanks(self.head(memory.values).double(), memory.visible)
        blanks = log_probs[:, :, BLANK].cumsum(dim=1)  # (B, S): nothing but blanks so far
        empty = torch.cat([blanks.new_zeros(len(blanks), 1), blanks], dim=1)
        ends = torch.stack([torch.full_like(empty, -torch.inf), empty], dim=1)
        rows = len(log_probs)
        return CTCState(
            SourceView((log_probs, log_probs.exp()), memory.visible),
            ends,
            blanks.new_zeros(rows),
            torch.full((rows,), BOS, dtype=torch.int64, device=blanks.device),
        )

    def step(self, tokens: Tensor, state: Any, *, alignment: bool = False) -> Step:  # noqa: ARG002 - it looks nowhere
        """Read tokens (N,), the symbols before, and give the log-probabilities of the next, (N, V)."""
        if bool((tokens != BOS).any()):
            state = extended(state, tokens)
        begun = state.log_prefix[:, None]
        scores = torch.where(begun == -torch.inf, begun, after_prefix(state) - begun)
        return Step(scores.float(), None, state, final=True)


def padded_with_blanks(log_probs: Tensor, visible: Tensor) -> Tensor:
    """log_probs (B, S, V) with certain blanks at padding, which change no probability of a prefix."""
    silent = torch.full_like(log_probs, -torch.inf)
    silent[:, :, BLANK] = 0.0
    return torch.where(visible[:, :, None], log_probs, silent)


def of_symbol(state: CTCState, tokens: Tensor) -> Tensor:
    """log_probs of each row's symbol at all positions of its sentence: (N, S)."""
    log_probs = state.source.tensors[0]
    chosen = tokens.view(len(log_probs), 1, -1).expand(-1, log_probs.shape[1], -1)  # (B, S, W)
    return log_probs.gather(2, chosen).transpose(1, 2).flatten(0, 1)


def before(state: CTCState, tokens: Tensor) -> Tensor:
    """(N, S): log-probability that the prefix is spelt before each position so that the symbol may be written there.

    After the same symbol there must have been a blank.
    """
    symbol, blank = state.ends[:, 0, :-1], state.ends[:, 1, :-1]
    return torch.where((state.last == tokens)[:, None], blank, torch.logaddexp(symbol, blank))


def extended(state: CTCState, tokens: Tensor) -> CTCState:
    """The state with a symbol more, tokens (N,)."""
    of_token = of_symbol(state, tokens)  # (N, S)
    of_blank = of_symbol(state, torch.full_like(tokens, BLANK))
    begins = before(state, tokens)
    symbol = blank = torch.full_like(state.log_prefix, -torch.inf)  # no position yet
    symbols, blanks = [symbol], [blank]
    for position in range(of_token.shape[1]):
        blank_after = torch.logaddexp(symbol, blank) + of_blank[:, position]
        symbol = torch.logaddexp(symbol, begins[:, position]) + of_token[:, position]
        blank = blank_after
        symbols.append(symbol)
        blanks.append(blank)
    ends = torch.stack([torch.stack(symbols, 1), torch.stack(blanks, 1)], dim=1)
    prefix = (begins + of_token).logsumexp(dim=1)
    return replace(state, ends=ends, log_prefix=prefix, last=tokens)


def after_prefix(state: CTCState) -> Tensor:
    """(N, V): log-probability of all that begins with the prefix and then a symbol; at EOS of the prefix alone."""
    probs = state.source.tensors[1]  # (B, S, V)
    begins = torch.logaddexp(state.ends[:, 0, :-1], state.ends[:, 1, :-1])  # (N, S)
    peak = begins.amax(dim=1, keepdim=True).clamp(min=-1e30)
    shares = (begins - peak).exp().view(len(probs), -1, probs.shape[1])  # (B, W, S)
    found = (shares @ probs).flatten(0, 1).log() + peak  # (N, V)
    again = (before(state, state.last) + of_symbol(state, state.last)).logsumexp(dim=1)
    found = found.scatter(1, state.last[:, None], again[:, None])
    found[:, [BLANK, BOS]] = -torch.inf
    found[:, EOS] = torch.logaddexp(state.ends[:, 0, -1], state.ends[:, 1, -1])
    return found
