"""`seqloom train`: train a run, or go on with it where it stopped."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.completion import complete_override
from seqloom.cli.places import config_file, default_run, shown

if TYPE_CHECKING:
    from seqloom.pipeline.loading import AnyModel

EXAMPLES = """
\b
Examples:
  seqloom train mine/config.toml
      Trains runs/mine. Stopped with Ctrl-C, the same command goes on.
  seqloom train mine/config.toml model.width=512 --run runs/wide
      The same with another setting, in a run of its own.
"""


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
    from seqloom.inspection.run_log import best_validation, read_log
    from seqloom.pipeline import Transcriber

    best = best_validation(read_log(folder / "metrics.jsonl").rows)
    if best:
        print(f"Best on the validation pairs: {_scores(best)}")
    print(f"\n  {folder / 'report.html'}    curves, and sample translations as it learnt")
    print(f"  {folder / 'best'}           the model that is used from here on")
    print("\nNext:")
    samples = read_log(folder / "samples.jsonl").rows
    place = shown(folder)
    heard = isinstance(model, Transcriber)
    given = "recording.wav" if heard else "Your sentence."
    example = shlex.quote(str(samples[-1]["source"]) if samples else given)
    print(
        f"  seqloom transcribe {place} {example}"
        if heard
        else f"  echo {example} | seqloom translate {place}"
    )
    if model.config.data.test or model.config.data.valid:
        print(f"  seqloom evaluate {place}")
    if not isinstance(model, Transcriber) and model.has_attention:
        print(f"  seqloom inspect {place} {example} --html attention.html")


def _scores(row: Mapping[str, Any]) -> str:
    """A validation's figures, the name of each as its metric writes it."""
    names = {"bleu": "BLEU", "chrf": "chrF", "wer": "WER", "cer": "CER"}
    parts = [f"{name} {row[key]:.1f}" for key, name in names.items() if key in row]
    return ", ".join([*parts, f"loss {row['loss']:.3f}", f"update {row['update']:,}"])
