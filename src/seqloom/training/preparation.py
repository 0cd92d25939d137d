"""From files of text to what a run trains on: tokenizers, kept with the run, and prepared corpora."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seqloom.config.schema import Config
from seqloom.data.batch import Batch
from seqloom.data.batching import count_batches
from seqloom.data.corpus import Corpus, prepare_corpus
from seqloom.data.loader import iterate_batches, subword_sampler
from seqloom.data.readers import Pair, PairFiles
from seqloom.text.tokenizer import Tokenizer, load_tokenizer, train_tokenizer

SHARED, SOURCE, TARGET = "shared", "source", "target"


@dataclass(frozen=True)
class Tokenizers:
    """What turns both sides of a pair into ids; one and the same when the vocabulary is joint."""

    source: Tokenizer
    target: Tokenizer

    def save(self, folder: Path) -> None:
        """Write a run's vocabulary/."""
        if self.source is self.target:
            self.source.save(folder / SHARED)
        else:
            self.source.save(folder / SOURCE)
            self.target.save(folder / TARGET)

    @classmethod
    def load(cls, folder: Path) -> "Tokenizers":
        """Read a run's vocabulary/. Raises DamagedModelError."""
        if (folder / SHARED).is_dir():
            shared = load_tokenizer(folder / SHARED)
            return cls(shared, shared)
        return cls(load_tokenizer(folder / SOURCE), load_tokenizer(folder / TARGET))


def pair_files(config: Config, part: str) -> PairFiles:
    """The files of one part of the data: "train", "valid" or "test"."""
    data = config.data
    paths = {"train": data.train, "valid": data.valid, "test": data.test}[part]
    return PairFiles(tuple(Path(path) for path in paths), data.format, data.source_field, data.target_field)


def train_tokenizers(config: Config) -> Tokenizers:
    """Train on the training pairs, both sides together for a joint vocabulary. Raises DataError, ConfigError."""
    text = config.text
    files = pair_files(config, "train")

    def trained(lines: Iterator[str]) -> Tokenizer:
        return train_tokenizer(
            lines,
            kind=text.tokenizer,
            size=text.vocabulary_size,
            form=text.normalisation,
            lowercase=text.lowercase,
            seed=config.seed,
        )

    if text.shared:
        shared = trained(line for pair in files.read() for line in (pair.source, pair.target))
        return Tokenizers(shared, shared)
    return Tokenizers(
        trained(pair.source for pair in files.read()), trained(pair.target for pair in files.read())
    )


class CorpusBatches:
    """The batches of a prepared corpus, each a pure function of (seed, epoch, index)."""

    def __init__(self, corpus: Corpus, tokenizers: Tokenizers, config: Config) -> None:
        self.corpus = corpus
        self.tokenizers = tokenizers
        self.config = config
        self._counted: tuple[int, int] | None = None  # the epoch counted last, and its batches

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of an epoch from index `start` on."""
        sampler = None
        if self.config.text.sampling:
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
    train: Corpus
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
            on_progress=on_progress,
        )

    train = corpus("train", keep_text=config.text.sampling > 0)
    if not config.data.valid:
        return Prepared(tokenizers, train, None, [])
    limit = config.training.validation_sentences or None
    pairs = list(islice(pair_files(config, "valid").read(), limit))
    return Prepared(tokenizers, train, corpus("valid", keep_text=False), pairs)
