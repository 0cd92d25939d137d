"""Models that hear: frames in, scores of symbols out, by an attending decoder, by CTC, or by both."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from seqloom.data.batch import Batch, visible
from seqloom.layers.dropout import Dropout
from seqloom.layers.embedding import EmbeddedInput, OutputLayer
from seqloom.layers.linear import Linear
from seqloom.layers.subsampling import ConvolutionalFrontEnd
from seqloom.models.composition import Composition, Part, UnconditionalModel, WithoutMemory
from seqloom.models.ctc_prefixes import CTCPrefixes
from seqloom.models.seq2seq import Decoder, Seq2Seq
from seqloom.models.state import Memory, SearchableModel
from seqloom.text.vocabulary import BOS, EOS


class Heard(NamedTuple):
    """inputs (B, S', D) of an encoder and how many of them count, (B,)."""

    inputs: Tensor
    lengths: Tensor


NEVER_SAID = (BOS, EOS)
IMPOSSIBLE = -1e4  # and not -inf, of which the loss would make no number


class HeardInput(nn.Module):
    """What a network hears first: the front end, positions, dropout; what `EmbeddedInput` is to text."""

    def __init__(
        self, front_end: ConvolutionalFrontEnd, positions: nn.Module, dropout: float, *, locked: bool = False
    ) -> None:
        super().__init__()
        self.front_end = front_end
        self.positions = positions
        self.dropout = Dropout(dropout, locked=locked)

    def forward(self, frames: Tensor, lengths: Tensor) -> Heard:
        """frames (B, S, F), lengths (B,) -> what the encoder reads."""
        inputs, lengths = self.front_end(frames, lengths)
        return Heard(self.dropout(self.positions(inputs)), lengths)


def listen(source: HeardInput, encoder: nn.Module, batch: Batch) -> Memory:
    """Hear a batch once: frames (B, S, F) -> memory."""
    inputs, lengths = source(batch.source, batch.source_lengths)
    memory: Memory = encoder(inputs, lengths, visible(lengths, inputs.shape[1]))
    return memory


def memory_lengths(memory: Memory) -> Tensor:
    """How many positions each row of a memory has, (B,)."""
    return memory.visible.sum(dim=1)


class CTCHead(nn.Module):
    """A score for every symbol at every position of the memory; the blank is the padding symbol, which nothing writes.

    Source   Graves et al. 2006, section 3
    """

    def __init__(self, memory_width: int, symbols: int) -> None:
        super().__init__()
        self.layer = Linear(memory_width, symbols)

    def forward(self, values: Tensor) -> Tensor:
        """values (B, S, M) -> log-probabilities (B, S, V), float32 or better."""
        scores = self.layer(values)
        scores[:, :, NEVER_SAID] = IMPOSSIBLE
        return scores.log_softmax(dim=-1, dtype=torch.promote_types(scores.dtype, torch.float32))


class SpeechSeq2Seq(Seq2Seq):
    """An encoder-decoder whose source is sound, perhaps with CTC above the same encoder (Watanabe et al. 2017).

    By itself it is what its decoder says; `scoring` makes of it what a search is to follow.
    """

    def __init__(
        self,
        source: HeardInput,
        encoder: nn.Module,
        target: EmbeddedInput,
        decoder: Decoder,
        output: OutputLayer,
        ctc: CTCHead | None,
    ) -> None:
        super().__init__(source, encoder, target, decoder, output)
        self.ctc = ctc

    def encode(self, batch: Batch) -> Memory:
        """Hear the source once."""
        return listen(self.source, self.encoder, batch)  # type: ignore[arg-type]

    def scoring(self, ctc_weight: float, fusion: "Fusion | None" = None) -> SearchableModel:
        """What a search follows: (1 - weight) of the decoder and weight of CTC, a language model's opinion besides."""
        if self.ctc is None and ctc_weight:
            raise ValueError("a model without CTC has no CTC scores.")
        parts = [Part(self, 1.0 - ctc_weight)]
        if self.ctc is not None and ctc_weight:
            parts.append(Part(CTCPrefixes(self.ctc), ctc_weight))
        return composed(parts, fusion)


class CTCModel(nn.Module):
    """An encoder with CTC above it and no decoder."""

    def __init__(self, source: HeardInput, encoder: nn.Module, ctc: CTCHead) -> None:
        super().__init__()
        self.source = source
        self.encoder = encoder
        self.ctc = ctc

    def lay_out_for_search(self) -> None:
        """Nothing is stepped through."""

    def encode(self, batch: Batch) -> Memory:
        """Hear the source once."""
        return listen(self.source, self.encoder, batch)

    def scoring(self, ctc_weight: float = 1.0, fusion: "Fusion | None" = None) -> SearchableModel:  # noqa: ARG002
        """What a search follows: the probabilities of prefixes, a language model's opinion besides."""
        return composed([Part(CTCPrefixes(self.ctc), 1.0)], fusion)


SpeechModel: TypeAlias = SpeechSeq2Seq | CTCModel


@dataclass(frozen=True)
class Fusion:
    """A language model over the same vocabulary, and what its log-probabilities count (Gulcehre et al. 2015, 4.1)."""

    model: UnconditionalModel
    weight: float


def composed(parts: list[Part], fusion: Fusion | None) -> SearchableModel:
    """One part as it is, several as a weighted sum."""
    if fusion is not None and fusion.weight:
        parts = [*parts, Part(WithoutMemory(fusion.model), fusion.weight)]
    parts = [part for part in parts if part.weight]
    return parts[0].model if len(parts) == 1 else Composition(parts)
