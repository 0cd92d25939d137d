"""Sound in, text out: a trained model that hears, with its own preprocessing."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from seqloom.audio.preprocessing import Frames, Preprocessing
from seqloom.audio.ready import READY_SUFFIX
from seqloom.audio.resampling import Samples, resample
from seqloom.audio.silence import quiet_cuts
from seqloom.audio.waveform import SUFFIXES, read_sound
from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.config.tasks import task_named
from seqloom.data.pairs import Pair
from seqloom.metrics.measure import measure
from seqloom.metrics.overlap import Score
from seqloom.models.speech import Fusion, SpeechModel
from seqloom.search.ctc import Span
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions
from seqloom.text.tokenizer import Tokenizer
from seqloom.training.machine import Machine
from seqloom.training.run_config import read_run_config
from seqloom.training.run_folder import RunFolder
from seqloom.training.searching import search_options
from seqloom.training.seeds import seed_runs
from seqloom.training.speech import best_speech_network, read_vocabulary
from seqloom.training.transcribing import Found, transcribe_frames


class TimedWord(NamedTuple):
    """A word and when it is said, in seconds from the beginning."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Transcript:
    """What was said in one recording.

    score          what it was ranked by; log_probability in nats; sums over the pieces of a long recording
    words          with their times, where they were asked for
    seconds        how long the recording is
    alternatives   the other outputs that were asked for, next best first; none for a recording in pieces
    notice         a sentence when the recording could not be used as it was, else empty
    """

    source: str
    text: str
    score: float
    log_probability: float
    words: tuple[TimedWord, ...]
    seconds: float
    alternatives: tuple["Transcript", ...]
    notice: str


@dataclass(frozen=True)
class Heard:
    """A recording as the model reads it.

    pieces   normalised frames (S, F), one of them unless the recording is longer than what was learnt from
    starts   where each begins, in seconds
    """

    source: str
    pieces: tuple[Frames, ...]
    starts: tuple[float, ...]
    seconds: float
    notice: str


