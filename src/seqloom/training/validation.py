"""How good a model is on data it doesn't learn from: loss, metrics of its translations, and samples to look at."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from seqloom.config.training import TrainingConfig
from seqloom.data.pairs import Pair
from seqloom.metrics.measure import Context, measure
from seqloom.training.events import Sample
from seqloom.training.learning import NOTHING_CARRIED, Objective, TrainingBatch
from seqloom.training.machine import Machine


@dataclass(frozen=True)
class Validation:
    """loss and perplexity a target token · scores 0 to 100 by name · their signatures · a few samples."""

    loss: float
    perplexity: float
    scores: dict[str, float] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()


PIECE = 128  # sentences translated between two looks at whether the run is to stop


@torch.no_grad()
def mean_likelihood(
    model: nn.Module,
    batches: Iterator[TrainingBatch],
    machine: Machine,
    objective: Objective,
    stopped: Callable[[], bool] = lambda: False,
) -> float:
    """Nats a target token, teacher-forced, without label smoothing; NaN when there is no token, or when stopped."""
    total, tokens, carried = 0.0, 0, NOTHING_CARRIED
    for batch in batches:
        if stopped():
            return math.nan
        _, likelihood, carried = objective.loss(model, batch.to(machine.device), machine, carried)
        total += float(likelihood)
        tokens += batch.target_tokens
    return total / tokens if tokens else math.nan


def make_validator(
    model: nn.Module,
    config: TrainingConfig,
    machine: Machine,
    objective: Objective,
    *,
    batches: Callable[[], Iterator[TrainingBatch]],
    pairs: Sequence[Pair],
    translate: Callable[[Sequence[str]], list[str]],
    metrics: Sequence[str],
    context: Context = Context(),  # noqa: B008 - frozen
    stopped: Callable[[], bool] = lambda: False,
) -> Callable[[], Validation | None]:
    """What the training loop calls to measure the model; None when it was stopped before it had.

    objective  whose likelihood is the loss
    batches    all of the validation corpus
    pairs      those that are translated, for the scores; may be empty
    translate  source texts -> the model's outputs, in order
    metrics    by name, of those; context is what some of them know besides
    stopped    looked at between batches, so that a signal need not wait for the whole validation
    """
    in_order = sorted(range(len(pairs)), key=lambda row: len(pairs[row].source))  # pieces of like length

    def validate() -> Validation | None:
        loss = mean_likelihood(model, batches(), machine, objective, stopped)
        if stopped():
            return None
        perplexity = math.exp(min(loss, 700.0))
        if not pairs:
            return Validation(loss, perplexity)
        outputs = [""] * len(pairs)
        for start in range(0, len(pairs), PIECE):
            if stopped():
                return None
            rows = in_order[start : start + PIECE]
            for row, text in zip(rows, translate([pairs[row].source for row in rows]), strict=True):
                outputs[row] = text
        references = [pair.target for pair in pairs]
        scores = measure(metrics, outputs, references, context=context)
        samples = tuple(
            Sample(pair.source, pair.target, output)
            for pair, output in list(zip(pairs, outputs, strict=True))[: config.samples]
        )
        return Validation(
            loss,
            perplexity,
            {score.name: score.value for score in scores},
            {score.name: score.signature for score in scores},
            samples,
        )

    return validate
