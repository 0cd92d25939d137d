"""Text in, text out: train a run, load it, translate with it, score it. What the command line and Python both call."""

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from seqloom.base.errors import ConfigError, DamagedModelError, Interrupted, UsageError
from seqloom.base.files import atomic_write, make_folder, write_json
from seqloom.base.progress import Progress, progress
from seqloom.base.randomness import derive
from seqloom.config.read import build_config, read_config, require_training_data
from seqloom.config.schema import Config
from seqloom.config.write import resolved, write_config
from seqloom.data.batch import collate
from seqloom.data.readers import Pair
from seqloom.inspection.attention import AttentionMap
from seqloom.inspection.run_report import write_report
from seqloom.metrics.overlap import Score, bleu, chrf
from seqloom.models.build import build_model
from seqloom.models.seq2seq import Seq2Seq
from seqloom.search.forced import force
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.many import search_many
from seqloom.search.options import SearchOptions
from seqloom.training.averaging import average_checkpoints
from seqloom.training.checkpoint import checkpoint_folders, load_weights, read_checkpoint, save_checkpoint
from seqloom.training.events import StopEvent
from seqloom.training.listeners import Listener, LogWriter, MetricsWriter, ProgressListener
from seqloom.training.loop import Trainer
from seqloom.training.machine import Machine, prepare_machine
from seqloom.training.preparation import CorpusBatches, Prepared, prepare
from seqloom.training.run_folder import RunFolder
from seqloom.training.validation import make_validator
from seqloom.training.vocabularies import Tokenizers, train_tokenizers

LONGEST_SOURCE = 4  # times data.max_length: what is longer was never trained on, and is cut with a notice
MAY_CHANGE = {  # settings that a resumed run may have otherwise than it started with
    "max_updates",
    "max_epochs",
    "max_tokens",
    "max_minutes",
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
}


@dataclass(frozen=True)
class Result:
    """One output of a model.

    text           what it says
    score          what it was ranked by; log_probability in nats
    alternatives   the other outputs that were asked for, next best first
    notice         a sentence when the input could not be used as it was, else empty
    """

    source: str
    text: str
    score: float
    log_probability: float
    tokens: tuple[int, ...]
    alternatives: tuple["Result", ...]
    notice: str
    model: "Model"

    @cached_property
    def attention(self) -> AttentionMap:
        """Where the model looked for each symbol. Raises UsageError for a model without attention."""
        return self.model.attention(self.source, self.tokens)

    @cached_property
    def word_attention(self) -> AttentionMap:
        """The same over whole words."""
        return self.model.attention(self.source, self.tokens, words=True)

    def _repr_html_(self) -> str:
        """The attention as a heatmap over words, for notebooks."""
        if not self.model.has_attention:
            return f"<p>{self.text}</p>"
        return self.word_attention._repr_html_()


