"""The encoder-decoder: source symbols in, scores of target symbols out, whole (training) or step by step (search)."""

from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch
from seqloom.layers.cells import StackedCell
from seqloom.layers.embedding import EmbeddedInput, OutputLayer
from seqloom.layers.linear import Linear
from seqloom.models.state import Decoded, Memory, Step
from seqloom.models.transformer_decoder import TransformerDecoder


class Decoder(Protocol):
    """What a model knows of its decoder; every decoder is a torch module besides."""

    def start(self, memory: Memory) -> Any:
        """The state before the first position."""
        ...

    def __call__(self, inputs: Tensor, state: Any, *, alignment: bool = False) -> Decoded[Any]:
        """Any number of positions further."""
        ...


class Output(NamedTuple):
    """logits (B, T, V) · alignment (B, T, S) or None."""

    logits: Tensor
    alignment: Tensor | None


class Seq2Seq(nn.Module):
    """Any encoder with any decoder (Sutskever et al. 2014; Cho et al. 2014).

    The four calls of a search are `encode`, `start`, `step` and the state's `reorder`; the teacher-forced call
    `model(batch)` gives what stepping through the same target gives.
    """

    def __init__(
        self,
        source: nn.Module,
        encoder: nn.Module,
        target: EmbeddedInput,
        decoder: Decoder,
        output: OutputLayer,
    ) -> None:
        super().__init__()
        self.source = source
        self.encoder = encoder
        self.target = target
        self.decoder = decoder
        self.output = output

    def lay_out_for_search(self) -> None:
        """Lay the weights as searches multiply them fastest; the model is trained no more."""
        for module in reversed(list(self.modules())):  # parts first, then what is made of them
            if isinstance(module, Linear | OutputLayer | StackedCell | TransformerDecoder):
                module.lay_out_for_search()

    def encode(self, batch: Batch) -> Memory:
        """Read the source once: batch with source (B, S) -> memory."""
        memory: Memory = self.encoder(self.source(batch.source), batch.source_lengths, batch.source_mask)
        return memory

    def start(self, memory: Memory) -> Any:
        """The decoder's state before the first symbol, N = B rows."""
        return self.decoder.start(memory)

    def step(self, tokens: Tensor, state: Any, *, alignment: bool = False) -> Step:
        """Read tokens (N,), the symbols before, and score the next: scores (N, V), alignment (N, S), state."""
        embedded = self.target(tokens[:, None], state.position)
        features, looked, state = self.decoder(embedded, state, alignment=alignment)
        return Step(self.output(features[:, 0]), None if looked is None else looked[:, 0], state)

    def decode(self, batch: Batch, memory: Memory, *, alignment: bool = False) -> Decoded[Any]:
        """Teacher forcing up to the features (B, T, E): all but the output layer, which the loss may fuse.

        Raises   ShapeError for a batch without targets
        """
        if batch.target_input is None:
            raise ShapeError("The batch has no targets to be read; translate it by a search instead.")
        return self.decoder(self.target(batch.target_input), self.start(memory), alignment=alignment)

    def forward(self, batch: Batch, *, alignment: bool = False) -> Output:
        """Teacher forcing: batch with target_input (B, T) -> logits (B, T, V), alignment (B, T, S) if asked."""
        return self.score(batch, self.encode(batch), alignment=alignment)

    def score(self, batch: Batch, memory: Memory, *, alignment: bool = False) -> Output:
        """The same where the source was read before."""
        decoded = self.decode(batch, memory, alignment=alignment)
        return Output(self.output(decoded.features), decoded.alignment)
