"""Speech recognition without speech: notes as words, made here, learnt and transcribed in under a minute.

    python examples/transcription/tones.py                everything into runs/tones
    python examples/transcription/tones.py --folder DIR   somewhere else

It writes recordings in which one to three notes are played, in noise, each with its own loudness and length; trains
a small transcriber on them by the commands that a person would type; and ends with an error if that didn't learn.
"""

import json
import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import answer_of, asked_for, bounds, enter, play, seqloom

PROJECT = Path("runs/tones")
RUN = PROJECT / "run"
RATE = 8_000
NOTES = {
    "do": 262,
    "re": 349,
    "mi": 466,
    "fa": 622,
    "sol": 831,
    "la": 1109,
}  # in hertz, further apart than usual
PARTS = {"train": 240, "valid": 30, "test": 30}
LEARNT = 10.0  # % of words wrong at most; a model that has learnt nothing has 100
CONFIG = """\
preset = "transcription-lstm"

[data]
train = "train.tsv"
valid = "valid.tsv"
test = "test.tsv"

[audio]
sampling_rate = 8000
mel_bands = 40
speeds = [1.0]
time_masks = 0
frequency_masks = 0

[text]
tokenizer = "word"

[model]
width = 48
ctc_weight = 0.9
dropout = 0.1

[model.front_end]
convolutions = 1
channels = 8

[model.encoder]
layers = 1
hidden = 48

[model.decoder]
hidden = 48

[training]
max_epochs = 8
batch_tokens = 600
learning_rate = 5e-3
warmup_updates = 20
validate_every = 100
validation_beam = 5
log_every = 25
"""


def main() -> int:
    """Run the example; 1 when the model didn't learn."""
    asked = asked_for(__doc__, "runs/tones").parse_args()
    enter(asked.folder)
    for part, count in PARTS.items():
        write_part(PROJECT, part, count)
    (PROJECT / "config.toml").write_text(CONFIG)
    seqloom("train", PROJECT / "config.toml", *bounds(asked.updates, 20), "--run", RUN)
    first = (PROJECT / "test.tsv").read_text().splitlines()[0].split("\t")
    print(f"\nA recording of: {first[1]}")
    seqloom("transcribe", RUN, PROJECT / first[0], "--times")
    figures = json.loads(answer_of("evaluate", RUN, "--json"))
    (wrong,) = [score["value"] for score in figures["scores"] if score["name"] == "wer"]
    print(f"\n{wrong:.1f} % of the words of {figures['pairs']} new recordings are wrong.")
    if wrong > LEARNT:
        print(f"It should have been at most {LEARNT:g}: it hasn't learnt.", file=sys.stderr)
        return 1
    return 0


def write_part(folder: Path, part: str, count: int) -> None:
    """Recordings and their manifest; the same ones each time."""
    (folder / part).mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng([len(part), count])
    lines = []
    for number in range(count):
        words = generator.choice(list(NOTES), size=int(generator.integers(1, 4))).tolist()
        soundfile.write(folder / part / f"{number:03}.wav", played(words, generator), RATE)
        lines.append(f"{part}/{number:03}.wav\t{' '.join(words)}\n")
    (folder / f"{part}.tsv").write_text("".join(lines))


def played(words: list[str], generator: np.random.Generator) -> NDArray[np.float64]:
    """Notes one after the other with short pauses, in noise: (length,), -1 to 1."""
    pieces = [np.zeros(int(RATE * generator.uniform(0.05, 0.15)))]
    for word in words:
        time = np.arange(int(RATE * generator.uniform(0.2, 0.3))) / RATE
        pitch = NOTES[word] * generator.uniform(0.99, 1.01)
        wave = sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic**2 for harmonic in (1, 2, 3))
        swell = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.02)
        pieces += [
            generator.uniform(0.1, 0.4) * wave * swell,
            np.zeros(int(RATE * generator.uniform(0.05, 0.15))),
        ]
    sound = np.concatenate(pieces)
    return sound + generator.normal(0, 0.003, len(sound))


if __name__ == "__main__":
    play(main)
