"""A corpus of recordings as frames on disk: prepared once, read row by row afterwards, never in memory.

CACHE/KEY/
    frames-SPEED.{values,lengths,marks}   frames x features end to end, float16 or float32, once for each speed
    target.…                              the ids of the texts
    meta.json                             counts, what was left out and why, statistics, sizes and hashes of the files

KEY names the content of the manifest and of every recording, the tokenizer and the settings, as in data.corpus. Frames
lie there before normalisation, which reading does.
"""

import contextlib
import hashlib
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.audio.preprocessing import Frames, Preprocessing, RunningStatistics, Statistics
from seqloom.base.errors import DataError
from seqloom.base.files import explain_os_errors, sha256_of
from seqloom.data.columns import Column, ColumnWriter
from seqloom.data.corpus import Ids
from seqloom.data.lines import survey
from seqloom.data.manifest import read_manifest
from seqloom.data.pairs import PairSource
from seqloom.data.prepared import prepare_folder, smallest_dtype, verified_meta, write_meta
from seqloom.text.tokenizer import Tokenizer

FORMAT_VERSION = 1
EMPTY_TEXT, LONG_TEXT, LONG_SOUND, SHORT_SOUND = (
    "empty text",
    "text too long",
    "sound too long",
    "sound too short for its text",
)
SHOWN_NOTICES = 3  # of recordings that were put right, each in a sentence; the others are counted


@dataclass(frozen=True)
class SoundSettings:
    """How recordings become rows.

    preprocessing   from files to frames
    speeds          at which each recording is kept
    max_length      symbols of a text at most
    max_frames      of a recording at its own speed
    reduction       frames that make a position of the memory, if each symbol needs a position of its own as CTC does;
                    0 where none does
    storage         "float16" or "float32"
    """

    preprocessing: Preprocessing
    speeds: tuple[float, ...]
    max_length: int
    max_frames: int
    reduction: int
    storage: str

    def described(self) -> dict[str, Any]:
        """As JSON types, for a corpus's key."""
        return {
            "preprocessing": self.preprocessing.described(),
            "speeds": list(self.speeds),
            "max_length": self.max_length,
            "max_frames": self.max_frames,
            "reduction": self.reduction,
            "storage": self.storage,
        }


