"""Sound files as samples: WAV, FLAC and what else soundfile reads, at the rate wanted and with one channel.

What can be put right is, with a notice: another sampling rate, several channels, samples that are no numbers. What
can't is refused in one sentence that names the file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.audio.resampling import Samples, resample
from seqloom.audio.sound_length import finished, sound_length
from seqloom.base.errors import DataError, MissingDependencyError
from seqloom.base.files import explain_os_errors

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au")
"""Sound files that are taken out of a folder."""
LONGEST_HOURS = 24.0
UNFINISHED = "its header says no length, as it was never finished; all that follows was read"
RAW_FORMATS: Mapping[str, tuple[np.dtype[Any], float]] = {
    "s16le": (np.dtype("<i2"), 32768.0),
    "s32le": (np.dtype("<i4"), 2147483648.0),
    "f32le": (np.dtype("<f4"), 1.0),
}
"""Raw samples by the names that ffmpeg and arecord have for them: their type, and what full scale is."""


class Sound(NamedTuple):
    """samples (length,) float32, -1 to 1, of one channel · notices: what was put right, a clause each."""

    samples: Samples
    notices: tuple[str, ...]


def read_sound(path: Path, rate: int) -> Sound:
    """A sound file's samples at `rate` a second.

    Raises   DataError for a file that isn't there, is empty or broken, was cut short, holds no sound or no number;
             MissingDependencyError without soundfile
    """
    soundfile = _soundfile()
    require_bytes(path)
    length = sound_length(path)
    unfinished = length is not None and length.unfinished
    try:
        with soundfile.SoundFile(finished(path, length) if length and unfinished else str(path)) as stream:
            if stream.frames > LONGEST_HOURS * 3600 * stream.samplerate:
                raise DataError(
                    f"{path} says that it lasts {stream.frames / stream.samplerate / 3600:,.0f} hours; expected at "
                    f"most {LONGEST_HOURS:g}. Its header is damaged, or cut it into recordings."
                )
            samples = stream.read(dtype="float32", always_2d=True)
            found = int(stream.samplerate)
    except soundfile.LibsndfileError as error:
        raise DataError(
            f"{path} is no sound file that can be read ({str(error.error_string).rstrip('. ')}); its header is broken "
            "or it is of another format. Convert it to WAV or FLAC."
        ) from error
    if length and length.cut:
        raise DataError(
            f"{path} was cut short: of {length.said:,} bytes of sound, by its header, {length.there:,} are there. Copy "
            "it again, or convert it to FLAC if that is all there is of it."
        )
    right = _put_right(samples, found, rate, path)
    return right._replace(notices=(UNFINISHED, *right.notices)) if unfinished else right


def from_raw(data: bytes, kind: str) -> Samples:
    """Raw samples of one channel, by the name of their format, as float32; bytes after the last whole sample are left.

    Samples that are no numbers become silence.
    """
    dtype, full_scale = RAW_FORMATS[kind]
    whole = len(data) - len(data) % dtype.itemsize
    samples = np.frombuffer(data[:whole], dtype).astype(np.float32) / np.float32(full_scale)
    return np.where(np.isfinite(samples), samples, np.float32(0.0))


def count_broken(data: bytes, kind: str) -> int:
    """How many raw samples are no finite numbers, which only a format of floating point can have."""
    dtype, _ = RAW_FORMATS[kind]
    if dtype.kind != "f":
        return 0
    samples = np.frombuffer(data[: len(data) - len(data) % dtype.itemsize], dtype)
    return int((~np.isfinite(samples)).sum())


def _put_right(samples: NDArray[np.float32], found: int, rate: int, path: Path) -> Sound:
    """samples (length, channels) of a file -> one channel of finite samples at the rate."""
    if not samples.size:
        raise DataError(
            f"{path} holds no samples: it is a header without sound. Record it again, or leave it out."
        )
    notices = []
    broken = ~np.isfinite(samples)
    if broken.all():
        raise DataError(f"{path} has no sample that is a finite number. Export it again, or leave it out.")
    if broken.any():
        notices.append(f"{_count(int(broken.sum()))} no number, of {samples.size:,}; silence stands for that")
        samples = np.where(broken, np.float32(0.0), samples)
    channels = samples.shape[1]
    mixed = samples[:, 0] if channels == 1 else samples.mean(axis=1, dtype=np.float32)
    if channels > 1:
        notices.append(f"its {channels} channels were mixed into one")
    if found != rate:
        notices.append(f"it was resampled from {found:,} to {rate:,} samples a second")
        mixed = resample(np.ascontiguousarray(mixed), found, rate)
    return Sound(np.ascontiguousarray(mixed), tuple(notices))


def _count(samples: int) -> str:
    return "1 sample is" if samples == 1 else f"{samples:,} samples are"


def require_bytes(path: Path) -> None:
    """Raise DataError for what isn't a file with something in it."""
    if path.is_dir():
        raise DataError(f"{path} is a folder; expected a sound file.")
    if not path.exists():
        raise DataError(f"{path} does not exist.{_near(path)}")
    with explain_os_errors("read", path):
        if path.is_file() and path.stat().st_size == 0:
            raise DataError(f"{path} is empty, without even a header. Record it again, or leave it out.")
        with path.open("rb"):
            pass


def _near(path: Path) -> str:
    """A file of the same folder that may have been meant."""
    import difflib

    siblings: Sequence[str] = []
    if path.parent.is_dir():
        siblings = [file.name for file in path.parent.iterdir()]
    near = difflib.get_close_matches(path.name, siblings, n=1)
    return f" Did you mean {path.parent / near[0]}?" if near else ""


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # the latter where the package lacks its library
        raise MissingDependencyError(
            "Reading sound needs soundfile, which is not installed. Install it with: pip install 'seqloom[audio]'"
        ) from error
    return soundfile
