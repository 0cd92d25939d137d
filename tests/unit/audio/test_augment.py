"""SpecAugment: ranges of frames and features are 0, no wider than asked, a function of the generator."""

import numpy as np

from seqloom.audio.augment import Masks
from seqloom.base.randomness import numpy_generator

ONES = np.ones((40, 10), np.float32)


def test_masks_are_ranges_no_wider_than_asked() -> None:
    for number in range(50):
        hidden = Masks(1, 8, 0.5, 1, 3).hide(ONES, numpy_generator(1, "masks", number)) == 0
        frames, bands = hidden.all(axis=1), hidden.all(axis=0)
        assert frames.sum() <= 8
        assert bands.sum() <= 3
        for gone in (frames, bands):
            assert np.abs(np.diff(gone.astype(int))).sum() <= 2  # one range
        assert (hidden == (frames[:, None] | bands)).all()


def test_a_time_mask_hides_no_more_than_its_share() -> None:
    most = max(
        int((Masks(1, 100, 0.1).hide(ONES, numpy_generator(1, "m", n)) == 0).all(axis=1).sum())
        for n in range(50)
    )
    assert most == 4


def test_the_same_generator_hides_the_same_and_the_frames_stay() -> None:
    masks = Masks(2, 8, 0.5, 2, 3)
    one, again, other = (masks.hide(ONES, numpy_generator(1, "masks", n)) for n in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (ONES == 1).all()
    assert (masks.hides, Masks().hides) == (True, False)
    assert np.array_equal(Masks().hide(ONES, numpy_generator(1, "masks")), ONES)


def test_the_narrowest_input_is_never_hidden_whole_by_bands() -> None:
    narrow = np.ones((3, 1), np.float32)
    assert (Masks(frequency_masks=3).hide(narrow, numpy_generator(1, "masks")) == 1).all()
