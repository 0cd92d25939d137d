"""Recordings of made-up words, notes of a pitch each, and projects that learn them; shared by the tests of speech."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 4_000
PITCHES = {"la": 300.0, "mi": 600.0, "so": 1200.0}
CONFIG = """\
preset = "transcription-lstm"

[data]
train = "train.tsv"
valid = "valid.tsv"

[audio]
sampling_rate = 4000
mel_bands = 12
time_masks = 1
frequency_masks = 1
frequency_mask_bands = 2
speeds = [0.9, 1.0]

[text]
tokenizer = "word"

[model]
width = 8

[model.front_end]
convolutions = 1
channels = 2

[model.encoder]
layers = 1
hidden = 6

[model.decoder]
hidden = 6

[training]
max_updates = 8
batch_tokens = 200
validate_every = 4
checkpoint_every = 3
warmup_updates = 1
log_every = 2
precision = "float32"
device = "cpu"
threads = 1
"""


def tone(words: Sequence[str], seconds: float = 0.12, rate: int = RATE) -> NDArray[np.float32]:
    """Each word's note, a pause before and after it."""
    pause = np.zeros(int(0.05 * rate), np.float32)
    time = np.arange(int(seconds * rate)) / rate
    pieces = [pause]
    for word in words:
        pieces += [np.float32(0.4) * np.sin(2 * np.pi * PITCHES[word] * time).astype(np.float32), pause]
    return np.concatenate(pieces)


def write_recordings(folder: Path, part: str, count: int, *, rate: int = RATE) -> Path:
    """Recordings of one or two words and their manifest; gives its path."""
    (folder / part).mkdir(parents=True, exist_ok=True)
    words = list(PITCHES)
    lines = []
    for number in range(count):
        said = [words[number % 3], words[(number // 3) % 3]][: 1 + number % 2]
        name = f"{part}/{number}.wav"
        soundfile.write(folder / name, tone(said, 0.1 + 0.01 * (number % 4), rate), rate)
        lines.append(f"{name}\t{' '.join(said)}\n")
    manifest = folder / f"{part}.tsv"
    manifest.write_text("".join(lines), encoding="utf-8")
    return manifest


def write_speech_project(folder: Path) -> Path:
    """24 recordings, 4 for validation; gives the configuration's path."""
    write_recordings(folder, "train", 24)
    write_recordings(folder, "valid", 4)
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    return folder / "config.toml"
