"""The section `training`: momentum belongs to sgd."""

import pytest
from pydantic import ValidationError

from seqloom.config.training import BOUNDS, TrainingConfig


def test_momentum_is_for_sgd():
    with pytest.raises(ValidationError) as caught:
        TrainingConfig(momentum=0.9)
    assert caught.value.errors()[0]["msg"] == (
        'training.momentum = 0.9 is read by sgd only, but training.optimiser = "adamw". '
        'Set training.optimiser = "sgd", or give the first of training.betas instead.'
    )
    assert TrainingConfig(momentum=0.9, optimiser="sgd").momentum == 0.9


def test_bounds_are_options_and_unset():
    assert {bound: getattr(TrainingConfig(), bound) for bound in BOUNDS} == dict.fromkeys(BOUNDS)
