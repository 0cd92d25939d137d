"""Loss, scores and samples on data that a model doesn't learn from."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from seqloom.base.errors import ShapeError
from seqloom.config.training import TrainingConfig
from seqloom.data.batch import collate
from seqloom.data.pairs import Pair
from seqloom.metrics.overlap import bleu, chrf
from seqloom.training.events import Sample
from seqloom.training.machine import Machine
from seqloom.training.objective import Objective
from seqloom.training.validation import make_validator, mean_likelihood
from tiny import CPU, batches, big_batch, tiny_model

PAIRS = [
    Pair("one two three four", "un deux trois quatre"),
    Pair("red cat", "chat rouge"),
    Pair("dog", "chien"),
]


def test_the_loss_is_the_mean_over_all_symbols() -> None:
    model, total, count = tiny_model(), 0.0, 0
    for batch in batches():
        assert batch.target_output is not None
        logits = model(batch).logits.log_softmax(-1)
        for row, length in enumerate(batch.target_lengths.tolist()):  # type: ignore[union-attr]
            for position in range(length):
                total -= logits[row, position, batch.target_output[row, position]].item()
                count += 1
    assert count == 14
    assert mean_likelihood(model, iter(batches()), CPU, Objective()) == pytest.approx(
        total / count, rel=1e-12
    )
    assert mean_likelihood(model, iter([big_batch()]), CPU, Objective()) == pytest.approx(
        total / count, rel=1e-12
    )


def test_measuring_leaves_no_gradients() -> None:
    model = tiny_model()
    mean_likelihood(model, iter(batches()), CPU, Objective())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_without_batches_there_is_no_loss() -> None:
    assert math.isnan(mean_likelihood(tiny_model(), iter([]), CPU, Objective()))


def test_batches_without_targets_are_a_programmer_s_mistake() -> None:
    with pytest.raises(ShapeError, match="no targets, so it has no loss"):
        mean_likelihood(tiny_model(), iter([collate([[4]])]), CPU, Objective())


def test_the_loss_is_computed_in_the_machine_s_precision() -> None:
    model = tiny_model(torch.float32)
    half = Machine(torch.device("cpu"), 1, bfloat16=True)
    exact, rough = (mean_likelihood(model, iter(batches()), machine, Objective()) for machine in (CPU, half))
    assert exact != rough
    assert rough == pytest.approx(exact, rel=0.02)


def validator(translate: Any, pairs: Sequence[Pair] = PAIRS, **options: Any) -> Any:
    return make_validator(
        tiny_model(),
        TrainingConfig(**options),
        CPU,
        Objective(),
        batches=lambda: iter(batches()),
        pairs=pairs,
        translate=translate,
        metrics=("bleu", "chrf"),
    )


def test_scores_and_samples_are_those_of_the_translations() -> None:
    asked: list[list[str]] = []
    outputs = ["un deux trois quatre", "rouge chat", "chat"]
    written = dict(zip((pair.source for pair in PAIRS), outputs, strict=True))

    def translate(texts: Sequence[str]) -> list[str]:
        asked.append(list(texts))
        return [written[text] for text in texts]

    measured = validator(translate, samples=2)()
    assert asked == [["dog", "red cat", "one two three four"]]  # like lengths together
    references = [pair.target for pair in PAIRS]
    scores = bleu(outputs, references), chrf(outputs, references)
    assert measured.scores == {"bleu": scores[0].value, "chrf": scores[1].value}
    assert measured.signatures == {"bleu": scores[0].signature, "chrf": scores[1].signature}
    assert measured.samples == (
        Sample("one two three four", "un deux trois quatre", "un deux trois quatre"),
        Sample("red cat", "chat rouge", "rouge chat"),
    )
    assert measured.loss == mean_likelihood(tiny_model(), iter(batches()), CPU, Objective())
    assert measured.perplexity == math.exp(measured.loss)


@pytest.mark.parametrize("looks", range(5))
def test_it_gives_up_between_batches_when_the_run_is_to_stop(looks: int) -> None:
    """Two batches of loss, the loss itself, and each piece of translations are looks at whether to stop."""
    asked, rows = iter(range(99)), list(batches())[:2]
    validate = make_validator(
        tiny_model(),
        TrainingConfig(),
        CPU,
        Objective(),
        batches=lambda: iter(rows),
        pairs=PAIRS,
        translate=lambda texts: ["chat"] * len(texts),
        metrics=("bleu", "chrf"),
        stopped=lambda: next(asked) >= looks,
    )
    assert (validate() is None) == (looks < 4)


def test_each_call_measures_anew() -> None:
    model = tiny_model()
    validate = make_validator(
        model,
        TrainingConfig(),
        CPU,
        Objective(),
        batches=lambda: iter(batches()),
        pairs=[],
        translate=lambda _: [],
        metrics=(),
    )
    first = validate()
    with torch.no_grad():
        model.output.bias.add_(torch.arange(len(model.output.bias)))
    assert validate().loss != first.loss


def test_without_pairs_nothing_is_translated() -> None:
    def translate(texts: Sequence[str]) -> list[str]:
        raise AssertionError(texts)

    measured = validator(translate, pairs=[])()
    assert (measured.scores, measured.signatures, measured.samples) == ({}, {}, ())
    assert math.isfinite(measured.loss)


def test_a_perplexity_beyond_all_numbers_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqloom.training.validation.mean_likelihood", lambda *_: 5_000.0)
    measured = validator(lambda _: [], pairs=[])()
    assert measured.loss == 5_000.0
    assert math.isfinite(measured.perplexity)
