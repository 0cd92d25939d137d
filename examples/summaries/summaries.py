"""Subject lines for e-mails, learnt in under a minute: names that the model has never seen are copied whole.

    python examples/summaries/summaries.py                everything into runs/mails
    python examples/summaries/summaries.py --updates 30   a shorter training, which learns less

The e-mails are made up here: some sentences about nothing, and one that the subject is about. It types what a person
would type for mails of their own, and shows each command. It ends with 1 where what it learnt is too little.
"""

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import asked_for, bounds, enter, play, seqloom

PROJECT = Path("runs/mails")
RUN = PROJECT / "run"
NEW = PROJECT / "new"
OPTIONS = ("--train", "--valid", "--test")
SETTINGS = (
    "text.vocabulary_size=110",  # too few for the names: those are copied
    "data.max_length=60",
    "model.width=48",
    "model.dropout=0.1",
    "model.encoder.hidden=48",
    "model.decoder.hidden=48",
    "training.batch_tokens=2500",
    "training.learning_rate=8e-3",
    "training.validation_sentences=50",
)
UPDATES = 200
ENOUGH = 0.7  # of the new mails' summaries, word for word; none is right without a name that was copied

SAID = (  # sentence -> subject
    ("Could you meet {name} on {day} to talk about the {thing}?", "Meeting with {name} on {day}"),
    ("Please send the {thing} to {name} before {day}.", "{thing} to {name} before {day}"),
    ("{name} has not seen the {thing} yet and asks for it.", "{name} asks for the {thing}"),
    ("On {day} the {thing} will be shown by {name}.", "{name} shows the {thing} on {day}"),
)
AROUND = (
    "I hope this finds you well.",
    "It was good to see you last week.",
    "The coffee machine works again, by the way.",
    "Sorry for the late answer; it was a long day here.",
    "Let me know if there is anything else.",
    "We have moved to the second floor.",
    "Thank you for your patience with all of this.",
    "The weather has been dreadful.",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
THINGS = ("budget", "contract", "report", "schedule", "invoice", "forecast", "survey")
NAMES = [
    f"{first}{middle}{last}"
    for first in ("Ba", "Do", "Fe", "Gu", "Ka", "Li", "Mo", "Ne", "Pa", "Ru", "Se", "To")
    for middle in ("ra", "li", "no", "ve")
    for last in ("mi", "du", "son", "ler")
]


def main() -> int:
    """Run the example; the exit code is that of the first command that fails, 1 for too little learnt, else 0."""
    asked = asked_for(__doc__, "runs/mails").parse_args()
    enter(asked.folder)
    return demonstrate(asked.updates or UPDATES)


def demonstrate(updates: int) -> int:
    """Each step of the job, by the command for it."""
    names = random.Random(1).sample(NAMES, len(NAMES))
    files = [write(f"{part}.jsonl", own, count) for part, own, count in parts(names)]
    if not (PROJECT / "config.toml").is_file():
        say("A project for mails in JSON lines")
        fields = ("--source-field", "body", "--target-field", "subject")
        named = [word for option, file in zip(OPTIONS, files, strict=True) for word in (option, file)]
        seqloom("new", PROJECT, "--preset", "summarization-gru", *fields, *named)
    say("Training")
    whole = ("training.max_epochs=none", f"training.validate_every={updates}", *bounds(updates, 20))
    seqloom("train", PROJECT, *SETTINGS, *whole, "--run", RUN)
    say("Scores on mails about people whom it has never heard of")
    seqloom("evaluate", RUN)
    say("A folder of new mails, each one text; what is there already would stay")
    mails = [json.loads(line) for line in (PROJECT / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    NEW.mkdir(exist_ok=True)
    for number, mail in enumerate(mails):
        (NEW / f"{number:02}.txt").write_text(mail["body"], encoding="utf-8")
    seqloom("summarize", RUN, NEW, "--document", "--beside", "subject", "--overwrite")
    written = [
        (NEW / f"{number:02}.txt.subject").read_text(encoding="utf-8").rstrip("\n")
        for number in range(len(mails))
    ]
    for mail, subject in list(zip(mails, written, strict=True))[:8]:
        print(f"    {'=' if subject == mail['subject'] else '≠'} {subject:45} {mail['subject']}")
    right = sum(subject == mail["subject"] for mail, subject in zip(mails, written, strict=True))
    print(f"\n{right} of {len(mails)} summaries are right, each with a name that no training mail had.")
    if right < ENOUGH * len(mails):
        print(f"That is too few: it should have learnt at least {ENOUGH:.0%}.")
        return 1
    return 0


def parts(names: Sequence[str]) -> list[tuple[str, Sequence[str], int]]:
    """Each part with names of its own and how many mails it has."""
    return [("train", names[:140], 1500), ("valid", names[140:165], 50), ("test", names[165:], 40)]


def write(name: str, names: Sequence[str], count: int) -> Path:
    """Made-up mails about some people, one JSON object a line."""
    draw = random.Random(name)
    path = PROJECT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(count):
        sentence, subject = draw.choice(SAID)
        words = {"name": names[number % len(names)], "day": draw.choice(DAYS), "thing": draw.choice(THINGS)}
        around = draw.sample(AROUND, draw.randint(2, 4))
        place = draw.randint(0, len(around))
        body = "\n".join([*around[:place], sentence.format(**words), *around[place:]])
        lines.append(json.dumps({"body": body, "subject": subject.format(**words), "name": words["name"]}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def say(title: str) -> None:
    """A heading."""
    print(f"\n== {title}", flush=True)


if __name__ == "__main__":
    play(main)