class Model:
    """A trained model with its own preprocessing: call it with text.

    >>> model = seqloom.load("runs/demo")
    >>> model("How are you?").text
    'Comment ça va ?'
    """

    def __init__(self, network: Seq2Seq, tokenizers: Tokenizers, config: Config, machine: Machine) -> None:
        self.network = network.to(machine.device).eval()
        self.tokenizers = tokenizers
        self.config = config
        self.machine = machine

    def __call__(self, text: str | Sequence[str], *, beam: int | None = None, n_best: int = 1) -> Any:
        """Translate one text to a Result, or several to a list of Results in their order."""
        options = search_options(self.config, beam=beam, n_best=n_best)
        if isinstance(text, str):
            return self.translate([text], options)[0]
        return self.translate(list(text), options)

    def translate(
        self,
        texts: Sequence[str],
        options: SearchOptions | None = None,
        prefixes: Sequence[str] | None = None,
    ) -> list[Result]:
        """One Result a text, in order; an empty text gives an empty one.

        options   how to search; the configuration's when None
        prefixes  what each output must start with
        """
        options = options or search_options(self.config)
        options = replace(options, max_length=self._longest(options.max_length))
        encoded, notices = self._encode(texts)
        rows = [row for row, ids in enumerate(encoded) if ids]
        begun = None
        if prefixes is not None:
            begun = [self.tokenizers.target.encode(prefixes[row]) for row in rows]
        found = search_many(
            self.network,
            [encoded[row] for row in rows],
            options,
            batch_sentences=self.config.search.batch_sentences,
            device=self.machine.device,
            prefixes=begun,
        )
        by_row = dict(zip(rows, found, strict=True))
        return [self._result(text, by_row.get(row, []), notices[row]) for row, text in enumerate(texts)]

    def _longest(self, asked: int | None) -> int | None:
        """The longest output that the decoder has positions for."""
        decoder = self.config.model.decoder
        if decoder.kind == "transformer" and decoder.positions == "learned":
            return min(asked or decoder.max_positions, decoder.max_positions - 1)
        return asked

    def _encode(self, texts: Sequence[str]) -> tuple[list[list[int]], list[str]]:
        """Ids and notices of texts; one far longer than anything trained on is cut, and its notice says so."""
        longest = LONGEST_SOURCE * self.config.data.max_length
        encoder = self.config.model.encoder
        if encoder.kind == "transformer" and encoder.positions == "learned":
            longest = min(longest, encoder.max_positions - 1)
        encoded = self.tokenizers.source.encode_many(list(texts))
        encoded = [ids if text.strip() else [] for ids, text in zip(encoded, texts, strict=True)]
        notices = [
            f"it has {len(ids):,} symbols; only the first {longest:,} were read" if len(ids) > longest else ""
            for ids in encoded
        ]
        return [ids[:longest] for ids in encoded], notices

    def _result(self, source: str, hypotheses: Sequence[Hypothesis], notice: str) -> Result:
        if not hypotheses:
            return Result(source, "", 0.0, 0.0, (), (), notice, self)
        results = [
            Result(
                source,
                self.tokenizers.target.decode(found.tokens),
                found.score,
                found.log_probability,
                tuple(found.tokens),
                (),
                notice,
                self,
            )
            for found in hypotheses
        ]
        return replace(results[0], alternatives=tuple(results[1:]))

    @property
    def has_attention(self) -> bool:
        """Whether there is anything to look at."""
        decoder = self.config.model.decoder
        return decoder.kind == "transformer" or decoder.attention != "none"

    @torch.inference_mode()
    def attention(self, source: str, target: str | Sequence[int], *, words: bool = False) -> AttentionMap:
        """Where the model looks while it writes a given target, text or ids: weights (T, S) over symbols.

        words    whether the symbols of a word are merged into one
        Raises   UsageError for a model without attention
        """
        if not self.has_attention:
            raise UsageError(
                'This model has no attention to look at: its model.decoder.attention is "none", so all it knows of '
                "the source is one vector."
            )
        ids = self._encode([source])[0][0]
        symbols = self.tokenizers.target.encode(target) if isinstance(target, str) else list(target)
        batch = collate([ids]).to(self.machine.device)
        state = self.network.start(self.network.encode(batch))
        forced = force(self.network, state, batch.source_lengths, [symbols], alignment=True)[0]
        if forced.alignment is None:
            raise UsageError("This model gives no alignment.")
        end = "</s>"
        over_symbols = AttentionMap(
            source=(*self.tokenizers.source.pieces(ids), end),
            target=(*self.tokenizers.target.pieces(symbols), end),
            weights=forced.alignment.astype("float64"),
            probabilities=tuple(torch.tensor(forced.token_log_probabilities).exp().tolist()),
            source_text=source,
            target_text=self.tokenizers.target.decode(symbols),
        )
        if not words:
            return over_symbols
        return over_symbols.merged(
            self.tokenizers.source.word_groups(ids), self.tokenizers.target.word_groups(symbols)
        )

    def evaluate(
        self,
        pairs: Sequence[Pair],
        options: SearchOptions | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> tuple[list[Score], list[str]]:
        """Translate the sources and compare with the targets: scores with their signatures, and the outputs."""
        outputs: list[str] = []
        size = 16 * self.config.search.batch_sentences
        for start in range(0, len(pairs), size):
            piece = [pair.source for pair in pairs[start : start + size]]
            outputs += [result.text for result in self.translate(piece, options)]
            on_progress(len(outputs))
        references = [pair.target for pair in pairs]
        return [bleu(outputs, references), chrf(outputs, references)], outputs


def search_options(config: Config, *, beam: int | None = None, n_best: int | None = None) -> SearchOptions:
    """The search that a configuration asks for, with another beam or number of outputs if given."""
    search = config.search
    outputs = n_best or search.n_best
    return SearchOptions(
        beam=beam or max(search.beam, outputs),
        n_best=outputs,
        length_penalty=search.length_penalty,
        coverage_penalty=search.coverage_penalty,
        max_length_factor=search.max_length_factor,
        max_length_extra=search.max_length_extra,
        no_repeat_ngram=search.no_repeat_ngram,
    )


def load(run: Path | str, *, device: str = "auto", threads: int = 0) -> Model:
    """Load a run's best model.

    Raises   DamagedModelError when the folder holds no run, or one that is incomplete or altered
    """
    folder = RunFolder(Path(run))
    config = read_run_config(folder)
    training = config.training.model_copy(
        update={"device": device, "threads": threads, "precision": "float32"}
    )
    machine = prepare_machine(training)
    tokenizers = Tokenizers.load(folder.vocabulary)
    network = build_model(config.model, len(tokenizers.source), len(tokenizers.target))
    checkpoint = folder.best()
    load_weights(network, checkpoint.model, checkpoint.path)
    return Model(network, tokenizers, config, machine)


def read_run_config(folder: RunFolder) -> Config:
    """The configuration that a run was trained with. Raises DamagedModelError when there is none to be read."""
    if not folder.config.is_file():
        what = "is no folder of a run: it has no config.toml" if folder.path.is_dir() else "does not exist"
        raise DamagedModelError(
            f"{folder.path} {what}. Give the folder that `seqloom train` wrote, as runs/NAME."
        )
    try:
        return read_config(folder.config)
    except ConfigError as error:
        raise DamagedModelError(f"{folder.config} was altered: {error}") from error


def train(
    config: Config | Path | str | Mapping[str, Any],
    run: Path | str,
    *,
    overrides: Sequence[str] = (),
    listeners: Sequence[Listener] = (),
) -> Model:
    """Train a run, or go on with it where it stopped, and give the best model.

    config     a configuration, the path of its TOML file, or a mapping of its sections
    run        the folder that holds everything of the run
    overrides  such as "model.width=256"
    listeners  called with every event of the training loop
    Raises     ConfigError, DataError, ResourceError; Interrupted after a signal, saved and ready to resume
    """
    settings = _as_config(config, overrides)
    require_training_data(settings)
    folder = RunFolder(Path(run), settings.training.keep_checkpoints)
    with folder.locked(), stop_on_signal() as stopped, progress("Training", total=1.0) as shown:
        settings = _claim(folder, settings)
        prepared = _prepare(folder, settings, shown)
        reason = _run(folder, settings, prepared, shown, stopped, listeners)
    if reason == "interrupted":
        raise Interrupted(f"Stopped and saved in {folder.path}; the same command goes on from here.")
    return load(folder.path, device=settings.training.device, threads=settings.training.threads)


def _as_config(config: Config | Path | str | Mapping[str, Any], overrides: Sequence[str]) -> Config:
    if isinstance(config, Config):
        if overrides:
            raise UsageError("Overrides go with a file or a mapping; a Config is complete already.")
        return config
    if isinstance(config, Mapping):
        return build_config(config, overrides)
    return read_config(config, overrides)


def _claim(folder: RunFolder, config: Config) -> Config:
    """Write a new run's configuration, or compare an old run's with what is asked now."""
    if folder.config.is_file():
        differences = _differences(resolved(read_run_config(folder)), resolved(config))
        if differences and checkpoint_folders(folder.path):
            raise ConfigError(
                f"{folder.path} was started with other settings: {'; '.join(differences)}. "
                "Use the same settings to resume it, or another run folder."
            )
        if differences:  # nothing was trained yet, so there is nothing to mix
            shutil.rmtree(folder.vocabulary, ignore_errors=True)
    atomic_write(folder.config, write_config(config))
    write_json(folder.resolved, resolved(config))
    return config


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """Settings that differ and may not: "model.width was 256, is 512"."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        name = f"{where}{key}"
        before, now = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            found += _differences(before, now, f"{name}.")
        elif before != now and not _may_change(name):
            found.append(f"{name} was {before!r}, is {now!r}")
    return found


def _may_change(name: str) -> bool:
    section, _, key = name.partition(".")
    return (
        section == "search"
        or name in ("data.test", "data.cache")
        or (section == "training" and key in MAY_CHANGE)
    )


def _prepare(folder: RunFolder, config: Config, shown: Progress) -> Prepared:
    if folder.vocabulary.is_dir():
        tokenizers = Tokenizers.load(folder.vocabulary)
    else:
        shown.say("Learning the vocabulary")
        tokenizers = train_tokenizers(config)
        temporary = folder.path / f".vocabulary.{os.getpid()}.tmp"
        tokenizers.save(make_folder(temporary))
        temporary.rename(folder.vocabulary)
    cache = Path(config.data.cache) if config.data.cache else folder.path.parent / ".corpora"
    prepared = prepare(config, tokenizers, cache, lambda pairs: shown.update(0.0, f"{pairs:,} pairs read"))
    for corpus in (prepared.train, prepared.valid):
        for notice in corpus.notices if corpus else ():
            shown.say(notice)
    shown.say(
        f"{len(prepared.train):,} training pairs, {len(prepared.valid or ()):,} for validation; "
        f"vocabulary {len(tokenizers.source):,}"
        + ("" if tokenizers.source is tokenizers.target else f" and {len(tokenizers.target):,}")
    )
    return prepared


def _run(
    folder: RunFolder,
    config: Config,
    prepared: Prepared,
    shown: Progress,
    stopped: Callable[[], bool],
    listeners: Sequence[Listener],
) -> str:
    """Train to the bound or to a signal; gives the reason for the end."""
    checkpoint, damaged = folder.newest()
    machine = prepare_machine(config.training, folder.environment().get("precision") if checkpoint else None)
    tokenizers = prepared.tokenizers
    torch.manual_seed(derive(config.seed, "parameters"))
    network = build_model(config.model, len(tokenizers.source), len(tokenizers.target))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    trainer = Trainer(
        network,
        CorpusBatches(prepared.train, tokenizers, config),
        config.training,
        seed=config.seed,
        machine=machine,
        validate=_validator(network, config, prepared, machine),
        keeper=folder,
        stop=stopped,
    )
    for sentence in damaged:
        shown.say(sentence)
    if checkpoint:
        trainer.resume(checkpoint)
        shown.say(f"Going on from update {trainer.state.update:,}")
    folder.forget_after(trainer.state.update)
    folder.write_environment(
        {
            "device": str(machine.device),
            "threads": machine.threads,
            "precision": machine.precision,
            "parameters": parameters,
        }
    )
    shown.say(
        f"{parameters:,} parameters on {machine.device}, {machine.threads} threads, {machine.precision}"
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
    write_report(folder.path)
    return reason


def _validator(network: Seq2Seq, config: Config, prepared: Prepared, machine: Machine) -> Any:
    if prepared.valid is None:
        return None
    batches = CorpusBatches(prepared.valid, prepared.tokenizers, config)
    options = search_options(config, beam=config.training.validation_beam, n_best=1)

    def translate(texts: Sequence[str]) -> list[str]:
        model = Model(network, prepared.tokenizers, config, machine)
        return [result.text for result in model.translate(texts, options)]

    return make_validator(
        network,
        config.training,
        machine,
        batches=lambda: batches.batches(0, 0),
        pairs=prepared.valid_pairs,
        translate=translate,
    )


def average(run: Path | str, last: int = 5) -> list[Path]:
    """Make the mean of a run's newest checkpoints its best model; gives the checkpoints used, newest first."""
    folder = RunFolder(Path(run))
    read_run_config(folder)
    with folder.locked():
        chosen = checkpoint_folders(folder.path)[:last]
        state = read_checkpoint(chosen[0]).state if chosen else {}
        weights = average_checkpoints(chosen)
        save_checkpoint(folder.path / "best", model=weights, state=state)
    return chosen


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Give a function that turns True once SIGTERM or Ctrl-C came; a second Ctrl-C stops at once."""
    came = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal.signal calls
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
