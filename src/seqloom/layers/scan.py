"""The linear recurrence h = a * h' + b over all positions at once: what cells without a recurrent product run on."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def scan_by_steps(decay: Tensor, added: Tensor, start: Tensor) -> Tensor:
    """The readable twin of `scan`: one position after the other."""
    state, states = start, []
    for decay_now, added_now in zip(decay.unbind(1), added.unbind(1), strict=True):
        state = decay_now * state + added_now
        states.append(state)
    return torch.stack(states, 1)


def scan_by_doubling(decay: Tensor, added: Tensor, start: Tensor) -> Tensor:
    """The same in log2(T) rounds over all positions.

    Two steps are one: (a, b) after (a', b') is (a a', a b' + b). After k rounds each position holds the steps of the
    2^k positions up to it. Source: Hillis and Steele 1986; as a linear recurrence, Martin and Cundy 2018.
    """
    added = torch.cat([added[:, :1] + decay[:, :1] * start[:, None], added[:, 1:]], dim=1)
    reach, positions = 1, decay.shape[1]
    while reach < positions:
        later, earlier = slice(reach, None), slice(None, -reach)
        added = torch.cat([added[:, :reach], added[:, later] + decay[:, later] * added[:, earlier]], dim=1)
        decay = torch.cat([decay[:, :reach], decay[:, later] * decay[:, earlier]], dim=1)
        reach *= 2
    return added


class _Scan(torch.autograd.Function):
    """Position by position, into one tensor, forwards and backwards.

    With g the gradient that reaches a state, from its output and from the state after it, the gradient of `added` is
    g, that of `decay` is g times the state before, and g * decay reaches the state before.
    """

    @staticmethod
    def forward(ctx: Any, decay: Tensor, added: Tensor, start: Tensor) -> Tensor:
        states = torch.empty_like(added)
        state = start
        for position in range(added.shape[1]):
            state = torch.addcmul(added[:, position], decay[:, position], state, out=states[:, position])
        ctx.save_for_backward(decay, states, start)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        decay, states, start = ctx.saved_tensors
        added = gradients[0].clone(memory_format=torch.contiguous_format)
        for position in range(decay.shape[1] - 1, 0, -1):
            added[:, position - 1].addcmul_(added[:, position], decay[:, position])
        before = torch.cat([start[:, None], states[:, :-1]], dim=1)
        return added * before, added, added[:, 0] * decay[:, 0]


def scan(decay: Tensor, added: Tensor, start: Tensor) -> Tensor:
    """All states h_t = decay_t * h_(t-1) + added_t.

    decay, added  (B, T, H)
    start         (B, H), the state before the first position
    Returns       (B, T, H)

    On a CPU one pass over memory is what counts, so positions go one by one; on a GPU it is the number of rounds.
    """
    if decay.is_cuda:
        return scan_by_doubling(decay, added, start)
    states: Tensor = _Scan.apply(decay, added, start)
    return states
