"""The batches of a prepared corpus whose targets are labels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from seqloom.base.errors import ShapeError
from seqloom.base.randomness import numpy_generator
from seqloom.config.schema import Config
from seqloom.data.batch import Batch
from seqloom.data.corpus import Corpus
from seqloom.data.labelled import FIRST
from seqloom.data.loader import Example, Sampler, iterate_batches
from seqloom.text.tokenizer import Tokenizer
from seqloom.training.corpus_batches import CorpusBatches
from seqloom.training.vocabularies import Tokenizers


@dataclass(frozen=True)
class LabelKind:
    """What a prediction is.

    labels    how many there are to tell apart
    several   whether a text may have any number of them, each decided by itself
    tokens    whether each token of a text has its own
    """

    labels: int
    several: bool = False
    tokens: bool = False


@dataclass(frozen=True, eq=False)
class LabelBatch:
    """Texts and what is to be said of them.

    batch    the texts, without targets
    targets  the label's number (B,) int64; of each position (B, S), -1 where there is none; or, where a text may have
             several, 1 and 0 for each label (B, L) float32
    """

    batch: Batch
    targets: Tensor
    kind: LabelKind

    @property
    def target_tokens(self) -> int:
        """Predictions: texts, or tokens."""
        return int((self.targets >= 0).sum()) if self.kind.tokens else len(self.batch)

    def to(self, device: torch.device | str) -> "LabelBatch":
        """The same on a device."""
        return replace(self, batch=self.batch.to(device), targets=self.targets.to(device))

    def predictions(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """logits (B, L) or (B, S, L) -> those that count (M, L), and their targets (M,) or (M, L)."""
        if not self.kind.tokens:
            return logits, self.targets
        counted = self.targets >= 0
        return logits[counted], self.targets[counted]


def label_batch(batch: Batch, kind: LabelKind) -> LabelBatch:
    """From a batch whose targets are ids of labels, as seqloom.data.labelled has them."""
    if batch.target_output is None:
        raise ShapeError("The batch has no targets, so there are no labels in it.")
    texts = Batch(batch.source, batch.source_lengths)
    numbers = batch.target_output - FIRST  # below 0 at ends and padding
    if kind.tokens:
        return LabelBatch(texts, numbers, kind)
    if kind.several:
        marked = functional.one_hot(numbers.clamp(min=-1) + 1, kind.labels + 1)[:, :, 1:]
        return LabelBatch(texts, marked.amax(dim=1).float(), kind)
    return LabelBatch(texts, numbers[:, 0], kind)


class LabelBatches:
    """The batches of a corpus of labelled texts, each a pure function of (seed, epoch, index)."""

    def __init__(self, corpus: Corpus, tokenizer: Tokenizer, config: Config, kind: LabelKind) -> None:
        self.plain = CorpusBatches(corpus, Tokenizers(tokenizer, tokenizer), config)
        self.kind = kind

    def batches(self, epoch: int, start: int) -> Iterator[LabelBatch]:
        """The batches of an epoch from index `start` on."""
        config, corpus = self.plain.config, self.plain.corpus
        sampler = None
        if config.text.sampling and corpus.keeps_text:
            sampler = source_sampler(self.plain, epoch)
        made = iterate_batches(
            corpus,
            seed=config.seed,
            epoch=epoch,
            start=start,
            tokens_per_batch=config.training.batch_tokens,
            max_sentences=config.training.max_sentences,
            sampler=sampler,
        )
        return (label_batch(batch, self.kind) for batch in made)

    def count(self, epoch: int) -> int:
        """How many there are in that epoch."""
        return self.plain.count(epoch)


def source_sampler(plain: CorpusBatches, epoch: int) -> Sampler:
    """Cut each row's source anew in each epoch, as subword_sampler does of both sides; its labels stay."""
    corpus, config, tokenizer = plain.corpus, plain.config, plain.tokenizers.source

    def sample(row: int) -> Example:
        generator = numpy_generator(config.seed, "subwords", epoch, row)
        source = tokenizer.sample(corpus.text(row).source, config.text.sampling, generator)
        kept = source if len(source) <= corpus.max_length else corpus.source(row)
        return Example(kept, corpus.target(row))

    return sample
