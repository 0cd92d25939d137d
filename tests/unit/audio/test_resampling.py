"""Resampling keeps what both rates can hold, and lets the rest fade."""

import tracemalloc

import numpy as np
import pytest

from seqloom.audio.resampling import BLOCK, change_speed, change_speed_of_frames, resample


def sine(hertz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (16000, 8000), (44100, 16000), (22050, 8000)])
def test_a_tone_is_the_same_tone_at_another_rate(rate: int, wanted: int) -> None:
    found, expected = resample(sine(440, rate), rate, wanted), sine(440, wanted)
    assert abs(len(found) - len(expected)) <= 1
    inside = slice(200, 3000)
    assert np.abs(found[inside] - expected[inside]).max() < 1e-3


def test_what_the_lower_rate_can_t_hold_is_gone() -> None:
    assert np.abs(resample(sine(7000, 16000), 16000, 8000)[200:-200]).max() < 1e-3


@pytest.mark.parametrize(("rate", "wanted"), [(3, 1), (1, 2), (441, 160)])
def test_blocks_leave_no_seam(rate: int, wanted: int) -> None:
    noise = np.random.default_rng(3).normal(size=(2 * BLOCK + 5) * rate).astype(np.float32)
    whole = resample(noise, rate, wanted)
    assert len(whole) > 2 * BLOCK * wanted  # of each phase more than two blocks
    far = (BLOCK - 1_000) * rate  # where a piece that is cut there has the same phase
    piece = resample(noise[far:], rate, wanted)
    assert np.abs(piece[500:] - whole[(BLOCK - 1_000) * wanted + 500 :]).max() < 1e-5


def test_memory_grows_with_the_sound_alone() -> None:
    minute = np.zeros(60 * 48_000, np.float32)
    tracemalloc.start()
    try:
        found = resample(minute, 48_000, 16_000)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (
        most < 2.5 * minute.nbytes
    )  # the padded sound, what comes of it and a block; every window would be 34 times
    assert len(found) == 60 * 16_000


def test_the_same_rate_and_no_samples_stay() -> None:
    samples = sine(440, 8000)
    assert resample(samples, 8000, 8000) is samples
    assert len(resample(samples[:0], 8000, 16000)) == 0
    with pytest.raises(ValueError, match="rates 0 and 8000"):
        resample(samples, 0, 8000)


def test_speed_changes_length_and_pitch() -> None:
    faster = change_speed(sine(400, 8000), 1.25)
    assert len(faster) == 3200
    assert np.abs(faster[200:3000] - sine(500, 8000)[200:3000]).max() < 1e-3


def test_frames_at_another_speed_lie_between_their_neighbours() -> None:
    frames = np.stack([np.arange(9.0), 10 * np.arange(9.0)], axis=1).astype(np.float32)
    slower, faster = change_speed_of_frames(frames, 0.5), change_speed_of_frames(frames, 1.5)
    assert slower.shape == (18, 2)
    assert slower[:4, 0].tolist() == [0.0, 0.5, 1.0, 1.5]
    assert slower[-1, 0] == 8.0
    assert faster[:, 0].tolist() == [0.0, 1.5, 3.0, 4.5, 6.0, 7.5]
    assert change_speed_of_frames(frames, 1.0) is frames
