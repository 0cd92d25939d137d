"""Recurrent decoders: the fixed context vector, and attention before, after or between the cells.

Each is one call, `forward(inputs, state)`, over any number of positions: all of them at once in training, one at a
time in a search. Stepping therefore equals teacher forcing by construction, and the fused kernels run wherever no
position waits for what was read at the one before. With coverage the attention waits for itself and loops over time;
cells that don't wait for it stay fused.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from seqloom.layers.attention import DotAttention, start_glorot
from seqloom.layers.dropout import Dropout
from seqloom.layers.further_attention import CoverageAttention
from seqloom.layers.linear import Linear
from seqloom.layers.one_gradient import one_gradient
from seqloom.layers.recurrent import RecurrentStack, StackDraws, StackState
from seqloom.models.covered import nothing_covered, read_covered
from seqloom.models.state import Decoded, Memory, SourceView


@dataclass(frozen=True)
class RecurrentState:
    """cells: each layer's state, (N, H) tensors · source: what is read of the memory · fed: (N, E) or None
    coverage: the sum of the alignments so far, (N, S), or None
    """

    cells: StackState
    source: SourceView
    fed: Tensor | None = None
    coverage: Tensor | None = None

    @property
    def position(self) -> int:
        """Recurrence needs no count of positions: the first will do."""
        return 0

    def reorder(self, rows: Tensor) -> "RecurrentState":
        """The state of those rows, memory included."""
        cells = tuple(tuple(tensor.index_select(0, rows) for tensor in layer) for layer in self.cells)
        fed = None if self.fed is None else self.fed.index_select(0, rows)
        coverage = None if self.coverage is None else self.coverage.index_select(0, rows)
        return RecurrentState(cells, self.source.reorder(rows), fed, coverage)


@dataclass(frozen=True)
class CellLayers:
    """What a decoder is made of: the cell by its name, its hidden size, how many layers, dropout between them and
    after the readout, and the width of that.

    locked: one dropout mask for all positions · recurrent_dropout: of recurrent weights · residual: inputs are added
    """

    cell: str
    hidden: int
    layers: int
    dropout: float
    readout: int
    locked: bool = False
    recurrent_dropout: float = 0.0
    residual: bool = False

    def stack(self, input_size: int, layers: int | None = None) -> RecurrentStack:
        """A stack of them over inputs of that size; of all layers unless told how many."""
        count = self.layers if layers is None else layers
        return RecurrentStack(
            self.cell,
            input_size,
            self.hidden,
            count,
            self.dropout,
            locked=self.locked,
            recurrent_dropout=self.recurrent_dropout,
            residual=self.residual,
        )

    def reading(self, *others: int) -> "Readout":
        """The readout of the top cell's output and what else it reads, by their sizes."""
        return Readout((self.hidden, *others), self.readout, self.dropout, locked=self.locked)


class Readout(nn.Module):
    """dropout(tanh(W [parts])): from a cell's output and its context to the width of the output layer.

    Source: Luong et al. 2015, equation 5, the attentional vector.
    """

    def __init__(self, sizes: tuple[int, ...], width: int, dropout: float, *, locked: bool = False) -> None:
        super().__init__()
        self.layer = Linear(sum(sizes), width)
        start_glorot(self.layer)
        self.dropout = Dropout(dropout, locked=locked)

    def forward(self, *parts: Tensor, seed: int | None = None) -> Tensor:
        """parts (N, T, .) -> features (N, T, E); seed as `Dropout` has it."""
        features: Tensor = self.dropout(self.layer(torch.cat(parts, dim=-1)).tanh(), seed=seed)
        return features