class SoundCorpus:
    """A prepared corpus of recordings.

    frame_lengths    (speeds, rows) int32, frames of each row at each speed
    target_lengths   (rows,) int32, symbols without the end symbol
    statistics       mean and deviation of the features, over the recordings at their own speed
    notices          sentences for the user: what was left out and what was put right
    """

    def __init__(self, folder: Path, meta: dict[str, Any], notices: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.key = folder.name
        self.features: int = meta["settings"]["preprocessing"]["features"]
        self.speeds: tuple[float, ...] = tuple(meta["settings"]["speeds"])
        self.read: int = meta["read"]
        self.dropped: dict[str, int] = meta["dropped"]
        self.seconds: float = meta["seconds"]
        self.statistics = Statistics(
            tuple(meta["statistics"]["mean"]), tuple(meta["statistics"]["deviation"])
        )
        self.notices = notices + _say_dropped(self.read, self.dropped) + tuple(meta["notices"])
        dtype = np.dtype(meta["settings"]["storage"])
        self._frames = [Column(folder, _column(speed), dtype) for speed in self.speeds]
        self._target = Column(folder, "target", np.dtype(meta["target"]))
        self.target_lengths = self._target.lengths
        self.frame_lengths: NDArray[np.int32] = np.stack(
            [column.lengths // self.features for column in self._frames]
        )

    def __len__(self) -> int:
        return len(self.target_lengths)

    def frames(self, row: int, speed: int = 0) -> Frames:
        """A row's frames (S, F) float32 at the speed of that index, not normalised. Raises IndexError."""
        stored = self._frames[speed].numbers(row)
        return stored.astype(np.float32).reshape(-1, self.features)

    def target(self, row: int) -> Ids:
        """The ids of a row's text (length,), without BOS and EOS. Raises IndexError."""
        return self._target.ids(row)

    def release(self) -> None:
        """Give mapped pages back, so that resident memory stays bounded."""
        for column in (*self._frames, self._target):
            column.release()


def prepare_sound_corpus(
    files: PairSource,
    tokenizer: Tokenizer,
    settings: SoundSettings,
    cache: Path,
    on_progress: Callable[[int], None] = lambda _: None,
) -> SoundCorpus:
    """Turn the recordings of a manifest into frames in a folder under `cache`, or open it if that was done before.

    on_progress   called with the recordings read so far

    Memory does not grow with the corpus. Several processes may prepare the same one: one works, the others wait.
    Raises   DataError for faults in the manifest, for a recording that can't be used, named with its line, or when
             none is left
    """
    sources = _hash_all(files)
    described: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "sources": sources,
        "reading": files.reading,
        "tokenizer": tokenizer.fingerprint(),
        **settings.described(),
    }

    def write(folder: Path) -> None:
        _Preparation(folder, described, files, tokenizer, settings).run(on_progress)
        if _hash_all(files) != sources:
            raise DataError(
                f"{files.paths[0]} or a recording in it changed while being read. Run the same command again."
            )

    return prepare_folder(cache, described, write, _open)


def _open(folder: Path, notices: tuple[str, ...] = ()) -> SoundCorpus:
    """A prepared corpus, after checking every file. Raises DataError for a damaged one."""
    return SoundCorpus(folder, verified_meta(folder), notices)


def _hash_all(files: PairSource) -> str:
    """What the manifest and all its recordings hold, as one hash."""
    digest = hashlib.sha256()
    for path in files.paths:
        digest.update(survey(path).sha256.encode())
    for number, pair in enumerate(read_manifest(files), start=1):
        path = Path(pair.source)
        where = f"{files.paths[0]}:{number}"
        if not path.is_file():
            raise DataError(
                f"{where}: there is no recording {path}; paths are seen from the manifest's folder."
            )
        with explain_os_errors("read", path):
            digest.update(sha256_of(path).encode())
    return digest.hexdigest()


@dataclass
class _Preparation:
    """Writes the files of one corpus into a folder."""

    folder: Path
    described: dict[str, Any]
    files: PairSource
    tokenizer: Tokenizer
    settings: SoundSettings

    def run(self, on_progress: Callable[[int], None]) -> None:
        """Read all recordings, one at a time, then write meta.json. Raises DataError when none is left."""
        speeds = self.settings.speeds
        target_type = smallest_dtype(len(self.tokenizer))
        storage = np.dtype(self.settings.storage)
        dropped = Counter(dict.fromkeys((EMPTY_TEXT, LONG_TEXT, LONG_SOUND, SHORT_SOUND), 0))
        put_right: list[str] = []
        changed = read = kept_frames = 0
        running = RunningStatistics(self.settings.preprocessing.features)
        with contextlib.ExitStack() as stack:
            columns = [
                stack.enter_context(ColumnWriter(self.folder, _column(speed), storage)) for speed in speeds
            ]
            target = stack.enter_context(ColumnWriter(self.folder, "target", target_type))
            for read, pair in enumerate(read_manifest(self.files), start=1):
                ids = self.tokenizer.encode(pair.target) if pair.target.strip() else []
                played, notices = self._play(Path(pair.source), read)
                if notices:
                    changed += 1
                    put_right += [f"{pair.source}: {'; '.join(notices)}."] * (changed <= SHOWN_NOTICES)
                reason = self._reason_to_drop(ids, played)
                self._require_range(played, Path(pair.source), read)
                if reason:
                    dropped[reason] += 1
                else:
                    for column, frames in zip(columns, played, strict=True):
                        column.append_numbers([frames.ravel()])
                    target.append_ids([ids])
                    own = played[_nearest_to_own(speeds)]
                    running.add(own)
                    kept_frames += len(own)
                on_progress(read)
        if read == dropped.total():
            why = "The manifest is empty." if not read else _say_dropped(read, dict(dropped))[0]
            raise DataError(f"{self.files.paths[0]}: no recording is left to learn from. {why}")
        if changed > SHOWN_NOTICES:
            put_right.append(f"{changed - SHOWN_NOTICES:,} more recordings were converted in such ways.")
        statistics = running.result()
        write_meta(
            self.folder,
            {
                "settings": self.described,
                "read": read,
                "rows": read - dropped.total(),
                "dropped": dict(dropped),
                "seconds": kept_frames * self.settings.preprocessing.seconds_a_frame,
                "notices": put_right,
                "statistics": {"mean": list(statistics.mean), "deviation": list(statistics.deviation)},
                "target": target_type.name,
            },
            (*columns, target),
        )

    def _play(self, path: Path, number: int) -> tuple[list[Frames], tuple[str, ...]]:
        """A recording's frames at each speed. Raises DataError that names the manifest's line too."""
        try:
            return self.settings.preprocessing.read_at_speeds(path, self.settings.speeds)
        except DataError as error:
            raise DataError(f"{self.files.paths[0]}:{number}: {error}") from error

    def _require_range(self, played: list[Frames], path: Path, number: int) -> None:
        """Refuse features too large for the storage's number format."""
        most = float(np.finfo(self.settings.storage).max)
        largest = max(float(np.abs(frames).max()) for frames in played)
        if largest > most:
            raise DataError(
                f"{self.files.paths[0]}:{number}: {path} has a feature of {largest:g}, and {self.settings.storage} "
                f'ends at {most:g}. Set audio.storage = "float32".'
            )

    def _reason_to_drop(self, ids: list[int], played: list[Frames]) -> str:
        """Why a recording can't be learnt from; "" when it can."""
        settings = self.settings
        if not ids:
            return EMPTY_TEXT
        if len(ids) > settings.max_length:
            return LONG_TEXT
        if len(played[_nearest_to_own(settings.speeds)]) > settings.max_frames:
            return LONG_SOUND
        if settings.reduction:
            shortest = min(map(len, played))
            if -(-shortest // settings.reduction) < positions_needed(ids):
                return SHORT_SOUND
        return ""


def positions_needed(ids: list[int]) -> int:
    """What CTC needs for these symbols: a position each, and a blank between two that are alike."""
    return len(ids) + sum(one == other for one, other in itertools.pairwise(ids))


def _nearest_to_own(speeds: tuple[float, ...]) -> int:
    """The index of the speed nearest to the recording's own."""
    return min(range(len(speeds)), key=lambda index: abs(speeds[index] - 1.0))


def _column(speed: float) -> str:
    return f"frames-{speed:g}"


def _say_dropped(read: int, dropped: dict[str, int]) -> tuple[str, ...]:
    """One sentence about what was left out, or none."""
    reasons = [f"{count:,} {reason}" for reason, count in dropped.items() if count]
    if not reasons:
        return ()
    return (f"Left out {sum(dropped.values()):,} of {read:,} recordings: {', '.join(reasons)}.",)
