"""From the folder of a run to the model that a person calls, by the family that the run's task is served by."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.pipeline.language_model import TextGenerator, load_language_model
from seqloom.pipeline.text_model import Model, load_text_model
from seqloom.training.machine import Machine, prepare_machine
from seqloom.training.run_config import read_run_config
from seqloom.training.run_folder import RunFolder

DEVICES = ("auto", "cpu", "cuda")
AnyModel = Model | TextGenerator
"""What a run may hold, a class for each family."""
Kind = TypeVar("Kind", Model, TextGenerator)
LOADERS: Mapping[str, Callable[[Sequence[RunFolder], Sequence[Config], Machine], AnyModel]] = {
    "seq2seq": load_text_model,
    "language_model": load_language_model,
}
FAMILY_OF: Mapping[type, str] = {Model: "seq2seq", TextGenerator: "language_model"}
VERBS: Mapping[str, str] = {"translation": "translate", "generation": "generate"}
"""By task, where a person uses a model of it."""


def load(run: Path | str | Sequence[Path | str], *, device: str = "auto", threads: int = 0) -> AnyModel:
    """Load a run's best model, or those of several runs over one vocabulary as an ensemble.

    device   "auto", "cpu" or "cuda"
    threads  of the CPU; 0 for as many as there are cores
    Raises   DamagedModelError when the folder holds no run, or one that is incomplete or altered; UsageError
    """
    if device not in DEVICES:
        raise UsageError(f"device = {device!r} is unknown; expected {', '.join(DEVICES)}.")
    if threads < 0:
        raise UsageError(f"threads = {threads} is out of range; expected 0, for all cores, or more.")
    runs = [run] if isinstance(run, Path | str) else list(run)
    if not runs:
        raise UsageError("load takes a run, or several; found none.")
    folders = [RunFolder(Path(each)) for each in runs]
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


def load_as(
    kind: type[Kind],
    run: Path | str | Sequence[Path | str],
    verb: str,
    *,
    device: str = "auto",
    threads: int = 0,
) -> Kind:
    """The same, for a verb that is for one kind of model.

    Raises   UsageError, which names the verb to use instead, for a run of another kind; as `load` does
    """
    for each in [run] if isinstance(run, Path | str) else run:
        config = read_run_config(RunFolder(Path(each)))
        if config.family != FAMILY_OF[kind]:
            raise UsageError(
                f'{each} was trained for task = "{config.task}", which `seqloom {verb}` is not for. '
                f"Use it with: seqloom {VERBS[config.task]} {each}"
            )
    model = load(run, device=device, threads=threads)
    if not isinstance(model, kind):
        raise TypeError(f"the loader of {FAMILY_OF[kind]} gave a {type(model).__name__}")
    return model
