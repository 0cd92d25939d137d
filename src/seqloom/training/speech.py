"""Speech: from manifests of recordings to a network that hears, its batches, its objective and its validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seqloom.audio.augment import Masks
from seqloom.audio.log_mel import FilterBank
from seqloom.audio.preprocessing import Preprocessing
from seqloom.audio.ready import READY_SUFFIX, read_ready
from seqloom.base.errors import ConfigError, DataError, Interrupted
from seqloom.base.files import atomic_folder
from seqloom.base.progress import Progress
from seqloom.config.audio import AudioConfig
from seqloom.config.schema import Config
from seqloom.config.tasks import task_named
from seqloom.data.manifest import read_manifest
from seqloom.data.pairs import Pair
from seqloom.data.sound_batches import SoundBatches
from seqloom.data.sound_corpus import SoundCorpus, SoundSettings, prepare_sound_corpus
from seqloom.models.build import build_speech_model
from seqloom.models.speech import SpeechModel
from seqloom.text.tokenizer import Tokenizer, load_tokenizer, train_tokenizer
from seqloom.training.checkpoint import checkpoint_folders, load_weights
from seqloom.training.ctc_objective import SpeechObjective
from seqloom.training.machine import Machine
from seqloom.training.objective import Objective
from seqloom.training.run_config import FREE_OF_TEXT, changed_settings, read_run_config, require_runs
from seqloom.training.run_folder import RunFolder
from seqloom.training.searching import search_options
from seqloom.training.transcribing import transcribe_frames
from seqloom.training.validation import Validation, make_validator
from seqloom.training.vocabularies import (
    TARGET,
    VOCABULARY_SEED,
    origin_of,
    pair_files,
    require_files,
    taken_tokenizer,
)

PREPROCESSING = "preprocessing.json"
OF_SOUND = ("sampling_rate", "mel_bands", "frame_ms", "lowest_frequency", "highest_frequency")
"""Options of the section audio that ready-made features make of no use."""
FREE_OF_START = set(AudioConfig.model_fields) - {*OF_SOUND, "shift_ms", "normalisation"}
"""Those that may differ from the run that another one starts from."""


@dataclass(frozen=True)
class PreparedSpeech:
    """Everything a run reads. `valid` is None, and `valid_pairs` empty, without validation data."""

    config: Config
    tokenizer: Tokenizer
    preprocessing: Preprocessing
    train: SoundCorpus
    valid: SoundCorpus | None
    valid_pairs: list[Pair]

    @property
    def corpus(self) -> str:
        """A name for the training recordings and how they were read."""
        return self.train.key

    def network(self) -> SpeechModel:
        """A model with fresh parameters."""
        return build_speech_model(self.config.model, self.preprocessing.features, len(self.tokenizer))

    def batches(self) -> SoundBatches:
        """Those of training, varied."""
        audio = self.config.audio
        masks = Masks(
            audio.time_masks,
            audio.time_mask_frames,
            audio.time_mask_share,
            audio.frequency_masks,
            audio.frequency_mask_bands,
        )
        return self._batches(self.train, masks)

    def _batches(self, corpus: SoundCorpus, masks: Masks | None = None) -> SoundBatches:
        training = self.config.training
        return SoundBatches(
            corpus,
            self.preprocessing,
            self.config.seed,
            training.batch_tokens,
            training.max_sentences,
            masks,
        )

    def objective(self, machine: Machine) -> SpeechObjective:  # noqa: ARG002 - nothing else runs on it
        """What is minimised."""
        training = self.config.training
        decoder = Objective(
            training.label_smoothing,
            own_share_at_end=training.scheduled_sampling,
            coverage=training.coverage_loss,
            r_drop=training.r_drop,
        )
        return SpeechObjective(decoder, self.config.model.ctc_weight)

    def validator(
        self, network: SpeechModel, machine: Machine, stopped: Callable[[], bool]
    ) -> Callable[[], Validation | None] | None:
        """Loss, error rates of transcriptions and samples; None without validation data."""
        if self.valid is None:
            return None
        config, batches = self.config, self._batches(self.valid)
        options = search_options(config.search, beam=config.training.validation_beam, n_best=1)

        def transcribe(paths: Sequence[str]) -> list[str]:
            longest = config.audio.max_frames  # as in training, whose corpus says what is longer
            read = (self.preprocessing.read(Path(path)).frames[:longest] for path in paths)
            heard = [self.preprocessing.normalise(frames) for frames in read]
            found = transcribe_frames(network, config, heard, options, device=machine.device)
            return [self.tokenizer.decode(each.hypotheses[0].tokens) for each in found]

        return make_validator(
            network,
            config.training,
            machine,
            SpeechObjective(Objective(), config.model.ctc_weight),
            batches=lambda: batches.batches(0, 0),
            pairs=self.valid_pairs,
            translate=transcribe,
            metrics=task_named(config.task).metrics,
            stopped=stopped,
        )


def prepare_speech(
    folder: RunFolder, config: Config, shown: Progress, stopped: Callable[[], bool] = lambda: False
) -> PreparedSpeech:
    """The run's vocabulary, its preprocessing and its corpora, prepared or opened again.

    Vocabulary and preprocessing are read back where there is a checkpoint to go on from.
    Raises   Interrupted once `stopped` says so; DataError; ConfigError
    """
    kept = bool(checkpoint_folders(folder.path))
    if kept:
        tokenizer, preprocessing = read_vocabulary(folder)
    else:
        require_files(config)
        require_runs(config)
        shown.say(origin_of(config))
        tokenizer, preprocessing = _first_vocabulary(config)
    cache = Path(config.data.cache) if config.data.cache else folder.path.parent / ".corpora"

    def on_progress(recordings: int) -> None:
        shown.update(0.0, f"{recordings:,} recordings read")
        if stopped():
            raise Interrupted("Stopped while preparing the data; the same command begins again.")

    def corpus(part: str, speeds: tuple[float, ...]) -> SoundCorpus:
        settings = SoundSettings(
            preprocessing,
            speeds,
            config.data.max_length,
            config.audio.max_frames,
            config.model.frames_a_position if config.model.ctc_weight else 0,
            config.audio.storage,
        )
        prepared = prepare_sound_corpus(pair_files(config, part), tokenizer, settings, cache, on_progress)
        for notice in prepared.notices:
            shown.say(notice)
        return prepared

    train = corpus("train", config.audio.speeds)
    valid = corpus("valid", (1.0,)) if config.data.valid else None
    if not kept:
        if not config.training.start_from:
            preprocessing = preprocessing.with_statistics(train.statistics)
        with atomic_folder(folder.vocabulary) as temporary:
            tokenizer.save(temporary / TARGET)
            preprocessing.save(temporary / PREPROCESSING)
    pairs: list[Pair] = []
    if valid is not None:
        limit = config.training.validation_sentences or None
        pairs = list(islice(read_manifest(pair_files(config, "valid")), limit))
    shown.say(
        f"{len(train):,} recordings to learn from, {train.seconds / 3600:.2f} hours, {len(valid or ()):,} for "
        f"validation; {preprocessing.features} features, vocabulary {len(tokenizer):,}"
    )
    return PreparedSpeech(config, tokenizer, preprocessing, train, valid, pairs)


def read_vocabulary(folder: RunFolder) -> tuple[Tokenizer, Preprocessing]:
    """What turns a run's recordings into frames and its ids into text. Raises DamagedModelError."""
    return load_tokenizer(folder.vocabulary / TARGET), Preprocessing.load(folder.vocabulary / PREPROCESSING)


