"""Writing a symbol of the vocabulary or copying one of the source, as one distribution over both."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers.attention import start_glorot
from seqloom.layers.linear import Linear


class Switch(nn.Module):
    """w . [context; features; input] + b, the logit of writing a symbol of the vocabulary rather than copying one.

    Source: See et al. 2017, equation 8, whose sigmoid is taken in `mixture`. In place of the cell's state stands what
    the output layer reads too, which every decoder has.
    """

    def __init__(self, *sizes: int) -> None:
        """The widths of what is read: context, features, input."""
        super().__init__()
        self.layer = Linear(sum(sizes), 1)
        start_glorot(self.layer)

    def forward(self, context: Tensor, features: Tensor, inputs: Tensor) -> Tensor:
        """context (N, T, M), features and inputs (N, T, E) -> (N, T)."""
        logit: Tensor = self.layer(torch.cat([context, features, inputs], dim=-1))
        return logit[..., 0]


def mixture(logits: Tensor, switch: Tensor, alignment: Tensor, copied: Tensor, symbols: int) -> Tensor:
    """Log-probabilities of all symbols, the source's own unknown ones included.

        P(w) = p P_vocabulary(w) + (1 - p) sum of the alignment over the positions that hold w,   p = sigmoid(switch)

    logits     (..., V)  of the vocabulary
    switch     (...)     logit of p
    alignment  (..., S)  0 or more, which is normalised here: local attention's rows sum to less than 1
    copied     (..., S)  the symbol that each position holds, below `symbols`
    Returns    (..., symbols), float32 or better; -inf for what neither is in the vocabulary nor looked at
    Source     See et al. 2017, equation 9
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    vocabulary = logits.shape[-1]
    shares = (alignment / alignment.sum(-1, keepdim=True)).to(logits.dtype)
    looked = shares.new_zeros(*shares.shape[:-1], symbols).scatter_add(
        -1, copied.expand(shares.shape), shares
    )
    least = torch.finfo(looked.dtype).tiny  # below it there is no gradient, instead of an infinite one
    copying = torch.where(looked >= least, looked.clamp(min=least).log(), -torch.inf)
    copying = copying + functional.logsigmoid(-switch)[..., None]
    writing = logits.log_softmax(dim=-1) + functional.logsigmoid(switch)[..., None]
    either = torch.logaddexp(writing, copying[..., :vocabulary])
    return torch.cat([either, copying[..., vocabulary:]], dim=-1)
