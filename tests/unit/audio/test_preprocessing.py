"""From a file to frames, normalised; what a run keeps of it reads back the same."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqloom.audio.log_mel import FilterBank
from seqloom.audio.preprocessing import Preprocessing, RunningStatistics, Statistics
from seqloom.base.errors import DamagedModelError, DataError
from sounds import RATE, tone

SOUND = Preprocessing(FilterBank(RATE, 12), 12, 10.0, "utterance")
READY = Preprocessing(None, 2, 10.0, "corpus", Statistics((1.0, 2.0), (0.5, 0.0)))


def test_an_utterance_is_brought_to_mean_0_and_variance_1(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(["la"]), RATE)
    frames = SOUND.normalise(SOUND.read(tmp_path / "a.wav").frames)
    assert np.abs(frames.mean(axis=0)).max() < 1e-5
    assert np.abs(frames.std(axis=0) - 1).max() < 1e-3


def test_a_corpus_is_by_its_own_statistics() -> None:
    frames = np.array([[1.5, 2.0], [0.0, 2.001]], np.float32)
    assert np.allclose(READY.normalise(frames), [[1.0, 0.0], [-2.0, 1.0]], atol=1e-3)
    plain = Preprocessing(None, 2, 10.0, "none")
    assert plain.normalise(frames) is frames
    assert plain.with_statistics(READY.statistics).statistics is None


def test_running_statistics_are_those_of_all_frames() -> None:
    frames = np.random.default_rng(0).normal(3, 2, (50, 4)).astype(np.float32)
    running = RunningStatistics(4)
    running.add(frames[:20])
    running.add(frames[20:])
    found = running.result()
    assert np.allclose(found.mean, frames.mean(axis=0), atol=1e-5)
    assert np.allclose(found.deviation, frames.std(axis=0), atol=1e-5)


def test_the_speeds_of_a_sound_and_of_ready_features(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(["la"]), RATE)
    played, _ = SOUND.read_at_speeds(tmp_path / "a.wav", (0.5, 1.0, 2.0))
    assert np.array_equal(played[1], SOUND.read(tmp_path / "a.wav").frames)
    assert [round(len(frames) / len(played[1]), 1) for frames in played] == [2.0, 1.0, 0.5]
    np.save(tmp_path / "a.npy", np.arange(20.0).reshape(10, 2))
    played, _ = READY.read_at_speeds(tmp_path / "a.npy", (0.5, 1.0))
    assert [len(frames) for frames in played] == [20, 10]


def test_sound_and_ready_features_are_not_taken_for_each_other(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(["la"]), RATE)
    np.save(tmp_path / "a.npy", np.zeros((3, 5)))
    with pytest.raises(DataError, match=r"a\.npy holds ready-made features, but the model hears sound"):
        SOUND.read(tmp_path / "a.npy")
    with pytest.raises(
        DataError, match=r"a\.wav is no \.npy file, but the model reads ready-made features \(2"
    ):
        READY.read(tmp_path / "a.wav")
    with pytest.raises(DataError, match=r"a\.npy has 5 features a frame; expected 2\.$"):
        READY.read(tmp_path / "a.npy")


@pytest.mark.parametrize("made", [SOUND, READY])
def test_saved_and_loaded_it_is_the_same(tmp_path: Path, made: Preprocessing) -> None:
    made.save(tmp_path / "preprocessing.json")
    assert Preprocessing.load(tmp_path / "preprocessing.json") == made


@pytest.mark.parametrize(
    "change",
    [
        {"format": 9},
        {"normalisation": "loud"},
        {"features": 3},
        {"statistics": None},
        {"other": 1},
        {"bank": {"x": 1}},
    ],
)
def test_an_altered_file_is_damaged(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "preprocessing.json"
    READY.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DamagedModelError, match=r"preprocessing\.json is not what seqloom wrote"):
        Preprocessing.load(path)
