"""Intervals and tests, against what is known of them."""

import math

import numpy as np
import pytest

from seqloom.base.errors import DataError
from seqloom.comparison.statistics import (
    Interval,
    bootstrap,
    compare_outputs,
    difference,
    over_seeds,
    paired_bootstrap,
    student,
)
from seqloom.metrics.overlap import bleu


def test_an_interval_over_seeds_is_student_s() -> None:
    found = over_seeds([1.0, 2.0, 3.0])
    half = 4.303 * 1.0 / math.sqrt(3)
    assert (found.mean, found.low, found.high) == (2.0, pytest.approx(2 - half), pytest.approx(2 + half))
    assert over_seeds([4.0, 4.0]) == Interval(4.0, 4.0, 4.0)
    many = over_seeds([0.0, 1.0] * 50)
    assert many.high - many.mean == pytest.approx(1.984 * np.std([0.0, 1.0] * 50, ddof=1) / 10, rel=1e-3)


def test_of_one_seed_nothing_can_be_said() -> None:
    alone = over_seeds([4.0])
    assert alone.mean == 4.0
    assert math.isnan(alone.low)
    assert math.isnan(difference([4.0], [1.0, 2.0]).low)
    with pytest.raises(DataError, match="no values"):
        over_seeds([])


def test_a_difference_over_seeds_is_welch_s() -> None:
    one, other = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9], [27.1, 22.0, 20.8, 23.4]
    found = difference(one, other)
    assert found.mean == pytest.approx(-2.325)
    half = 2.365 * math.sqrt(np.var(one, ddof=1) / 6 + np.var(other, ddof=1) / 4)  # 7.94 degrees of freedom
    assert (found.low, found.high) == (
        pytest.approx(found.mean - half, rel=1e-3),
        pytest.approx(found.mean + half, rel=1e-3),
    )
    assert difference([4.0, 4.0], [1.0, 1.0]) == Interval(3.0, 3.0, 3.0)


def test_what_was_rounded_is_no_surer_than_its_steps() -> None:
    assert over_seeds([16.0, 16.0, 16.0]) == Interval(16.0, 16.0, 16.0)
    rounded = over_seeds([16.0, 16.0, 16.0], step=4.0)
    assert rounded.high - rounded.mean == pytest.approx(4.303 * 4 / math.sqrt(12) / math.sqrt(3))
    near = difference([16.0, 16.0, 16.0], [20.0, 20.0, 20.0], (4.0, 4.0))
    far = difference([16.0, 16.0, 16.0], [28.0, 28.0, 28.0], (4.0, 4.0))
    assert near.high > -4 + 2
    assert far.high < 0


@pytest.mark.parametrize(
    ("freedom", "found"),
    [(1, 12.706), (2, 4.303), (7, 2.365), (15, 2.131), (16, 2.120), (20, 2.086), (40, 2.021), (100, 1.984)],
)
def test_student_s_t_is_that_of_the_tables(freedom: int, found: float) -> None:
    assert student(freedom) == pytest.approx(found, abs=0.006)
    assert student(freedom + 0.9) == student(freedom)


def test_the_bootstrap_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for trial in range(100):
        found = bootstrap(generator.random(60) < 0.3, seed=trial, samples=200)
        covered += found.low <= 0.3 <= found.high
    assert 86 <= covered <= 100
    assert bootstrap([1, 0, 1], seed=3) == bootstrap([1, 0, 1], seed=3)
    with pytest.raises(DataError, match="no sentences"):
        bootstrap([])


def test_a_difference_is_told_from_chance() -> None:
    generator = np.random.default_rng(2)
    noise = generator.normal(size=400)
    same = paired_bootstrap(noise, noise + generator.normal(0, 0.5, 400), samples=300)
    apart = paired_bootstrap(noise + 0.2, noise + generator.normal(0, 0.5, 400), samples=300)
    assert same > 0.05
    assert apart < 0.01
    assert paired_bootstrap([1, 0, 1], [1, 0, 1]) == 1.0
    with pytest.raises(DataError, match="3 sentences of one model and 2 of the other"):
        paired_bootstrap([1, 0, 1], [1, 0])


def test_false_alarms_are_as_rare_as_they_should_be() -> None:
    generator = np.random.default_rng(3)
    alarms = 0
    for trial in range(60):
        one, other = generator.normal(size=(2, 80))
        alarms += paired_bootstrap(one, other, seed=trial, samples=200) < 0.05
    assert alarms <= 9


def test_outputs_are_compared_by_their_corpus_score() -> None:
    generator = np.random.default_rng(4)
    words = np.array("the a cat dog sees eats red old house tree".split())
    references = [" ".join(generator.choice(words, 9)) for _ in range(120)]
    good = [line if place % 3 else line.replace("cat", "dog") for place, line in enumerate(references)]
    bad = [line.replace("the", "a").replace("old", "red") for line in references]
    one, other = compare_outputs({"good": good, "bad": bad}, references, samples=100)
    assert (one.name, other.name) == ("good", "bad")
    assert one.score == pytest.approx(bleu(good, references).value)
    assert other.score == pytest.approx(bleu(bad, references).value)
    assert one.p_value is None
    assert other.p_value is not None
    assert other.p_value < 0.05
    assert one.low < one.score < one.high
    (_, same) = compare_outputs({"one": good, "two": list(good)}, references, samples=100, metric="chrf")
    assert same.p_value == 1.0
    with pytest.raises(DataError, match="nothing to be compared with"):
        compare_outputs({"good": good}, references)
    with pytest.raises(DataError, match="120 outputs and 119 references"):
        compare_outputs({"good": good, "bad": bad}, references[1:])
