"""Encoder-decoders: from files of pairs to a network, its batches, its objective and its validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seqloom.base.errors import ConfigError, Interrupted, UsageError
from seqloom.base.files import atomic_folder
from seqloom.base.progress import Progress
from seqloom.config.schema import Config
from seqloom.config.tasks import task_named
from seqloom.data.corpus import Corpus, prepare_corpus
from seqloom.data.joined import JoinedCorpus
from seqloom.data.pairs import Pair
from seqloom.metrics.measure import Context, require_metrics
from seqloom.metrics.overlap import sentence_score
from seqloom.models.build import build_model
from seqloom.models.seq2seq import Seq2Seq
from seqloom.text.segmented import SegmentedTokenizer
from seqloom.text.tokenizer import Tokenizer
from seqloom.training.checkpoint import checkpoint_folders, load_weights
from seqloom.training.corpus_batches import CorpusBatches
from seqloom.training.machine import Machine
from seqloom.training.objective import Objective, Teaching
from seqloom.training.risk import Risk
from seqloom.training.run_config import read_run_config, refuse_other_text, require_runs
from seqloom.training.run_folder import RunFolder
from seqloom.training.searching import search_options, translate_texts
from seqloom.training.validation import Validation, make_validator
from seqloom.training.vocabularies import (
    Tokenizers,
    history_bound,
    layout_of,
    origin_of,
    pair_files,
    require_files,
    require_text,
    symbols_of,
    train_tokenizers,
)


@dataclass(frozen=True)
class PreparedPairs:
    """Everything a run reads. `valid` is None, and `valid_pairs` empty, without validation data.

    valid_groups  for each of those pairs the number of its dialogue, where there are dialogues
    """

    config: Config
    tokenizers: Tokenizers
    train: Corpus | JoinedCorpus
    valid: Corpus | None
    valid_pairs: list[Pair]
    valid_groups: list[int] | None = None

    @property
    def corpus(self) -> str:
        """A name for the training pairs and how they were read."""
        return self.train.key

    def network(self) -> Seq2Seq:
        """A model with fresh parameters."""
        return network_over(self.config, self.tokenizers)

    def batches(self) -> CorpusBatches:
        """Those of training."""
        return CorpusBatches(self.train, self.tokenizers, self.config)

    def objective(self, machine: Machine) -> Objective:
        """What is minimised, with the teacher and the metric that the configuration names."""
        training = self.config.training
        risk = None
        if training.minimum_risk != "none":
            cost = sentence_cost(training.minimum_risk, self.tokenizers.target)
            risk = Risk(cost, training.risk_share, training.risk_samples, training.risk_sharpness)
        return Objective(
            training.label_smoothing,
            own_share_at_end=training.scheduled_sampling,
            teaching=_teaching(self.config, self.tokenizers, machine),
            risk=risk,
            coverage=training.coverage_loss,
            guidance=training.guided_alignment,
            r_drop=training.r_drop,
        )

    def validator(
        self, network: Seq2Seq, machine: Machine, stopped: Callable[[], bool]
    ) -> Callable[[], Validation | None] | None:
        """Loss, scores of translations and samples; None without validation data."""
        if self.valid is None:
            return None
        config = self.config
        require_metrics(task_named(config.task).metrics)
        batches = CorpusBatches(self.valid, self.tokenizers, config)
        options = search_options(config.search, beam=config.training.validation_beam, n_best=1)

        def translate(texts: Sequence[str]) -> list[str]:
            return translate_texts(network, self.tokenizers, config, texts, options, device=machine.device)

        return make_validator(
            network,
            config.training,
            machine,
            Objective(),
            batches=lambda: batches.batches(0, 0),
            pairs=self.valid_pairs,
            translate=translate,
            metrics=task_named(config.task).metrics,
            context=Context(self.valid_groups, symbols_of(config)),
            stopped=stopped,
        )


def prepare_pairs(
    folder: RunFolder, config: Config, shown: Progress, stopped: Callable[[], bool] = lambda: False
) -> PreparedPairs:
    """The run's tokenizers and its corpora, encoded or opened again.

    The tokenizers are read back where there is a checkpoint to go on from; before, the text may still change.
    Raises   Interrupted once `stopped` says so
    """
    if checkpoint_folders(folder.path):
        tokenizers = Tokenizers.load(folder.vocabulary)
    else:
        require_files(config)
        require_runs(config)
        tokenizers = _first_tokenizers(config, shown)
        with atomic_folder(folder.vocabulary) as temporary:
            tokenizers.save(temporary)
    cache = Path(config.data.cache) if config.data.cache else folder.path.parent / ".corpora"

    def on_progress(pairs: int) -> None:
        shown.update(0.0, f"{pairs:,} pairs read")
        if stopped():
            raise Interrupted("Stopped while preparing the data; the same command begins again.")

    prepared = prepare(config, tokenizers, cache, on_progress)
    for corpus in (prepared.train, prepared.valid):
        for notice in corpus.notices if corpus else ():
            shown.say(notice)
    shown.say(
        f"{len(prepared.train):,} training pairs, {len(prepared.valid or ()):,} for validation; "
        f"vocabulary {len(tokenizers.source):,}"
        + ("" if tokenizers.source is tokenizers.target else f" and {len(tokenizers.target):,}")
    )
    return prepared


def prepare(
    config: Config, tokenizers: Tokenizers, cache: Path, on_progress: Callable[[int], None]
) -> PreparedPairs:
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
            cut=config.data.long == "cut",
            alignments=Path(config.data.alignments) if part == "train" and config.data.alignments else None,
            bound=history_bound(config, tokenizers.source),
            on_progress=on_progress,
        )

    keep_text = config.text.sampling > 0
    written = corpus("train", keep_text)
    train: Corpus | JoinedCorpus = written
    if config.data.back_translated:
        train = JoinedCorpus(written, corpus("back_translated", keep_text))
    if not config.data.valid:
        return PreparedPairs(config, tokenizers, train, None, [])
    require_text(pair_files(config, "valid"))
    files, limit = pair_files(config, "valid"), config.training.validation_sentences or None
    pairs, groups = list(islice(files.read(), limit)), files.groups()
    numbers = None if groups is None else list(islice(groups, limit))
    return PreparedPairs(config, tokenizers, train, corpus("valid", keep_text=False), pairs, numbers)


def _first_tokenizers(config: Config, shown: Progress) -> Tokenizers:
    """Those of the run that this one starts from, or new ones. Raises ConfigError for other settings of text."""
    if config.training.start_from is None:
        shown.say(origin_of(config))
        return train_tokenizers(config)
    start = RunFolder(Path(config.training.start_from))
    if layout_of(read_run_config(start)) != layout_of(config):
        raise ConfigError(
            f"{start.path}, which training.start_from names, reads sources of other parts: its task, "
            "data.source_columns or data.feature_columns differ. A run begins with the vocabulary of the one that it "
            "starts from; give the same."
        )
    refuse_other_text(start, config)
    return Tokenizers.load(start.vocabulary)


def network_over(config: Config, tokenizers: Tokenizers) -> Seq2Seq:
    """The configuration's network over those vocabularies, with fresh parameters."""
    encoder, source = config.model.encoder, tokenizers.source
    placeless = range(0)
    if (
        encoder.kind == "transformer"
        and not encoder.feature_positions
        and isinstance(source, SegmentedTokenizer)
    ):
        placeless = source.atom_ids
    return build_model(config.model, len(source), len(tokenizers.target), placeless)


