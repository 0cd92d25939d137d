"""Classifiers and taggers: from files of labelled texts to a network, its batches, its objective and its validation."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.base.errors import ConfigError, Interrupted
from seqloom.base.files import atomic_folder
from seqloom.base.progress import Progress
from seqloom.config.schema import Config
from seqloom.config.tasks import task_named
from seqloom.data.corpus import Corpus, prepare_corpus
from seqloom.data.labelled import (
    TextLabels,
    TokenLabels,
    check_labels,
    label_counts,
    names_of,
    read_labels,
)
from seqloom.data.pairs import Pair
from seqloom.models.build import build_label_network
from seqloom.models.classifier import LabelNetwork
from seqloom.text.labels import Labels, collect_labels
from seqloom.text.tokenizer import Tokenizer, load_tokenizer
from seqloom.text.vectors import describe_vectors, read_vectors
from seqloom.training.checkpoint import checkpoint_folders, load_weights
from seqloom.training.label_batches import LabelBatches, LabelKind
from seqloom.training.label_loss import LabelObjective, weigh_labels
from seqloom.training.label_validation import make_label_validator
from seqloom.training.machine import Machine
from seqloom.training.run_config import FREE_OF_TEXT, changed_settings, read_run_config, require_runs
from seqloom.training.run_folder import RunFolder
from seqloom.training.validation import Validation
from seqloom.training.vocabularies import SOURCE, pair_files, require_files, require_text, train_tokenizers


@dataclass(frozen=True)
class Lexicon:
    """A run's vocabulary/: what turns texts into ids, and its labels."""

    tokenizer: Tokenizer
    labels: Labels

    def save(self, folder: Path) -> None:
        """Write a run's vocabulary/."""
        self.tokenizer.save(folder / SOURCE)
        self.labels.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "Lexicon":
        """Read a run's vocabulary/. Raises DamagedModelError."""
        return cls(load_tokenizer(folder / SOURCE), Labels.load(folder))

    def fingerprint(self) -> tuple[str, str]:
        """What determines the ids of texts and the numbers of labels."""
        return self.tokenizer.fingerprint(), self.labels.fingerprint()


@dataclass(frozen=True)
class PreparedLabels:
    """Everything a run reads. `valid` is None, and `shown_pairs` empty, without validation data.

    weights      what each label counts in the loss, or None
    vectors      with which embeddings start, (V, D), rows of words without one left at random; None without a file
    shown_pairs  of validation, for samples
    """

    config: Config
    lexicon: Lexicon
    train: Corpus
    valid: Corpus | None
    shown_pairs: tuple[Pair, ...] = ()
    weights: torch.Tensor | None = None
    vectors: NDArray[np.float32] | None = None

    @property
    def corpus(self) -> str:
        """A name for the training data and how it was read."""
        return self.train.key

    @property
    def kind(self) -> LabelKind:
        """What a prediction is."""
        return kind_of(self.config, self.lexicon.labels)

    def network(self) -> LabelNetwork:
        """A model with fresh parameters; embeddings of words that have a vector are that vector."""
        network = label_network(self.config, self.lexicon)
        if self.vectors is not None:
            table = network.source.embedding.table
            found = torch.from_numpy(self.vectors)
            known = ~found.isnan().any(dim=1)
            with torch.no_grad():  # the random rows' size, so that neither kind of row drowns the other
                table[known] = found[known] / found[known].std() / network.source.embedding.scale
        return network

    def batches(self) -> LabelBatches:
        """Those of training."""
        return LabelBatches(self.train, self.lexicon.tokenizer, self.config, self.kind)

    def objective(self, machine: Machine) -> LabelObjective:
        """What is minimised."""
        training = self.config.training
        weights = None if self.weights is None else self.weights.to(machine.device)
        return LabelObjective(training.label_smoothing, weights, training.r_drop)

    def validator(
        self, network: LabelNetwork, machine: Machine, stopped: Callable[[], bool]
    ) -> Callable[[], Validation | None] | None:
        """Loss, scores and samples; None without validation data."""
        if self.valid is None:
            return None
        batches = LabelBatches(self.valid, self.lexicon.tokenizer, self.config, self.kind)
        return make_label_validator(
            network,
            machine,
            self.lexicon.labels,
            self.kind,
            batches=lambda: batches.batches(0, 0),
            shown=self.shown_pairs,
            tokenizer=self.lexicon.tokenizer,
            metrics=task_named(self.config.task).metrics,
            stopped=stopped,
        )


def kind_of(config: Config, labels: Labels) -> LabelKind:
    """What a prediction of that task is."""
    return LabelKind(len(labels), labels.several, tokens=task_named(config.task).target == "labels")


def label_network(config: Config, lexicon: Lexicon) -> LabelNetwork:
    """A model with fresh parameters for those words and labels."""
    kind = kind_of(config, lexicon.labels)
    return build_label_network(config.model, len(lexicon.tokenizer), kind.labels, pooled=not kind.tokens)


