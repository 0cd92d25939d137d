"""The Transformer decoder: one call over any number of positions, with what was written before in a cache.

The cache of a layer is its keys and values, or, where an SSRU stands for self-attention, the state of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from seqloom.layers.transformer import Past, TransformerDecoderLayer
from seqloom.models.state import Decoded, Memory, SourceView


@dataclass(frozen=True)
class TransformerState:
    """past: each layer's keys and values (N, H, P, K), or its SSRU's state (N, D) · source: each layer's keys and
    values of the memory · position: how many positions are written
    """

    past: tuple[Past, ...]
    source: SourceView
    position: int

    def reorder(self, rows: Tensor) -> "TransformerState":
        """The state of those rows, memory included."""
        past = tuple(tuple(tensor.index_select(0, rows) for tensor in layer) for layer in self.past)
        return TransformerState(past, self.source.reorder(rows), self.position)


class TransformerDecoder(nn.Module):
    """Vaswani et al. 2017; with `recurrent` an SSRU in each layer for self-attention (Kim et al. 2019).

    Its alignment is the last layer's attention over the source, heads averaged.
    """

    def __init__(
        self,
        width: int,
        memory_width: int,
        *,
        layers: int,
        heads: int,
        feed_forward: int,
        norm: str,
        rotary: bool,
        dropout: float,
        attention_dropout: float,
        recurrent: bool = False,
    ) -> None:
        super().__init__()
        self.heads = heads
        modules = nn.ModuleList(
            TransformerDecoderLayer(
                width,
                memory_width,
                heads=heads,
                feed_forward=feed_forward,
                norm=norm,
                rotary=rotary,
                dropout=dropout,
                attention_dropout=attention_dropout,
                recurrent=recurrent,
            )
            for _ in range(layers)
        )
        self.layers = cast(Sequence[TransformerDecoderLayer], modules)
        self.last_norm = nn.LayerNorm(width) if norm == "pre" else nn.Identity()

    def start(self, memory: Memory) -> TransformerState:
        """Project the memory to every layer's keys and values, once a sentence; nothing is written yet."""
        tensors: list[Tensor] = []
        past: list[Past] = []
        for layer in self.layers:
            source = layer.source_attention.keys_and_values(memory.values)
            tensors += source
            past.append(layer.start(source))
        return TransformerState(tuple(past), SourceView(tuple(tensors), memory.visible), 0)

    def forward(
        self, inputs: Tensor, state: TransformerState, *, alignment: bool = False
    ) -> Decoded[TransformerState]:
        """inputs (N, T, D) -> features (N, T, D), alignment (N, T, S) if asked, state."""
        source = state.source
        weights = None
        written: list[Past] = []
        for index, layer in enumerate(self.layers):
            last = index == len(self.layers) - 1
            inputs, past, weights = layer(
                inputs,
                state.past[index],
                (source.tensors[2 * index], source.tensors[2 * index + 1]),
                source.visible,
                beam=source.beam,
                alignment=alignment and last,
            )
            written.append(past)
        looked = None if weights is None else torch.mean(weights, dim=1)  # heads averaged: (N, T, S)
        after = TransformerState(tuple(written), source, state.position + inputs.shape[1])
        return Decoded(self.last_norm(inputs), looked, after)
