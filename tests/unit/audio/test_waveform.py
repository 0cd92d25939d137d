"""Sound files: what can be put right is, with a notice; what can't is refused in one sentence that names the file."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqloom.audio.waveform import from_raw, read_sound
from seqloom.base.errors import DataError
from sounds import RATE, tone


def written(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_samples_come_as_they_were_written(tmp_path: Path, name: str) -> None:
    samples = tone(["la"])
    sound = read_sound(written(tmp_path / name, samples), RATE)
    assert sound.notices == ()
    assert sound.samples.dtype == np.float32
    assert np.abs(sound.samples - samples).max() < 1e-4  # 16 bits


def test_another_rate_is_resampled_with_a_notice(tmp_path: Path) -> None:
    sound = read_sound(written(tmp_path / "a.wav", tone(["la"], rate=8000), 8000), RATE)
    assert sound.notices == ("it was resampled from 8,000 to 4,000 samples a second",)
    assert (
        np.abs(sound.samples - tone(["la"])).mean() < 0.02
    )  # the tone begins at once, which is no band-limited sound


def test_two_channels_are_mixed_with_a_notice(tmp_path: Path) -> None:
    both = np.stack([tone(["la"]), np.zeros_like(tone(["la"]))], axis=1)
    sound = read_sound(written(tmp_path / "a.wav", both), RATE)
    assert sound.notices == ("its 2 channels were mixed into one",)
    assert np.abs(sound.samples - tone(["la"]) / 2).max() < 1e-4


def test_samples_that_are_no_numbers_become_silence_with_a_notice(tmp_path: Path) -> None:
    samples = tone(["la"])
    samples[[300, 301]] = np.nan, np.inf
    sound = read_sound(written(tmp_path / "a.wav", samples, subtype="FLOAT"), RATE)
    assert sound.notices == (f"2 samples are no number, of {len(samples):,}; silence stands for that",)
    assert (sound.samples[[300, 301]] == 0).all()
    assert np.isfinite(sound.samples).all()


def test_a_recording_that_was_never_finished_is_read_with_a_notice(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", tone(["la"]))
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(4) + content[8:40] + bytes(4) + content[44:])
    sound = read_sound(path, RATE)
    assert sound.notices == (
        "its header says no length, as it was never finished; all that follows was read",
    )
    assert np.abs(sound.samples - tone(["la"])).max() < 1e-4


def broken(path: Path) -> Path:
    path.write_bytes(b"RIFF" + struct.pack("<I", 100) + b"WAVEnonsense of some length")
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def without_samples(path: Path) -> Path:
    return written(path, np.zeros(0, np.float32))


def only_nan(path: Path) -> Path:
    return written(path, np.full(50, np.nan, np.float32), subtype="FLOAT")


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def cut(path: Path) -> Path:
    written(path, tone(["la"]))
    path.write_bytes(path.read_bytes()[:444])
    return path


def text(path: Path) -> Path:
    path.write_text("this is text")
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (empty, "is empty, without even a header. Record it again, or leave it out."),
        (
            without_samples,
            "holds no samples: it is a header without sound. Record it again, or leave it out.",
        ),
        (only_nan, "has no sample that is a finite number. Export it again, or leave it out."),
        (folder, "is a folder; expected a sound file."),
        (broken, "its header is broken or it is of another format. Convert it to WAV or FLAC."),
        (
            cut,
            "was cut short: of 1,760 bytes of sound, by its header, 400 are there. Copy it again, or convert it to "
            "FLAC if that is all there is of it.",
        ),
        (text, "its header is broken or it is of another format. Convert it to WAV or FLAC."),
    ],
)
def test_what_can_t_be_used_is_refused_by_name(tmp_path: Path, make, sentence: str) -> None:
    path = make(tmp_path / "a.wav")
    with pytest.raises(DataError) as refused:
        read_sound(path, RATE)
    assert str(refused.value).startswith(f"{path} ")
    assert str(refused.value).endswith(sentence)


def test_a_missing_file_suggests_a_near_name(tmp_path: Path) -> None:
    written(tmp_path / "seven.wav", tone(["la"]))
    with pytest.raises(DataError, match=r"sevn\.wav does not exist\. Did you mean .*seven\.wav\?$"):
        read_sound(tmp_path / "sevn.wav", RATE)


def test_raw_samples_are_read_by_the_name_of_their_format() -> None:
    samples = np.array([0.0, 0.5, -1.0], np.float32)
    for kind, data in (
        ("s16le", (samples * 32768).clip(-32768, 32767).astype("<i2").tobytes()),
        ("s32le", (samples.astype(np.float64) * 2**31).clip(-(2**31), 2**31 - 1).astype("<i4").tobytes()),
        ("f32le", samples.astype("<f4").tobytes()),
    ):
        assert from_raw(data + b"\0", kind).tolist() == samples.tolist()
    assert from_raw(np.array([np.nan, 0.25], "<f4").tobytes(), "f32le").tolist() == [0.0, 0.25]
