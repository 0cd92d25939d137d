"""What a model of labels is trained for: cross-entropy, one label against the others or each by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from seqloom.base.errors import ConfigError
from seqloom.models.classifier import LabelNetwork
from seqloom.text.labels import Labels
from seqloom.training.label_batches import LabelBatch, LabelKind
from seqloom.training.learning import NOTHING_CARRIED, BatchLoss, Carried
from seqloom.training.loss import divergence_between
from seqloom.training.machine import Machine

BALANCED = "balanced"


@dataclass(frozen=True)
class LabelObjective:
    """smoothing  of the labels (Szegedy et al. 2016, section 7)
    weights    what each label counts (L,); where a text may have several, what it counts to have it. None: all 1
    r_drop     weight of the divergence between two passes with different dropout (Liang et al. 2021)
    """

    smoothing: float = 0.0
    weights: Tensor | None = None
    r_drop: float = 0.0

    def at(self, fraction: float) -> "LabelObjective":  # noqa: ARG002 - the same all along
        """The same when that share of the run is done."""
        return self

    def loss(
        self,
        model: LabelNetwork,
        batch: LabelBatch,
        machine: Machine,
        carried: Carried = NOTHING_CARRIED,  # noqa: ARG002 - texts carry nothing
    ) -> BatchLoss:
        """The loss of a batch and its plain negative log-likelihood; with R-Drop the mean of two passes."""
        passes = 2 if self.r_drop else 1
        with machine.autocast():
            logits = model(batch.batch.repeated(passes)).logits
        counted = [batch.predictions(each) for each in logits.float().chunk(passes)]
        loss = likelihood = logits.new_zeros((), dtype=torch.float32)
        for each, targets in counted:
            found = label_loss(each, targets, batch.kind, self.smoothing, self.weights)
            loss, likelihood = loss + found[0], likelihood + found[1]
        if self.r_drop:
            both = torch.stack([log_probabilities(each, batch.kind) for each, _ in counted])
            loss = loss + self.r_drop / 2 * divergence_between(both)[0]
        return BatchLoss(loss / passes, likelihood.detach() / passes)


def label_loss(
    logits: Tensor,
    targets: Tensor,
    kind: LabelKind,
    smoothing: float = 0.0,
    weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The loss of predictions and their plain negative log-likelihood, sums in nats.

    logits   (M, L)
    targets  (M,) int64; (M, L) of 1 and 0 where a text may have several labels, whose losses are added up
    weights  (L,), or None for 1
    """
    weights = None if weights is None else weights.to(logits)
    if kind.several:
        smoothed = targets * (1 - smoothing) + smoothing / 2
        loss = functional.binary_cross_entropy_with_logits(
            logits, smoothed, pos_weight=weights, reduction="sum"
        )
        plain = functional.binary_cross_entropy_with_logits(logits.detach(), targets, reduction="sum")
        return loss, plain
    each = functional.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    loss = each.sum() if weights is None else (weights[targets] * each).sum()
    return loss, functional.cross_entropy(logits.detach(), targets, reduction="sum")


def log_probabilities(logits: Tensor, kind: LabelKind) -> Tensor:
    """logits (M, L) -> log-probabilities (M, L) of the labels; of each label and its absence (M L, 2) where several."""
    if kind.several:
        logits = torch.stack([logits, torch.zeros_like(logits)], dim=-1).flatten(0, 1)
    return logits.log_softmax(dim=-1)


def weigh_labels(asked: str | None, labels: Labels, counts: Sequence[int], total: int) -> Tensor | None:
    """What each label counts (L,), as training.label_weights says; None where all count the same.

    counts   how often each label stands in the training data
    total    the texts, or tokens, that could have it

    Balanced, a label of n counts total / (L n), so that the mean over the training data is 1; where a text may have
    several, having it counts (total - n) / n, as much in sum as not having it.
    Raises   ConfigError for a name that is no label, or a weight that is none
    """
    if asked is None:
        return None
    if asked == BALANCED:
        shares = torch.tensor(counts, dtype=torch.float64)
        if labels.several:
            return ((total - shares).clamp(min=1) / shares).float()
        return (total / (len(labels) * shares)).float()
    weights = torch.ones(len(labels))
    for part in asked.split(","):
        name, equals, number = (text.strip() for text in part.rpartition("="))
        where = f'training.label_weights = "{asked}"'
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not equals or not 0 < weight < 1e6:
            raise ConfigError(
                f"{where}: {part.strip()!r} is no weight of a label. Write NAME=NUMBER above 0, several with commas "
                f'between them, or "{BALANCED}".'
            )
        if name not in labels.names:
            raise ConfigError(
                f"{where}: {name!r} is no label of data.train. Its labels: {labels.described()}."
            )
        weights[labels.names.index(name)] = weight
    return weights
