"""Claim: one model learns from several within a budget of minutes, theirs included, to the BLEU that is reported here.

    python benchmarks/distilled.py --minutes 120
    python benchmarks/distilled.py --minutes 120 --teacher-minutes 20 --choosing --name short model.dropout=0.2

Sequence-level distillation (Kim and Rush 2016) on Multi30k en-de: four teachers are trained, two side by side on a
thread each; their ensemble translates the training set; the student learns from the corpus and from these translations
for what is left of the minutes, on all threads. All of it counts: teachers, their scoring, the translating. Trains
into runs/multi30k/NAME*, chooses the best weights on the validation set, and translates the test set once, at the end;
with --choosing it stops before that and writes nothing. What was interrupted goes on, and its time counts. Writes
results/multi30k/NAME.json, with the seconds of each part, and the rest as multi30k.py does.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import multi30k
from asking import parse, parser_of, run_name
from endings import run
from provenance import HERE
from provenance import multi30k as files_of
from task_results import keep

import seqloom
from seqloom.base.files import atomic_write, read_json, write_json
from seqloom.base.progress import progress
from seqloom.data.readers import read_pairs
from seqloom.training.searching import search_options

SIDE_BY_SIDE = 2
AT_ONCE = 1024  # sentences between two looks at how far it is


class Clock:
    """The seconds that each part took, kept in a file, over all processes that it took."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds: dict[str, float] = read_json(path) if path.is_file() else {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done inside, also where it is stopped."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - begun, 1)
            write_json(self.path, self.seconds)


def teach(asked: argparse.Namespace, names: list[str]) -> None:
    """Train the teachers that aren't trained yet."""

    def train(number: int, name: str) -> None:
        command = [str(HERE / "multi30k.py"), asked.teacher, "--minutes", f"{asked.teacher_minutes:g}"]
        own = ["--name", name, "--seed", "1", "--choosing", "training.threads=1", f"seed={number}"]
        subprocess.run([sys.executable, *command, *own], check=True, stdout=subprocess.DEVNULL)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        jobs = [pool.submit(train, number, name) for number, name in enumerate(names, start=1)]
        for job in jobs:
            job.result()


def translate(names: list[str], output: Path) -> None:
    """What the teachers together make of the training sentences, a line each."""
    model = seqloom.load([multi30k.RUNS / name for name in names])
    texts = [pair.source for pair in read_pairs(files_of("train"))]
    options = search_options(model.config.search, beam=5, n_best=1)
    written: list[str] = []
    with progress("Translating", total=len(texts)) as shown:
        for start in range(0, len(texts), AT_ONCE):
            written += [result.text for result in model.translate(texts[start : start + AT_ONCE], options)]
            shown.update(len(written))
    atomic_write(output, "".join(f"{text}\n" for text in written))


def mixed(folder: Path) -> list[Path]:
    """The corpus, followed by the same sources with the teachers' translations."""
    source, target = files_of("train")
    texts = source.read_text(encoding="utf-8") * 2, target.read_text(encoding="utf-8")
    both = folder / "mixed.en", folder / "mixed.de"
    atomic_write(both[0], texts[0])
    atomic_write(both[1], texts[1] + (folder / "teachers.de").read_text(encoding="utf-8"))
    return list(both)


def main() -> None:
    """Teach, translate, learn, and write what came of it."""
    parser = parser_of(__doc__, preset="translation-lstm", minutes=120)
    parser.add_argument(
        "--teacher",
        default="translation-lstm",
        metavar="PRESET",
        help="of the teachers; --preset is the student's",
    )
    parser.add_argument("--teachers", type=int, default=4, help="how many")
    parser.add_argument(
        "--teacher-minutes", type=float, default=28, help="of each teacher; --minutes counts all parts"
    )
    asked = parse(parser)
    name = run_name(asked, f"distilled-{asked.minutes:g}min")
    folder = multi30k.RUNS / f"{name}-parts"
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock(folder / "clock.json")
    names = [f"{name}-teacher{number}" for number in range(1, asked.teachers + 1)]
    if not (folder / "teachers.de").is_file():
        with clock.part("teaching"):
            teach(asked, names)
        with clock.part("translating"):
            translate(names, folder / "teachers.de")
    total = asked.minutes
    asked.minutes = round(total - sum(clock.seconds.values()) / 60, 2)
    if asked.minutes <= 0:
        parser.error(f"the teachers took all {total:g} minutes; give the student some")
    print(json.dumps({**clock.seconds, "student's minutes": asked.minutes}), flush=True)
    figures: dict[str, Any] = multi30k.train(asked, name, mixed(folder))
    multi30k.tell(figures)
    if not asked.choosing:
        own = {"minutes": total, "seconds_before": clock.seconds, "student_minutes": asked.minutes}
        keep("multi30k", name, {**figures, **own}, multi30k.table, figures["curve"])


if __name__ == "__main__":
    run(main)
