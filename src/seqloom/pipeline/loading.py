"""From the folder of a run to the model that a person calls, by the family that the run's task is served by."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.config.tasks import TASKS, Task, task_named
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.labelling import load_members
from seqloom.pipeline.language_model import TextGenerator, load_language_model
from seqloom.pipeline.tagger import Tagger
from seqloom.pipeline.text_model import Model, load_text_model
from seqloom.pipeline.transcriber import Transcriber, load_transcriber
from seqloom.training.machine import Machine, prepare_machine
from seqloom.training.run_config import read_run_config
from seqloom.training.run_folder import RunFolder
from seqloom.training.seeds import seed_runs

DEVICES = ("auto", "cpu", "cuda")
AnyModel = Model | Classifier | Tagger | TextGenerator | Transcriber
"""What a run may hold, a class for each family."""
Kind = TypeVar("Kind", bound=AnyModel)
Other = TypeVar("Other", bound=AnyModel)
Third = TypeVar("Third", bound=AnyModel)
KINDS: Mapping[str, type[AnyModel]] = {
    "translation": Model,
    "summarization": Model,
    "classification": Classifier,
    "tagging": Tagger,
    "generation": TextGenerator,
    "transcription": Transcriber,
    "dialogue": Model,
    "transduction": Model,
}
"""By task."""
TOGETHER = {name for name, kind in KINDS.items() if kind not in (TextGenerator, Transcriber)}
"""Tasks whose models may decide together."""
OF_ONE_TASK = {task.verb for task in TASKS}
"""Verbs that are for the runs of a task, or of two."""


def load_label_model(
    folders: Sequence[RunFolder], configs: Sequence[Config], machine: Machine
) -> Classifier | Tagger:
    """The best classifier or tagger of a run, or those of several as an ensemble. Raises as load_members does."""
    members, lexicon = load_members(folders, configs)
    made = Tagger if task_named(configs[0].task).target == "labels" else Classifier
    return made(members, lexicon, configs, machine)


LOADERS: Mapping[str, Callable[[Sequence[RunFolder], Sequence[Config], Machine], AnyModel]] = {
    "seq2seq": load_text_model,
    "classifier": load_label_model,
    "language_model": load_language_model,
    "speech": load_transcriber,
}


def load(run: Path | str | Sequence[Path | str], *, device: str = "auto", threads: int = 0) -> AnyModel:
    """Load a run's best model, or those of several runs over one vocabulary as an ensemble.

    run      a run's folder, or several; a folder of runs that differ in their seed stands for all of them
    device   "auto", "cpu" or "cuda"
    threads  of the CPU; 0 for as many as there are cores
    Raises   DamagedModelError when the folder holds no run, or one that is incomplete or altered; UsageError
    """
    if device not in DEVICES:
        raise UsageError(f"device = {device!r} is unknown; expected {', '.join(DEVICES)}.")
    if threads < 0:
        raise UsageError(f"threads = {threads} is out of range; expected 0, for all cores, or more.")
    folders = [RunFolder(path) for path in _members(run)]
    if not folders:
        raise UsageError("load takes a run, or several; found none.")
    configs = [read_run_config(folder) for folder in folders]
    training = configs[0].training.model_copy(
        update={"device": device, "threads": threads, "precision": "float32"}
    )
    machine = prepare_machine(training, build_kernels=False)
    families = {config.family for config in configs}
    if len(families) > 1:
        tasks = " and ".join(sorted({config.task for config in configs}))
        raise UsageError(
            f"The runs are of different kinds, {tasks}; the members of an ensemble must be of one."
        )
    return LOADERS[families.pop()](folders, configs, machine)


def config_of(run: Path) -> Config:
    """The configuration of a run, or of the first in a folder of seeds. Raises DamagedModelError where none is."""
    return read_run_config(RunFolder(_members(run)[0]))


def task_of(run: Path) -> Task:
    """What a run was trained for, or those of a folder of seeds. Raises DamagedModelError for a folder without any."""
    return task_named(config_of(run).task)


def _members(run: Path | str | Sequence[Path | str]) -> list[Path]:
    """The runs that are meant, those of a folder of seeds one by one."""
    runs = [run] if isinstance(run, Path | str) else run
    return [path for each in runs for path in seed_runs(Path(each)) or [Path(each)]]


@overload
def load_as(
    kinds: type[Kind],
    run: Path | str | Sequence[Path | str],
    verb: str,
    *,
    device: str = "auto",
    threads: int = 0,
) -> Kind: ...
@overload
def load_as(
    kinds: tuple[type[Kind], type[Other]],
    run: Path | str | Sequence[Path | str],
    verb: str,
    *,
    device: str = "auto",
    threads: int = 0,
) -> Kind | Other: ...
@overload
def load_as(
    kinds: tuple[type[Kind], type[Other], type[Third]],
    run: Path | str | Sequence[Path | str],
    verb: str,
    *,
    device: str = "auto",
    threads: int = 0,
) -> Kind | Other | Third: ...


def load_as(
    kinds: Any,
    run: Path | str | Sequence[Path | str],
    verb: str,
    *,
    device: str = "auto",
    threads: int = 0,
) -> Any:
    """The same, for a verb that uses models of some kinds only.

    Raises   UsageError, with the verb to use instead, for a run of another kind; as `load` does
    """
    for each in [run] if isinstance(run, Path | str) else run:
        check_kind(kinds, Path(each), verb)
    model = load(run, device=device, threads=threads)
    if not isinstance(model, kinds):
        raise TypeError(f"the loader gave a {type(model).__name__}")
    return model


def check_kind(kinds: Any, run: Path, verb: str) -> None:
    """Refuse a run of another kind than a verb uses, with the verb to use instead. Raises UsageError."""
    task = task_of(run)
    other = verb in OF_ONE_TASK and verb != task.verb
    if other or not issubclass(KINDS[task.name], kinds):
        raise UsageError(
            f'{run} was trained for task = "{task.name}", which `seqloom {verb}` is not for. '
            f"Use it with: seqloom {task.verb} {run}"
        )
