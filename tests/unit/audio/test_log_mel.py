"""Log-mel frames: as many as there are shifts, loudest where the tone is, always the same."""

import numpy as np
import pytest

from seqloom.audio.log_mel import FilterBank
from seqloom.base.errors import ConfigError
from sounds import RATE, tone


def test_a_frame_every_shift_and_the_same_each_time() -> None:
    bank = FilterBank(RATE, 12)
    samples = tone(["la", "so"])
    frames = bank.frames(samples)
    assert frames.shape == (round(len(samples) / 40), 12)
    assert np.array_equal(frames, bank.frames(samples))


def test_each_tone_is_loudest_in_its_own_band() -> None:
    bank = FilterBank(RATE, 12)
    peaks = [int(bank.frames(tone([word], 0.5))[20:40].mean(axis=0).argmax()) for word in ("la", "mi", "so")]
    assert peaks == sorted(set(peaks))


def test_the_shortest_sound_has_a_frame() -> None:
    assert FilterBank(RATE, 12).frames(np.zeros(1, np.float32)).shape[1] == 12
    assert len(FilterBank(RATE, 12, shift_ms=100.0).frames(np.zeros(1, np.float32))) == 1


def test_silence_is_finite() -> None:
    assert np.isfinite(FilterBank(RATE, 12).frames(np.zeros(400, np.float32))).all()


def test_more_bands_than_frequencies_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^audio\.mel_bands = 256 are too many for sound of 4,000 samples a second"
    ):
        FilterBank(RATE, 256).frames(tone(["la"]))
