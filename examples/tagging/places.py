"""Names in sentences, in seconds: made-up sentences with people and places, and a tagger that finds them.

    python examples/tagging/places.py                   everything into runs/places
    python examples/tagging/places.py --folder elsewhere   into elsewhere/runs/places

Half of the names in the test sentences stand in no training sentence, so that the words around them must be read. The
script types what a person would type, and shows each command. It ends with 1 when the model has not learnt it.
"""

import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import answer_of, asked_for, bounds, enter, play, seqloom

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


def main() -> int:
    """Run the example; 0 when the model has learnt what there is to learn."""
    asked = asked_for(__doc__, "runs/places").parse_args()
    enter(asked.folder)
    write_project()
    return demonstrate(bounds(asked.updates, 20))


def demonstrate(bound: Sequence[str]) -> int:
    """Train, use, look inside, measure; 0 when the model has learnt enough, else 1."""
    seqloom("train", PROJECT, *bound, "--run", RUN)
    answer_of("classify", RUN, stdin="yesterday Vonten met Saba Liko near Fenzu .\n")
    seqloom("inspect", RUN, "it rains in Vonten today .", "--png", PROJECT / "why.png")
    told = answer_of("evaluate", RUN)
    found = float(re.findall(r"span F1 +([\d.]+)", told)[0])
    print(f"\nSpan F1 {found:.1f} on sentences whose names it half knew; expected {ENOUGH:.0f} or more.")
    return 0 if found >= ENOUGH else 1


if __name__ == "__main__":
    play(main)
