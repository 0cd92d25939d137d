"""The language model: symbols in, scores of the symbols that follow, with no source beside it.

Any recurrent cell, or the layers of a Transformer's decoder without attention to a source. A recurrence remembers as
far back as it can; a Transformer sees a window of so many symbols as it was trained on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import torch
from torch import Tensor, nn

from seqloom.base.errors import ShapeError
from seqloom.layers.cells import StackedCell
from seqloom.layers.embedding import EmbeddedInput, OutputLayer
from seqloom.layers.linear import Linear
from seqloom.layers.recurrent import RecurrentStack, StackState
from seqloom.layers.transformer import CausalLayer, Past
from seqloom.models.state import Step


@dataclass(frozen=True)
class TextState:
    """What is known of the text so far.

    layers   each layer's tensors, (N, ...) each: a cell's state, or keys and values (N, H, P, K)
    written  (N, P) the symbols of the window that is being read; (N, 0) for a recurrence, which needs none
    """

    layers: tuple[tuple[Tensor, ...], ...]
    written: Tensor

    @property
    def position(self) -> int:
        """Where in its window the next symbol stands."""
        return self.written.shape[1]

    def reorder(self, rows: Tensor) -> "TextState":
        """The state of those rows."""
        layers = tuple(tuple(tensor.index_select(0, rows) for tensor in layer) for layer in self.layers)
        return TextState(layers, self.written.index_select(0, rows))


class Read(NamedTuple):
    """features (N, T, E) for the output layer · state after the last symbol."""

    features: Tensor
    state: TextState


class TextLayers(Protocol):
    """What stands between the embeddings and the output layer; a torch module besides."""

    def start(self, rows: int) -> tuple[tuple[Tensor, ...], ...]:
        """Each layer's tensors before the first symbol."""
        ...

    def __call__(
        self, inputs: Tensor, state: tuple[tuple[Tensor, ...], ...]
    ) -> tuple[Tensor, tuple[tuple[Tensor, ...], ...]]:
        """inputs (N, T, D) -> features (N, T, E), the tensors after."""
        ...


