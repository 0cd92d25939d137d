"""Verbs and their forms, in half a minute: a table of them, two trainings, forms of verbs that nobody has heard.

    python examples/characters/characters.py             everything into runs/characters

A source has two columns, the verb and its features; each feature is one symbol. The verbs of the test stand nowhere in
the training data. The script fails when less than eight of ten forms are right by the two models together.
"""

import json
import sys
from itertools import product
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import answer_of, asked_for, bounds, enter, play, seqloom

PROJECT = Path("runs/characters")
RUNS = PROJECT / "runs"
CONFIG = """\
preset = "transduction-lstm"

[data]
train = "train.tsv"
valid = "valid.tsv"
test = "test.tsv"
source_columns = [1, 2]
target_column = 3
feature_columns = [2]

[model]
width = 48
dropout = 0.1

[model.encoder]
hidden = 48

[model.decoder]
hidden = 64

[training]
max_updates = 160
validate_every = 80
batch_tokens = 1000
learning_rate = 6e-3
warmup_updates = 30
label_smoothing = 0.0
threads = 1
"""
PARTS = {"train": 500, "valid": 40, "test": 60}  # verbs
ENOUGH = 80.0  # per cent of the forms
ASKED = ("blick\tV;PST", "snarry\tV;PRS;NOM(3,SG)", "glope\tV;V.PTCP;PRS")


def forms(verb: str) -> dict[str, str]:
    """The forms of a regular English verb, by their features."""
    silent, sibilant = verb.endswith("e"), verb.endswith(("s", "sh", "ch", "x", "z"))
    changing = verb.endswith("y") and verb[-2] not in "aeiou"
    stem = verb[:-1]
    return {
        "V;NFIN": verb,
        "V;PRS;NOM(3,SG)": f"{stem}ies" if changing else f"{verb}es" if sibilant else f"{verb}s",
        "V;PST": f"{stem}ied" if changing else f"{verb}d" if silent else f"{verb}ed",
        "V;V.PTCP;PRS": f"{stem}ing" if silent else f"{verb}ing",
    }


def write_verbs() -> None:
    """Verbs that could be English, each in one part alone, and the configuration."""
    PROJECT.mkdir(parents=True, exist_ok=True)
    starts, vowels = (
        ("b", "bl", "d", "dr", "f", "gl", "k", "m", "n", "p", "pr", "s", "sn", "t", "tr", "w"),
        "aeiou",
    )
    ends = ("ck", "lt", "mp", "nd", "rk", "sh", "ss", "tch", "rry", "dy", "pe", "ke", "ve", "lse", "x", "zz")
    verbs = ["".join(parts) for parts in product(starts, vowels, ends)]
    Random(1).shuffle(verbs)
    for part, count in PARTS.items():
        own, verbs = verbs[:count], verbs[count:]
        rows = [f"{verb}\t{features}\t{form}\n" for verb in own for features, form in forms(verb).items()]
        (PROJECT / f"{part}.tsv").write_text("".join(rows), encoding="utf-8")
    (PROJECT / "config.toml").write_text(CONFIG, encoding="utf-8")


def main() -> int:
    """Run the example; 0 if the forms are as right as they should be, else 1."""
    asked = asked_for(__doc__, "runs/characters").parse_args()
    enter(asked.folder)
    write_verbs()
    seqloom("train", PROJECT / "config.toml", *bounds(asked.updates, 30), "--run", RUNS, "--seeds", 2)
    answer_of("transduce", RUNS, stdin="".join(f"{line}\n" for line in ASKED))
    scores = json.loads(answer_of("evaluate", RUNS, "--json"))["scores"]
    values = {score["name"]: score["value"] for score in scores}
    print(
        f"\nOf the forms of verbs never seen {values['accuracy']:.1f} % are right by both models together, and"
    )
    print(f"{values['symbol_error_rate']:.1f} of 100 characters are wrong.")
    if values["accuracy"] < ENOUGH:
        print(f"That is too little: {ENOUGH:.0f} % were expected.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    play(main)
