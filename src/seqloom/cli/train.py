"""`seqloom train`: train a run, or go on with it where it stopped."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.completion import complete_override
from seqloom.cli.places import config_file, default_run, shown

if TYPE_CHECKING:
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
) -> None:
    """Train a model, or go on where it stopped.

    What it learns from and how stands in CONFIG; everything of the run goes to one folder.
    """
    from seqloom import pipeline
    from seqloom.config.read import read_config

    path = config_file(config)
    settings = read_config(path, overrides)
    folder = run or default_run(path)
    before = _updates(folder)
    model = pipeline.train(settings, folder)
    if before and _updates(folder) == before:
        print(f"\n{folder} was finished already, after {_count(before)}. To train it further, raise")
        print("training.max_epochs, max_minutes, max_updates or max_tokens, whichever ended it.")
    else:
        print(f"\n{folder} is trained: {_count(_updates(folder))}.")
    _tell_result(folder, model)


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
    from seqloom.pipeline import Model, TextGenerator

    best = best_validation(read_log(folder / "metrics.jsonl").rows)
    if best:
        print(f"Best on the validation data: {_scores(best)}")
    print(f"\n  {folder / 'report.html'}    curves, and samples as it learnt")
    print(f"  {folder / 'best'}           the model that is used from here on")
    print("\nNext:")
    samples = read_log(folder / "samples.jsonl").rows
    text = _short(str(samples[-1]["source"])) if samples else ""
    place = shown(folder)
    verb = f"seqloom {task_named(model.config.task).verb} {place}"
    example = shlex.quote(text or "Your sentence.")
    if isinstance(model, TextGenerator):
        prompt = f" --prompt {shlex.quote(text)}" if text else ""
        print(f"  {verb}{prompt}")
    else:
        print(f"  echo {example} | {verb}")
    if model.config.data.test or model.config.data.valid or model.config.data.held_out:
        print(f"  seqloom evaluate {place}")
    if not isinstance(model, TextGenerator) and (not isinstance(model, Model) or model.has_attention):
        print(f"  seqloom inspect {place} {example} --html attention.html")


def _short(text: str) -> str:
    """The beginning of a text, as one would type it."""
    line = " ".join(text.split())
    return line if len(line) <= SHORT else f"{line[:SHORT].rsplit(' ', 1)[0]} ..."


def _scores(row: Mapping[str, Any]) -> str:
    """A validation's figures, the name of each as its metric writes it."""
    from seqloom.metrics.measure import PLACES, TITLES

    parts = [f"{name} {row[key]:.{PLACES.get(key, 1)}f}" for key, name in TITLES.items() if key in row]
    return ", ".join([*parts, f"loss {row['loss']:.3f}", f"update {row['update']:,}"])
