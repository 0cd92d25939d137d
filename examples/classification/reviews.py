"""Sentiment from nothing but labelled texts, in seconds: made-up reviews, a classifier, and why it decided so.

    python examples/classification/reviews.py                   everything into runs/reviews
    python examples/classification/reviews.py --folder elsewhere   into elsewhere/runs/reviews

The reviews praise and blame by a few words, and "not" turns them round; that is what there is to learn. The script
types what a person would type, and shows each command. It ends with 1 when the model has not learnt it.
"""

import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import answer_of, asked_for, bounds, enter, play, seqloom

PROJECT = Path("runs/reviews")
RUN = PROJECT / "run"
GOOD = "warm funny clever moving bright gentle lively graceful tender witty".split()
BAD = "dull flat clumsy tired noisy bland hollow stale gloomy crude".split()
THINGS = "film story cast plot music ending camera dialogue".split()
OPENINGS = (
    "the {thing} is",
    "i found the {thing}",
    "its {thing} was",
    "a {thing} that is",
    "for me the {thing} seemed",
)
CLOSINGS = ("", "from start to end", "at least to me", ", as everyone says", "and that is all")
ENOUGH = 90.0  # per cent of held-out reviews; one that guesses gets 50, one that overlooks "not" 70
SETTINGS = """\
preset = "classification-lstm"

[data]
train = "train.tsv"
valid = "valid.tsv"
test = "test.tsv"

[model]
width = 64
word_dropout = 0.05
dropout = 0.2
pooling = "attention"

[model.encoder]
hidden = 32

[training]
max_epochs = 6
batch_tokens = 256
learning_rate = 5e-3
warmup_updates = 20
ema = 0.0
validate_every = 250
threads = 1
"""


def review(draw: random.Random) -> str:
    """A review and its label, a tab between."""
    good, turned = draw.random() < 0.5, draw.random() < 0.3
    words = [draw.choice(OPENINGS).format(thing=draw.choice(THINGS))]
    words += ["not"] if turned else []
    words += draw.choice(([], ["really"], ["very"], ["quite"]))
    words += [draw.choice(GOOD if good != turned else BAD), draw.choice(CLOSINGS)]
    return f"{' '.join(filter(None, words))}\t{'positive' if good else 'negative'}\n"


def write_project() -> None:
    """Reviews in three parts, and a configuration."""
    PROJECT.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    for part, count in (("train", 1_500), ("valid", 200), ("test", 200)):
        (PROJECT / f"{part}.tsv").write_text("".join(review(draw) for _ in range(count)), encoding="utf-8")
    (PROJECT / "config.toml").write_text(SETTINGS, encoding="utf-8")


def main() -> int:
    """Run the example; 0 when the model has learnt what there is to learn."""
    asked = asked_for(__doc__, "runs/reviews").parse_args()
    enter(asked.folder)
    write_project()
    return demonstrate(bounds(asked.updates, 20))


def demonstrate(bound: Sequence[str]) -> int:
    """Train, use, look inside, measure; 0 when the model has learnt enough, else 1."""
    seqloom("train", PROJECT, *bound, "--run", RUN)
    answer_of("classify", RUN, "--probabilities", stdin="the plot is not very clever\n")
    seqloom(
        "inspect",
        RUN,
        "the plot is not very clever",
        "--html",
        PROJECT / "why.html",
        "--png",
        PROJECT / "why.png",
    )
    told = answer_of("evaluate", RUN, "--confusion", PROJECT / "confusion.png")
    accuracy = float(re.findall(r"accuracy +([\d.]+)", told)[0])
    print(f"\n{accuracy:.1f} % of the reviews that it had not seen; expected {ENOUGH:.0f} or more.")
    return 0 if accuracy >= ENOUGH else 1


if __name__ == "__main__":
    play(main)
