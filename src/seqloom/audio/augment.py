"""Frames hidden in training, as a pure function of a generator: SpecAugment without its time warp."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Masks:
    """What is hidden of each utterance (Park et al. 2019, section 2; without the time warp, the least of its parts).

    time_masks, time_mask_frames      stretches of frames, the longest of them
    time_mask_share                   of the utterance that one of them may hide (their p)
    frequency_masks, frequency_mask_bands   ranges of features, the widest of them
    """

    time_masks: int = 0
    time_mask_frames: int = 40
    time_mask_share: float = 0.2
    frequency_masks: int = 0
    frequency_mask_bands: int = 27

    @property
    def hides(self) -> bool:
        """Whether anything is hidden."""
        return self.time_masks + self.frequency_masks > 0

    def hide(self, frames: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
        """frames (S, F), normalised -> a copy in which masked frames and features are 0, their mean."""
        frames = frames.copy()
        length, features = frames.shape
        for _ in range(self.time_masks):
            start, stop = _range(
                generator, length, min(self.time_mask_frames, int(self.time_mask_share * length))
            )
            frames[start:stop] = 0.0
        for _ in range(self.frequency_masks):
            start, stop = _range(generator, features, min(self.frequency_mask_bands, features - 1))
            frames[:, start:stop] = 0.0
        return frames


def _range(generator: np.random.Generator, size: int, widest: int) -> tuple[int, int]:
    """A range of 0 to `widest` places, anywhere it fits."""
    width = int(generator.integers(0, widest + 1))
    start = int(generator.integers(0, size - width + 1))
    return start, start + width
