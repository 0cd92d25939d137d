"""A bot that books tables, in half a minute: dialogues from a small generator, a training, a talk, a score.

    python examples/dialogue/dialogue.py             everything into runs/dialogue

The names of the restaurants in the test dialogues stand nowhere in the training dialogues: the bot copies them from
what the knowledge base said. The script fails when less than nine of ten answers are right.
"""

import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import answer_of, asked_for, bounds, enter, play, seqloom

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


def talk(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What was said, and what was answered to it."""
    out = answer_of("chat", RUN, stdin="".join(f"{line}\n" for line in lines), shown=False)
    return zip(lines, out.split("\n"), strict=False)


def main() -> int:
    """Run the example; 0 if the bot is as good as it should be, else 1."""
    asked = asked_for(__doc__, "runs/dialogue").parse_args()
    enter(asked.folder)
    write_dialogues()
    seqloom("train", PROJECT / "config.toml", *bounds(asked.updates, 30), "--run", RUN)
    for said, answered in talk(TALK):
        print(f"    {said}\n      {answered}")
    scores = json.loads(answer_of("evaluate", RUN, "--json", shown=False))["scores"]
    values = {score["name"]: score["value"] for score in scores}
    print(f"\nOf the test responses {values['response_accuracy']:.1f} % are right, of the dialogues", end=" ")
    print(f"{values['dialogue_accuracy']:.1f} %, with names that training has never shown.")
    if values["response_accuracy"] < ENOUGH:
        print(f"That is too little: {ENOUGH:.0f} % were expected.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    play(main)