def best_label_network(folder: RunFolder, config: Config, lexicon: Lexicon) -> tuple[LabelNetwork, Path]:
    """A run's network with its best weights, and the folder that they lie in. Raises DamagedModelError."""
    network = label_network(config, lexicon)
    checkpoint = folder.best()
    load_weights(network, checkpoint.model, checkpoint.path)
    return network, checkpoint.path


def prepare_labelled(
    folder: RunFolder, config: Config, shown: Progress, stopped: Callable[[], bool] = lambda: False
) -> PreparedLabels:
    """The run's vocabulary and its corpora, encoded or opened again.

    The vocabulary is read back where there is a checkpoint to go on from; before, the text may still change.
    Raises   Interrupted once `stopped` says so
    """
    begun = bool(checkpoint_folders(folder.path))
    if begun:
        lexicon = Lexicon.load(folder.vocabulary)
        check_labels(pair_files(config, "train"), lexicon.labels)
    else:
        require_files(config)
        require_runs(config)
        lexicon = _first_lexicon(config, shown)
    if config.data.valid:
        require_text(pair_files(config, "valid"))
        check_labels(pair_files(config, "valid"), lexicon.labels)
    weights = None
    if config.training.label_weights is not None:
        counts, total = label_counts(pair_files(config, "train"), lexicon.labels)
        weights = weigh_labels(config.training.label_weights, lexicon.labels, counts, total)
    vectors = None
    if config.data.vectors is not None and not begun:  # else the checkpoint has what became of them
        vectors = read_vectors(Path(config.data.vectors), lexicon.tokenizer, config.model.width)
        shown.say(describe_vectors(Path(config.data.vectors), vectors))
    if not begun:
        with atomic_folder(folder.vocabulary) as temporary:
            lexicon.save(temporary)
    cache = Path(config.data.cache) if config.data.cache else folder.path.parent / ".corpora"

    def on_progress(texts: int) -> None:
        shown.update(0.0, f"{texts:,} texts read")
        if stopped():
            raise Interrupted("Stopped while preparing the data; the same command begins again.")

    def corpus(part: str) -> Corpus:
        return encode_labelled(config, lexicon, part, cache, on_progress)

    train = corpus("train")
    valid = corpus("valid") if config.data.valid else None
    for each in (train, valid):
        for notice in each.notices if each else ():
            shown.say(notice)
    shown.say(
        f"{len(train):,} training texts, {len(valid or ()):,} for validation; vocabulary "
        f"{len(lexicon.tokenizer):,}; {len(lexicon.labels)} labels: {lexicon.labels.described()}"
    )
    pairs = islice(pair_files(config, "valid").read(), config.training.samples) if valid else ()
    return PreparedLabels(config, lexicon, train, valid, tuple(pairs), weights, vectors)


def encode_labelled(
    config: Config, lexicon: Lexicon, part: str, cache: Path, on_progress: Callable[[int], None]
) -> Corpus:
    """Encode a part of the data, or open it if that was done before."""
    tags = task_named(config.task).target == "labels"
    labels = TokenLabels(lexicon.labels, lexicon.tokenizer) if tags else TextLabels(lexicon.labels)
    return prepare_corpus(
        pair_files(config, part),
        lexicon.tokenizer,
        lexicon.tokenizer,
        cache,
        max_length=config.data.max_length,
        keep_text=config.text.sampling > 0 and part == "train",
        labels=labels,
        on_progress=on_progress,
    )


def _first_lexicon(config: Config, shown: Progress) -> Lexicon:
    """A new one, or that of the run that this one starts from. Raises ConfigError for other settings, DataError."""
    files = pair_files(config, "train")
    require_text(files)
    separator = config.data.label_separator
    found = collect_labels(
        (names for _, names in read_labels(files, separator)), names_of(files.paths), separator
    )
    if config.training.start_from is None:
        shown.say("Learning the vocabulary")
        return Lexicon(train_tokenizers(config).source, found)
    start = RunFolder(Path(config.training.start_from))
    its = read_run_config(start)
    before, now = (asked.text.model_dump(exclude={*FREE_OF_TEXT, "shared"}) for asked in (its, config))
    changed = changed_settings(before, now, "text.")
    if its.task != config.task:
        changed = [f'task was "{its.task}", is "{config.task}"']
    if changed:
        raise ConfigError(
            f"{start.path}, which training.start_from names, has another vocabulary: {'; '.join(changed)}. "
            "A run begins with the vocabulary of the one that it starts from; give the same task and settings under "
            "[text]."
        )
    lexicon = Lexicon.load(start.vocabulary)
    if lexicon.labels.separator != separator:
        raise ConfigError(
            f"{start.path}, which training.start_from names, has another data.label_separator. Give the same."
        )
    check_labels(files, lexicon.labels)
    return lexicon
