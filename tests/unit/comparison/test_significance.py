"""Differences are tested by the metric that they are told in."""

from typing import Any

import pytest

from seqloom.base.errors import UsageError
from seqloom.comparison.options import ComparisonConfig
from seqloom.comparison.significance import add_sentence_intervals, compare_pairs
from seqloom.data.pairs import Pair
from seqloom.metrics.measure import measure

REFERENCES = ["the cat sat on the mat", "a dog ran home", "birds sing in spring", "we meet on friday"] * 5
NEAR = [
    "the cat sat on a mat",
    "a dog ran  home",
    "birds sing in May",
    "we meet on monday",
] * 5  # one in four is right
FAR = ["a cat", "dogs", "winter", "monday"] * 5
OPTIONS = ComparisonConfig.model_validate({"seeds": [1], "samples": 200})


def runs() -> list[dict[str, Any]]:
    return [
        {"model": model, "seed": 1, "share": 1, "measured": {"outputs": outputs}}
        for model, outputs in enumerate((FAR, NEAR))
    ]


PAIRS = [Pair("source", reference) for reference in REFERENCES]


@pytest.mark.parametrize("metric", ["bleu", "chrf", "rouge1", "rougeL", "accuracy", "response_accuracy"])
def test_a_difference_is_one_of_the_metric(metric: str) -> None:
    far, near = (measure([metric], outputs, REFERENCES)[0].value for outputs in (FAR, NEAR))
    (found,) = compare_pairs(OPTIONS, runs(), PAIRS, metric)
    assert found["difference"] == pytest.approx(near - far)
    assert found["difference"] > 0
    assert found["significant"]


@pytest.mark.parametrize("metric", ["rouge1", "accuracy"])
def test_sentences_drawn_anew_lie_about_the_metric(metric: str) -> None:
    qualities = [measure([metric], outputs, REFERENCES)[0].value for outputs in (FAR, NEAR)]
    record = {"models": [{"seeds": [{"seed": 1, "quality": quality}]} for quality in qualities]}
    add_sentence_intervals(record, OPTIONS, runs(), PAIRS, metric)
    for model, quality in zip(record["models"], qualities, strict=True):
        bounds = model["sentences"]  # type: ignore[call-overload]
        assert bounds["low"] <= quality <= bounds["high"]
        assert (bounds["low"] < bounds["high"]) == (quality > 0)


def test_what_is_no_mean_over_outputs_is_refused() -> None:
    with pytest.raises(UsageError, match="wer is no mean over outputs"):
        compare_pairs(OPTIONS, runs(), PAIRS, "wer")
