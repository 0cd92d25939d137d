"""Learning rates at points worked out by hand, and how far a run is under each bound."""

import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.config.training import Schedule, TrainingConfig
from seqloom.training.schedule import Bounds, learning_rate


def config(schedule: str, warmup: int = 0, peak: float = 1.0, **more: Any) -> TrainingConfig:
    return TrainingConfig(schedule=schedule, warmup_updates=warmup, learning_rate=peak, **more)


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_warm_up_rises_in_equal_steps_to_the_peak(schedule: str) -> None:
    rates = [learning_rate(config(schedule, warmup=4, peak=0.8), update, 0.0) for update in range(5)]
    assert rates[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert rates[4] <= 0.8


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_without_warm_up_the_first_update_has_the_peak(schedule: str) -> None:
    assert learning_rate(config(schedule, peak=0.8), 0, 0.0) == 0.8


@pytest.mark.parametrize(
    ("warmup", "update", "rate"),
    [(4, 3, 1.0), (4, 15, 0.5), (4, 35, 1 / 3), (4, 1, 0.5), (0, 3, 0.5), (0, 99, 0.1), (1, 3, 0.5)],
)
def test_inverse_square_root(warmup: int, update: int, rate: float) -> None:
    assert learning_rate(config("inverse_square_root", warmup), update, 0.9) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("lowest", "fraction", "rate"),
    [
        (0.0, 0.0, 1.0),
        (0.0, 1 / 3, 0.75),
        (0.0, 0.5, 0.5),
        (0.0, 2 / 3, 0.25),
        (0.0, 1.0, 0.0),
        (0.0, 1.7, 0.0),  # a run may go a little beyond a bound in minutes
        (0.2, 0.0, 1.0),
        (0.2, 0.5, 0.6),
        (0.2, 1.0, 0.2),
    ],
)
def test_cosine(lowest: float, fraction: float, rate: float) -> None:
    asked = config("cosine", final_learning_rate_fraction=lowest)
    assert learning_rate(asked, 700, fraction) == pytest.approx(rate)


def test_warm_up_and_cosine_are_multiplied() -> None:
    assert learning_rate(config("cosine", warmup=4, peak=8.0), 0, 0.5) == pytest.approx(8 * 0.25 * 0.5)


@pytest.mark.parametrize(("scale", "rate"), [(1.0, 1.0), (0.5, 0.5), (0.25, 0.3)])
def test_plateau_comes_down_to_its_last_rate(scale: float, rate: float) -> None:
    asked = config("plateau", final_learning_rate_fraction=0.3)
    assert learning_rate(asked, 700, 0.9, scale) == pytest.approx(rate)


def test_constant_stays() -> None:
    assert [learning_rate(config("constant", 2), update, 0.99) for update in (0, 1, 2, 5_000)] == [
        0.5,
        1.0,
        1.0,
        1.0,
    ]


@given(
    st.sampled_from(get_args(Schedule)),
    st.integers(0, 500),
    st.integers(0, 10**7),
    st.floats(0, 2),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_no_rate_is_above_the_peak_or_below_zero(
    schedule: str, warmup: int, update: int, fraction: float, scale: float, lowest: float
) -> None:
    asked = config(schedule, warmup, peak=0.003, final_learning_rate_fraction=lowest)
    rate = learning_rate(asked, update, fraction, scale)
    assert math.isfinite(rate)
    assert 0 <= rate <= 0.003 * (1 + 1e-12)


@pytest.mark.parametrize(
    ("bounds", "fraction"),
    [
        (Bounds(updates=40), 0.25),
        (Bounds(epochs=1.5), 0.5),
        (Bounds(tokens=1_000), 0.9),
        (Bounds(seconds=50), 0.4),
        (Bounds(updates=40, epochs=1.5), 0.5),
        (Bounds(updates=40, epochs=1.5, tokens=1_000, seconds=50), 0.9),
        (Bounds(updates=5, tokens=1_000), 2.0),
        (Bounds(), 0.0),
    ],
)
def test_the_bound_that_is_nearest_says_how_far_a_run_is(bounds: Bounds, fraction: float) -> None:
    assert bounds.fraction(updates=10, epochs=0.75, tokens=900, seconds=20.0) == pytest.approx(fraction)


def test_bounds_are_those_of_the_configuration_with_minutes_in_seconds() -> None:
    asked = TrainingConfig(max_updates=7, max_epochs=2.5, max_tokens=300, max_minutes=1.5)
    assert Bounds.of(asked) == Bounds(updates=7, epochs=2.5, tokens=300, seconds=90.0)
    assert Bounds.of(TrainingConfig()) == Bounds()
