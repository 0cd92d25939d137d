"""A run of speech from its files: resumed it is bit-equal, what can't be learnt from is refused in a sentence."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import seqloom
from seqloom.base.errors import ConfigError, DataError, Interrupted
from seqloom.training import run as training_run
from sounds import CONFIG, write_recordings, write_speech_project

pytestmark = pytest.mark.usefixtures("machine_as_before")


def weights(run: Path, update: int) -> dict[str, np.ndarray]:
    return load_file(run / "checkpoints" / f"step-{update}" / "model.safetensors")


def test_a_resumed_run_ends_with_the_same_bits(
    speech_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = speech_run.parent.parent / "project" / "config.toml"
    overrides = [f"data.cache={speech_run.parent.parent / 'corpora'}"]
    asked = iter([False] * 4 + [True] * 100)
    real = training_run.train_run

    def stopping(folder, settings, prepared, shown, stopped, listeners):  # noqa: ARG001
        return real(folder, settings, prepared, shown, lambda: next(asked), listeners)

    monkeypatch.setattr("seqloom.pipeline.training.train_run", stopping)
    with pytest.raises(Interrupted):
        seqloom.train(config, tmp_path / "run", overrides=overrides)
    monkeypatch.undo()
    seqloom.train(config, tmp_path / "run", overrides=overrides)
    one, other = weights(speech_run, 8), weights(tmp_path / "run", 8)
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_what_a_run_leaves_behind(speech_run: Path) -> None:
    names = sorted(path.name for path in (speech_run / "vocabulary").iterdir())
    assert names == ["preprocessing.json", "target"]
    kept = json.loads((speech_run / "vocabulary" / "preprocessing.json").read_text())
    assert kept["bank"]["rate"] == 4000
    assert len(kept["statistics"]["mean"]) == 12
    rows = [json.loads(line) for line in (speech_run / "metrics.jsonl").read_text().splitlines()]
    validations = [row for row in rows if row["event"] == "validation"]
    assert [row["update"] for row in validations] == [4, 8]
    assert all({"wer", "cer", "loss"} <= row.keys() for row in validations)
    best = [row["wer"] for row in validations if row["best"]]
    assert best == sorted(best, reverse=True)
    assert "Best WER" in (speech_run / "report.html").read_text()


def train(folder: Path, *overrides: str, **files: Any) -> Any:
    return seqloom.train(
        folder / "config.toml", folder / "run", overrides=[*overrides, "training.max_updates=2"], **files
    )


def test_ready_features_are_learnt_from_as_sound_is(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    lines = []
    for number in range(8):
        np.save(tmp_path / f"{number}.npy", generator.normal(number % 2, 1, (20 + number, 7)))
        lines.append(f"{number}.npy\t{'la mi'.split()[number % 2]}\n")
    for part in ("train", "valid"):
        (tmp_path / f"{part}.tsv").write_text("".join(lines))
    config = CONFIG.replace("sampling_rate = 4000\nmel_bands = 12\n", "")
    (tmp_path / "config.toml").write_text(config)
    model = train(tmp_path)
    assert model.preprocessing.bank is None
    assert model.preprocessing.features == 7
    result = model(tmp_path / "3.npy", times=True)
    assert result.seconds == pytest.approx(0.23)
    np.save(tmp_path / "other.npy", np.zeros((4, 3)))
    with pytest.raises(DataError, match=r"other\.npy has 3 features a frame; expected 7\.$"):
        model(tmp_path / "other.npy")
    (tmp_path / "config.toml").write_text(CONFIG)
    with pytest.raises(
        ConfigError,
        match=r"^audio\.sampling_rate = 4000 would be ignored: .*train\.tsv names ready-made features",
    ):
        seqloom.train(tmp_path / "config.toml", tmp_path / "other", overrides=["training.max_updates=2"])


def test_a_pyramid_and_ctc_alone_train_too(tmp_path: Path) -> None:
    config = write_speech_project(tmp_path)
    las = [
        "preset=transcription-las", "model.ctc_weight=0", "model.encoder.layers=2", "model.encoder.pyramid=1",
        "training.max_updates=2",
    ]  # fmt: skip
    model = seqloom.train(config, tmp_path / "las", overrides=las)
    found = model(tmp_path / "valid" / "0.wav", times=True)
    assert all(0 <= word.start < word.end <= found.seconds + 1e-6 for word in found.words)
    text = CONFIG.replace("transcription-lstm", "transcription-ctc").replace(
        "[model.decoder]\nhidden = 6\n", ""
    )
    config.write_text(text)
    model = seqloom.train(config, tmp_path / "ctc", overrides=["training.max_updates=2"])
    assert not hasattr(model.network, "decoder")
    one, best = model(tmp_path / "valid" / "0.wav", beam=1), model(tmp_path / "valid" / "0.wav", beam=4)
    assert best.log_probability >= one.log_probability - 1e-5


def test_going_on_from_another_run_takes_its_vocabulary_and_frames(speech_run: Path, tmp_path: Path) -> None:
    config = write_speech_project(tmp_path)
    start = f"training.start_from={speech_run}"
    model = seqloom.train(config, tmp_path / "run", overrides=[start, "training.max_updates=2"])
    first = seqloom.load(speech_run)
    assert model.preprocessing == first.preprocessing
    assert model.tokenizer.fingerprint() == first.tokenizer.fingerprint()
    with pytest.raises(
        ConfigError, match=r"audio\.mel_bands was 12, is 13\. A run begins with the vocabulary"
    ):
        seqloom.train(
            config, tmp_path / "other", overrides=[start, "audio.mel_bands=13", "training.max_updates=2"]
        )


def test_changed_recordings_are_noticed(tmp_path: Path) -> None:
    config = write_speech_project(tmp_path)
    seqloom.train(config, tmp_path / "run", overrides=["training.max_updates=2"])
    write_recordings(tmp_path, "train", 23)
    with pytest.raises(DataError, match=r"The training data is not what .*run began with"):
        seqloom.train(config, tmp_path / "run", overrides=["training.max_updates=4"])


def test_a_manifest_without_texts_or_files_is_refused(tmp_path: Path) -> None:
    config = write_speech_project(tmp_path)
    (tmp_path / "train.tsv").write_text("train/0.wav\t\n")
    with pytest.raises(DataError, match=r"train\.tsv: no recording with a text\."):
        seqloom.train(config, tmp_path / "run")
    (tmp_path / "train.tsv").write_text("train/nothing.wav\tla\n")
    with pytest.raises(DataError, match=r"train\.tsv:1: there is no recording .*nothing\.wav"):
        seqloom.train(config, tmp_path / "run")
    shutil.rmtree(tmp_path / "run")


def test_a_damaged_vocabulary_is_told(speech_run: Path, tmp_path: Path) -> None:
    from seqloom.base.errors import DamagedModelError

    copy = tmp_path / "copy"
    shutil.copytree(speech_run, copy)
    (copy / "vocabulary" / "preprocessing.json").write_text("{}")
    with pytest.raises(DamagedModelError, match=r"preprocessing\.json is not what seqloom wrote"):
        seqloom.load(copy)
