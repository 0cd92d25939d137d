"""Names in sentences, in seconds: made-up sentences with people and places, and a tagger that finds them.

    python examples/tagging/places.py                   everything into runs/places
    python examples/tagging/places.py --folder elsewhere   into elsewhere/runs/places

Half of the names in the test sentences stand in no training sentence, so that the words around them must be read. The
script types what a person would type, and shows each command. It ends with 1 when the model has not learnt it.
"""

import argparse
import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path("runs/places")
RUN = PROJECT / "run"
SYLLABLES = "ba ko li mar no ri sa ten vo zu dal fen".split()
PATTERNS = (
    "{person} lives in {place} .",
    "yesterday {person} met {person} near {place} .",
    "{person} , who came from {place} , was glad .",
    "the road from {place} to {place} is long .",
    "did you see {person} at the market ?",
    "it rains in {place} today .",
)
ENOUGH = 85.0  # span F1; a model that tags nothing gets 0, one that knows the training names only about 60
SETTINGS = """\
preset = "tagging-lstm"

[data]
train = "train.conll"
valid = "valid.conll"
test = "test.conll"

[text]
tokenizer = "word"
vocabulary_size = 200

[model]
width = 32
dropout = 0.1
word_dropout = 0.2

[model.encoder]
layers = 1
hidden = 32

[training]
max_epochs = 9
batch_tokens = 256
learning_rate = 1e-2
warmup_updates = 20
validate_every = 250
threads = 1
"""


def names(draw: random.Random, count: int) -> list[str]:
    """Made-up names of one word or two."""
    made = [
        " ".join("".join(draw.choices(SYLLABLES, k=2)).title() for _ in range(draw.choice((1, 1, 2))))
        for _ in range(4 * count)
    ]
    return list(dict.fromkeys(made))[:count]


def sentence(draw: random.Random, people: Sequence[str], places: Sequence[str]) -> str:
    """Lines of token, tab, label."""
    lines = []
    for word in draw.choice(PATTERNS).split():
        kind = {"{person}": "PER", "{place}": "LOC"}.get(word)
        if kind is None:
            lines.append(f"{word}\tO\n")
            continue
        name = draw.choice(people if kind == "PER" else places)
        lines += [f"{part}\t{'I' if n else 'B'}-{kind}\n" for n, part in enumerate(name.split())]
    return "".join(lines)


def write_project() -> None:
    """Sentences in three parts, and a configuration."""
    PROJECT.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    people, places = names(draw, 60), names(draw, 60)
    for part, count, share in (("train", 900, 0.5), ("valid", 150, 1.0), ("test", 150, 1.0)):
        known = [some[: int(share * len(some))] for some in (people, places)]
        text = "\n".join(sentence(draw, *known) for _ in range(count))
        (PROJECT / f"{part}.conll").write_text(text, encoding="utf-8")
    (PROJECT / "config.toml").write_text(SETTINGS, encoding="utf-8")


def bounded(updates: int) -> list[str]:
    """Settings of a training of so many updates, a fifth of them to warm up."""
    return [f"training.max_updates={updates}", f"training.warmup_updates={min(20, updates // 5)}"]


def seqloom(*words: object, text: str | None = None) -> str:
    """Run a command, shown first; its output is shown too. Raises CalledProcessError when it fails."""
    shown = f"seqloom {shlex.join(map(str, words))}"
    print(f"\n$ {shown if text is None else f'echo {shlex.quote(text.strip())} | {shown}'}", flush=True)
    command = [sys.executable, "-m", "seqloom.cli", *map(str, words)]
    answer = subprocess.run(
        command, input=text, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True
    )
    print(answer.stdout, end="", flush=True)
    return answer.stdout


def main() -> int:
    """Run the example; 0 when the model has learnt what there is to learn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="where runs/places is made")
    parser.add_argument("--updates", type=int, help="of training, if not as the configuration says")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    os.chdir(asked.folder)
    write_project()
    bound = [] if asked.updates is None else bounded(asked.updates)
    try:
        return demonstrate(bound)
    except subprocess.CalledProcessError as failed:
        return int(failed.returncode)


def demonstrate(bound: Sequence[str]) -> int:
    """Train, use, look inside, measure; 0 when the model has learnt enough, else 1."""
    seqloom("train", PROJECT, *bound, "--run", RUN)
    seqloom("classify", RUN, text="yesterday Vonten met Saba Liko near Fenzu .\n")
    seqloom("inspect", RUN, "it rains in Vonten today .", "--png", PROJECT / "why.png")
    told = seqloom("evaluate", RUN)
    found = float(re.findall(r"span F1 +([\d.]+)", told)[0])
    print(f"\nSpan F1 {found:.1f} on sentences whose names it half knew; expected {ENOUGH:.0f} or more.")
    return 0 if found >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
