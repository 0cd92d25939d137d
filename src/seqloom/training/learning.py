"""What the training loop asks of a batch and of what is minimised, whatever family the model is of."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, Self

import torch
from torch import Tensor

from seqloom.training.machine import Machine

Carried = Mapping[str, Tensor]
"""A model's state at the end of a batch, by name, from which the next batch goes on; empty for most families."""
NOTHING_CARRIED: Carried = {}


class TrainingBatch(Protocol):
    """What the loop knows of a batch."""

    @property
    def target_tokens(self) -> int:
        """Predictions that the loss counts; it is their mean that is minimised."""
        ...

    def to(self, device: torch.device | str) -> Self:
        """The same batch on a device."""
        ...


class BatchLoss(NamedTuple):
    """loss        what is minimised, a sum in nats over the batch's predictions
    likelihood  their negative log-likelihood alone, for showing
    carried     from which the next batch goes on
    """

    loss: Tensor
    likelihood: Tensor
    carried: Carried = NOTHING_CARRIED


class Objective(Protocol):
    """What is minimised."""

    def at(self, fraction: float) -> Self:
        """The same when that share of the run, 0 to 1, is done."""
        ...

    def loss(self, model: Any, batch: Any, machine: Machine, carried: Carried = NOTHING_CARRIED) -> BatchLoss:
        """The loss of a batch, after those before it."""
        ...
