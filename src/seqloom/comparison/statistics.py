"""How sure a difference is: intervals over seeds and over sentences, and tests of pairs of models.

Corpus metrics of text are tested by sacreBLEU's own paired tests; what is one number a sentence (right or wrong) here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import DataError
from seqloom.base.randomness import numpy_generator
from seqloom.metrics.overlap import check_counts

SAMPLES = 1_000
RESAMPLED = ("bleu", "chrf")  # metrics of a corpus, which sacreBLEU's paired tests know
LEVEL = 0.95
T_VALUES = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
)
"""Student's t, two-sided, 95 %, for one degree of freedom and more."""


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds within which it lies, as likely as LEVEL; both NaN where nothing can be said."""

    mean: float
    low: float
    high: float


def student(freedom: float) -> float:
    """Student's t for so many degrees of freedom, rounded down to whole ones; to three places up to 15, then to two."""
    whole = max(1, math.floor(freedom))
    return T_VALUES[whole - 1] if whole <= len(T_VALUES) else 1.96 + 2.5 / whole


def over_seeds(values: Sequence[float], step: float = 0.0) -> Interval:
    """Of the mean over runs with different seeds, by Student's t.

    step    how far apart the values are that there can be: what was rounded is no surer than to that
    Raises  DataError for no values
    """
    if not values:
        raise DataError("There are no values to take a mean of.")
    mean = float(np.mean(values))
    if len(values) < 2:
        return Interval(mean, math.nan, math.nan)
    half = student(len(values) - 1) * math.sqrt(_variance(values, step))
    return Interval(mean, mean - half, mean + half)


def difference(
    one: Sequence[float], other: Sequence[float], steps: tuple[float, float] = (0.0, 0.0)
) -> Interval:
    """Of the mean of some runs less that of others, their variances unequal.

    steps   of the values of each side, as in over_seeds
    Source  Welch 1947 (The generalization of "Student's" problem when several different population variances are
            involved)
    """
    apart = float(np.mean(one) - np.mean(other))
    if min(len(one), len(other)) < 2:
        return Interval(apart, math.nan, math.nan)
    first, second = _variance(one, steps[0]), _variance(other, steps[1])
    spread = first**2 / (len(one) - 1) + second**2 / (len(other) - 1)
    half = student((first + second) ** 2 / spread) * math.sqrt(first + second) if spread else 0.0
    return Interval(apart, apart - half, apart + half)


def _variance(values: Sequence[float], step: float) -> float:
    """Of the mean; what was rounded lies evenly within a step."""
    return (float(np.var(values, ddof=1)) + step**2 / 12) / len(values)


def bootstrap(scores: Sequence[float], *, seed: int = 0, samples: int = SAMPLES) -> Interval:
    """Of the mean of one number a sentence, over sentences drawn with replacement (Koehn 2004)."""
    found = np.asarray(scores, dtype=np.float64)
    if not found.size:
        raise DataError("There are no sentences to draw from.")
    means = _resampled(found[None], seed, samples)[0]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(found.mean()), float(low), float(high))


def paired_bootstrap(
    one: Sequence[float], other: Sequence[float], *, seed: int = 0, samples: int = SAMPLES
) -> float:
    """How likely a difference of means at least as large is by chance, two-sided, of one number a sentence each.

    Source   Koehn 2004 (Statistical Significance Tests for Machine Translation Evaluation), the differences centred.
    Raises   DataError for another number of sentences
    """
    if len(one) != len(other):
        raise DataError(
            f"{len(one):,} sentences of one model and {len(other):,} of the other; expected as many."
        )
    apart = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    seen = abs(float(apart.mean()))
    means = _resampled((apart - apart.mean())[None], seed, samples)[0]
    return float((1 + (np.abs(means) >= seen - 1e-12).sum()) / (samples + 1))


def _resampled(rows: NDArray[np.float64], seed: int, samples: int) -> NDArray[np.float64]:
    """rows (R, N) -> means (R, samples) over N columns drawn with replacement, the same for all rows."""
    generator = numpy_generator(seed, "bootstrap", samples)
    count = rows.shape[1]
    means = np.empty((len(rows), samples))
    for sample in range(samples):
        means[:, sample] = rows[:, generator.integers(count, size=count)].mean(axis=1)
    return means


@dataclass(frozen=True)
class Compared:
    """A model's corpus score, its interval over sentences, and the p-value against the first model (None for it)."""

    name: str
    score: float
    low: float
    high: float
    p_value: float | None


def compare_outputs(
    outputs: Mapping[str, Sequence[str]],
    references: Sequence[str],
    *,
    metric: str = "bleu",
    samples: int = SAMPLES,
) -> list[Compared]:
    """The first model beside the others by paired bootstrap over sentences, of BLEU or chrF.

    outputs   by model, one for each reference
    Raises    DataError when their numbers differ
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.significance import PairedTest

    for lines in outputs.values():
        check_counts(lines, references)
    if len(outputs) < 2:
        raise DataError("One model alone has nothing to be compared with.")
    measured = (
        BLEU(references=[list(references)]) if metric == "bleu" else CHRF(references=[list(references)])
    )
    named: list[tuple[str, Sequence[str]]] = [(name, list(lines)) for name, lines in outputs.items()]
    test = PairedTest(named, {metric: measured}, references=None, test_type="bs", n_samples=samples)
    found: Any = test()[1]
    results = next(results for key, results in found.items() if key != "System")
    first = next(iter(outputs.values()))
    return [
        Compared(
            name,
            float(result.score),
            float(result.mean - result.ci),
            float(result.mean + result.ci),
            None if place == 0 else 1.0 if list(outputs[name]) == list(first) else float(result.p_value),
        )  # of equal outputs sacreBLEU says that they differ
        for place, (name, result) in enumerate(zip(outputs, results, strict=True))
    ]
