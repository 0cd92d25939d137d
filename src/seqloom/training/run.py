"""A run from its configuration to its end: prepare the data, train or go on, keep the records."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from seqloom.base.errors import DamagedModelError, DataError
from seqloom.base.progress import Progress
from seqloom.base.randomness import derive
from seqloom.config.schema import Config
from seqloom.training.checkpoint import load_weights
from seqloom.training.events import StopEvent
from seqloom.training.family import FAMILIES, Prepared
from seqloom.training.listeners import Listener, LogWriter, MetricsWriter, ProgressListener
from seqloom.training.loop import Trainer
from seqloom.training.machine import prepare_machine
from seqloom.training.run_folder import RunFolder


def prepare_run(
    folder: RunFolder, config: Config, shown: Progress, stopped: Callable[[], bool] = lambda: False
) -> Prepared:
    """The run's vocabularies and its corpora, made or opened again. Raises Interrupted once `stopped` says so."""
    return FAMILIES[config.family](folder, config, shown, stopped)


def train_run(
    folder: RunFolder,
    config: Config,
    prepared: Prepared,
    shown: Progress,
    stopped: Callable[[], bool],
    listeners: Sequence[Listener],
) -> str:
    """Train to the bound or to a signal; gives the reason for the end.

    Raises   DataError when a run is to go on with other training data than it began with; DamagedModelError when
             it has checkpoints and none of them verifies
    """
    checkpoint, damaged = folder.newest()
    if damaged and checkpoint is None:
        raise DamagedModelError(
            f"{' '.join(damaged)} No checkpoint of {folder.path} can be gone on from; put one back as it was, or "
            "train in another run folder."
        )
    before = folder.environment() if checkpoint else {}
    corpus = prepared.corpus
    if before.get("corpus", corpus) != corpus:
        files = " or ".join(config.data.training_files)
        raise DataError(
            f"The training data is not what {folder.path} began with: {files} was changed "
            "since. Put the files back as they were to go on, or choose another run folder."
        )
    machine = prepare_machine(config.training, before)
    torch.manual_seed(derive(config.seed, "parameters"))
    network = prepared.network()
    if config.training.start_from and not checkpoint:
        best = RunFolder(Path(config.training.start_from)).best()
        load_weights(network, best.model, best.path)
        shown.say(f"Starting from {best.path}")
    parameters = sum(parameter.numel() for parameter in network.parameters())
    trainer = Trainer(
        network,
        prepared.batches(),
        config.training,
        prepared.objective(machine),
        seed=config.seed,
        machine=machine,
        validate=prepared.validator(network, machine, stopped),
        keeper=folder,
        stop=stopped,
    )
    for sentence in damaged:
        shown.say(sentence)
    if checkpoint:
        trainer.resume(checkpoint)
        shown.say(f"Going on from update {trainer.state.update:,}")
    folder.forget_after(trainer.state.update)
    folder.write_environment({**machine.facts(), "parameters": parameters, "corpus": corpus})
    shown.say(f"{parameters:,} parameters on {machine.describe()}")
    if before.get("kernels") and not machine.compiled:
        shown.say(
            "The run began with compiled kernels, which aren't here; its last bits may differ from now on."
        )
    with folder.log.open("a", encoding="utf-8") as log:
        everyone: list[Listener] = [
            MetricsWriter(folder.metrics, folder.samples),
            ProgressListener(shown),
            LogWriter(log),
            *listeners,
        ]
        reason = "finished"
        for event in trainer.events():
            for listener in everyone:
                listener(event)
            if isinstance(event, StopEvent):
                reason = event.reason
    return reason
