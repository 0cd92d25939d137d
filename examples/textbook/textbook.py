"""The textbook's five models on the bundled phrasebook: what each remembers, where it looks, and what that costs.

    python examples/textbook/textbook.py            everything into runs/textbook; under 25 minutes on two cores
    python examples/textbook/textbook.py --quick    one seed and a few updates, to see that it works

It types what a person would type: `seqloom compare` with the plan that lies beside this file. Stopped, it goes on where
it was.
"""

import argparse
import json
import sys
from pathlib import Path

from seqloom.data.phrasebook import write_phrasebook

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where what the examples share lies

from stage import enter, play, seqloom

PLAN = Path(__file__).resolve().parent / "compare.toml"
FOLDER = Path("runs/textbook")
QUICK = (
    "comparison.seeds=[1]",
    "comparison.samples=100",
    "comparison.sentences=40",
    "comparison.timed_sentences=10",
    "comparison.gradient_sentences=2",
    "comparison.memory_distance=4",
    "comparison.memory_updates=10",
    "training.max_updates=20",
    "training.warmup_updates=5",
    "training.validate_every=10",
    "training.validation_sentences=20",
)


def main() -> int:
    """Run the comparison; the exit code is that of the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="where runs/textbook is made")
    parser.add_argument("--quick", action="store_true", help="one seed and a few updates")
    asked = parser.parse_args()
    enter(asked.folder)
    data = FOLDER / "phrasebook"
    if not (data / "LICENSE.txt").is_file():
        write_phrasebook(data)
    quick = QUICK if asked.quick else ()
    seqloom("compare", shown(PLAN), *files(data), *quick, "--folder", FOLDER)
    return 0


def shown(path: Path) -> str:
    """A path as seen from the current folder, where it lies below it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def files(data: Path) -> list[str]:
    """The options that say where the phrasebook lies."""
    parts = ("train", "valid", "test")
    return [
        f"data.{part}={json.dumps([str(data / f'{part}.{side}') for side in ('en', 'fr')])}" for part in parts
    ]


if __name__ == "__main__":
    play(main)
