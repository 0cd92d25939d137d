"""A bot that books tables, in half a minute: dialogues from a small generator, a training, a talk, a score.

    python examples/dialogue/dialogue.py             everything into runs/dialogue

The names of the restaurants in the test dialogues stand nowhere in the training dialogues: the bot copies them from
what the knowledge base said. The script fails when less than nine of ten answers are right.
"""

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path("runs/dialogue")
RUN = PROJECT / "run"
FOODS = ("italian", "french", "indian", "thai", "greek")
PLACES = ("rome", "paris", "bombay", "madrid", "london")
PARTS = {"train": 300, "valid": 30, "test": 60}  # dialogues
CONFIG = """\
preset = "dialogue-gru"

[data]
train = "train.jsonl"
valid = "valid.jsonl"
test = "test.jsonl"

# So few words that names, of which each is rare, are outside the vocabulary from the beginning, and must be copied.
[text]
vocabulary_size = 70

[model]
width = 64
dropout = 0.1

[model.encoder]
hidden = 48

[model.decoder]
hidden = 96

[training]
max_updates = 250
validate_every = 125
batch_tokens = 2500
learning_rate = 5e-3
warmup_updates = 30
threads = 1
"""
ENOUGH = 90.0  # per cent of the responses
TALK = (
    "hello",
    "i want thai food",
    "in paris",
    "/as kb chez_zoe R_street green_lane",
    "<SILENCE>",
    "/why",
    "where is it",
)


def dialogue(draw: random.Random, number: int) -> list[tuple[str, str]]:
    """One dialogue: what is missing is asked for, one restaurant is found, and its street is asked for."""
    food, place = draw.choice(FOODS), draw.choice(PLACES)
    name, street = f"resto_{number}", f"street_{number}"
    first, second = [(f"i want {food} food", f"in {place}"), (f"a table in {place}", f"{food} please")][
        draw.randrange(2)
    ]
    return [
        ("user", draw.choice(("hello", "hi", "good morning"))),
        ("bot", "hello what can i help you with"),
        ("user", first),
        ("bot", "where should it be" if first.startswith("i want") else "which food would you like"),
        ("user", second),
        ("bot", f"api_call {food} {place}"),
        ("kb", f"{name} R_street {street}"),
        ("user", "<SILENCE>"),
        ("bot", f"what about {name}"),
        ("user", draw.choice(("where is it", "which street please"))),
        ("bot", f"it is in {street}"),
        ("user", draw.choice(("thanks", "thank you"))),
        ("bot", "you're welcome"),
    ]


def write_dialogues() -> None:
    """The three parts as JSON lines, and the configuration."""
    PROJECT.mkdir(parents=True, exist_ok=True)
    draw, number = random.Random(1), 0
    for part, count in PARTS.items():
        lines = []
        for _ in range(count):
            number += 1
            turns = [{"speaker": speaker, "text": text} for speaker, text in dialogue(draw, number)]
            lines.append(json.dumps({"turns": turns}) + "\n")
        (PROJECT / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
    (PROJECT / "config.toml").write_text(CONFIG, encoding="utf-8")


def bounded(updates: int) -> list[str]:
    """Settings of a training of so many updates, a fifth of them to warm up."""
    return [f"training.max_updates={updates}", f"training.warmup_updates={min(30, updates // 5)}"]


def seqloom(*words: object, stdin: str | None = None, shown: bool = True) -> str:
    """Run a command, shown first; gives what it wrote to stdout. Raises CalledProcessError when it fails."""
    print(f"$ seqloom {shlex.join(map(str, words))}", flush=True)
    command = [sys.executable, "-m", "seqloom.cli", *map(str, words)]
    ended = subprocess.run(
        command, input=stdin, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True
    )
    if shown:
        print(ended.stdout, end="")
    return ended.stdout


def talk(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What was said, and what was answered to it."""
    out = seqloom("chat", RUN, stdin="".join(f"{line}\n" for line in lines), shown=False)
    return zip(lines, out.split("\n"), strict=False)


def main() -> int:
    """Run the example; 0 if the bot is as good as it should be, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="where runs/dialogue is made")
    parser.add_argument("--updates", type=int, help="of training, if not as the configuration says")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    os.chdir(asked.folder)
    write_dialogues()
    bound = [] if asked.updates is None else bounded(asked.updates)
    try:
        seqloom("train", PROJECT / "config.toml", *bound, "--run", RUN)
        for said, answered in talk(TALK):
            print(f"    {said}\n      {answered}")
        scores = json.loads(seqloom("evaluate", RUN, "--json", shown=False))["scores"]
    except subprocess.CalledProcessError as failed:
        return int(failed.returncode)
    values = {score["name"]: score["value"] for score in scores}
    print(f"\nOf the test responses {values['response_accuracy']:.1f} % are right, of the dialogues", end=" ")
    print(f"{values['dialogue_accuracy']:.1f} %, with names that training has never shown.")
    if values["response_accuracy"] < ENOUGH:
        print(f"That is too little: {ENOUGH:.0f} % were expected.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
