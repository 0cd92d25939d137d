"""`seqloom train`: train a run, or go on with it where it stopped."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.completion import complete_override
from seqloom.cli.places import config_file, default_run, shown

if TYPE_CHECKING:
    from seqloom.config.schema import Config
    from seqloom.pipeline import AnyModel

EXAMPLES = """
\b
Examples:
  seqloom train mine/config.toml
      Trains runs/mine. Stopped with Ctrl-C, the same command goes on.
  seqloom train mine/config.toml model.width=512 --run runs/wide
      The same with another setting, in a run of its own.
"""


SHORT = 120  # characters of an example's source


def train(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="A configuration, or the folder of a project or run.")
    ],
    overrides: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE",
            help="Options over those of the file, as model.width=256.",
            autocompletion=complete_override,
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where everything goes; runs/mine for mine/config.toml and mine.toml if not said.",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Train N runs that differ in their seed, into FOLDER/seed-1 and so on."
        ),
    ] = None,
) -> None:
    """Train a model, or go on where it stopped.

    What it learns from and how stands in CONFIG; everything of the run goes to one folder.
    """
    from seqloom import pipeline
    from seqloom.config.read import read_config

    path = config_file(config)
    settings = read_config(path, overrides)
    folder = run or default_run(path)
    if seeds:
        _train_seeds(settings, folder, seeds)
        return
    before = _updates(folder)
    model = pipeline.train(settings, folder)
    if before and _updates(folder) == before:
        print(f"\n{folder} was finished already, after {_count(before)}. To train it further, raise")
        print("training.max_epochs, max_minutes, max_updates or max_tokens, whichever ended it.")
    else:
        print(f"\n{folder} is trained: {_count(_updates(folder))}.")
    _tell_result(folder, model)


def _train_seeds(settings: "Config", folder: Path, seeds: int) -> None:
    """Train the runs one after the other, and say what they come to together."""
    from seqloom import pipeline
    from seqloom.config.tasks import task_named
    from seqloom.metrics.measure import TITLES
    from seqloom.pipeline.loading import TOGETHER
    from seqloom.training.seeds import seeds_table

    rows = pipeline.train_seeds(
        settings, folder, seeds, on_run=lambda run: print(f"\n== {run}", file=sys.stderr, flush=True)
    )
    print(f"\n{folder} holds {len(rows)} runs.")
    if any(rows.values()):
        print(f"Best on the validation data:\n\n{seeds_table(rows, TITLES)}")
    print(f"  {folder / 'seeds.md'}, {folder / 'seeds.json'}    these figures")
    print("\nNext:")
    together = settings.task in TOGETHER
    data = settings.data
    if data.test or data.valid or data.held_out:
        print(f"  seqloom evaluate {shown(folder)}    each of them{', and all together' if together else ''}")
    if together:
        print(f"  seqloom {task_named(settings.task).verb} {shown(folder)}    all of them decide together")


def _count(updates: int) -> str:
    return "1 update" if updates == 1 else f"{updates:,} updates"


def _updates(folder: Path) -> int:
    """The updates of a run's newest checkpoint; 0 when there is none."""
    from seqloom.training.checkpoint import checkpoint_folders

    newest = checkpoint_folders(folder)[:1]
    return int(newest[0].name.removeprefix("step-")) if newest else 0


def _tell_result(folder: Path, model: "AnyModel") -> None:
    """How good it is, where it lies, what to type next."""
    from seqloom.config.tasks import task_named
    from seqloom.inspection.run_log import best_validation, read_log
    from seqloom.pipeline import Classifier, Model, Tagger, TextGenerator, Transcriber

    best = best_validation(read_log(folder / "metrics.jsonl").rows)
    if best:
        print(f"Best on the validation data: {_scores(best)}")
    print(f"\n  {folder / 'report.html'}    curves, and samples as it learnt")
    print(f"  {folder / 'best'}           the model that is used from here on")
    print("\nNext:")
    samples = read_log(folder / "samples.jsonl").rows
    text = str(samples[-1]["source"]) if samples else ""
    place = shown(folder)
    task = task_named(model.config.task)
    verb = f"seqloom {task.verb} {place}"
    example = _as_typed(text, turns=task.source == "history")
    if isinstance(model, TextGenerator):
        print(f"  {verb} --prompt {example}" if text else f"  {verb}")
    elif isinstance(model, Transcriber):
        example = shlex.quote(text or "recording.wav")
        print(f"  {verb} {example}")
    elif task.source == "history":
        print(f"  {verb}")
    else:
        print(f"  echo {example} | {verb}")
    if model.config.data.test or model.config.data.valid or model.config.data.held_out:
        print(f"  seqloom evaluate {place}")
    looks = isinstance(model, Classifier | Tagger) or (isinstance(model, Model) and model.has_attention)
    view = "--html attention.html" if looks else "--show words --html words.html"
    print(f"  seqloom inspect {place} {example} {view}")


def _as_typed(text: str, *, turns: bool) -> str:
    """The beginning of a source as one types it in a shell; of a history its last turn, of several columns all."""
    cells = [_short(cell) for cell in text.split("\t")][-2 if turns else 0 :]
    if len(cells) == 1:
        return shlex.quote(cells[0] or "Your sentence.")
    escaped = (cell.replace("\\", "\\\\").replace("'", "\\'") for cell in cells)
    return "$'" + "\\t".join(escaped) + "'"


def _short(text: str) -> str:
    """The beginning of a text, as one would type it."""
    line = " ".join(text.split())
    return line if len(line) <= SHORT else f"{line[:SHORT].rsplit(' ', 1)[0]} ..."


def _scores(row: Mapping[str, Any]) -> str:
    """A validation's figures, the name of each as its metric writes it."""
    from seqloom.metrics.measure import PLACES, TITLES

    parts = [f"{name} {row[key]:.{PLACES.get(key, 1)}f}" for key, name in TITLES.items() if key in row]
    return ", ".join([*parts, f"loss {row['loss']:.3f}", f"update {row['update']:,}"])
