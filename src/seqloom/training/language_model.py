"""Language models: from files of plain text to a network, its chunks, its objective and its validation."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from seqloom.base.errors import Interrupted
from seqloom.base.files import atomic_folder
from seqloom.base.progress import Progress
from seqloom.config.schema import Config
from seqloom.data.chunks import ConsecutiveChunks, RandomChunks, windows
from seqloom.data.lines import read_lines
from seqloom.data.text_batch import TextBatch, chunk_batch, window_batch
from seqloom.data.text_stream import TextStream, prepare_text
from seqloom.models.build import build_language_model
from seqloom.models.language_model import LanguageModel
from seqloom.search.options import SamplingOptions
from seqloom.search.sample import sample
from seqloom.text.tokenizer import Tokenizer, load_tokenizer
from seqloom.text.vocabulary import BOS, EOS, UNK
from seqloom.training.checkpoint import checkpoint_folders, load_weights
from seqloom.training.events import Sample
from seqloom.training.learning import NOTHING_CARRIED, BatchLoss, Carried
from seqloom.training.loss import fused_smoothed_loss
from seqloom.training.machine import Machine
from seqloom.training.run_config import refuse_other_text, require_runs
from seqloom.training.run_folder import RunFolder
from seqloom.training.validation import Validation, mean_likelihood
from seqloom.training.vocabularies import SHARED, origin_of, text_files, train_text_tokenizer

SAMPLE_SYMBOLS = 200  # of a sample shown at a validation, at most


@dataclass(frozen=True)
class TextObjective:
    """The likelihood of each symbol after those before it.

    smoothing  of the labels (Szegedy et al. 2016, section 7)
    """

    smoothing: float = 0.0

    def at(self, fraction: float) -> "TextObjective":  # noqa: ARG002 - it stays the same throughout
        """The same when that share of the run is done."""
        return self

    def loss(
        self, model: LanguageModel, batch: TextBatch, machine: Machine, carried: Carried = NOTHING_CARRIED
    ) -> BatchLoss:
        """The loss of a batch, sums in nats over the symbols that count, after the state that was carried."""
        with machine.autocast():
            state = model.carried_on({} if batch.fresh else carried, len(batch))
            features, state = model.read(batch.inputs, state)
            counted = batch.counted_places
            loss, likelihood = fused_smoothed_loss(
                model.output.narrow(features[counted]),
                model.output.table,
                model.output.bias,
                batch.outputs[counted],
                self.smoothing,
            )
        return BatchLoss(loss, likelihood, model.carry(state))


class TextBatches:
    """The batches of a prepared text, each a pure function of (seed, epoch, index)."""

    def __init__(self, text: TextStream, config: Config) -> None:
        self.text = text
        training = config.training
        plan = RandomChunks if training.chunks == "random" else ConsecutiveChunks
        rows = training.batch_tokens // training.chunk
        self.plan = plan.fitting(len(text), rows, training.chunk, config.seed)

    def batches(self, epoch: int, start: int) -> Iterator[TextBatch]:
        """The batches of an epoch from index `start` on."""
        for index in range(start, self.count(epoch)):
            yield chunk_batch(self.text, self.plan.batch(epoch, index))

    def count(self, epoch: int) -> int:
        """How many there are in that epoch."""
        return self.plan.count(epoch)


@dataclass(frozen=True)
class PreparedText:
    """Everything a run reads. `valid` is None without validation data."""

    config: Config
    tokenizer: Tokenizer
    train: TextStream
    valid: TextStream | None

    @property
    def corpus(self) -> str:
        """A name for the training text and how it was read."""
        return self.train.key

    def network(self) -> LanguageModel:
        """A model with fresh parameters."""
        return network_of(self.config, self.tokenizer)

    def batches(self) -> TextBatches:
        """Those of training."""
        return TextBatches(self.train, self.config)

    def objective(self, machine: Machine) -> TextObjective:  # noqa: ARG002 - one face for all families
        """What is minimised."""
        return TextObjective(self.config.training.label_smoothing)

    def validator(
        self, network: LanguageModel, machine: Machine, stopped: Callable[[], bool]
    ) -> Callable[[], Validation | None] | None:
        """Nats a symbol, bits a character, and how the model goes on with some lines; None without validation data."""
        valid = self.valid
        if valid is None:
            return None
        nats_to_bits = len(valid) / valid.characters / math.log(2)

        def validate() -> Validation | None:
            loss = mean_likelihood(
                network, self._to_validate(network, valid), machine, TextObjective(), stopped
            )
            if stopped():
                return None
            scores = {"bits_per_character": loss * nats_to_bits}
            return Validation(
                loss, math.exp(min(loss, 700.0)), scores, samples=self._samples(network, valid, machine)
            )

        return validate

    def _to_validate(self, network: LanguageModel, valid: TextStream) -> Iterator[TextBatch]:
        """The validation text: side by side with a state, or in windows as a Transformer is scored."""
        rows = self.config.training.batch_tokens // self.config.training.chunk
        if network.window is None:
            plan = ConsecutiveChunks.fitting(len(valid), rows, self.config.training.chunk, seed=0)
            return (chunk_batch(valid, plan.batch(0, index)) for index in range(plan.count(0)))
        whole = windows(0, len(valid), network.window)
        return (window_batch(valid, whole[first : first + rows]) for first in range(0, len(whole), rows))

    def _samples(self, network: LanguageModel, valid: TextStream, machine: Machine) -> tuple[Sample, ...]:
        """Some lines of the text: their first half, the second, and how the model goes on from the first."""
        count = self.config.training.samples
        found = []
        for line in spread_lines(valid, count):
            half = len(line) // 2
            begun, rest = line[:half].tolist(), line[half:-1].tolist()
            written = continue_line(network, begun, machine.device, self.config.seed)
            texts = (self.tokenizer.decode(ids) for ids in (begun, rest, written))
            found.append(Sample(*texts))
        return tuple(found)


def spread_lines(text: TextStream, count: int) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """As many lines with something to go on from, from all over the text; fewer where there are none."""
    found = []
    for place in range(count):
        first = place * text.lines // count
        last = min(first + 100, (place + 1) * text.lines // count)
        longest = max(
            (text.line(number) for number in range(first, last)), key=len, default=np.zeros(0, np.int64)
        )
        if len(longest) >= 5:
            found.append(longest)
    return found


def continue_line(network: LanguageModel, begun: list[int], device: torch.device, seed: int) -> list[int]:
    """Symbols drawn after the beginning of a line, to the line's end."""
    options = SamplingOptions(
        seed=seed,
        max_length_factor=0.0,
        max_length_extra=len(begun) + SAMPLE_SYMBOLS,
        banned=(BOS, UNK),
    )
    length = torch.ones(1, dtype=torch.int64, device=device)
    (drawn,) = sample(network, network.start(1), length, options, prefixes=[begun], bos=EOS)
    return drawn.tokens[len(begun) :]


