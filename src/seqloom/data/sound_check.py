"""What is in manifests of recordings and what is wrong with them, before it costs time."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seqloom.audio.ready import READY_SUFFIX, read_ready
from seqloom.audio.waveform import read_sound
from seqloom.base.errors import DataError
from seqloom.data.manifest import read_manifest
from seqloom.data.pairs import PairSource

SHOWN = 5  # of each kind, named with their lines


@dataclass
class CheckedPart:
    """What one manifest holds.

    seconds    of each recording that can be used
    converted  what was put right -> how many recordings
    empty      recordings without a text
    errors     what training would refuse, with its line
    paths      of all recordings, to find those that stand in two manifests
    """

    seconds: list[float] = field(default_factory=list)
    converted: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    words: int = 0
    errors: list[str] = field(default_factory=list)
    paths: Counter[str] = field(default_factory=Counter)


def check_manifests(
    parts: Mapping[str, PairSource],
    rate: int,
    seconds_a_frame: float,
    on_progress: Callable[[str, int], None] = lambda _part, _read: None,
) -> dict[str, CheckedPart]:
    """Read every recording of every part.

    rate              samples a second that the model hears
    seconds_a_frame   of ready-made features
    on_progress       called with the part and the recordings read so far
    """
    return {name: _check(name, files, rate, seconds_a_frame, on_progress) for name, files in parts.items()}


def _check(
    name: str, files: PairSource, rate: int, seconds_a_frame: float, on_progress: Callable[[str, int], None]
) -> CheckedPart:
    found = CheckedPart()
    try:
        for number, pair in enumerate(read_manifest(files), start=1):
            found.paths[pair.source] += 1
            found.empty += not pair.target.strip()
            found.words += len(pair.target.split())
            try:
                seconds, notices = _measure(Path(pair.source), rate, seconds_a_frame)
            except DataError as error:
                found.errors.append(f"{files.paths[0]}:{number}: {error}")
            else:
                found.seconds.append(seconds)
                found.converted.update(notices)
            on_progress(name, number)
    except DataError as error:
        found.errors.append(str(error))
    if not found.paths and not found.errors:
        found.errors.append(f"{files.paths[0]} names no recording.")
    return found


def _measure(path: Path, rate: int, seconds_a_frame: float) -> tuple[float, tuple[str, ...]]:
    """How long a recording is, and what has to be put right. Raises DataError for one that can't be used."""
    if path.suffix.lower() == READY_SUFFIX:
        frames, notices = read_ready(path)
        return len(frames) * seconds_a_frame, notices
    samples, notices = read_sound(path, rate)
    return len(samples) / rate, notices


def render(parts: Mapping[str, CheckedPart], max_seconds: float) -> str:
    """The report as text: what is in each part, then what is wrong."""
    lines = []
    for name, part in parts.items():
        lines.append(f"{name}: {len(part.paths):,} recordings, {part.words:,} words")
        if part.seconds:
            total = sum(part.seconds)
            lines.append(
                f"  {total / 3600:.2f} hours; the shortest {min(part.seconds):.2f} s, the longest "
                f"{max(part.seconds):.2f} s, {total / len(part.seconds):.2f} s in the mean"
            )
        lines += [f"  {count:,} of them: {notice}" for notice, count in part.converted.most_common(SHOWN)]
        beyond = sum(seconds > max_seconds for seconds in part.seconds)
        for count, what in (
            (part.empty, "without a text, which training leaves out"),
            (beyond, f"longer than audio.max_seconds = {max_seconds:g}, which training leaves out"),
            (sum(times - 1 for times in part.paths.values()), "named twice"),
        ):
            if count:
                lines.append(f"  {count:,} of them {what}")
    lines += _overlaps(parts)
    errors = [error for part in parts.values() for error in part.errors]
    lines += [f"error: {error}" for error in errors[:SHOWN]]
    if len(errors) > SHOWN:
        lines.append(f"error: {len(errors) - SHOWN:,} more recordings can't be used")
    if not errors:
        lines.append("Nothing is wrong that training would refuse.")
    return "\n".join(lines) + "\n"


def _overlaps(parts: Mapping[str, CheckedPart]) -> list[str]:
    """Recordings that training learns from and that something is measured on."""
    learnt = parts["train"].paths if "train" in parts else Counter[str]()
    shared = {name: len(learnt.keys() & part.paths.keys()) for name, part in parts.items() if name != "train"}
    return [
        f"  {count:,} recordings of {name} are in train too: what is measured on them says nothing"
        for name, count in shared.items()
        if count
    ]
