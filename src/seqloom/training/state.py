"""Where a run stands, which a checkpoint keeps, and the sums that its step events are means of."""

import math
from dataclasses import dataclass, fields
from typing import Any

from seqloom.base.errors import DamagedModelError
from seqloom.config.training import TrainingConfig
from seqloom.metrics.measure import LOWER_IS_BETTER
from seqloom.training.validation import Validation


@dataclass
class TrainingState:
    """Where a run stands. `update`, `epoch` and `batch` count what is done; `batch` is within the epoch."""

    update: int = 0
    epoch: int = 0
    batch: int = 0
    tokens: int = 0
    seconds: float = 0.0
    skipped: int = 0
    bad_in_a_row: int = 0
    validated_update: int = -1
    validation_due: bool = False
    validated_seconds: float = 0.0
    saved_seconds: float = 0.0
    best_score: float | None = None
    best_update: int | None = None
    stale_validations: int = 0
    plateau_scale: float = 1.0
    plateau_stale: int = 0

    @classmethod
    def of(cls, values: dict[str, Any], where: object) -> "TrainingState":
        """Read back what `asdict` gave. Raises DamagedModelError when an entry is missing or unknown."""
        expected = {field.name for field in fields(cls)}
        if set(values) != expected:
            wrong = ", ".join(sorted(expected ^ set(values)))
            raise DamagedModelError(f"{where}: state.json has other entries than expected: {wrong}.")
        return cls(**values)

    def judge(self, measured: Validation, config: TrainingConfig) -> bool:
        """Whether this is the best so far; early stopping and the plateau schedule go by the same number."""
        self.validated_update, self.validated_seconds = self.update, self.seconds
        value = measured.loss if config.best_by == "loss" else measured.scores[config.best_by]
        score = -value if config.best_by in LOWER_IS_BETTER else value
        better = math.isfinite(measured.loss) and (self.best_score is None or score > self.best_score)
        if better:
            self.best_score, self.best_update = score, self.update
            self.stale_validations = self.plateau_stale = 0
            return True
        self.stale_validations += 1
        self.plateau_stale += 1
        if config.schedule == "plateau" and self.plateau_stale > config.plateau_patience:
            self.plateau_scale *= config.plateau_factor
            self.plateau_stale = 0
        return False


@dataclass
class Sums:
    """What is added up between two step events."""

    loss: float = 0.0
    likelihood: float = 0.0
    norm: float = 0.0
    tokens: int = 0
    updates: int = 0
    started: float = 0.0

    def add(self, loss: float, likelihood: float, norm: float, tokens: int) -> None:
        """One update: the sums of its loss and likelihood in nats, its gradient's norm, its target tokens."""
        self.loss += loss
        self.likelihood += likelihood
        self.norm += norm
        self.tokens += tokens
        self.updates += 1
