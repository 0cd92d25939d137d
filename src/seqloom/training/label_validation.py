"""How well labels are told on data that a model doesn't learn from, and the labels of texts as it stands."""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from seqloom.data.batch import Batch, collate
from seqloom.data.labelled import token_places
from seqloom.data.pairs import Pair
from seqloom.metrics.classes import macro_f1
from seqloom.metrics.measure import METRICS
from seqloom.metrics.overlap import Score
from seqloom.models.classifier import LabelNetwork
from seqloom.text.labels import Labels
from seqloom.text.tokenizer import Tokenizer
from seqloom.training.events import Sample
from seqloom.training.label_batches import LabelBatch, LabelKind
from seqloom.training.label_loss import label_loss
from seqloom.training.machine import Machine
from seqloom.training.validation import Validation

THRESHOLD = 0.5  # the probability from which a text has a label, where it may have several


def label_scores(
    metrics: Sequence[str], outputs: Sequence[str], references: Sequence[str], separator: str | None
) -> list[Score]:
    """Each metric by its name; texts may have several labels, which the separator parts."""
    return [
        macro_f1(outputs, references, separator) if name == "macro_f1" else METRICS[name](outputs, references)
        for name in metrics
    ]


def chosen(logits: Tensor, kind: LabelKind, threshold: float = THRESHOLD) -> list[list[int]]:
    """logits (M, L) -> the numbers of the labels of each: the likeliest, or all that are likely enough."""
    if not kind.several:
        return [[number] for number in logits.argmax(dim=-1).tolist()]
    return [row.nonzero()[:, 0].tolist() for row in logits.sigmoid() >= threshold]


def told(rows: Sequence[LabelBatch], logits: Sequence[Tensor], labels: Labels) -> tuple[list[str], list[str]]:
    """What was said of each text, and what is so, as they stand in files: labels joined, tags between blanks."""
    outputs, references = [], []
    for batch, scores in zip(rows, logits, strict=True):
        if batch.kind.tokens:
            for given, wanted in zip(scores.argmax(dim=-1), batch.targets, strict=True):
                counted = wanted >= 0
                outputs.append(" ".join(labels.names[number] for number in given[counted].tolist()))
                references.append(" ".join(labels.names[number] for number in wanted[counted].tolist()))
            continue
        outputs += [labels.join(own) for own in chosen(scores, batch.kind)]
        if batch.kind.several:
            references += [labels.join(row.nonzero()[:, 0].tolist()) for row in batch.targets]
        else:
            references += [labels.names[number] for number in batch.targets.tolist()]
    return outputs, references


def make_label_validator(
    network: LabelNetwork,
    machine: Machine,
    labels: Labels,
    kind: LabelKind,
    *,
    batches: Callable[[], Iterator[LabelBatch]],
    shown: Sequence[Pair],
    tokenizer: Tokenizer,
    metrics: Sequence[str],
    stopped: Callable[[], bool] = lambda: False,
) -> Callable[[], Validation | None]:
    """What the training loop calls to measure the model; None when it was stopped before it had.

    batches  all of the validation corpus
    shown    pairs that become samples
    metrics  by name
    """

    @torch.no_grad()
    def validate() -> Validation | None:
        total, count = 0.0, 0
        outputs: list[str] = []
        references: list[str] = []
        for batch in batches():
            if stopped():
                return None
            with machine.autocast():
                logits = network(batch.batch.to(machine.device)).logits.float().cpu()
            total += float(label_loss(*batch.predictions(logits), kind)[1])
            count += batch.target_tokens
            found = told([batch], [logits], labels)
            outputs += found[0]
            references += found[1]
        loss = total / count if count else math.nan
        scores = label_scores(metrics, outputs, references, labels.separator)
        return Validation(
            loss,
            math.exp(min(loss, 700.0)),
            {score.name: score.value for score in scores},
            {score.name: score.signature for score in scores},
            _samples(network, machine, labels, kind, shown, tokenizer),
        )

    return validate


def _samples(
    network: LabelNetwork,
    machine: Machine,
    labels: Labels,
    kind: LabelKind,
    pairs: Sequence[Pair],
    tokenizer: Tokenizer,
) -> tuple[Sample, ...]:
    """What the model says of some texts now."""
    samples = []
    for pair in pairs:
        ids = tokenizer.encode(pair.source)
        logits = scores_of(network, [ids], machine)[0]
        if kind.tokens:
            count = len(pair.target.split())
            places = token_places(tokenizer.word_numbers(pair.source, ids), count)
            numbers = logits[places].argmax(dim=-1).tolist()
            output = " ".join(labels.names[number] for number in numbers)
        else:
            output = labels.join(chosen(logits[None], kind)[0])
        samples.append(Sample(pair.source, pair.target, output))
    return tuple(samples)


@torch.no_grad()
def scores_of(network: LabelNetwork, texts: Sequence[Sequence[int]], machine: Machine) -> list[Tensor]:
    """The logits of each text's ids, on the CPU: (L,), or (S, L) for its symbols and the end."""
    batch: Batch = collate(texts).to(machine.device)
    with machine.autocast():
        logits = network(batch).logits.float().cpu()
    if logits.ndim == 2:
        return list(logits)
    return [row[: len(ids) + 1] for row, ids in zip(logits, texts, strict=True)]