def _first_vocabulary(config: Config) -> tuple[Tokenizer, Preprocessing]:
    """Those of the run that this one starts from, or new ones. Raises ConfigError for other settings than it had."""
    if config.training.start_from is None:
        return _learn_tokenizer(config), _preprocessing(config)
    start = RunFolder(Path(config.training.start_from))
    before = read_run_config(start)
    changed: list[str] = []
    for section, free in (("text", FREE_OF_TEXT), ("audio", FREE_OF_START)):
        one, other = (getattr(asked, section).model_dump(exclude=free) for asked in (before, config))
        changed += changed_settings(one, other, f"{section}.")
    if changed or before.task != config.task:
        raise ConfigError(
            f"{start.path}, which training.start_from names, reads and writes otherwise: "
            f"{'; '.join(changed) or 'its task is ' + before.task}. A run begins with the vocabulary and the frames of "
            "the one that it starts from; give the same settings under [text] and [audio]."
        )
    return read_vocabulary(start)


def _learn_tokenizer(config: Config) -> Tokenizer:
    """From the texts of the training manifest; or that of the run which text.vocabulary names."""
    files, text = pair_files(config, "train"), config.text
    if not any(pair.target.strip() for pair in read_manifest(files)):
        raise DataError(f"{files.paths[0]}: no recording with a text. Give a manifest that isn't empty.")
    taken = taken_tokenizer(config)
    if taken is not None:
        return taken
    return train_tokenizer(
        (pair.target for pair in read_manifest(files)),
        kind=text.tokenizer,
        size=text.vocabulary_size,
        form=text.normalisation,
        lowercase=text.lowercase,
        seed=VOCABULARY_SEED,
    )


def _preprocessing(config: Config) -> Preprocessing:
    """As the configuration and the first recording of the training manifest say: sound, or ready-made features."""
    files, audio = pair_files(config, "train"), config.audio
    first = next(iter(read_manifest(files)))
    if not first.source.lower().endswith(READY_SUFFIX):
        bank = FilterBank(
            audio.sampling_rate,
            audio.mel_bands,
            audio.frame_ms,
            audio.shift_ms,
            audio.lowest_frequency,
            audio.highest_frequency,
        )
        return Preprocessing(bank, audio.mel_bands, audio.shift_ms, audio.normalisation)
    for name in OF_SOUND:
        value = getattr(audio, name)
        if value != AudioConfig.model_fields[name].default:
            raise ConfigError(
                f"audio.{name} = {value} would be ignored: {files.paths[0]} names ready-made features "
                f"({READY_SUFFIX}), not sound. Leave it out."
            )
    features = read_ready(Path(first.source)).frames.shape[1]
    return Preprocessing(None, features, audio.shift_ms, audio.normalisation)


def best_speech_network(
    folder: RunFolder, config: Config, preprocessing: Preprocessing, tokenizer: Tokenizer
) -> SpeechModel:
    """A run's network with its best weights, to be trained no more. Raises DamagedModelError."""
    network = build_speech_model(config.model, preprocessing.features, len(tokenizer))
    checkpoint = folder.best()
    load_weights(network, checkpoint.model, checkpoint.path)
    network.lay_out_for_search()
    return network
