"""How far back a gradient reaches: the norm of d loss_t / d state_(t-k) against the distance k, and its half-life.

A state is all that a position hands on to those after it, each number moved by itself. Of a recurrent decoder that is
what its cells keep and, where it has them, the features that input feeding hands on and what is covered. A
Transformer's positions are reached through what they read, so there it is the embedded symbol. Computed in float64:
what vanishes is to be seen vanishing, not rounded away. Source: Bengio et al. 1994; Pascanu et al. 2013, section 2.1.
"""

import copy
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from seqloom.base.errors import ShapeError
from seqloom.base.files import atomic_write, make_folder
from seqloom.layers.embedding import EmbeddedInput

FORMAT, VERSION = "seqloom-gradient-flow", 1
Norms = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """One model over one sentence.

    label  which weights, or which model where there is one of each
    norms  (T, T): norms[t, j] of the gradient of the loss at position t by what position j hands on; NaN for j >= t,
           which doesn't get there
    model  a name, where several are set side by side
    """

    label: str
    norms: Norms
    model: str = ""

    def __post_init__(self) -> None:
        if self.norms.ndim != 2 or self.norms.shape[0] != self.norms.shape[1]:
            raise ShapeError(f"Norms of shape {self.norms.shape}; expected a row and a column a position.")

    def by_distance(self) -> Norms:
        """The mean over all positions that are so far apart, (T - 1,), from distance 1."""
        return np.array([np.diagonal(self.norms, -k).mean() for k in range(1, len(self.norms))])

    @property
    def half_life(self) -> float:
        """Tokens in which the norm halves, by a straight line through its logarithm; negative where it grows.

        Infinite where it stays as it is. NaN where there are not two distances at which anything arrives.
        """
        rate = halvings(self.by_distance())
        return math.inf if abs(rate) < 1e-12 else 1 / rate

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON, which has no NaN and no infinity: null stands for both."""
        half_life = self.half_life
        return {
            "label": self.label,
            **({"model": self.model} if self.model else {}),
            "by_distance": self.by_distance().tolist(),
            "half_life": half_life if math.isfinite(half_life) else None,
            "norms": [[None if math.isnan(norm) else norm for norm in row] for row in self.norms.tolist()],
        }


def halvings(means: Norms) -> float:
    """How often norms by distance, from distance 1, halve a token, by a straight line through their logarithm.

    Negative where they grow; NaN where there are not two distances at which anything arrives.
    """
    reached = np.flatnonzero(means > 0)
    if len(reached) < 2:
        return math.nan
    return -float(np.polyfit(reached + 1, np.log(means[reached]), 1)[0]) / math.log(2)


def write_flows(flows: Sequence[GradientFlow], path: Path) -> None:
    """Write them as JSON, atomically."""
    make_folder(path.parent)
    content = {"format": FORMAT, "version": VERSION, "flows": [flow.to_record() for flow in flows]}
    atomic_write(path, json.dumps(content, ensure_ascii=False) + "\n")


def flow_between(
    losses: Sequence[Tensor], states: Sequence[Sequence[Tensor]], label: str = ""
) -> GradientFlow:
    """The flow from each loss back to each state.

    losses  a number for each of T positions
    states  of each position the tensors that it hands on, nodes of the losses' graph
    """
    if len(losses) != len(states):
        raise ShapeError(f"{len(losses)} losses and {len(states)} states; expected as many.")
    norms = np.full((len(losses), len(losses)), np.nan)
    for t, loss in enumerate(losses):
        tensors = [tensor for state in states[:t] for tensor in state]
        if not tensors:
            continue
        found = iter(torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True))
        for j, state in enumerate(states[:t]):
            parts = [next(found) for _ in state]
            norms[t, j] = math.sqrt(sum(float(part.square().sum()) for part in parts if part is not None))
    return GradientFlow(label, norms)


def gradient_flow(
    network: nn.Module, start: Any, read: Sequence[int], written: Sequence[int], label: str = ""
) -> GradientFlow:
    """The flow within what writes: a decoder, or a language model, that is stepped along a sentence.

    network  in evaluation, with step(tokens, state) as searches know it; itself it stays as it is
    start    called with the network in float64, gives the state before the first symbol
    read     the T symbols it reads, from the begin on
    written  the T symbols that it is to write, up to the end
    """
    exact: Any = copy.deepcopy(network).cpu().double().requires_grad_(True)
    losses, states = [], []
    state = start(exact)
    embedded: list[Tensor] = []
    hooks = [
        part.register_forward_hook(lambda _part, _given, made: embedded.append(made))
        for part in exact.modules()
        if isinstance(part, EmbeddedInput)
    ]
    try:
        for symbol, target in zip(read, written, strict=True):
            embedded.clear()
            step = exact.step(torch.tensor([symbol]), state)
            scores, state = step.scores, step.state
            losses.append(functional.cross_entropy(scores, torch.tensor([target])))
            state, tensors = handed_on(state)
            states.append(tensors or tuple(embedded))
    finally:
        for hook in hooks:
            hook.remove()
    return flow_between(losses, states, label)


def handed_on(state: Any) -> tuple[Any, tuple[Tensor, ...]]:
    """The tensors of a recurrent state that its next position reads, (N, ...) each; () where there are none.

    Those of a recurrent decoder, of a language model, or of the recurrences in a Transformer's layers, with what input
    feeding and coverage hand on; not the keys and values of attention, which are no state that is handed on but what
    was read, kept. The state is given back with each of them as a node of its own, so that a gradient by one of them
    doesn't pass through another one that was made of it.
    """
    if hasattr(state, "decoder"):  # a state that copies too
        own, tensors = handed_on(state.decoder)
        return replace(state, decoder=own), tensors
    name = next(name for name in ("cells", "layers", "past") if hasattr(state, name))
    layers = tuple(tuple(map(_apart, layer)) for layer in getattr(state, name))
    kept = tuple(tensor for layer in layers for tensor in layer if tensor.ndim == 2)
    if not kept:
        return state, ()
    beside = {
        name: _apart(tensor)
        for name in ("fed", "coverage")
        if (tensor := getattr(state, name, None)) is not None
    }
    return replace(state, **{name: layers}, **beside), (*kept, *beside.values())


def _apart(tensor: Tensor) -> Tensor:
    """The same numbers as another node of the graph."""
    return tensor.view_as(tensor)
