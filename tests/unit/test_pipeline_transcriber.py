"""Sound in, text out: a file, many, long ones, with times and with a language model beside."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import seqloom
from seqloom.audio.preprocessing import Preprocessing
from seqloom.audio.waveform import SUFFIXES
from seqloom.base.errors import DataError, UsageError
from seqloom.data.pairs import Pair
from seqloom.models.speech import Fusion
from seqloom.models.state import Step
from seqloom.pipeline import Transcriber, load_as
from seqloom.pipeline.text_model import Model
from seqloom.pipeline.transcriber import endings_read, same_vocabulary, with_language_model
from seqloom.search.options import SearchOptions
from seqloom.text.tokenizer import train_tokenizer
from sounds import RATE, tone, write_speech_project
from tiny import TinyRun

pytestmark = pytest.mark.usefixtures("machine_as_before")


@pytest.fixture(scope="session")
def model(speech_run: Path) -> Transcriber:
    return seqloom.load(speech_run, device="cpu", threads=1)


def test_what_a_model_reads_ends_so(speech_run: Path, tmp_path: Path) -> None:
    assert endings_read(speech_run) == SUFFIXES
    shutil.copytree(speech_run, tmp_path / "ready")
    kept = tmp_path / "ready" / "vocabulary" / "preprocessing.json"
    replace(Preprocessing.load(kept), bank=None).save(kept)
    assert endings_read(tmp_path / "ready") == (".npy",)


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    paths = []
    for number, words in enumerate((["la"], ["mi", "so", "la"], ["so", "so"])):
        paths.append(tmp_path / f"{number}.wav")
        soundfile.write(paths[-1], tone(words), RATE)
    return paths


def test_each_file_gets_what_it_gets_alone(model: Transcriber, recordings: list[Path]) -> None:
    together = model(recordings)
    assert [result.source for result in together] == list(map(str, recordings))
    for path, result in zip(recordings, together, strict=True):
        alone = model(path)
        assert (alone.text, alone.notice) == (result.text, "")
        assert alone.log_probability == pytest.approx(result.log_probability, abs=1e-4)
        assert result.seconds == pytest.approx(soundfile.info(path).duration)
    assert model([]) == []


def test_alternatives_come_best_first(model: Transcriber, recordings: list[Path]) -> None:
    (result,) = model.transcribe(recordings[:1], SearchOptions(beam=4, n_best=3))
    scores = [result.score, *(other.score for other in result.alternatives)]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("ctc", [True, False])
def test_words_have_times_in_order_within_the_recording(
    speech_run: Path, recordings: list[Path], ctc: bool
) -> None:
    model = seqloom.load(speech_run, device="cpu", threads=1)
    if not ctc:  # attention says when
        model.network.ctc = None
        search = model.config.search.model_copy(update={"ctc_weight": 0.0})
        model.config = model.config.model_copy(update={"search": search})
    options = SearchOptions(beam=1, min_length=2, max_length=4)
    for result in model.transcribe(recordings, options, times=True):
        assert len(result.words) >= 2
        assert " ".join(word.text for word in result.words) == result.text
        assert all(0 <= word.start < word.end <= result.seconds + 1e-9 for word in result.words)
        if ctc:
            starts = [word.start for word in result.words]
            assert starts == sorted(starts)


def test_a_long_recording_is_cut_where_it_is_quiet_with_a_notice(model: Transcriber, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", tone(["la", "mi", "so"] * 4), RATE)
    audio = model.config.audio.model_copy(update={"max_seconds": 1.0})
    short = Transcriber(
        model.network,
        model.tokenizer,
        model.preprocessing,
        model.config.model_copy(update={"audio": audio}),
        model.machine,
    )
    result = short(tmp_path / "long.wav", times=True)
    assert result.notice == (
        "it lasts 2 seconds, and the model learnt from 1 at most; it was cut into 4 pieces where it is quietest"
    )
    heard = short.hear(tmp_path / "long.wav")
    assert len(heard.pieces) == 4
    assert heard.starts[0] == 0.0
    assert sum(map(len, heard.pieces)) == pytest.approx(100 * heard.seconds, abs=4)


def test_what_was_put_right_is_in_the_notice(model: Transcriber, tmp_path: Path) -> None:
    both = np.stack([tone(["la"], rate=8000)] * 2, axis=1)
    soundfile.write(tmp_path / "a.wav", both, 8000)
    assert model(tmp_path / "a.wav").notice == (
        "its 2 channels were mixed into one; it was resampled from 8,000 to 4,000 samples a second"
    )


def test_samples_are_heard_as_files_are(model: Transcriber, recordings: list[Path]) -> None:
    samples, rate = soundfile.read(recordings[1], dtype="float32")
    heard, named = model.hear_samples(samples, rate, "microphone"), model.hear(recordings[1])
    assert np.array_equal(heard.pieces[0], named.pieces[0])
    assert heard.source == "microphone"


def test_evaluation_compares_and_tells_of_notices(model: Transcriber, recordings: list[Path]) -> None:
    pairs = [Pair(str(path), "la") for path in recordings]
    scores, outputs = model.evaluate(pairs)
    assert [score.name for score in scores] == ["wer", "cer"]
    assert outputs == [result.text for result in model(recordings)]
    with pytest.raises(DataError, match="does not exist"):
        model.evaluate([Pair("nothing.wav", "la")])


# A language model beside


class AlwaysSays:
    """A language model that is certain of one symbol, then of the end; a state is how much was written."""

    def __init__(self, symbol: int, symbols: int) -> None:
        self.symbol, self.symbols = symbol, symbols

    def start(self, rows: int) -> Any:
        return Written(torch.zeros(rows, dtype=torch.int64))

    def step(self, tokens: torch.Tensor, state: Any, *, alignment: bool = False) -> Step:  # noqa: ARG002
        scores = torch.full((len(tokens), self.symbols), -50.0)
        scores[:, self.symbol] = torch.where(state.count == 0, 0.0, -50.0)
        scores[:, 3] = torch.where(state.count == 0, -50.0, 0.0)
        return Step(scores, None, Written(state.count + 1))


class Written:
    def __init__(self, count: torch.Tensor) -> None:
        self.count = count

    def reorder(self, rows: torch.Tensor) -> "Written":
        return Written(self.count[rows])


@pytest.mark.parametrize("beam", [1, 4])
def test_a_language_model_s_opinion_counts(model: Transcriber, recordings: list[Path], beam: int) -> None:
    for word in ("la", "mi", "so"):
        (symbol,) = model.tokenizer.encode(word)
        fusion = Fusion(AlwaysSays(symbol, len(model.tokenizer)), 5.0)
        fused = Transcriber(
            model.network, model.tokenizer, model.preprocessing, model.config, model.machine, fusion
        )
        assert [result.text for result in fused(recordings, beam=beam)] == [word] * 3


def test_a_run_of_a_language_model_may_stand_beside(
    model: Transcriber, speech_run: Path, recordings: list[Path], tmp_path: Path
) -> None:
    manifest = (speech_run.parent.parent / "project" / "train.tsv").read_text()
    said = [line.split("\t")[1] for line in manifest.splitlines()]
    settings = language_settings(tmp_path, [*said * 10], tokenizer="word")
    seqloom.train(settings, tmp_path / "words")
    plain, fused = model(recordings), with_language_model(model, tmp_path / "words", 2.0)(recordings)
    assert fused[0].log_probability < plain[0].log_probability  # a sum, to which another model adds its own
    assert [result.text for result in with_language_model(model, tmp_path / "words", 0.0)(recordings)] == [
        result.text for result in plain
    ]


def language_settings(folder: Path, lines: list[str], **text: str) -> dict[str, Any]:
    """Those of a tiny language model of these lines."""
    (folder / "text.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return {
        "preset": "generation-lstm",
        "data": {"train": str(folder / "text.txt"), "held_out": 0.1},
        "text": text,
        "model": {"width": 8, "decoder": {"hidden": 8, "layers": 1}},
        "training": {
            "max_updates": 3,
            "batch_tokens": 64,
            "chunk": 8,
            "device": "cpu",
            "precision": "float32",
            "threads": 1,
        },
    }


def test_a_language_model_of_other_text_takes_the_transcriber_s_vocabulary(
    model: Transcriber, speech_run: Path, recordings: list[Path], tmp_path: Path
) -> None:
    lines = ["so la and others", "la", "mi so other words"] * 20
    own = language_settings(tmp_path, lines, tokenizer="word")
    seqloom.train(own, tmp_path / "own")
    with pytest.raises(UsageError, match=r"Train one of the two with text\.vocabulary = the other's run\.$"):
        with_language_model(model, tmp_path / "own", 0.5)
    before = tmp_path / "before"
    shutil.copytree(speech_run, before)
    settings = language_settings(tmp_path, lines, vocabulary=str(before))
    taken = seqloom.train(settings, tmp_path / "taken")
    assert taken.config.text.tokenizer == "word"
    shutil.rmtree(before)  # it is kept in the run, as a learnt one is
    fused = with_language_model(model, tmp_path / "taken", 0.5)
    alone = with_language_model(model, tmp_path / "taken", 0.0)
    assert fused(recordings)[0].log_probability < alone(recordings)[0].log_probability
    settings["training"]["max_updates"] = 5
    further = seqloom.train(settings, tmp_path / "taken")
    assert further.config.text.tokenizer == "word"
    assert further.tokenizer.fingerprint() == model.tokenizer.fingerprint()


def test_a_transcriber_takes_a_language_model_s_vocabulary(recordings: list[Path], tmp_path: Path) -> None:
    lines = ["so la mi words", "la words", "mi so"] * 20
    language = seqloom.train(language_settings(tmp_path, lines, tokenizer="character"), tmp_path / "language")
    project = write_speech_project(tmp_path / "project")
    project.write_text(
        project.read_text().replace('tokenizer = "word"', f'vocabulary = "{tmp_path}/language"')
    )
    model = seqloom.train(project, tmp_path / "speech", overrides=["training.max_updates=2"])
    assert model.config.text.tokenizer == "character"
    assert model.tokenizer.fingerprint() == language.tokenizer.fingerprint()
    assert len(with_language_model(model, tmp_path / "language", 0.5)(recordings)) == 3


def test_a_language_model_must_be_one_and_know_the_same_symbols(
    model: Transcriber, speech_run: Path, tiny_run: TinyRun
) -> None:
    assert with_language_model(model) is model
    with pytest.raises(UsageError, match=r'task = "translation", so it holds no language model\.$'):
        with_language_model(model, tiny_run.path)
    with pytest.raises(UsageError, match=r"--language-model-weight needs --language-model RUN"):
        with_language_model(model, None, 0.5)
    other = train_tokenizer(["something else"], kind="word", size=20)
    same_vocabulary(model.tokenizer, model.tokenizer, speech_run)
    with pytest.raises(UsageError, match=r"tones has another vocabulary than the transcriber"):
        same_vocabulary(model.tokenizer, other, speech_run)


# Kinds of models


def test_each_verb_takes_its_own_kind(speech_run: Path, tiny_run: TinyRun) -> None:
    with pytest.raises(
        UsageError, match=r"`seqloom translate` is not for\. Use it with: seqloom transcribe "
    ):
        load_as(Model, [speech_run], "translate")
    with pytest.raises(
        UsageError, match=r"`seqloom transcribe` is not for\. Use it with: seqloom translate "
    ):
        load_as(Transcriber, tiny_run.path, "transcribe")
    with pytest.raises(UsageError, match="transcribers don't decide together"):
        seqloom.load([speech_run, speech_run])
