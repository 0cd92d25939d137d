"""How far a run is towards its bound, and the learning rate there: both pure functions of what is counted."""

import math
from dataclasses import dataclass

from seqloom.config.training import TrainingConfig


@dataclass(frozen=True)
class Bounds:
    """Where a run ends: at the bound that is reached first. None is no bound."""

    updates: int | None = None
    epochs: float | None = None
    tokens: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, config: TrainingConfig) -> "Bounds":
        """The bounds that a configuration sets."""
        minutes = config.max_minutes
        return cls(
            config.max_updates,
            config.max_epochs,
            config.max_tokens,
            None if minutes is None else minutes * 60,
        )

    def fraction(self, updates: int, epochs: float, tokens: int, seconds: float) -> float:
        """The share of the run that is done, 0 to 1 and beyond: the largest over all bounds."""
        shares = [
            done / bound
            for done, bound in (
                (updates, self.updates),
                (epochs, self.epochs),
                (tokens, self.tokens),
                (seconds, self.seconds),
            )
            if bound is not None
        ]
        return max(shares, default=0.0)


def learning_rate(config: TrainingConfig, update: int, fraction: float, plateau_scale: float = 1.0) -> float:
    """The learning rate of one update.

    update         counted from 0
    fraction       the share of the run that is done before it, 0 to 1
    plateau_scale  what the plateau schedule has come down to
    Source         warm-up and inverse square root: Vaswani et al. 2017, section 5.3; cosine: Loshchilov and Hutter
                   2017, equation 5, without restarts
    """
    peak = config.learning_rate
    warmup = config.warmup_updates
    rising = min(1.0, (update + 1) / warmup) if warmup else 1.0
    if config.schedule == "inverse_square_root":
        start = max(warmup, 1)
        return peak * rising * math.sqrt(start / max(update + 1, start))
    if config.schedule == "cosine":
        lowest = config.final_learning_rate_fraction
        falling = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
        return peak * rising * (lowest + (1 - lowest) * falling)
    if config.schedule == "plateau":
        return peak * rising * max(plateau_scale, config.final_learning_rate_fraction)
    return peak * rising
