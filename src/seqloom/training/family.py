"""The families of models: what each makes of a configuration and its files, as one literal table."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from torch import nn

from seqloom.base.progress import Progress
from seqloom.config.schema import Config
from seqloom.training.labelled import prepare_labelled
from seqloom.training.language_model import prepare_language_model
from seqloom.training.learning import Objective
from seqloom.training.loop import BatchSource
from seqloom.training.machine import Machine
from seqloom.training.run_folder import RunFolder
from seqloom.training.seq2seq import prepare_pairs
from seqloom.training.validation import Validation


class Prepared(Protocol):
    """A run's vocabularies and corpora, and what is made of them."""

    @property
    def corpus(self) -> str:
        """A name for the training data's content and how it was read."""
        ...

    def network(self) -> nn.Module:
        """A model with fresh parameters, drawn from torch's default generator."""
        ...

    def batches(self) -> BatchSource:
        """Those of training."""
        ...

    def objective(self, machine: Machine) -> Objective:
        """What is minimised."""
        ...

    def validator(
        self, network: Any, machine: Machine, stopped: Callable[[], bool]
    ) -> Callable[[], Validation | None] | None:
        """What measures the model as it stands; None without validation data. It gives None once stopped."""
        ...


Prepare = Callable[[RunFolder, Config, Progress, Callable[[], bool]], Prepared]

FAMILIES: Mapping[str, Prepare] = {
    "seq2seq": prepare_pairs,
    "language_model": prepare_language_model,
    "classifier": prepare_labelled,
}
"""By the family that config.tasks gives a task."""
