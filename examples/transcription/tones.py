"""Speech recognition without speech: notes as words, made here, learnt and transcribed in under a minute.

    python examples/transcription/tones.py                everything into runs/tones
    python examples/transcription/tones.py --folder DIR   somewhere else

It writes recordings in which one to three notes are played, in noise, each with its own loudness and length; trains
a small transcriber on them by the commands that a person would type; and ends with an error if that didn't learn.
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("runs/tones"), help="where everything is made")
    parser.add_argument("--updates", type=int, help="of training, if not as the configuration says")
    asked = parser.parse_args()
    folder = asked.folder
    bound = [] if asked.updates is None else bounded(asked.updates)
    for part, count in PARTS.items():
        write_part(folder, part, count)
    (folder / "config.toml").write_text(CONFIG)
    run = folder / "run"
    seqloom("train", folder / "config.toml", *bound, "--run", run)
    first = (folder / "test.tsv").read_text().splitlines()[0].split("\t")
    print(f"\nA recording of: {first[1]}")
    seqloom("transcribe", run, folder / first[0], "--times")
    figures = json.loads(seqloom("evaluate", run, "--json"))
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


def bounded(updates: int) -> list[str]:
    """Settings of a training of so many updates, a fifth of them to warm up."""
    return [f"training.max_updates={updates}", f"training.warmup_updates={min(20, updates // 5)}"]


def seqloom(*words: object) -> str:
    """Run a command, shown first; gives what it said. Raises CalledProcessError when it fails."""
    print(f"\n$ seqloom {shlex.join(map(str, words))}", flush=True)
    process = subprocess.run(
        [sys.executable, "-m", "seqloom.cli", *map(str, words)], stdout=subprocess.PIPE, text=True, check=True
    )
    print(process.stdout, end="", flush=True)
    return process.stdout


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
