"""What a header says of a sound's length, against what the file holds."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqloom.audio.sound_length import SPARE, STREAMED, finished, sound_length
from sounds import RATE, tone

SAMPLES = tone(["la"])


def written(path: Path, **options: str) -> Path:
    soundfile.write(path, SAMPLES, RATE, subtype="PCM_16", **options)
    return path


def with_length(path: Path, length: int, whole: int) -> Path:
    """The file with other lengths in its header: of the samples, and of all that follows."""
    content = bytearray(path.read_bytes())
    content[4:8], content[40:44] = struct.pack("<I", whole), struct.pack("<I", length)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "options", "more"),
    [
        ("a.wav", {}, 0),
        ("a.wav", {"format": "WAVEX"}, 0),
        ("a.wav", {"endian": "BIG"}, 0),
        ("a.aiff", {}, 8),  # two numbers before the samples
    ],
)
def test_a_file_that_ends_before_its_samples_is_cut(
    tmp_path: Path, name: str, options: dict[str, str], more: int
) -> None:
    path = written(tmp_path / name, **options)
    whole = sound_length(path)
    assert whole is not None
    assert (whole.said, whole.there) == (2 * len(SAMPLES) + more,) * 2
    assert not whole.cut
    assert not whole.unfinished
    path.write_bytes(path.read_bytes()[: whole.start + 100])
    rest = sound_length(path)
    assert rest is not None
    assert (rest.said, rest.there, rest.cut) == (whole.said, 100, True)


def test_a_header_that_counts_itself_among_the_samples_is_none_the_worse(tmp_path: Path) -> None:
    said = 2 * len(SAMPLES) + 44
    length = sound_length(with_length(written(tmp_path / "a.wav"), said, said))
    assert length is not None
    assert not length.cut
    assert not length._replace(said=length.there + SPARE).cut
    assert length._replace(said=length.there + SPARE + 1).cut


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x7FFF_FFFF - 36, STREAMED])
def test_what_was_written_into_a_pipe_says_no_length(tmp_path: Path, length: int) -> None:
    found = sound_length(with_length(written(tmp_path / "a.wav"), length, length))
    assert found is not None
    assert not found.cut
    assert not found.unfinished


@pytest.mark.parametrize("whole", [0, 36])
def test_a_recording_that_was_never_finished_is_all_that_is_there(tmp_path: Path, whole: int) -> None:
    path = with_length(written(tmp_path / "a.wav"), 0, whole)
    found = sound_length(path)
    assert found is not None
    assert found.unfinished
    samples, _ = soundfile.read(finished(path, found), dtype="float32")
    assert np.abs(samples - SAMPLES).max() < 1e-4


def test_no_samples_before_other_chunks_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, SAMPLES[:0], RATE)
    content = path.read_bytes() + b"LIST\4\0\0\0INFO"
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    found = sound_length(path)
    assert found is not None
    assert not found.unfinished


@pytest.mark.parametrize("content", [b"", b"RIFF", b"fLaC" + bytes(100), b"RIFF\0\0\0\0WAVE" + bytes(50)])
def test_other_files_say_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert sound_length(path) is None
    assert sound_length(tmp_path) is None
