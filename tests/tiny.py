"""A trainer small enough to be looked into, over batches written down by hand; and one tiny run, trained for real."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kinds import model_of
from seqloom.config.training import TrainingConfig
from seqloom.data.batch import Batch, collate
from seqloom.models.seq2seq import Seq2Seq
from seqloom.training.checkpoint import Checkpoint
from seqloom.training.events import Event
from seqloom.training.loop import Trainer
from seqloom.training.machine import Machine
from seqloom.training.objective import Objective
from seqloom.training.validation import Validation

CPU = Machine(torch.device("cpu"), 1, bfloat16=False)

# Five sentence pairs in three batches with 6, 5 and 3 target symbols, end symbols counted: a mean of the batches' means
# is not the mean over symbols.
SOURCES: Sequence[Sequence[int]] = [[4, 5, 6, 12], [8], [9, 4, 10], [7, 11], [5]]
TARGETS: Sequence[Sequence[int]] = [[7, 4], [6, 5], [8], [9, 10], [4, 6]]
CUTS = ((0, 2), (2, 4), (4, 5))


def batches() -> list[Batch]:
    """The pairs as three batches."""
    return [collate(SOURCES[start:stop], TARGETS[start:stop]) for start, stop in CUTS]


def big_batch() -> Batch:
    """The same pairs as one batch."""
    return collate(SOURCES, TARGETS)


def tiny_model(dtype: torch.dtype = torch.float64, **options: Any) -> Seq2Seq:
    """Always the same weights; no dropout unless asked for."""
    return model_of("gru-bi-1", "gru-between-additive", dtype, **{"dropout": 0.0, **options})


class LiteralBatches:
    """The same batches in every epoch; `asked` is where the loop began to read."""

    def __init__(self, rows: Sequence[Batch]) -> None:
        self.rows = rows
        self.asked: list[tuple[int, int]] = []

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        self.asked.append((epoch, start))
        return iter(self.rows[start:])

    def count(self, epoch: int) -> int:  # noqa: ARG002 - what the loop calls
        return len(self.rows)


@dataclass
class Shelf:
    """Keeps checkpoints in memory, by update."""

    saved: dict[int, Checkpoint] = field(default_factory=dict)
    best: list[Checkpoint] = field(default_factory=list)

    def save(
        self, update: int, model: dict[str, Tensor], optimiser: dict[str, Tensor], state: dict[str, Any]
    ) -> str:
        self.saved[update] = Checkpoint(Path(f"step-{update}"), copied(model), copied(optimiser), dict(state))
        return f"step-{update}"

    def save_best(self, model: dict[str, Tensor], state: dict[str, Any]) -> None:
        self.best.append(Checkpoint(Path("best"), copied(model), {}, dict(state)))


def copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the tensors hold now."""
    return {name: tensor.clone() for name, tensor in tensors.items()}


def make_trainer(
    rows: Sequence[Batch] | None = None,
    *,
    model: Seq2Seq | None = None,
    validate: Callable[[], Validation] | None = None,
    keeper: Shelf | None = None,
    stop: Callable[[], bool] = lambda: False,
    seed: int = 1,
    machine: Machine = CPU,
    **training: Any,
) -> Trainer:
    """Plain gradient descent at a constant rate over the three batches, each option of `training` as asked."""
    plain: dict[str, Any] = {
        "max_updates": 4,
        "optimiser": "sgd",
        "learning_rate": 0.1,
        "schedule": "constant",
        "warmup_updates": 0,
        "weight_decay": 0.0,
        "clip_norm": 0.0,
        "label_smoothing": 0.1,
        "validate_every": None,
        "checkpoint_minutes": None,
        "log_every": 1,
        "best_by": "loss",
    }
    if training.keys() & {"max_epochs", "max_tokens", "max_minutes"}:
        del plain["max_updates"]
    config = TrainingConfig(**{**plain, **training})
    return Trainer(
        model or tiny_model(),
        LiteralBatches(batches() if rows is None else rows),
        config,
        Objective(config.label_smoothing, own_share_at_end=config.scheduled_sampling),
        seed=seed,
        machine=machine,
        validate=validate,
        keeper=keeper,
        stop=stop,
    )


def stop_after(updates: int) -> Callable[[], bool]:
    """What a trainer asks after each update: True from that one on."""
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= updates


class TickingClock:
    """Stands in for the module `time`: ten seconds go by each time that somebody looks."""

    def __init__(self) -> None:
        self.now = 500.0

    def monotonic(self) -> float:
        self.now += 10.0
        return self.now


def weights(trainer: Trainer) -> dict[str, Tensor]:
    """A copy of the model's weights as they stand."""
    return {name: tensor.detach().clone() for name, tensor in trainer.model.named_parameters()}


def same_bits(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two sets of tensors are the same to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@dataclass(frozen=True)
class TinyRun:
    """A trained run. Look, don't touch: copy it to change it."""

    config: Path
    overrides: tuple[str, ...]
    path: Path
    events: tuple[Event, ...]

    def settings(self, **training: Any) -> dict[str, Any]:
        """Its configuration as nested mappings, with other options of `training`."""
        config = json.loads((self.path / "resolved.json").read_text(encoding="utf-8"))
        return {**config, "training": {**config["training"], **training}}
