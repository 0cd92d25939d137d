"""What an encoder-decoder is trained for: the loss of a batch, teacher-forced or partly on its own predictions."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.state import Memory
from seqloom.training.attention_loss import coverage_loss, guidance_loss
from seqloom.training.learning import NOTHING_CARRIED, BatchLoss, Carried
from seqloom.training.loss import Teacher, chunk_rows, fused_smoothed_loss
from seqloom.training.machine import Machine
from seqloom.training.mixture_loss import likeliest, mixture_loss
from seqloom.training.risk import Risk, expected_cost


@dataclass(frozen=True)
class Teaching:
    """A trained model over the same vocabulary, and the share of the loss that goes to its distribution."""

    model: Seq2Seq
    share: float


@dataclass(frozen=True)
class Objective:
    """smoothing  of the labels (Szegedy et al. 2016, section 7)
    own_share  how many of the symbols that the decoder reads are its own predictions, in the mean
    own_share_at_end  to which that grows over the run (Bengio et al. 2015)
    teaching   word-level distillation (Kim and Rush 2016)
    risk       minimum-risk training (Shen et al. 2016)
    coverage   weight of looking again where attention has been (See et al. 2017)
    guidance   weight of the cross-entropy with the batch's word alignments (Chen et al. 2016)
    r_drop     weight of the divergence between two passes with different dropout (Liang et al. 2021)
    """

    smoothing: float = 0.0
    own_share: float = 0.0
    own_share_at_end: float = 0.0
    teaching: Teaching | None = None
    risk: Risk | None = None
    coverage: float = 0.0
    guidance: float = 0.0
    r_drop: float = 0.0

    @property
    def passes(self) -> int:
        """How often a batch goes through the model, each time with a dropout of its own."""
        return 2 if self.r_drop else 1

    @property
    def of_attention(self) -> bool:
        """Whether it reads the alignment."""
        return self.coverage > 0 or self.guidance > 0

    def at(self, fraction: float) -> "Objective":
        """The same when that share of the run is done."""
        return replace(self, own_share=self.own_share_at_end * fraction)

    def loss(
        self,
        model: Seq2Seq,
        batch: Batch,
        machine: Machine,
        carried: Carried = NOTHING_CARRIED,  # noqa: ARG002 - sentences carry nothing
    ) -> BatchLoss:
        """As `batch_loss`."""
        return BatchLoss(*batch_loss(model, batch, machine, self))


def batch_loss(
    model: Seq2Seq, batch: Batch, machine: Machine, objective: Objective = Objective()
) -> tuple[Tensor, Tensor]:
    """The loss of a batch and its plain negative log-likelihood, sums in nats over its target symbols.

    A share of risk counts as if a sentence's expected cost were the loss of each of its symbols. What attention is
    trained for comes on top, by its weights. Of several passes it is the mean.
    Raises   ShapeError for a batch without targets, and as attention_loss does
    """
    with machine.autocast():
        read = batch.repeated(objective.passes)
        return decoder_loss(model, batch, read, model.encode(read), objective)


def decoder_loss(
    model: Seq2Seq, batch: Batch, read: Batch, memory: Memory, objective: Objective
) -> tuple[Tensor, Tensor]:
    """The same where the source was read: batch, or `read`, the batch as often as there are passes, in the memory."""
    if batch.target_output is None:
        raise ShapeError("The batch has no targets, so it has no loss.")
    if objective.r_drop and (objective.own_share or objective.risk):
        raise ValueError("two passes agree on the true history, without a risk")
    if objective.own_share:
        read = mix_in_predictions(model, batch, memory, objective.own_share)
    if isinstance(model, PointerGenerator):
        if objective.teaching or objective.risk:
            raise ValueError("a model that copies learns from no teacher and by no risk")
        mixing, _ = model.mix(read, memory)
        alignment: Tensor | None = mixing.alignment
        targets = batch.target_output[batch.target_places]
        counted = mixing.of(read.target_places)
        loss, likelihood = mixture_loss(model, counted, targets, objective.smoothing, objective.r_drop)
    else:
        decoded = model.decode(read, memory, alignment=objective.of_attention)
        alignment = decoded.alignment
        loss, likelihood = likelihood_loss(model, decoded.features, batch, objective)
    if objective.risk:
        risk = expected_cost(model, batch, memory, objective.risk) * batch.target_tokens / len(batch)
        loss = (1 - objective.risk.share) * loss + objective.risk.share * risk
    if objective.of_attention:
        loss = loss + attention_loss(alignment, read, objective)
    return loss / objective.passes, likelihood / objective.passes


def likelihood_loss(
    model: Seq2Seq, features: Tensor, batch: Batch, objective: Objective
) -> tuple[Tensor, Tensor]:
    """The smoothed and the plain negative log-likelihood over all passes, a teacher and their divergence included.

    features   (B, T, E), or (P B, T, E) of several passes, one after the other
    """
    if batch.target_output is None:
        raise ShapeError("The batch has no targets, so it has no loss.")
    (rows, columns), output, teaching = batch.target_places, model.output, objective.teaching
    each = features.unflatten(0, (objective.passes, len(batch)))
    return fused_smoothed_loss(
        output.narrow(each[:, rows, columns].flatten(0, 1)),
        output.table,
        output.bias,
        batch.target_output[rows, columns],
        objective.smoothing,
        teacher_of(teaching.model, batch) if teaching else None,
        teaching.share if teaching else 0.0,
        objective.r_drop,
    )


def attention_loss(alignment: Tensor | None, batch: Batch, objective: Objective) -> Tensor:
    """What the alignment (B, T, S) of a batch adds to the loss, a sum over its target symbols.

    Raises   ShapeError for a model that gives none, and for guidance by a batch without word alignments
    """
    if alignment is None:
        raise ShapeError("The model has no attention, so there is no alignment to be trained.")
    loss = alignment.new_zeros((), dtype=torch.promote_types(alignment.dtype, torch.float32))
    if objective.coverage:
        loss = loss + objective.coverage * coverage_loss(alignment, batch.target_places)
    if objective.guidance:
        if batch.alignment is None:
            raise ShapeError("The batch has no word alignments by which attention could be guided.")
        loss = loss + objective.guidance * guidance_loss(alignment, batch.alignment)
    return loss


def teacher_of(model: Seq2Seq, batch: Batch) -> Teacher:
    """A model's probabilities at the positions of a batch that count, a piece at a time."""
    with torch.no_grad():
        features = model.decode(batch, model.encode(batch)).features[batch.target_places]

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
    if isinstance(model, PointerGenerator):
        mixing, width = model.mix(batch, memory)[0], batch.target_input.shape[1]
        places = torch.arange(len(batch) * width, device=batch.target_input.device)
        places = places.view(-1, width)[:, :-1].flatten()  # all but the last of each row
        predicted = likeliest(model, mixing.of((places // width, places % width))).view(len(batch), -1)
    else:
        features = model.decode(batch, memory).features[:, :-1]
        rows = features.flatten(0, 1).split(chunk_rows(len(model.output.table), features.dtype))
        predicted = torch.cat([model.output(piece).argmax(dim=-1) for piece in rows]).view(features.shape[:2])
    drawn = torch.rand(predicted.shape, device=predicted.device) < share
    mixed = torch.where(drawn, predicted, batch.target_input[:, 1:])
    return replace(batch, target_input=torch.cat([batch.target_input[:, :1], mixed], dim=1))
