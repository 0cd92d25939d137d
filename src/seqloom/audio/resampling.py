"""Sound of one sampling rate as sound of another, and played faster or slower."""

from fractions import Fraction
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
LOBES = 16  # of the sinc on each side, at the lower of both rates: some 80 dB of what would alias is gone
ROLL_OFF = 0.95  # of the lower half rate; what lies between is let fade
KAISER = 8.0  # shape of the window
BLOCK = 2**14  # outputs that are worked out at once: each takes its window's samples, some 100 floats
LARGEST_TERM = 1_000  # of the ratio of a speed change: 0.9 is 9 / 10


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """samples (length,) at `rate` a second -> (about length * wanted / rate,) at `wanted`.

    Band-limited interpolation by a windowed sinc (Smith and Gossett 1984), exact at every output time: as many filters
    as the ratio has phases, each applied to many outputs of its phase at once. Beside the sound itself, memory does not
    grow with its length.
    """
    if rate < 1 or wanted < 1:
        raise ValueError(f"rates {rate} and {wanted}; expected 1 or more.")
    divisor = gcd(rate, wanted)
    up, down = wanted // divisor, rate // divisor
    if up == down or not len(samples):
        return samples
    cutoff = ROLL_OFF * min(1.0, up / down)  # of the input's half rate
    reach = int(np.ceil(LOBES / cutoff))  # samples on each side that an output reads
    length = -(-len(samples) * up // down)
    padded = np.concatenate([np.zeros(reach, np.float32), samples, np.zeros(reach + 1, np.float32)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)  # centred on each sample
    outputs = np.empty(length, np.float32)
    for phase in range(min(up, length)):
        own = outputs[phase::up]
        first, between = divmod(
            phase * down, up
        )  # in 1/up of an input sample; those that follow lie `down` apart
        weights = _filter(between / up, reach, cutoff)
        for start in range(0, len(own), BLOCK):
            stop = min(start + BLOCK, len(own))
            read = windows[first + start * down : first + (stop - 1) * down + 1 : down]
            own[start:stop] = np.ascontiguousarray(read) @ weights
    return outputs


@lru_cache(4096)
def _filter(between: float, reach: int, cutoff: float) -> NDArray[np.float32]:
    """The weights (2 reach + 1,) of the samples around one that lies `between` before the output's time."""
    distance = np.arange(-reach, reach + 1) - between
    inside = np.clip(1.0 - (distance / (reach + 1)) ** 2, 0.0, None)
    weights = np.sinc(cutoff * distance) * np.i0(KAISER * np.sqrt(inside))
    return np.asarray(weights / weights.sum(), np.float32)


def change_speed(samples: Samples, speed: float) -> Samples:
    """The same sound played `speed` times as fast, its pitch with it (Ko et al. 2015)."""
    ratio = Fraction(speed).limit_denominator(LARGEST_TERM)
    return resample(samples, ratio.numerator, ratio.denominator)


def change_speed_of_frames(frames: NDArray[np.float32], speed: float) -> NDArray[np.float32]:
    """Frames (S, F) played `speed` times as fast: (about S / speed, F), each between its two neighbours in time."""
    count = max(1, round(len(frames) / speed))
    if count == len(frames):
        return frames
    times = np.minimum(np.arange(count) * speed, len(frames) - 1)
    before = times.astype(np.int64)
    after = np.minimum(before + 1, len(frames) - 1)
    share = (times - before).astype(np.float32)[:, None]
    return np.asarray((1 - share) * frames[before] + share * frames[after], np.float32)
