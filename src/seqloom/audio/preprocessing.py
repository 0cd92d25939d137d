"""What turns a recording into what a model reads; kept with the run, so that the model brings its own preprocessing."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from seqloom.audio.log_mel import FilterBank
from seqloom.audio.ready import READY_SUFFIX, read_ready
from seqloom.audio.resampling import change_speed, change_speed_of_frames
from seqloom.audio.waveform import read_sound
from seqloom.base.errors import DamagedModelError, DataError
from seqloom.base.files import read_json, write_json

Frames = NDArray[np.float32]
LEAST_DEVIATION = 1e-3  # of a feature that never changes, which is then not blown up
FORMAT_VERSION = 1


class Recording(NamedTuple):
    """frames (S, F), not normalised yet · notices: what was put right, a clause each."""

    frames: Frames
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Statistics:
    """Mean and deviation of each feature, (F,) each, over a corpus."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class Preprocessing:
    """From a file to frames.

    bank            what makes frames of sound; None where files hold ready-made features
    features        F, of a frame
    shift_ms        milliseconds from frame to frame
    normalisation   "utterance", "corpus" or "none"
    statistics      of the training corpus, for "corpus"
    """

    bank: FilterBank | None
    features: int
    shift_ms: float
    normalisation: str
    statistics: Statistics | None = None

    @property
    def seconds_a_frame(self) -> float:
        """From frame to frame."""
        return self.shift_ms / 1000

    def read(self, path: Path) -> Recording:
        """A file's frames, as they are. Raises DataError for one that can't be used, naming it."""
        if self.bank is None:
            return self._read_ready(path)
        if path.suffix.lower() == READY_SUFFIX:
            raise DataError(
                f"{path} holds ready-made features, but the model hears sound. Give it a sound file."
            )
        sound = read_sound(path, self.bank.rate)
        return Recording(self.bank.frames(sound.samples), sound.notices)

    def read_at_speeds(self, path: Path, speeds: tuple[float, ...]) -> tuple[list[Frames], tuple[str, ...]]:
        """A file's frames at each speed: of the waveform resampled, or between neighbours of ready-made frames."""
        if self.bank is None:
            frames, notices = self._read_ready(path)
            return [change_speed_of_frames(frames, speed) for speed in speeds], notices
        sound = read_sound(path, self.bank.rate)
        played = (sound.samples if speed == 1.0 else change_speed(sound.samples, speed) for speed in speeds)
        return [self.bank.frames(samples) for samples in played], sound.notices

    def _read_ready(self, path: Path) -> Recording:
        if path.suffix.lower() != READY_SUFFIX:
            raise DataError(
                f"{path} is no {READY_SUFFIX} file, but the model reads ready-made features ({self.features} a frame)."
            )
        frames, notices = read_ready(path)
        if frames.shape[1] != self.features:
            raise DataError(f"{path} has {frames.shape[1]} features a frame; expected {self.features}.")
        return Recording(frames, notices)

    def normalise(self, frames: Frames) -> Frames:
        """Frames (S, F) brought to mean 0 and variance 1, of the utterance or of the corpus."""
        if self.normalisation == "none":
            return frames
        if self.normalisation == "corpus":
            if self.statistics is None:
                raise ValueError("normalisation by the corpus needs its statistics.")
            mean = np.array(self.statistics.mean, np.float32)
            deviation = np.array(self.statistics.deviation, np.float32)
        else:
            mean = frames.mean(axis=0, dtype=np.float32)
            deviation = frames.std(axis=0, dtype=np.float32)
        return np.asarray((frames - mean) / np.maximum(deviation, LEAST_DEVIATION), np.float32)

    def with_statistics(self, statistics: Statistics) -> "Preprocessing":
        """The same with those of a corpus, if it normalises by them."""
        return replace(self, statistics=statistics) if self.normalisation == "corpus" else self

    def described(self) -> dict[str, Any]:
        """What determines the frames before normalisation, as JSON types: a part of a prepared corpus's key."""
        return {"bank": None if self.bank is None else asdict(self.bank), "features": self.features}

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, {"format": FORMAT_VERSION, **asdict(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Raises DamagedModelError."""
        content = read_json(path)
        try:
            return cls._of(content)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise DamagedModelError(f"{path} is not what seqloom wrote ({error}); it was altered.") from error

    @classmethod
    def _of(cls, content: Mapping[str, Any]) -> Self:
        fields = dict(content)
        if fields.pop("format") != FORMAT_VERSION:
            raise ValueError(f"its format is not {FORMAT_VERSION}")
        bank, statistics = fields.pop("bank"), fields.pop("statistics")
        made = cls(
            bank=None if bank is None else FilterBank(**bank),
            statistics=None
            if statistics is None
            else Statistics(**{name: tuple(map(float, values)) for name, values in statistics.items()}),
            **fields,
        )
        if made.normalisation not in ("utterance", "corpus", "none"):
            raise ValueError(f"normalisation is {json.dumps(made.normalisation)}")
        sizes = [made.features, *(len(values) for values in (asdict(made)["statistics"] or {}).values())]
        if len(set(sizes)) != 1 or (made.normalisation == "corpus" and made.statistics is None):
            raise ValueError("its statistics don't fit")
        return made


class RunningStatistics:
    """Mean and deviation of frames that come one utterance after the other, in float64."""

    def __init__(self, features: int) -> None:
        self.count = 0
        self.sum = np.zeros(features)
        self.squares = np.zeros(features)

    def add(self, frames: Frames) -> None:
        """Another utterance's frames (S, F)."""
        exact = frames.astype(np.float64)
        self.count += len(frames)
        self.sum += exact.sum(axis=0)
        self.squares += (exact**2).sum(axis=0)

    def result(self) -> Statistics:
        """Of all that came."""
        mean = self.sum / max(self.count, 1)
        variance = np.maximum(self.squares / max(self.count, 1) - mean**2, 0.0)
        return Statistics(tuple(mean.tolist()), tuple(np.sqrt(variance).tolist()))