class Transcriber:
    """A trained model with its own preprocessing: call it with a sound file.

    >>> model = seqloom.load("runs/digits")
    >>> model("seven.wav").text
    'seven'
    """

    def __init__(
        self,
        network: SpeechModel,
        tokenizer: Tokenizer,
        preprocessing: Preprocessing,
        config: Config,
        machine: Machine,
        fusion: Fusion | None = None,
    ) -> None:
        """fusion: a language model over the same vocabulary, and what it counts."""
        self.network = network.to(machine.device).eval()
        self.tokenizer = tokenizer
        self.preprocessing = preprocessing
        self.config = config
        self.machine = machine
        self.fusion = fusion

    def __call__(
        self, path: Path | str | Sequence[Path | str], *, beam: int | None = None, times: bool = False
    ) -> Any:
        """Transcribe one file to a Transcript, or several to a list of Transcripts in their order."""
        options = search_options(self.config.search, beam=beam)
        if isinstance(path, Path | str):
            return self.transcribe([path], options, times=times)[0]
        return self.transcribe(list(path), options, times=times)

    def transcribe(
        self, paths: Sequence[Path | str], options: SearchOptions | None = None, *, times: bool = False
    ) -> list[Transcript]:
        """One Transcript a file, in order. Raises DataError for the first file that can't be used."""
        return self.write([self.hear(Path(path)) for path in paths], options, times=times)

    def hear(self, path: Path) -> Heard:
        """Read a file. Raises DataError for one that can't be used, naming it."""
        if self.preprocessing.bank is None:
            frames, notices = self.preprocessing.read(path)
            longest = self.config.audio.max_frames
            pieces = [frames[start : start + longest] for start in range(0, len(frames), longest)]
            starts = [start * self.seconds_a_frame for start in range(0, len(frames), longest)]
            return self._heard(str(path), pieces, starts, len(frames) * self.seconds_a_frame, notices)
        if path.suffix.lower() == ".npy":
            self.preprocessing.read(path)  # refuses it
        sound = read_sound(path, self.preprocessing.bank.rate)
        return self._hear(str(path), sound.samples, sound.notices)

    def hear_samples(self, samples: Samples, rate: int, source: str) -> Heard:
        """Take samples (length,), -1 to 1, of one channel. Raises UsageError for a model of ready-made features."""
        if self.preprocessing.bank is None:
            raise UsageError("This model reads ready-made features (.npy), so it can't hear sound.")
        return self._hear(source, resample(samples, rate, self.preprocessing.bank.rate), ())

    def _hear(self, source: str, samples: Samples, notices: Sequence[str]) -> Heard:
        bank = self.preprocessing.bank
        if bank is None:
            raise ValueError("ready-made features are not heard.")
        cuts = [0, *quiet_cuts(samples, bank.rate, self.config.audio.max_seconds), len(samples)]
        pieces = [bank.frames(samples[one:other]) for one, other in itertools.pairwise(cuts)]
        starts = [cut / bank.rate for cut in cuts[:-1]]
        return self._heard(source, pieces, starts, len(samples) / bank.rate, notices)

    def _heard(
        self,
        source: str,
        pieces: Sequence[Frames],
        starts: Sequence[float],
        seconds: float,
        notices: Sequence[str],
    ) -> Heard:
        said = list(notices)
        if len(pieces) > 1:
            said.append(
                f"it lasts {seconds:.0f} seconds, and the model learnt from {self.config.audio.max_seconds:g} at most; "
                f"it was cut into {len(pieces)} pieces where it is quietest"
                if self.preprocessing.bank
                else f"it is longer than what the model learnt from; it was cut into {len(pieces)} pieces"
            )
        normalised = tuple(self.preprocessing.normalise(piece) for piece in pieces)
        return Heard(source, normalised, tuple(starts), seconds, "; ".join(said))

    def write(
        self, recordings: Sequence[Heard], options: SearchOptions | None = None, *, times: bool = False
    ) -> list[Transcript]:
        """One Transcript a recording, in order."""
        found = iter(
            transcribe_frames(
                self.network,
                self.config,
                [piece for heard in recordings for piece in heard.pieces],
                options or search_options(self.config.search),
                device=self.machine.device,
                fusion=self.fusion,
                times=times,
            )
        )
        return [self._transcript(heard, [next(found) for _ in heard.pieces]) for heard in recordings]

    @property
    def seconds_a_frame(self) -> float:
        """From frame to frame."""
        return self.preprocessing.seconds_a_frame

    def _transcript(self, heard: Heard, found: Sequence[Found]) -> Transcript:
        best = [each.hypotheses[0] for each in found]
        words = tuple(
            word
            for each, hypothesis, start in zip(found, best, heard.starts, strict=True)
            for word in self._words(hypothesis, each.spans, start, heard.seconds)
        )
        texts = (self.tokenizer.decode(hypothesis.tokens) for hypothesis in best)
        whole = Transcript(
            source=heard.source,
            text=" ".join(text for text in texts if text),
            score=sum(hypothesis.score for hypothesis in best),
            log_probability=sum(hypothesis.log_probability for hypothesis in best),
            words=words,
            seconds=heard.seconds,
            alternatives=(),
            notice=heard.notice,
        )
        if len(found) > 1:
            return whole
        others = tuple(
            replace(
                whole,
                text=self.tokenizer.decode(hypothesis.tokens),
                score=hypothesis.score,
                log_probability=hypothesis.log_probability,
                words=(),
            )
            for hypothesis in found[0].hypotheses[1:]
        )
        return replace(whole, alternatives=others)

    def _words(
        self, hypothesis: Hypothesis, spans: list[Span] | None, start: float, seconds: float
    ) -> list[TimedWord]:
        """The words that the symbols spell, from the first position of each to its last."""
        if spans is None:
            return []
        a_position = self.config.model.frames_a_position * self.seconds_a_frame
        words = []
        for text, first, stop in self.tokenizer.word_groups(hypothesis.tokens):
            own = spans[first:stop]
            if not text.strip():
                continue
            if len(own) > 1 and self._is_blank(hypothesis.tokens[first]):
                own = own[1:]  # the blank before the word
            begins, ends = (
                start + a_position * edge
                for edge in (min(one.start for one in own), max(one.stop for one in own))
            )
            words.append(TimedWord(text, round(begins, 3), round(min(ends, seconds), 3)))
        return words

    def _is_blank(self, symbol: int) -> bool:
        return not self.tokenizer.decode([symbol]).strip()

    def evaluate(
        self,
        pairs: Sequence[Pair],
        options: SearchOptions | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
        on_notice: Callable[[int, str], None] = lambda _row, _notice: None,
    ) -> tuple[list[Score], list[str]]:
        """Transcribe the recordings of a manifest and compare: scores with their signatures, and the texts.

        pairs        a recording's path and what is said in it
        on_progress  called with the recordings transcribed so far
        on_notice    called with the row and a sentence for a recording that could not be used as it was
        """
        outputs: list[str] = []
        size = 4 * self.config.search.batch_sentences
        for start in range(0, len(pairs), size):
            piece = [pair.source for pair in pairs[start : start + size]]
            for row, result in enumerate(self.transcribe(piece, options), start=start):
                outputs.append(result.text)
                if result.notice:
                    on_notice(row, result.notice)
            on_progress(len(outputs))
        references = [self.tokenizer.normalise(pair.target) for pair in pairs]
        return measure(task_named(self.config.task).metrics, outputs, references), outputs


