"""What a model is trained for: the loss of a batch, teacher-forced or partly on the model's own predictions."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.state import Memory
from seqloom.training.loss import CHUNK, Teacher, fused_smoothed_loss
from seqloom.training.machine import Machine


@dataclass(frozen=True)
class Teaching:
    """A trained model over the same vocabulary, and the share of the loss that goes to its distribution."""

    model: Seq2Seq
    share: float


def batch_loss(
    model: Seq2Seq,
    batch: Batch,
    machine: Machine,
    smoothing: float,
    own_share: float = 0.0,
    teaching: Teaching | None = None,
) -> tuple[Tensor, Tensor]:
    """The smoothed loss and the plain negative log-likelihood of a batch, sums in nats over its target symbols.

    own_share  how many of the symbols that the decoder reads are its own predictions, in the mean
    teaching   word-level distillation (Kim and Rush 2016)
    Raises     ShapeError for a batch without targets
    """
    if batch.target_output is None:
        raise ShapeError("The batch has no targets, so it has no loss.")
    mask, output = batch.target_mask, model.output
    targets = batch.target_output[mask]
    with machine.autocast():
        memory = model.encode(batch)
        if own_share:
            batch = mix_in_predictions(model, batch, memory, own_share)
        features = model.decode(batch, memory).features
        return fused_smoothed_loss(
            output.narrow(features[mask]),
            output.table,
            output.bias,
            targets,
            smoothing,
            teacher_of(teaching.model, batch) if teaching else None,
            teaching.share if teaching else 0.0,
        )


def teacher_of(model: Seq2Seq, batch: Batch) -> Teacher:
    """A model's probabilities at the positions of a batch that count, a piece at a time."""
    with torch.no_grad():
        features = model.decode(batch, model.encode(batch)).features[batch.target_mask]

    def probabilities(start: int, stop: int) -> Tensor:
        with torch.no_grad():
            return model.output(features[start:stop]).float().softmax(dim=-1)

    return probabilities


@torch.no_grad()
def mix_in_predictions(model: Seq2Seq, batch: Batch, memory: Memory, share: float) -> Batch:
    """The batch with some of the symbols that the decoder reads replaced by what it would have written there.

    Source: scheduled sampling (Bengio et al. 2015), in two passes over all positions instead of a loop over time
    (Mihaylova and Martins 2019): predictions are those after the true history. BOS stays.
    """
    if batch.target_input is None:
        raise ShapeError("The batch has no targets to be mixed with predictions.")
    features = model.decode(batch, memory).features[:, :-1]
    rows = features.flatten(0, 1).split(CHUNK)
    predicted = torch.cat([model.output(piece).argmax(dim=-1) for piece in rows]).view(features.shape[:2])
    drawn = torch.rand(predicted.shape, device=predicted.device) < share
    mixed = torch.where(drawn, predicted, batch.target_input[:, 1:])
    return replace(batch, target_input=torch.cat([batch.target_input[:, :1], mixed], dim=1))
