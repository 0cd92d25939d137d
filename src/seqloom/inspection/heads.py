"""The attention of every layer and every head, each by itself: of a Transformer's own positions and of the source.

Attention hands on its weights only where it is asked for them; here every part that attends is asked, while the network
runs as it always does.
"""

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqloom.layers.attention import MultiHeadAttention, read_by_heads_plain, split_heads
from seqloom.layers.further_attention import HeadsAttention
from seqloom.layers.transformer import LookingBack, TransformerDecoderLayer, TransformerEncoderLayer

Weights = NDArray[np.float64]
InHeads = MultiHeadAttention | HeadsAttention


@dataclass(frozen=True, eq=False)
class LayerHeads:
    """The heads of one attention over one sentence.

    label    which layer, and what it attends to
    side     "encoder" for the source among itself, "source" for the target to the source, "decoder" for the target
             among itself
    layer    counted from 1
    weights  (H, T, S): head, the position that looks, the one that is looked at; rows sum to 1
    """

    label: str
    side: str
    layer: int
    weights: Weights

    @property
    def mean(self) -> Weights:
        """(T, S), over the heads."""
        found: Weights = self.weights.mean(axis=0)
        return found


@torch.enable_grad()  # or a single position would be a compiled step of all layers, in which nothing can be asked
def trace_heads(network: nn.Module, run: Any) -> list[LayerHeads]:
    """The attention of every layer with heads, in the order in which they work; [] where none has any.

    run  called without arguments, lets the network, in evaluation, read and write one sentence (B = 1), teacher-forced
    """
    traces = []
    for (side, layer), weights in trace_batch(network, run).items():
        label = {
            "encoder": "reading itself",
            "source": "looking at the source",
            "decoder": "looking back",
        }[side]
        where = "encoder" if side == "encoder" else "decoder"
        traces.append(
            LayerHeads(f"{where}, layer {layer}, {label}", side, layer, weights[0].double().cpu().numpy())
        )
    return traces


def trace_batch(
    network: nn.Module, run: Any, sides: Container[str] = ("encoder", "source", "decoder")
) -> dict[tuple[str, int], Tensor]:
    """The attention of every layer with heads on those sides, by side and layer: weights (B, H, T, S).

    run  as for `trace_heads`, over B sentences of two symbols or more
    """
    parts = {part: where for part, where in _parts(network).items() if where[0] in sides}
    with _asked(parts) as found:
        run()
    return {where: torch.cat(found[part], dim=2) for part, where in parts.items() if part in found}


def head_counts(network: nn.Module) -> dict[tuple[str, int], int]:
    """How many heads attend on each side of each layer."""
    return {where: part.heads for part, where in _parts(network).items()}


def _parts(network: nn.Module) -> dict[InHeads, tuple[str, int]]:
    """What attends in heads, which way, and in which layer."""
    parts: dict[InHeads, tuple[str, int]] = {}
    encoder = decoder = 0
    for module in network.modules():
        if isinstance(module, TransformerEncoderLayer):
            encoder += 1
            parts[module.self_attention] = ("encoder", encoder)
        elif isinstance(module, LookingBack):
            decoder += 1
            if module.recurrence is None:
                parts[module.self_attention] = ("decoder", decoder)
            if isinstance(module, TransformerDecoderLayer):
                parts[module.source_attention] = ("source", decoder)
        elif isinstance(module, HeadsAttention):
            parts[module] = ("source", 1)
    return parts


@contextmanager
def _asked(parts: Iterable[InHeads]) -> Iterator[dict[nn.Module, list[Tensor]]]:
    """The weights of each part's calls, (B, H, T, S), as long as this lasts."""
    found: dict[nn.Module, list[Tensor]] = {}

    def ask(_part: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        return arguments, {**named, "alignment": True}

    def note(part: nn.Module, _arguments: tuple[Any, ...], given: tuple[Any, ...]) -> None:
        found.setdefault(part, []).append(given[1].detach())

    def compute(part: HeadsAttention, arguments: tuple[Any, ...]) -> None:
        query, keys, _, visible = arguments
        asked = split_heads(part.query_layer(query), part.heads)
        key, value = (split_heads(half, part.heads) for half in keys.chunk(2, dim=-1))
        found.setdefault(part, []).append(read_by_heads_plain(asked, key, value, visible)[1].detach())

    hooks = []
    for part in parts:
        if isinstance(part, MultiHeadAttention):
            hooks.append(part.register_forward_pre_hook(ask, with_kwargs=True))
            hooks.append(part.register_forward_hook(note))
        else:
            hooks.append(part.register_forward_pre_hook(compute))
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