def prepare_language_model(
    folder: RunFolder, config: Config, shown: Progress, stopped: Callable[[], bool] = lambda: False
) -> PreparedText:
    """The run's tokenizer and its text, encoded or opened again.

    The tokenizer is read back where there is a checkpoint to go on from; before, the text may still change.
    Raises   Interrupted once `stopped` says so
    """
    if checkpoint_folders(folder.path):
        tokenizer = load_tokenizer(folder.vocabulary / SHARED)
    else:
        for path in config.data.training_files + config.data.valid:
            next(read_lines(Path(path)), None)  # refused before the others cost time
        require_runs(config)
        tokenizer = _first_tokenizer(config, shown)
        with atomic_folder(folder.vocabulary) as temporary:
            tokenizer.save(temporary / SHARED)
    cache = Path(config.data.cache) if config.data.cache else folder.path.parent / ".corpora"

    def on_progress(lines: int) -> None:
        shown.update(0.0, f"{lines:,} lines read")
        if stopped():
            raise Interrupted("Stopped while preparing the data; the same command begins again.")

    train = prepare_text(text_files(config, "train"), tokenizer, cache, on_progress)
    valid = None
    if config.data.valid or config.data.held_out:
        valid = prepare_text(text_files(config, "valid"), tokenizer, cache, on_progress)
    for name, text in (("Training", train), ("Validation", valid)):
        for notice in text.notices if text else ():
            shown.say(f"{name}: {notice}")
    shown.say(
        f"{len(train):,} symbols to learn from, {len(valid or ()):,} for validation; vocabulary {len(tokenizer):,}"
    )
    return PreparedText(config, tokenizer, train, valid)


def network_of(config: Config, tokenizer: Tokenizer) -> LanguageModel:
    """A model with fresh parameters."""
    return build_language_model(config.model, len(tokenizer), config.training.chunk)


def best_language_model(folder: RunFolder, config: Config, tokenizer: Tokenizer) -> LanguageModel:
    """A run's network with its best weights, to be trained no more. Raises DamagedModelError."""
    network = network_of(config, tokenizer)
    checkpoint = folder.best()
    load_weights(network, checkpoint.model, checkpoint.path)
    network.lay_out_for_search()
    return network


def _first_tokenizer(config: Config, shown: Progress) -> Tokenizer:
    """That of the run that this one starts from, or a new one. Raises ConfigError for other settings of text."""
    if config.training.start_from is None:
        shown.say(origin_of(config))
        return train_text_tokenizer(config)
    start = RunFolder(Path(config.training.start_from))
    refuse_other_text(start, config)
    return load_tokenizer(start.vocabulary / SHARED)