def best_network(folder: RunFolder, config: Config, tokenizers: Tokenizers) -> Seq2Seq:
    """A run's network with its best weights, to be trained no more. Raises DamagedModelError."""
    network = network_over(config, tokenizers)
    checkpoint = folder.best()
    load_weights(network, checkpoint.model, checkpoint.path)
    network.lay_out_for_search()
    return network


def sentence_cost(metric: str, tokenizer: Tokenizer) -> Callable[[Sequence[int], Sequence[int]], float]:
    """One minus the metric of a sentence, over text as it would be written."""

    def cost(candidate: Sequence[int], reference: Sequence[int]) -> float:
        return 1 - sentence_score(metric, tokenizer.decode(candidate), tokenizer.decode(reference)) / 100

    return cost


def _teaching(config: Config, tokenizers: Tokenizers, machine: Machine) -> Teaching | None:
    """The teacher of the configuration, if it names one. Raises UsageError for one over another vocabulary."""
    if config.training.teacher is None:
        return None
    folder = RunFolder(Path(config.training.teacher))
    its = read_run_config(folder)
    if its.model.decoder.copying:
        raise UsageError(
            f"training.teacher = {folder.path} copies words of the source, which its pupil can't write. Choose a "
            "teacher with model.decoder.copying = false."
        )
    if Tokenizers.load(folder.vocabulary).fingerprint() != tokenizers.fingerprint():
        raise UsageError(
            f"training.teacher = {folder.path} has another vocabulary than this run, so its probabilities are of other "
            "symbols. Train both on the same text with the same settings under [text], or one with text.vocabulary = "
            "the other's run."
        )
    network = best_network(folder, its, tokenizers)
    return Teaching(network.to(machine.device).eval().requires_grad_(False), config.training.distillation)
