"""Minimum-risk training: make outputs likely as far as they are good, by the metric that counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.data.batch import Batch, collate
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.state import Memory
from seqloom.search.options import SamplingOptions
from seqloom.search.sample import sample
from seqloom.training.row_likelihood import row_likelihood

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Risk:
    """cost: of a candidate beside its reference, as ids, 0 for a perfect one to 1 · share: of the loss
    samples: candidates drawn for each sentence, the reference besides · sharpness: alpha of Shen et al. 2016
    """

    cost: Callable[[Sequence[int], Sequence[int]], float]
    share: float
    samples: int
    sharpness: float


def expected_cost(model: Seq2Seq, batch: Batch, memory: Memory, risk: Risk) -> Tensor:
    """The expected cost of each sentence's candidates under the model, summed over the sentences.

        sum over y of q(y) cost(y),   q(y) = P(y)^alpha / sum over y' of P(y')^alpha

    Source   Shen et al. 2016 (Minimum Risk Training), equations 7 to 9; the candidates are samples of the model as it
             stands, without dropout (for which the source is read again), and the reference. Draws come from
             torch's default generator.
    """
    references = [_ids(row, int(length)) for row, length in zip(*_targets(batch), strict=True)]
    candidates = _draw(model, batch, risk.samples, references)
    rows = torch.tensor(
        [row for row, found in enumerate(candidates) for _ in found], device=batch.source.device
    )
    flat = [candidate for found in candidates for candidate in found]
    costs = [
        risk.cost(candidate, references[row]) for row, found in enumerate(candidates) for candidate in found
    ]
    log_probs = log_probabilities(model, memory, rows, flat)
    total = log_probs.new_zeros(())
    at = 0
    for found in candidates:
        piece = slice(at, at + len(found))
        weights = (risk.sharpness * log_probs[piece]).softmax(dim=0)
        total = total + weights @ torch.tensor(costs[piece], dtype=weights.dtype, device=weights.device)
        at += len(found)
    return total


def _targets(batch: Batch) -> tuple[list[list[int]], list[int]]:
    if batch.target_output is None or batch.target_lengths is None:
        raise ValueError("a batch without targets has no risk")
    return batch.target_output.tolist(), batch.target_lengths.tolist()


def _ids(row: list[int], length: int) -> Ids:
    """A target without its end symbol and padding."""
    return tuple(row[: length - 1])


@torch.no_grad()
def _draw(model: Seq2Seq, batch: Batch, samples: int, references: Sequence[Ids]) -> list[list[Ids]]:
    """Different candidates for each sentence, the reference first."""
    sentences = torch.arange(len(batch), device=batch.source.device).repeat_interleave(samples)
    seed = int(torch.randint(2**31, ()))
    training = model.training
    model.eval()
    try:
        state = model.start(model.encode(batch)).reorder(sentences)
        drawn = sample(model, state, batch.source_lengths[sentences], SamplingOptions(seed=seed))
    finally:
        model.train(training)
    found = []
    for row, reference in enumerate(references):
        own = [tuple(hypothesis.tokens) for hypothesis in drawn[row * samples : (row + 1) * samples]]
        found.append(list(dict.fromkeys([reference, *own])))
    return found


def log_probabilities(model: Seq2Seq, memory: Memory, rows: Tensor, targets: Sequence[Ids]) -> Tensor:
    """The log-probability of each target for the source of its row, end symbol included: (N,), with gradients.

    rows  (N,) rising. A source is projected once, however many targets it has, and sources with equally many are not
          even copied.
    """
    given = collate([[]] * len(targets), targets).to(memory.values.device)
    places, read, written = given.target_places, given.target_input, given.target_output
    if read is None or written is None:
        raise ValueError("targets make a batch with targets")
    features = model.decoder(model.target(read), model.start(memory).reorder(rows)).features
    chosen = row_likelihood(model.output, features[places], written[places])
    return chosen.new_zeros(len(targets)).index_add(0, places[0], chosen)
