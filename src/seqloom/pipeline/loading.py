"""From the folder of a run to the model that a person calls, by the family that the run's task is served by."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.pipeline.text_model import Model, load_text_model
from seqloom.pipeline.transcriber import Transcriber, load_transcriber
from seqloom.training.machine import Machine, prepare_machine
from seqloom.training.run_config import read_run_config
from seqloom.training.run_folder import RunFolder

DEVICES = ("auto", "cpu", "cuda")
AnyModel = Model | Transcriber
"""What a run may hold, a class for each family."""
LOADERS: Mapping[str, Callable[[Sequence[RunFolder], Sequence[Config], Machine], AnyModel]] = {
    "seq2seq": load_text_model,
    "speech": load_transcriber,
}
VERBS = {"seq2seq": "translate", "speech": "transcribe"}
"""What a model of each family is used by."""
KINDS: Mapping[str, type[AnyModel]] = {"seq2seq": Model, "speech": Transcriber}
Kind = TypeVar("Kind", Model, Transcriber)


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


def load_kind(
    kind: type[Kind], run: Path | str | Sequence[Path | str], *, device: str = "auto", threads: int = 0
) -> Kind:
    """As `load`, for whoever can use one kind of model only. Raises UsageError for a run of another kind."""
    first = run if isinstance(run, Path | str) else next(iter(run), None)
    if first is not None:
        config = read_run_config(RunFolder(Path(first)))
        if KINDS[config.family] is not kind:
            raise UsageError(
                f"{first} is a model for {config.task}, which this verb has no use for; see `seqloom "
                f"{VERBS[config.family]} --help`."
            )
    model = load(run, device=device, threads=threads)
    if not isinstance(model, kind):
        raise UsageError(f"{first} is of another kind.")
    return model