def load_transcriber(
    folders: Sequence[RunFolder], configs: Sequence[Config], machine: Machine
) -> Transcriber:
    """The best model of a run, with the language model that its search names.

    Raises   DamagedModelError; UsageError for several runs, and for a language model that doesn't go with it
    """
    if len(folders) > 1:
        raise UsageError(
            f"{folders[0].path} and {folders[1].path} transcribe, and transcribers don't decide together. Name one run."
        )
    (folder,), (config,) = folders, configs
    tokenizer, preprocessing = read_vocabulary(folder)
    network = best_speech_network(folder, config, preprocessing, tokenizer)
    return with_language_model(Transcriber(network, tokenizer, preprocessing, config, machine))


def endings_read(run: Path) -> tuple[str, ...]:
    """How files end that a run's model reads: sound, or ready-made features. Raises DamagedModelError."""
    folder = (seed_runs(run) or [run])[0]
    _, preprocessing = read_vocabulary(RunFolder(folder))
    return (READY_SUFFIX,) if preprocessing.bank is None else SUFFIXES


def with_language_model(
    model: Transcriber, run: Path | None = None, weight: float | None = None
) -> Transcriber:
    """The transcriber with the language model of a run beside it; what isn't given is as its configuration says.

    Raises   UsageError for a run that holds no language model, or one over another vocabulary
    """
    from seqloom.pipeline.loading import load  # which reads this module

    search = model.config.search
    if run is None and search.language_model is None:
        if weight is not None:
            raise UsageError(
                "--language-model-weight needs --language-model RUN, or a search.language_model."
            )
        return model
    folder = Path(run or search.language_model or "")
    task = read_run_config(RunFolder(folder)).task
    if task_named(task).family != "language_model":
        raise UsageError(f'{folder} was trained for task = "{task}", so it holds no language model.')
    language: Any = load(folder, device=str(model.machine.device), threads=model.machine.threads)
    same_vocabulary(model.tokenizer, language.tokenizer, folder)
    fusion = Fusion(language.network, search.language_model_weight if weight is None else weight)
    return Transcriber(
        model.network, model.tokenizer, model.preprocessing, model.config, model.machine, fusion
    )


def same_vocabulary(tokenizer: Tokenizer, other: Tokenizer, run: Path) -> None:
    """Raise UsageError unless a language model's vocabulary is the transcriber's."""
    if tokenizer.fingerprint() != other.fingerprint():
        raise UsageError(
            f"The language model {run} has another vocabulary than the transcriber, so its probabilities are of other "
            "symbols. Train one of the two with text.vocabulary = the other's run."
        )