class FixedContextDecoder(nn.Module):
    """No attention: all that is known of the source is one vector.

    The vector sets the starting state (Sutskever et al. 2014); with `feed_context` every position reads it as well,
    in the lowest cell and in the readout (Cho et al. 2014). Teacher forcing is fused throughout.
    """

    def __init__(
        self,
        width: int,
        summary_width: int,
        bridge: nn.Module,
        cells: CellLayers,
        *,
        feed_context: bool,
    ) -> None:
        super().__init__()
        self.bridge = bridge
        self.feed_context = feed_context
        context = summary_width if feed_context else 0
        self.stack = cells.stack(width + context)
        self.readout = cells.reading(context)

    def start(self, memory: Memory) -> RecurrentState:
        """Read the memory's summary, once."""
        return RecurrentState(self.bridge(memory), SourceView((memory.summary,), memory.visible))

    def forward(
        self,
        inputs: Tensor,
        state: RecurrentState,
        *,
        alignment: bool = False,  # noqa: ARG002 - one face for all decoders; this one looks nowhere
    ) -> Decoded[RecurrentState]:
        """inputs (N, T, E) -> features, no alignment, state."""
        summary = state.source.tensors[0].repeat_interleave(state.source.beam, dim=0)
        context = [summary[:, None].expand(-1, inputs.shape[1], -1)] if self.feed_context else []
        outputs, cells = self.stack(torch.cat([inputs, *context], dim=-1), state.cells)
        features = self.readout(outputs, *context)
        return Decoded(features, None, replace(state, cells=cells))


class AttentiveDecoder(nn.Module):
    """What decoders with attention share: the bridge, the attention, and how rows read a source."""

    def __init__(self, bridge: nn.Module, attention: DotAttention) -> None:
        super().__init__()
        self.bridge = bridge
        self.attention = attention

    def start(self, memory: Memory) -> RecurrentState:
        """Project the memory to keys, once a sentence; nothing is covered yet."""
        source = SourceView((self.attention.prepare(memory.values), memory.values), memory.visible)
        coverage = nothing_covered(memory) if isinstance(self.attention, CoverageAttention) else None
        return RecurrentState(self.bridge(memory), source, coverage=coverage)

    def read(
        self, query: Tensor, state: RecurrentState, *, alignment: bool
    ) -> tuple[Tensor, Tensor, RecurrentState]:
        """query (N, T, H) -> context (N, T, M), alignment (N, T, S), the state with what is covered then.

        alignment  whether it was asked for, so that in training gradients pass through it
        """
        source = state.source
        if isinstance(self.attention, CoverageAttention):
            return self.read_covered(query, state, self.attention)
        context, looked = self.attention(
            source.beside(query),
            *source.tensors,
            source.visible,
            through_alignment=alignment and torch.is_grad_enabled(),
        )
        return source.apart(context), source.apart(looked), state

    def read_covered(
        self, query: Tensor, state: RecurrentState, attention: CoverageAttention
    ) -> tuple[Tensor, Tensor, RecurrentState]:
        """The same by an attention that knows what was looked at before."""
        if state.coverage is None:
            raise ValueError("a state without coverage is none of this decoder's")
        context, looked, coverage = read_covered(query, state.source, state.coverage, attention)
        return context, looked, replace(state, coverage=coverage)


class AttendBetweenDecoder(AttentiveDecoder):
    """The first layer's outputs ask, the upper layers and the readout read the answers.

        h1 = cell1(x)          context = attention(h1)
        h  = cells2...([h1; context])          features = readout([h; context])

    No position waits for an answer, so teacher forcing is fused throughout: the first layer over all positions, one
    attention for all of them, the upper layers over all positions. Residuals are among the upper layers, above the
    one that reads the context. Source: the deep-transition decoders of GNMT (Wu et al. 2016) attend from the first
    layer in the same way.
    """

    def __init__(
        self, width: int, memory_width: int, bridge: nn.Module, attention: DotAttention, cells: CellLayers
    ) -> None:
        super().__init__(bridge, attention)
        self.first = cells.stack(width, 1)
        self.upper = cells.stack(cells.hidden + memory_width, cells.layers - 1)
        self.readout = cells.reading(memory_width)

    def forward(
        self, inputs: Tensor, state: RecurrentState, *, alignment: bool = False
    ) -> Decoded[RecurrentState]:
        """inputs (N, T, E) -> features (N, T, E), alignment (N, T, S) if asked, state."""
        asked, first_cells = self.first(inputs, state.cells[:1])
        context, looked, state = self.read(asked, state, alignment=alignment)
        outputs, upper_cells = self.upper(torch.cat([asked, context], dim=-1), state.cells[1:])
        features = self.readout(outputs, context)
        return Decoded(
            features, looked if alignment else None, replace(state, cells=first_cells + upper_cells)
        )


