"""From files of text to what a run trains on: prepared corpora, and their batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seqloom.config.schema import Config
from seqloom.data.batch import Batch
from seqloom.data.batching import count_batches
from seqloom.data.corpus import Corpus, prepare_corpus
from seqloom.data.joined import JoinedCorpus
from seqloom.data.loader import iterate_batches, subword_sampler
from seqloom.data.readers import Pair
from seqloom.training.vocabularies import Tokenizers, pair_files, require_text


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


@dataclass(frozen=True)
class Prepared:
    """Everything a run reads. `valid` is None, and `valid_pairs` empty, without validation data."""

    tokenizers: Tokenizers
    train: Corpus | JoinedCorpus
    valid: Corpus | None
    valid_pairs: list[Pair]


def prepare(
    config: Config, tokenizers: Tokenizers, cache: Path, on_progress: Callable[[int], None]
) -> Prepared:
    """Encode the corpora, or open them if that was done before; on_progress gets the pairs read so far."""

    def corpus(part: str, keep_text: bool) -> Corpus:
        return prepare_corpus(
            pair_files(config, part),
            tokenizers.source,
            tokenizers.target,
            cache,
            max_length=config.data.max_length,
            keep_text=keep_text,
            copying=config.model.decoder.copying,
            alignments=Path(config.data.alignments) if part == "train" and config.data.alignments else None,
            on_progress=on_progress,
        )

    keep_text = config.text.sampling > 0
    written = corpus("train", keep_text)
    train: Corpus | JoinedCorpus = written
    if config.data.back_translated:
        train = JoinedCorpus(written, corpus("back_translated", keep_text))
    if not config.data.valid:
        return Prepared(tokenizers, train, None, [])
    require_text(pair_files(config, "valid"))
    limit = config.training.validation_sentences or None
    pairs = list(islice(pair_files(config, "valid").read(), limit))
    return Prepared(tokenizers, train, corpus("valid", keep_text=False), pairs)
