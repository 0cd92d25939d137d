"""A run from its configuration to its end: claim the folder, prepare the data, train or go on, keep the records."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from seqloom.base.errors import ConfigError, DamagedModelError, DataError, Interrupted, UsageError
from seqloom.base.files import atomic_folder, atomic_write, write_json
from seqloom.base.progress import Progress
from seqloom.base.randomness import derive
from seqloom.config.layers import RUNS
from seqloom.config.read import read_config
from seqloom.config.schema import Config
from seqloom.config.toml import write_value
from seqloom.config.write import resolved, write_config
from seqloom.metrics.overlap import sentence_score
from seqloom.models.build import build_model
from seqloom.models.seq2seq import Seq2Seq
from seqloom.text.tokenizer import Tokenizer
from seqloom.training.checkpoint import checkpoint_folders, load_weights
from seqloom.training.events import StopEvent
from seqloom.training.listeners import Listener, LogWriter, MetricsWriter, ProgressListener
from seqloom.training.loop import Trainer
from seqloom.training.machine import Machine, prepare_machine
from seqloom.training.objective import Objective, Teaching
from seqloom.training.preparation import CorpusBatches, Prepared, prepare
from seqloom.training.risk import Risk
from seqloom.training.run_folder import RunFolder
from seqloom.training.searching import search_options, translate_texts
from seqloom.training.validation import Validation, make_validator
from seqloom.training.vocabularies import Tokenizers, require_files, train_tokenizers

MAY_CHANGE = {  # settings that a resumed run may have otherwise than it started with
    "max_updates",
    "max_epochs",
    "max_tokens",
    "max_minutes",
    "warmup_updates",
    "validate_every",
    "validate_minutes",
    "validation_sentences",
    "validation_beam",
    "patience",
    "samples",
    "checkpoint_every",
    "checkpoint_minutes",
    "keep_checkpoints",
    "log_every",
    "max_bad_updates",
    "threads",
    "device",
    "kernels",
}


def read_run_config(folder: RunFolder) -> Config:
    """The configuration that a run was trained with.

    Raises   UsageError for a folder that isn't there; DamagedModelError for one that holds no run
    """
    mend = "Give the folder that `seqloom train` wrote, as runs/NAME."
    if not folder.path.exists():
        raise UsageError(f"{folder.path} does not exist. {mend}")
    if not folder.config.is_file():
        raise DamagedModelError(f"{folder.path} is no folder of a run: it has no config.toml. {mend}")
    try:
        return read_config(folder.config, written=True)
    except ConfigError as error:
        raise DamagedModelError(f"{folder.config} was altered: {error}") from error


def claim_run(folder: RunFolder, config: Config) -> None:
    """Write a new run's configuration, or compare an old run's with what is asked now. Raises ConfigError."""
    if folder.config.is_file():
        differences = _differences(resolved(read_run_config(folder)), resolved(config))
        if differences and checkpoint_folders(folder.path):
            raise ConfigError(
                f"{folder.path} was started with other settings: {'; '.join(differences)}. "
                "Use the same settings to resume it, or another run folder."
            )
    atomic_write(folder.config, write_config(config))
    write_json(folder.resolved, resolved(config))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """Settings that differ and may not: "model.width was 256, is 512"."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        name = f"{where}{key}"
        before, now = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            found += _differences(before, now, f"{name}.")
        elif before != now and not _may_change(name):
            found.append(f"{name} was {write_value(before)}, is {write_value(now)}")
    return found


def _may_change(name: str) -> bool:
    section, _, key = name.partition(".")
    return (
        section == "search"
        or name in ("data.test", "data.cache")
        or (section == "training" and key in MAY_CHANGE)
    )


def prepare_run(
    folder: RunFolder, config: Config, shown: Progress, stopped: Callable[[], bool] = lambda: False
) -> Prepared:
    """The run's tokenizers and its corpora, encoded or opened again.

    The tokenizers are read back where there is a checkpoint to go on from; before, the text may still change.
    Raises   Interrupted once `stopped` says so
    """
    if checkpoint_folders(folder.path):
        tokenizers = Tokenizers.load(folder.vocabulary)
    else:
        require_files(config)
        _require_runs(config)
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


def _require_runs(config: Config) -> None:
    """Refuse, before the data is prepared, a run to start from or to learn from that isn't there."""
    for name in RUNS:
        path = getattr(config.training, name)
        try:
            if path is not None:
                read_run_config(RunFolder(Path(path)))
                RunFolder(Path(path)).best()
        except (UsageError, DamagedModelError) as error:
            raise type(error)(f"training.{name}: {error}") from error


def _first_tokenizers(config: Config, shown: Progress) -> Tokenizers:
    """Those of the run that this one starts from, or new ones. Raises ConfigError for other settings of text."""
    if config.training.start_from is None:
        shown.say("Learning the vocabulary")
        return train_tokenizers(config)
    start = RunFolder(Path(config.training.start_from))
    before, now = (asked.text.model_dump(exclude={"sampling"}) for asked in (read_run_config(start), config))
    differences = _differences(before, now, "text.")
    if differences:
        raise ConfigError(
            f"{start.path}, which training.start_from names, has another vocabulary: {'; '.join(differences)}. "
            "A run begins with the vocabulary of the one that it starts from; give the same settings under [text]."
        )
    return Tokenizers.load(start.vocabulary)


