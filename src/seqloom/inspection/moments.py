"""Positions of a recording as moments in time: what each is called, and where an axis of them has its marks."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

BETWEEN = tuple(base * 10.0**power for power in range(-2, 5) for base in (1, 2, 5))
"""Seconds from mark to mark."""


class Mark(NamedTuple):
    """A round time: how many positions lie before it, and what stands there, in seconds."""

    place: float
    text: str


def moments(positions: int, seconds: float) -> tuple[str, ...]:
    """When each position begins: "0.12 s".

    seconds  from one to the next
    """
    digits = 2 if abs(100 * seconds - round(100 * seconds)) < 1e-6 else 3
    return tuple(f"{place * seconds:.{digits}f} s" for place in range(positions))


def marks(positions: int, seconds: float, most: int) -> list[Mark]:
    """Round times from 0 on within so many positions; at most about `most`."""
    length = positions * seconds
    step = next((step for step in BETWEEN if length / step <= max(most, 1)), BETWEEN[-1])
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    return [
        Mark(time / seconds, f"{time:.{digits}f}") for time in np.arange(0.0, length + 1e-9, step).tolist()
    ]


@dataclass(frozen=True)
class Timeline:
    """A recording of so many frames, and the seconds from one to the next."""

    frames: int
    seconds: float

    def step(self, positions: int) -> float:
        """Seconds from one position to the next of a layer that has so many: convolutions and pyramids halve them."""
        step, left = self.seconds, self.frames
        while left > positions:
            step, left = 2 * step, (left + 1) // 2
        return step

    def names(self, positions: int) -> tuple[str, ...]:
        """When each of so many positions begins."""
        return moments(positions, self.step(positions))
