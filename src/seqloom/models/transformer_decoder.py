"""The Transformer decoder: one call over any number of positions, with what was written before in a cache.

The cache of a layer is its keys and values, or, where an SSRU stands for self-attention, the state of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from seqloom.layers.attention import start_glorot
from seqloom.layers.dropout import Dropout
from seqloom.layers.further_attention import CoverageAttention
from seqloom.layers.incremental import decoder_step, lay_together
from seqloom.layers.linear import Linear, few_rows_pay
from seqloom.layers.transformer import KeysAndValues, Past, TransformerDecoderLayer
from seqloom.models.covered import nothing_covered, read_covered
from seqloom.models.state import Decoded, Memory, SourceView


@dataclass(frozen=True)
class TransformerState:
    """past: each layer's keys and values (N', H, P, K), or its SSRU's state (N', D) · source: each layer's keys and
    values of the memory · position: how many positions are written · parents: the row of the past that each row
    continues, (N,), or None where each continues its own: it is copied once, when a position is written
    covering: what the attention above the layers reads, and coverage: the sum of its alignments so far, (N, S);
    None without it
    """

    past: tuple[Past, ...]
    source: SourceView
    position: int
    parents: Tensor | None = None
    covering: SourceView | None = None
    coverage: Tensor | None = None

    def reorder(self, rows: Tensor) -> "TransformerState":
        """The state of those rows, memory included."""
        parents = rows if self.parents is None else self.parents.index_select(0, rows)
        return replace(
            self,
            source=self.source.reorder(rows),
            parents=parents,
            covering=None if self.covering is None else self.covering.reorder(rows),
            coverage=None if self.coverage is None else self.coverage.index_select(0, rows),
        )

    def continued(self) -> tuple[Past, ...]:
        """The past of the rows as they are now: (N, H, P, K) or (N, D)."""
        if self.parents is None:
            return self.past
        rows = self.parents
        return tuple(tuple(tensor.index_select(0, rows) for tensor in layer) for layer in self.past)

    def memory(self, layer: int) -> KeysAndValues:
        """A layer's keys and values of the memory, (B, H, S, K) each."""
        return self.source.tensors[2 * layer], self.source.tensors[2 * layer + 1]


class TransformerDecoder(nn.Module):
    """Vaswani et al. 2017; with `recurrent` an SSRU in each layer for self-attention (Kim et al. 2019).

    Its alignment is the last layer's attention over the source, heads averaged. With `coverage` it is that of one more,
    additive attention, which what the layers made asks for each position and which knows what it has looked at
    before (See et al. 2017, section 2.3); its context is added to the features as a sublayer's output is. It stands
    above the layers, whose heads look each elsewhere, and so only it waits for the position before.
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
        coverage: bool = False,
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
        self.together: Tensor | None = None
        self.covered_attention = CoverageAttention(width, memory_width, width) if coverage else None
        if coverage:
            self.covered_layer = Linear(memory_width, width)
            start_glorot(self.covered_layer)
            self.covered_dropout = Dropout(dropout)

    def lay_out_for_search(self) -> None:
        """Lay all weights of a step together; the decoder is trained no more."""
        self.together = lay_together(self.layers, self.last_norm)

    def start(self, memory: Memory) -> TransformerState:
        """Project the memory to every layer's keys and values, once a sentence; nothing is written yet."""
        tensors: list[Tensor] = []
        past: list[Past] = []
        for layer in self.layers:
            source = layer.source_attention.keys_and_values(memory.values)
            tensors += source
            past.append(layer.start(source))
        state = TransformerState(tuple(past), SourceView(tuple(tensors), memory.visible), 0)
        if self.covered_attention is None:
            return state
        read = (self.covered_attention.prepare(memory.values), memory.values)
        return replace(state, covering=SourceView(read, memory.visible), coverage=nothing_covered(memory))

    def forward(
        self, inputs: Tensor, state: TransformerState, *, alignment: bool = False
    ) -> Decoded[TransformerState]:
        """inputs (N, T, D) -> features (N, T, D), alignment (N, T, S) if asked, state."""
        if self.covered_attention is None:
            return self.through_layers(inputs, state, alignment=alignment)
        features, _, after = self.through_layers(inputs, state, alignment=False)
        if state.covering is None or state.coverage is None:
            raise ValueError("a state without coverage is none of this decoder's")
        context, looked, coverage = read_covered(
            features, state.covering, state.coverage, self.covered_attention
        )
        features = self.covered_dropout(self.covered_layer(context), features)
        after = replace(after, covering=state.covering, coverage=coverage)
        return Decoded(features, looked if alignment else None, after)

    def through_layers(
        self, inputs: Tensor, state: TransformerState, *, alignment: bool
    ) -> Decoded[TransformerState]:
        """The same by the layers alone."""
        if self.together is not None and inputs.shape[1] == 1 and few_rows_pay(inputs, len(inputs)):
            return self.step(inputs, state, self.together, alignment=alignment)
        source, past = state.source, state.continued()
        weights = None
        written: list[Past] = []
        for index, layer in enumerate(self.layers):
            last = index == len(self.layers) - 1
            inputs, now, weights = layer(
                inputs,
                past[index],
                state.memory(index),
                source.visible,
                beam=source.beam,
                alignment=alignment and last,
            )
            written.append(now)
        looked = None if weights is None else torch.mean(weights, dim=1)  # heads averaged: (N, T, S)
        after = TransformerState(tuple(written), source, state.position + inputs.shape[1])
        return Decoded(self.last_norm(inputs), looked, after)

    def step(
        self, inputs: Tensor, state: TransformerState, together: Tensor, *, alignment: bool
    ) -> Decoded[TransformerState]:
        """The same for one position, inputs (N, 1, D), of all layers at once."""
        features, past, looked = decoder_step(
            self.layers,
            together,
            inputs,
            state.past,
            state.parents,
            [state.memory(layer) for layer in range(len(self.layers))],
            state.source.visible,
            beam=state.source.beam,
            alignment=alignment,
        )
        return Decoded(features, looked, TransformerState(past, state.source, state.position + 1))
