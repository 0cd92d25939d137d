"""How good a model is on data it doesn't learn from: loss, metrics of its translations, and samples to look at."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from seqloom.config.training import TrainingConfig
from seqloom.data.batch import Batch
from seqloom.data.readers import Pair
from seqloom.metrics.overlap import bleu, chrf
from seqloom.models.seq2seq import Seq2Seq
from seqloom.training.events import Sample
from seqloom.training.machine import Machine
from seqloom.training.objective import batch_loss


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
    model: Seq2Seq, batches: Iterator[Batch], machine: Machine, stopped: Callable[[], bool] = lambda: False
) -> float:
    """Nats a target token, teacher-forced, without label smoothing; NaN when there is no token, or when stopped."""
    total, tokens = 0.0, 0
    for batch in batches:
        if stopped():
            return math.nan
        _, likelihood = batch_loss(model, batch.to(machine.device), machine)
        total += float(likelihood)
        tokens += batch.target_tokens
    return total / tokens if tokens else math.nan


def make_validator(
    model: Seq2Seq,
    config: TrainingConfig,
    machine: Machine,
    *,
    batches: Callable[[], Iterator[Batch]],
    pairs: Sequence[Pair],
    translate: Callable[[Sequence[str]], list[str]],
    stopped: Callable[[], bool] = lambda: False,
) -> Callable[[], Validation | None]:
    """What the training loop calls to measure the model; None when it was stopped before it had.

    batches    all of the validation corpus, for the loss
    pairs      those that are translated, for the scores; may be empty
    translate  source texts -> the model's translations, in order
    stopped    looked at between batches, so that a signal need not wait for the whole validation
    """
    in_order = sorted(range(len(pairs)), key=lambda row: len(pairs[row].source))  # pieces of like length

    def validate() -> Validation | None:
        loss = mean_likelihood(model, batches(), machine, stopped)
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
        scores = [bleu(outputs, references), chrf(outputs, references)]
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
