"""Training from files to a model, for whoever calls seqloom from Python or the command line."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqloom.base.errors import DataError, Interrupted, UsageError
from seqloom.base.files import atomic_write
from seqloom.base.progress import progress
from seqloom.config.read import build_config, read_config, require_training_data
from seqloom.config.schema import Config
from seqloom.config.tasks import task_named
from seqloom.inspection.run_log import best_validation, number, read_log
from seqloom.inspection.run_report import write_report
from seqloom.metrics.measure import TITLES
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.loading import AnyModel, load
from seqloom.pipeline.tagger import Tagger
from seqloom.training.averaging import average_checkpoints
from seqloom.training.calibration import read_calibration, weights_of
from seqloom.training.checkpoint import checkpoint_folders, read_checkpoint, save_checkpoint
from seqloom.training.events import Event, StopEvent, ValidationEvent
from seqloom.training.listeners import Listener
from seqloom.training.machine import require_device
from seqloom.training.run import prepare_run, train_run
from seqloom.training.run_config import claim_run, read_run_config, with_kept_vocabulary
from seqloom.training.run_folder import RunFolder
from seqloom.training.seeds import member_folder, seed_runs, seeded, seeds_record, seeds_table
from seqloom.training.signals import stop_on_signal
from seqloom.training.vocabularies import pair_files


def train(
    config: Config | Path | str | Mapping[str, Any],
    run: Path | str,
    *,
    overrides: Sequence[str] = (),
    listeners: Sequence[Listener] = (),
) -> AnyModel:
    """Train a run, or go on with it where it stopped, and give the best model.

    config     a configuration, the path of its TOML file, or a mapping of its sections
    run        the folder that holds everything of the run
    overrides  such as "model.width=256"
    listeners  called with every event of the training loop
    Raises     ConfigError, DataError, ResourceError; Interrupted after a signal, saved and ready to resume
    """
    settings = _as_config(config, overrides)
    require_training_data(settings)
    if seed_runs(Path(run)):
        raise UsageError(
            f"{run} holds runs that differ in their seed, so it can't be one itself. Choose another folder, or one of "
            "them."
        )
    require_device(settings.training.device)
    folder = RunFolder(Path(run), settings.training.keep_checkpoints)
    with folder.locked(), stop_on_signal() as stopped, progress("Training", total=1.0) as shown:
        settings = with_kept_vocabulary(folder, settings)
        claim_run(folder, settings)
        prepared = prepare_run(folder, settings, shown, stopped)
        reason = train_run(
            folder, settings, prepared, shown, stopped, [*listeners, _report_writer(folder.path)]
        )
    if reason == "interrupted":
        raise Interrupted(f"Stopped and saved in {folder.path}; the same command goes on from here.")
    model = load(folder.path, device=settings.training.device, threads=settings.training.threads)
    _calibrate(folder, model)
    return model


def _calibrate(folder: RunFolder, model: AnyModel) -> None:
    """Fit a classifier's temperature on its validation data, unless that was done for these weights."""
    config = model.config
    if not isinstance(model, Classifier | Tagger) or not config.data.valid:
        return
    if read_calibration(folder.path, weights_of(folder.best().path)) is None:
        model.calibrate(folder, list(pair_files(config, "valid").read()))


def train_seeds(
    config: Config | Path | str | Mapping[str, Any],
    folder: Path | str,
    seeds: int,
    *,
    overrides: Sequence[str] = (),
    on_run: Callable[[Path], None] = lambda _: None,
) -> dict[str, dict[str, float]]:
    """Train a run for each of several seeds, the configuration's own and those after it; go on where they stopped.

    folder   gets seed-N/ for each, and the figures of all as seeds.md and seeds.json
    on_run   called with each run's folder before it is trained
    Returns  run -> the figures of its best validation; {} for a run without validation data
    Raises   as train; UsageError for a folder that holds a run itself, or for less than one seed
    """
    place = Path(folder)
    if seeds < 1:
        raise UsageError(f"{seeds} seeds are none; expected 1 or more.")
    if (place / "config.toml").is_file():
        raise UsageError(f"{place} holds a run, so it can't hold one for each seed. Choose another folder.")
    found: dict[str, dict[str, float]] = {}
    for settings in seeded(_as_config(config, overrides), seeds):
        run = member_folder(place, settings.seed)
        on_run(run)
        train(settings, run)
        best = best_validation(read_log(run / "metrics.jsonl").rows) or {}
        known = (*task_named(settings.task).metrics, "loss")
        found[run.name] = {name: value for name in known if (value := number(best.get(name))) is not None}
        atomic_write(place / "seeds.json", seeds_record(found))
        atomic_write(place / "seeds.md", seeds_table(found, TITLES))
    return found


def _report_writer(run: Path) -> Listener:
    """Keeps report.html up to date while the run trains."""

    def write(event: Event) -> None:
        if isinstance(event, ValidationEvent | StopEvent):
            write_report(run)

    return write


def _as_config(config: Config | Path | str | Mapping[str, Any], overrides: Sequence[str]) -> Config:
    if isinstance(config, Config):
        if overrides:
            raise UsageError("Overrides go with a file or a mapping; a Config is complete already.")
        return config
    if isinstance(config, Mapping):
        return build_config(config, overrides)
    return read_config(config, overrides)


def average(run: Path | str, last: int = 5) -> list[Path]:
    """Make the mean of a run's newest checkpoints its best model; gives the checkpoints used, newest first."""
    folder = RunFolder(Path(run))
    config = read_run_config(folder)
    with folder.locked():
        chosen = checkpoint_folders(folder.path)[: max(last, 0)]
        if last > 0 and not chosen:
            raise UsageError(
                f"{folder.path} has no checkpoint to average. Train it first: seqloom train {folder.path}"
            )
        state = read_checkpoint(chosen[0]).state if chosen else {}
        weights = average_checkpoints(chosen)
        save_checkpoint(folder.path / "best", model=weights, state=state)
    if config.family == "classifier":
        try:
            _calibrate(folder, load(run))
        except DataError as error:
            raise DataError(
                f"{folder.path / 'best'} is the mean now, but its probabilities aren't calibrated: {error}"
            ) from error
    return chosen