def train_run(
    folder: RunFolder,
    config: Config,
    prepared: Prepared,
    shown: Progress,
    stopped: Callable[[], bool],
    listeners: Sequence[Listener],
) -> str:
    """Train to the bound or to a signal; gives the reason for the end.

    Raises   DataError when a run is to go on with other training data than it began with; DamagedModelError when
             it has checkpoints and none of them verifies
    """
    checkpoint, damaged = folder.newest()
    if damaged and checkpoint is None:
        raise DamagedModelError(
            f"{' '.join(damaged)} No checkpoint of {folder.path} can be gone on from; put one back as it was, or "
            "train in another run folder."
        )
    before = folder.environment() if checkpoint else {}
    corpus = prepared.train.key
    if before.get("corpus", corpus) != corpus:
        alignments = [config.data.alignments] if config.data.alignments else []
        files = " or ".join([*config.data.train, *config.data.back_translated, *alignments])
        raise DataError(
            f"The training data is not what {folder.path} began with: {files} was changed "
            "since. Put the files back as they were to go on, or choose another run folder."
        )
    machine = prepare_machine(config.training, before)
    tokenizers = prepared.tokenizers
    torch.manual_seed(derive(config.seed, "parameters"))
    network = build_model(config.model, len(tokenizers.source), len(tokenizers.target))
    if config.training.start_from and not checkpoint:
        best = RunFolder(Path(config.training.start_from)).best()
        load_weights(network, best.model, best.path)
        shown.say(f"Starting from {best.path}")
    parameters = sum(parameter.numel() for parameter in network.parameters())
    trainer = Trainer(
        network,
        CorpusBatches(prepared.train, tokenizers, config),
        config.training,
        seed=config.seed,
        machine=machine,
        validate=_validator(network, config, prepared, machine, stopped),
        keeper=folder,
        stop=stopped,
        objective=_objective(config, tokenizers, machine),
    )
    for sentence in damaged:
        shown.say(sentence)
    if checkpoint:
        trainer.resume(checkpoint)
        shown.say(f"Going on from update {trainer.state.update:,}")
    folder.forget_after(trainer.state.update)
    folder.write_environment({**machine.facts(), "parameters": parameters, "corpus": corpus})
    shown.say(f"{parameters:,} parameters on {machine.describe()}")
    if before.get("kernels") and not machine.compiled:
        shown.say(
            "The run began with compiled kernels, which aren't here; its last bits may differ from now on."
        )
    with folder.log.open("a", encoding="utf-8") as log:
        everyone: list[Listener] = [
            MetricsWriter(folder.metrics, folder.samples),
            ProgressListener(shown),
            LogWriter(log),
            *listeners,
        ]
        reason = "finished"
        for event in trainer.events():
            for listener in everyone:
                listener(event)
            if isinstance(event, StopEvent):
                reason = event.reason
    return reason


def best_network(folder: RunFolder, config: Config, tokenizers: Tokenizers) -> Seq2Seq:
    """A run's network with its best weights, to be trained no more. Raises DamagedModelError."""
    network = build_model(config.model, len(tokenizers.source), len(tokenizers.target))
    checkpoint = folder.best()
    load_weights(network, checkpoint.model, checkpoint.path)
    network.lay_out_for_search()
    return network


def _objective(config: Config, tokenizers: Tokenizers, machine: Machine) -> Objective:
    """What is minimised, with the teacher and the metric that the configuration names."""
    training = config.training
    risk = None
    if training.minimum_risk != "none":
        cost = sentence_cost(training.minimum_risk, tokenizers.target)
        risk = Risk(cost, training.risk_share, training.risk_samples, training.risk_sharpness)
    teaching = _teaching(config, tokenizers, machine)
    return Objective(
        training.label_smoothing,
        teaching=teaching,
        risk=risk,
        coverage=training.coverage_loss,
        guidance=training.guided_alignment,
        r_drop=training.r_drop,
    )


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
            "symbols. Train both on the same text with the same settings under [text]."
        )
    network = best_network(folder, its, tokenizers)
    return Teaching(network.to(machine.device).eval().requires_grad_(False), config.training.distillation)


def _validator(
    network: Seq2Seq, config: Config, prepared: Prepared, machine: Machine, stopped: Callable[[], bool]
) -> Callable[[], Validation | None] | None:
    if prepared.valid is None:
        return None
    batches = CorpusBatches(prepared.valid, prepared.tokenizers, config)
    options = search_options(config.search, beam=config.training.validation_beam, n_best=1)

    def translate(texts: Sequence[str]) -> list[str]:
        return translate_texts(
            network,
            prepared.tokenizers,
            config,
            texts,
            options,
            device=machine.device,
        )

    return make_validator(
        network,
        config.training,
        machine,
        batches=lambda: batches.batches(0, 0),
        pairs=prepared.valid_pairs,
        translate=translate,
        stopped=stopped,
    )
