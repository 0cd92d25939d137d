"""Ready-made features: frames that somebody else computed, as .npy arrays."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.audio.waveform import require_bytes
from seqloom.base.errors import DataError

READY_SUFFIX = ".npy"
KINDS = "fiu"  # of numpy's types: floating, whole, unsigned


class Ready(NamedTuple):
    """frames (S, F) float32 · notices: what was put right, a clause each."""

    frames: NDArray[np.float32]
    notices: tuple[str, ...]


def read_ready(path: Path) -> Ready:
    """The frames (S, F) of an .npy array. Nothing in it is executed: arrays of Python objects are refused.

    Raises   DataError for a file that is missing, empty or broken, and for another shape or type than frames have
    """
    require_bytes(path)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(
            f"{path} is no .npy array that can be read ({str(error).splitlines()[0]})."
        ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path} is an archive of arrays (.npz); expected one array of frames x features.")
    if array.dtype.kind not in KINDS:
        raise DataError(f"{path} holds {array.dtype.name} values; expected numbers, frames x features.")
    if array.ndim != 2 or 0 in array.shape:
        shape = " x ".join(map(str, array.shape)) or "a single number"
        raise DataError(f"{path} has the shape {shape}; expected frames x features, at least one of each.")
    frames = np.array(array, np.float32)
    broken = ~np.isfinite(frames)
    if broken.all():
        raise DataError(f"{path} has no value that is a number. Compute it again, or leave it out.")
    if not broken.any():
        return Ready(frames, ())
    count = int(broken.sum())
    words = "1 value is no number" if count == 1 else f"{count:,} of {frames.size:,} values are no numbers"
    return Ready(np.where(broken, np.float32(0.0), frames), (f"{words}; 0 stands for them",))
