"""What a model that hears is trained for: the decoder's likelihood, CTC's, or both in shares."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch
from seqloom.layers.linear import as_it_stands
from seqloom.models.ctc_prefixes import BLANK
from seqloom.models.speech import CTCModel, SpeechModel, memory_lengths
from seqloom.models.state import Memory
from seqloom.training.learning import NOTHING_CARRIED, BatchLoss, Carried
from seqloom.training.machine import Machine
from seqloom.training.objective import Objective, decoder_loss


@dataclass(frozen=True)
class SpeechObjective:
    """(1 - ctc_weight) * the decoder's loss + ctc_weight * CTC's (Watanabe et al. 2017, equation 12).

    decoder      what an attending decoder is trained for; not read by CTC alone
    ctc_weight   0 to 1

    The likelihood shown is the decoder's, or CTC's where there is no decoder.
    """

    decoder: Objective
    ctc_weight: float

    def at(self, fraction: float) -> "SpeechObjective":
        """The same when that share of the run is done."""
        return replace(self, decoder=self.decoder.at(fraction))

    def loss(
        self,
        model: SpeechModel,
        batch: Batch,
        machine: Machine,
        carried: Carried = NOTHING_CARRIED,  # noqa: ARG002 - utterances carry nothing
    ) -> BatchLoss:
        """The loss of a batch, a sum in nats. Raises ShapeError for a batch without targets."""
        with machine.autocast():
            if isinstance(model, CTCModel):
                loss = ctc_loss(model, model.encode(batch), batch)
                return BatchLoss(loss, loss.detach())
            passes = self.decoder.passes
            read = batch.repeated(passes)
            memory = model.encode(read)
            loss, likelihood = decoder_loss(model, batch, read, memory, self.decoder)
            if self.ctc_weight:
                loss = (1 - self.ctc_weight) * loss + self.ctc_weight * ctc_loss(model, memory, read) / passes
            return BatchLoss(loss, likelihood)


def ctc_loss(model: SpeechModel, memory: Memory, batch: Batch) -> Tensor:
    """The negative log-probability of a batch's texts by CTC, a sum in nats (Graves et al. 2006, section 4).

    An utterance with too few positions for its text, which the corpus leaves out, has no loss rather than an infinite.
    """
    if batch.target_output is None or batch.target_lengths is None:
        raise ShapeError("The batch has no targets, so it has no loss.")
    if model.ctc is None:
        raise ValueError("a model without CTC has no CTC loss.")
    with as_it_stands(memory.values.device):
        log_probs = model.ctc(memory.values.to(torch.promote_types(memory.values.dtype, torch.float32)))
        return functional.ctc_loss(
            log_probs.transpose(0, 1),  # (S, B, V)
            batch.target_output,
            memory_lengths(memory),
            batch.target_lengths - 1,  # without EOS
            blank=BLANK,
            reduction="sum",
            zero_infinity=True,
        )