class RecurrentLayers(nn.Module):
    """Cells, and what brings their output to the width of the output layer."""

    def __init__(self, stack: RecurrentStack, readout: nn.Module) -> None:
        super().__init__()
        self.stack = stack
        self.readout = readout

    def start(self, rows: int) -> StackState:
        """States of zeros."""
        return tuple(cell.start(rows) for cell in self.stack.cells)

    def forward(self, inputs: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """inputs (N, T, D) -> features (N, T, E), the state after."""
        outputs, state = self.stack(inputs, state)
        return self.readout(outputs), state


class CausalLayers(nn.Module):
    """Layers of a Transformer that see what is written so far."""

    def __init__(self, layers: Sequence[CausalLayer], width: int, norm: str) -> None:
        super().__init__()
        self.layers = cast(Sequence[CausalLayer], nn.ModuleList(layers))
        self.last_norm = nn.LayerNorm(width) if norm == "pre" else nn.Identity()

    def start(self, rows: int) -> tuple[Past, ...]:
        """Nothing is written."""
        return tuple(layer.start(rows) for layer in self.layers)

    def forward(self, inputs: Tensor, state: tuple[Past, ...]) -> tuple[Tensor, tuple[Past, ...]]:
        """inputs (N, T, D) -> features (N, T, D), the past after."""
        after = []
        for layer, past in zip(self.layers, state, strict=True):
            inputs, past = layer(inputs, past)
            after.append(past)
        return self.last_norm(inputs), tuple(after)


class LanguageModel(nn.Module):
    """P(symbol | those before it) (Mikolov et al. 2010 with cells; Radford et al. 2018 with a Transformer).

    A search knows three calls of it: `start`, which needs no memory, `step`, and the state's `reorder`; `read` over
    any number of symbols gives what stepping through them gives.

    window  symbols that a Transformer sees at once; None for a recurrence, whose state goes on for ever. Once a window
            is full, its last half is read again as the first of the next one, and so every symbol but those at a
            text's beginning is predicted from half a window or more.
    """

    def __init__(
        self, target: EmbeddedInput, layers: TextLayers, output: OutputLayer, window: int | None = None
    ) -> None:
        super().__init__()
        self.target = target
        self.layers = layers
        self.output = output
        self.window = window

    @property
    def kept(self) -> int:
        """Symbols of a full window that the next one begins with."""
        return 0 if self.window is None else self.window // 2

    def lay_out_for_search(self) -> None:
        """Lay the weights as searches multiply them fastest; the model is trained no more."""
        for module in reversed(list(self.modules())):  # parts first, then what is made of them
            if isinstance(module, Linear | OutputLayer | StackedCell):
                module.lay_out_for_search()

    def start(self, rows: int) -> TextState:
        """The state before the first symbol of so many texts."""
        nothing = torch.zeros(rows, 0, dtype=torch.int64, device=self.output.bias.device)
        return TextState(self.layers.start(rows), nothing)

    def step(self, tokens: Tensor, state: Any, *, alignment: bool = False) -> Step:  # noqa: ARG002 - it has none
        """Read tokens (N,), the symbols before, and score the next: scores (N, V), no alignment, state."""
        features, state = self.read(tokens[:, None], state)
        return Step(self.output(features[:, 0]), None, state)

    def read(self, symbols: Tensor, state: TextState) -> Read:
        """Read symbols (N, T), T of 1 or more, after those that the state knows, window after window."""
        if symbols.shape[1] == 0:
            raise ShapeError("There are no symbols to be read.")
        features = []
        for piece in self._pieces(symbols, state.position):
            if state.position == self.window:
                again = state.written[:, self.window - self.kept :]
                state = self.start(len(symbols))
                state = self._further(again, state).state if self.kept else state
            read, state = self._further(piece, state)
            features.append(read)
        return Read(features[0] if len(features) == 1 else torch.cat(features, 1), state)

    def _pieces(self, symbols: Tensor, position: int) -> Iterator[Tensor]:
        """The symbols cut where a window is full."""
        while symbols.shape[1]:
            count = symbols.shape[1]
            if self.window is not None:
                position = self.kept if position == self.window else position
                count = min(count, self.window - position)
                position += count
            yield symbols[:, :count]
            symbols = symbols[:, count:]

    def _further(self, symbols: Tensor, state: TextState) -> Read:
        """Read symbols (N, T) that fit into the window."""
        features, layers = self.layers(self.target(symbols, state.position), state.layers)
        written = state.written
        if self.window is not None:
            written = torch.cat([written, symbols], dim=1)
        return Read(features, TextState(layers, written))

    def forward(self, symbols: Tensor, state: TextState | None = None) -> Tensor:
        """symbols (N, T) -> logits (N, T, V) of what follows each; the text begins here unless there is a state."""
        features = self.read(symbols, self.start(len(symbols)) if state is None else state).features
        logits: Tensor = self.output(features)
        return logits

    def carry(self, state: TextState) -> dict[str, Tensor]:
        """The state by names, from which another chunk goes on without gradients; {} for windows, which stand alone."""
        if self.window is not None:
            return {}
        return {
            f"{layer}.{place}": tensor.detach()
            for layer, tensors in enumerate(state.layers)
            for place, tensor in enumerate(tensors)
        }

    def carried_on(self, carried: Mapping[str, Tensor], rows: int) -> TextState:
        """The state that `carry` gave; the one before the first symbol where nothing was carried."""
        state = self.start(rows)
        if not carried:
            return state
        layers: Any = tuple(
            tuple(carried[f"{layer}.{place}"] for place in range(len(tensors)))
            for layer, tensors in enumerate(state.layers)
        )
        return TextState(layers, state.written)