class AttendAfterDecoder(AttentiveDecoder):
    """The cells run first, the top one asks, the readout reads (Luong et al. 2015).

    With input feeding each position also reads the features of the one before (section 3.3), so teacher forcing has
    to loop over time; without it everything is fused.
    """

    def __init__(
        self,
        width: int,
        memory_width: int,
        bridge: nn.Module,
        attention: DotAttention,
        cells: CellLayers,
        *,
        input_feeding: bool,
    ) -> None:
        super().__init__(bridge, attention)
        self.fed_width = cells.readout if input_feeding else 0
        self.stack = cells.stack(width + self.fed_width)
        self.readout = cells.reading(memory_width)

    def start(self, memory: Memory) -> RecurrentState:
        state = super().start(memory)
        if not self.fed_width:
            return state
        return replace(state, fed=memory.values.new_zeros(len(memory.values), self.fed_width))

    def advance(
        self,
        inputs: Tensor,
        state: RecurrentState,
        draws: StackDraws | None = None,
        seed: int | None = None,
        *,
        alignment: bool,
    ) -> tuple[Tensor, Tensor, RecurrentState]:
        """Cells, attention, readout over positions whose cells don't wait for each other.

        draws, seed  of the cells and of the readout, where positions of several calls share them
        """
        outputs, cells = self.stack(inputs, state.cells, draws)
        context, looked, state = self.read(outputs, state, alignment=alignment)
        return self.readout(outputs, context, seed=seed), looked, replace(state, cells=cells)

    def forward(
        self, inputs: Tensor, state: RecurrentState, *, alignment: bool = False
    ) -> Decoded[RecurrentState]:
        """inputs (N, T, E) -> features (N, T, E), alignment (N, T, S) if asked, state."""
        if state.fed is None:
            features, looked, state = self.advance(inputs, state, alignment=alignment)
            return Decoded(features, looked if alignment else None, state)
        fed, made, seen = state.fed, [], []
        draws, seed = self.stack.draw(), self.readout.dropout.draw()
        with one_gradient():
            for now in inputs.unbind(1):
                beside = torch.cat([now, fed], dim=-1)[:, None]
                features, looked, state = self.advance(beside, state, draws, seed, alignment=alignment)
                fed = features[:, 0]
                made.append(features)
                seen.append(looked)
        looked_at = torch.cat(seen, 1) if alignment else None
        return Decoded(torch.cat(made, 1), looked_at, replace(state, fed=fed))


class AttendBeforeDecoder(AttentiveDecoder):
    """The state so far asks, and the lowest cell reads the answer beside its input (Bahdanau et al. 2015).

    Each question needs the state before it, so teacher forcing loops over time. Unlike the paper, whose output is a
    maxout of state, input and context, the readout is a tanh of the three.
    """

    def __init__(
        self, width: int, memory_width: int, bridge: nn.Module, attention: DotAttention, cells: CellLayers
    ) -> None:
        super().__init__(bridge, attention)
        self.stack = cells.stack(width + memory_width)
        self.readout = cells.reading(width, memory_width)

    def forward(
        self, inputs: Tensor, state: RecurrentState, *, alignment: bool = False
    ) -> Decoded[RecurrentState]:
        """inputs (N, T, E) -> features (N, T, E), alignment (N, T, S) if asked, state."""
        outputs, contexts, looked = [], [], []
        draws = self.stack.draw()
        with one_gradient():
            for now in inputs.unbind(1):
                query = self.stack.output_at(state.cells)[:, None]  # (N, 1, H), of the position before
                context, looked_now, state = self.read(query, state, alignment=alignment)
                output, cells = self.stack(torch.cat([now[:, None], context], dim=-1), state.cells, draws)
                state = replace(state, cells=cells)
                outputs.append(output)
                contexts.append(context)
                looked.append(looked_now)
        features = self.readout(torch.cat(outputs, 1), inputs, torch.cat(contexts, 1))
        return Decoded(features, torch.cat(looked, 1) if alignment else None, state)
