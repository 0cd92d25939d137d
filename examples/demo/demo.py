"""The whole job on the bundled corpus, in minutes: a project, its training, translations, a look inside.

    python examples/demo/demo.py                  everything into runs/demo
    python examples/demo/demo.py --minutes 0.1    a short training, to see that it works

It types what a person would type, and shows each command; nothing here is out of your reach. Run again, it goes on
where it was stopped, and doesn't train twice.
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import enter, play, seqloom

PROJECT = Path("runs/demo")
RUN = PROJECT / "run"
DATA = PROJECT / "data"
GREETINGS = ("How are you?", "I am happy")
LOOK_AT = "Are there any clean apartments near the station?"  # held out; the adjective moves
HELD_OUT = 12  # sentences shown beside their references


def main() -> int:
    """Run the demo; the exit code is that of the first command that fails, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="where runs/demo is made")
    parser.add_argument("--minutes", type=float, help="of training, if not as the project says")
    asked = parser.parse_args()
    enter(asked.folder)
    demonstrate(asked.minutes)
    return 0


def demonstrate(minutes: float | None) -> None:
    """Each step of the job, by the command for it."""
    if not (PROJECT / "config.toml").is_file():
        say("A project with the bundled phrasebook")
        seqloom("new", PROJECT, "--example")
    say("Training, to a time limit")
    seqloom("train", PROJECT, *([] if minutes is None else [f"training.max_minutes={minutes}"]))

    say("Translating")
    for text, output in zip(GREETINGS, translate(GREETINGS), strict=True):
        print(f"    {text}  →  {output}")

    say(f"{HELD_OUT} sentences that it has not seen; where it differs, the phrasebook's French below")
    show_held_out()

    say("Scores on what was held out: sentences, then combinations of a noun and an adjective")
    seqloom("evaluate", RUN)
    seqloom("evaluate", RUN, DATA / "combinations.en", DATA / "combinations.fr")

    say("Where it looks while it writes")
    page, picture = PROJECT / "attention.html", PROJECT / "attention.png"
    seqloom("inspect", RUN, LOOK_AT, "--html", page, "--png", picture)

    say("Where everything lies")
    for path, what in (
        (page, "open it in a browser: word by word, where the model looked"),
        (picture, "the same as a picture"),
        (RUN / "report.html", "the curves of the training"),
        (RUN, "the model, and all that belongs to it"),
        (PROJECT / "config.toml", "what was asked for; change it, and train into another folder with --run"),
    ):
        print(f"  {path!s:26}  {what}")
    say("What to type next")
    if sys.prefix != sys.base_prefix:
        print(f"  . {activate()}    # so that the shell finds `seqloom`")
    print(f'  echo "Where is my red umbrella?" | seqloom translate {RUN}')
    print(f'  seqloom inspect {RUN} "Where is my red umbrella?"')
    print("  seqloom new mine --train train.en train.de --valid valid.en valid.de    # your own pairs")


def activate() -> str:
    """The file that puts `seqloom` on the path, as seen from here."""
    path = Path(sys.prefix) / "bin" / "activate"
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def show_held_out() -> None:
    """Sentences from all over the test part, each with its translation and its reference."""
    sources, references = (
        (DATA / f"test.{side}").read_text(encoding="utf-8").split("\n")[:-1] for side in ("en", "fr")
    )
    chosen = range(0, len(sources), -(-len(sources) // HELD_OUT))
    outputs = translate([sources[row] for row in chosen])
    for row, output in zip(chosen, outputs, strict=True):
        right = output == references[row]
        print(f"    {sources[row]}\n      {'=' if right else '≠'} {output}")
        if not right:
            print(f"        {references[row]}")


def say(title: str) -> None:
    """A heading."""
    print(f"\n== {title}", flush=True)


def translate(texts: Sequence[str]) -> list[str]:
    """What the command `translate` answers to some lines."""
    print(f"$ seqloom translate {RUN} --json", flush=True)
    answer = subprocess.run(
        [sys.executable, "-m", "seqloom.cli", "translate", str(RUN), "--json"],
        input="".join(f"{text}\n" for text in texts).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return [json.loads(line)["text"] for line in answer.stdout.decode().split("\n")[:-1]]


if __name__ == "__main__":
    play(main)
