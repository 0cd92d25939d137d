"""Runs that were there before a comparison and take part as they are: what they hold, and whether they may.

A run keeps its size, its vocabulary and what it learnt from. So each is measured by its own, and one that misses what
all models are to have alike, or learnt from other pairs, is refused: nothing in the report would show it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqloom.base.errors import ConfigError
from seqloom.base.files import sha256_of
from seqloom.comparison.fairness import SIZES, ModelSize
from seqloom.comparison.options import AMOUNTS
from seqloom.comparison.plan import ModelPlan, Plan
from seqloom.comparison.records import key_of
from seqloom.comparison.sizing import CLOSE
from seqloom.config.schema import Config
from seqloom.data.lines import survey
from seqloom.inspection.run_log import number, read_log
from seqloom.training.checkpoint import MANIFEST, checkpoint_folders
from seqloom.training.run_config import read_run_config
from seqloom.training.run_folder import RunFolder
from seqloom.training.vocabularies import Tokenizers

MEND = 'Train it anew in the comparison, or set comparison.fairness = "none" to compare models as they are.'
PROGRESS = {"updates": "update", "time": "seconds"}
"""By fairness, what of a run's log tells how long it was trained."""


@dataclass(frozen=True)
class ReusedRun:
    """weights: a name for what its weights are now, since a run may be trained on after it was measured"""

    path: Path
    config: Config
    tokenizers: Tokenizers
    weights: str


def read_reused(path: Path) -> ReusedRun:
    """A run as it is. Raises as read_run_config does; DamagedModelError for a vocabulary that can't be read."""
    folder = RunFolder(path)
    config = read_run_config(folder)
    manifests = [place / MANIFEST for place in (path / "best", *checkpoint_folders(path))]
    weights = key_of([sha256_of(manifest) for manifest in manifests if manifest.is_file()])
    return ReusedRun(path, config, Tokenizers.load(folder.vocabulary), weights)


def check_alike(model: ModelPlan, runs: Sequence[ReusedRun]) -> None:
    """Raise ConfigError where runs that are to be one model with several seeds are made otherwise."""
    for run in runs[1:]:
        if run.config.model != runs[0].config.model:
            raise ConfigError(
                f'Model "{model.name}": {runs[0].path} and {run.path} are models of different shape, but runs of one '
                "model differ in their seed alone. Name them as two models."
            )


def check_fair(plan: Plan, model: ModelPlan, runs: Sequence[ReusedRun], size: ModelSize) -> None:
    """Raise ConfigError for runs that miss what all models are to have alike."""
    fairness, wanted = plan.comparison.fairness, plan.comparison.amount
    if fairness in SIZES and abs(size.apart or 0.0) > CLOSE:
        found = size.parameters if fairness == "parameters" else size.operations
        apart = f"{100 * (size.apart or 0.0):+.1f} %"
        raise ConfigError(
            f'Model "{model.name}" has {found:,.0f} {fairness}, '
            f"{apart} from what all are to have "
            f'(comparison.fairness = "{fairness}"), and runs that are there keep their size. {MEND}'
        )
    if fairness not in PROGRESS or wanted is None:
        return
    for run in runs:
        trained = _last(run.path, PROGRESS[fairness]) / (60 if fairness == "time" else 1)
        if abs(trained / wanted - 1) > CLOSE:
            unit = AMOUNTS[fairness]
            raise ConfigError(
                f'Model "{model.name}": {run.path} was trained for {trained:,.4g} {unit}, but comparison.{unit} = '
                f"{wanted:g}. {MEND}"
            )


def _last(run: Path, name: str) -> float:
    """The last figure of that name in a run's log; 0 where there is none."""
    found = (number(row.get(name)) for row in reversed(read_log(run / "metrics.jsonl").rows))
    return next((value for value in found if value is not None), 0.0)


def check_data(plan: Plan, runs: Sequence[ReusedRun], say: Callable[[str], None]) -> None:
    """Raise ConfigError for a run that learnt from other pairs than the plan's; say where that can't be seen."""
    wanted = _content(plan.models[0].config)
    for run in runs:
        found = _content(run.config)
        if found is None or wanted is None:
            say(
                f"{run.path}: its training pairs are not there any more, so that they are the plan's can't be seen."
            )
        elif found != wanted:
            names = ", ".join(str(path) for path in run.config.data.training_files)
            raise ConfigError(
                f"{run.path} learnt from other pairs ({names}) than the plan's, and a comparison is of models that "
                "learnt from the same. Set data.train to those, or leave the run out."
            )


def _content(config: Config) -> list[str] | None:
    """A name for the content of each file that a configuration trains on; None where one isn't there."""
    paths = [Path(path) for path in config.data.training_files]
    if not all(path.is_file() for path in paths):
        return None
    return [survey(path).sha256 for path in paths]
