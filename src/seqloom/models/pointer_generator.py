"""The encoder-decoder that copies: it writes a symbol of its vocabulary, or one that stands in the source.

Ids from the vocabulary's size on are words of the source that the vocabulary doesn't have, numbered anew in each
sentence. They come in with the batch, are read as <unk>, and go out as symbols like any other; a search sees only
that there are more columns.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from torch import Tensor

from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch
from seqloom.layers.copying import Switch, mixture
from seqloom.models.seq2seq import Output, Seq2Seq
from seqloom.models.state import Decoded, Memory, SourceView, Step
from seqloom.text.vocabulary import UNK


@dataclass(frozen=True)
class CopyingState:
    """decoder: its own state · source: what each position holds (B, S), and the memory (B, S, M)
    symbols: in the vocabulary and, beyond it, in this batch
    """

    decoder: Any
    source: SourceView
    symbols: int

    def reorder(self, rows: Tensor) -> "CopyingState":
        """The state of those rows, sources included."""
        return replace(self, decoder=self.decoder.reorder(rows), source=self.source.reorder(rows))


class Mixing(NamedTuple):
    """What the probabilities of some positions are mixed from.

    features   (..., E)  for the output layer
    switch     (...)     logit of writing rather than copying
    alignment  (..., S)
    copied     (..., S)  what the source holds there
    symbols              in the vocabulary and beyond
    """

    features: Tensor
    switch: Tensor
    alignment: Tensor
    copied: Tensor
    symbols: int

    def of(self, rows: Tensor | tuple[Tensor, ...] | slice) -> "Mixing":
        """Those positions."""
        return Mixing(
            self.features[rows], self.switch[rows], self.alignment[rows], self.copied[rows], self.symbols
        )


class PointerGenerator(Seq2Seq):
    """Any encoder with any decoder that attends (See et al. 2017, section 2.2; CopyNet, Gu et al. 2016, before it).

    Its scores are log-probabilities over (V + extra) symbols, `extra` the most unknown words that a source of the
    batch has. With several heads or layers the alignment is the one that the decoder gives.
    """

    def __init__(self, model: Seq2Seq, switch: Switch) -> None:
        """The parts of a model that doesn't copy, and the switch."""
        super().__init__(model.source, model.encoder, model.target, model.decoder, model.output)
        self.switch = switch

    @property
    def vocabulary(self) -> int:
        """Symbols that can be read; those from here on are read as <unk>."""
        return len(self.output.bias)

    def known(self, symbols: Tensor) -> Tensor:
        """The symbols as they can be read."""
        return symbols.masked_fill(symbols >= self.vocabulary, UNK)

    def encode(self, batch: Batch) -> Memory:
        """Read the source once, and keep what it holds."""
        memory = super().encode(replace(batch, source=self.known(batch.source)))
        return replace(memory, copied=batch.source, largest=batch.largest)

    def start(self, memory: Memory) -> CopyingState:
        """The decoder's state before the first symbol, N = B rows."""
        if memory.copied is None:
            raise ShapeError(
                "The memory doesn't say what its positions hold; encode the batch with this model."
            )
        largest = int(memory.copied.max()) if memory.largest is None else memory.largest
        symbols = max(self.vocabulary, largest + 1)
        source = SourceView((memory.copied, memory.values), memory.visible)
        return CopyingState(super().start(memory), source, symbols)

    def advance(self, inputs: Tensor, state: CopyingState) -> tuple[Mixing, CopyingState]:
        """inputs (N, T, E) -> all that the probabilities of these positions are mixed from, and the state after."""
        features, alignment, after = self.decoder(inputs, state.decoder, alignment=True)
        if alignment is None:
            raise ShapeError("The decoder looks nowhere, so there is nothing to be copied.")
        source, (copied, values) = state.source, state.source.tensors
        context = source.apart(source.beside(alignment) @ values)
        switch = self.switch(context, features, inputs)
        copied = copied.repeat_interleave(source.beam, dim=0)[:, None].expand(alignment.shape)
        return Mixing(features, switch, alignment, copied, state.symbols), replace(state, decoder=after)

    def log_probabilities(self, mixing: Mixing) -> Tensor:
        """The mixture over V + extra symbols."""
        return mixture(self.output(mixing.features), *mixing[1:])

    def step(self, tokens: Tensor, state: CopyingState, *, alignment: bool = False) -> Step:
        """Read tokens (N,), the symbols before, and score the next: log-probabilities (N, V + extra)."""
        embedded = self.target(self.known(tokens)[:, None], state.decoder.position)
        mixing, state = self.advance(embedded, state)
        scores = self.log_probabilities(mixing)[:, 0]
        return Step(scores, mixing.alignment[:, 0] if alignment else None, state)

    def mix(self, batch: Batch, memory: Memory) -> tuple[Mixing, CopyingState]:
        """Teacher forcing up to what the loss mixes. Raises ShapeError for a batch without targets."""
        if batch.target_input is None:
            raise ShapeError("The batch has no targets to be read; translate it by a search instead.")
        return self.advance(self.target(self.known(batch.target_input)), self.start(memory))

    def decode(self, batch: Batch, memory: Memory, *, alignment: bool = False) -> Decoded[Any]:
        """Teacher forcing up to the features (B, T, E), from which alone there are no probabilities yet."""
        mixing, state = self.mix(batch, memory)
        return Decoded(mixing.features, mixing.alignment if alignment else None, state)

    def score(self, batch: Batch, memory: Memory, *, alignment: bool = False) -> Output:
        """Teacher forcing where the source was read before: log-probabilities (B, T, V + extra)."""
        mixing, _ = self.mix(batch, memory)
        return Output(self.log_probabilities(mixing), mixing.alignment if alignment else None)
