"""The batches of a prepared corpus of pairs, as the configuration wants them."""

from collections.abc import Iterator

from seqloom.config.schema import Config
from seqloom.data.batch import Batch
from seqloom.data.batching import count_batches
from seqloom.data.corpus import Corpus
from seqloom.data.joined import JoinedCorpus
from seqloom.data.loader import iterate_batches, subword_sampler
from seqloom.training.vocabularies import Tokenizers


class CorpusBatches:
    """The batches of a prepared corpus, each a pure function of (seed, epoch, index).

    With text.sampling, those of a corpus that keeps its text are segmented anew in each epoch; validation data
    keeps none and is read the same every time.
    """

    def __init__(self, corpus: Corpus | JoinedCorpus, tokenizers: Tokenizers, config: Config) -> None:
        self.corpus = corpus
        self.tokenizers = tokenizers
        self.config = config
        self._counted: tuple[int, int] | None = None  # the epoch counted last, and its batches

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of an epoch from index `start` on."""
        sampler = None
        if self.config.text.sampling and self.corpus.keeps_text:
            sampler = subword_sampler(
                self.corpus,
                self.tokenizers.source,
                self.tokenizers.target,
                strength=self.config.text.sampling,
                seed=self.config.seed,
                epoch=epoch,
            )
        training = self.config.training
        return iterate_batches(
            self.corpus,
            seed=self.config.seed,
            epoch=epoch,
            start=start,
            tokens_per_batch=training.batch_tokens,
            max_sentences=training.max_sentences,
            sampler=sampler,
        )

    def count(self, epoch: int) -> int:
        """How many there are in that epoch."""
        if self._counted is None or self._counted[0] != epoch:
            training = self.config.training
            batches = count_batches(
                self.corpus.source_lengths,
                self.corpus.target_lengths,
                seed=self.config.seed,
                epoch=epoch,
                tokens_per_batch=training.batch_tokens,
                max_sentences=training.max_sentences,
            )
            self._counted = (epoch, batches)
        return self._counted[1]
