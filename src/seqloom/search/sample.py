"""Sampling: draw each symbol from the model's distribution, sharpened and cut as asked."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqloom.base.errors import UsageError
from seqloom.base.randomness import numpy_generator
from seqloom.models.state import SearchableModel, State
from seqloom.search.constraints import Constraints, penalise_repetition
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SamplingOptions
from seqloom.search.path import follow
from seqloom.search.scoring import Job
from seqloom.search.selection import best, best_plain
from seqloom.search.trail import Integers


def draw(log_probs: Tensor, uniform: Tensor, options: SamplingOptions) -> Tensor:
    """Draw one symbol a row by inverting the distribution's cumulative sum, in float64.

    log_probs  (n, V)  -inf where nothing may be drawn
    uniform    (n,)    float64 in [0, 1)
    Returns    (n,)    symbols; any, for a row of nothing but -inf
    """
    size = log_probs.shape[1]
    if 0 < options.top_k < size:
        kept, symbols = best(log_probs, options.top_k)
    elif options.top_p < 1:
        kept, symbols = best_plain(log_probs, size)
    else:
        kept, symbols = log_probs, torch.arange(size, device=log_probs.device).expand_as(log_probs)
    peak = kept.amax(dim=-1, keepdim=True)  # taken away before dividing, so that no temperature is too low
    probability = torch.softmax((kept - peak).to(torch.float64) / options.temperature, dim=-1)
    if options.top_p < 1:  # they fall: a symbol stays if those before it hold less than top_p
        before = probability.cumsum(dim=-1) - probability
        probability = probability.masked_fill(before >= options.top_p, 0.0)
    cumulative = probability.cumsum(dim=-1)
    drawn = (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(dim=-1, keepdim=True)
    return symbols.gather(1, drawn)[:, 0]


@torch.no_grad()
def sample(
    model: SearchableModel,
    state: State,
    source_lengths: Tensor,
    options: SamplingOptions = SamplingOptions(),  # noqa: B008 - frozen
    *,
    numbers: Sequence[int] | None = None,
    prefixes: Sequence[Sequence[int]] | None = None,
    alignment: bool = False,
    bos: int = 2,
    eos: int = 3,
    pad: int = 0,
) -> list[Hypothesis]:
    """Draw one hypothesis for each sentence; its score is its log-probability under the model, temperature 1.

    state           model.start(memory), one row a sentence; several samples of one sentence are rows that repeat
    source_lengths  (B,) as in a batch, on the model's device
    numbers         each sentence's number in the whole input: with options.seed it fixes what is drawn, however the
                    input is cut into batches; 0 to B - 1 if not given
    prefixes        what each output must start with
    alignment       whether to keep what each step looked at
    Raises          UsageError for a symbol the model doesn't have; DamagedModelError for scores that are not numbers
    """
    lengths = source_lengths.tolist()
    numbers = range(len(lengths)) if numbers is None else numbers
    if len(numbers) != len(lengths):
        raise UsageError(f"There are {len(numbers)} numbers for {len(lengths)} sentences; expected one each.")
    constraints = Constraints(options, lengths, prefixes, bos=bos, eos=eos, pad=pad)
    draws = [
        numpy_generator(options.seed, "sample", number).random(int(cap) + 1)
        for number, cap in zip(numbers, constraints.caps, strict=True)
    ]

    def choose(
        log_probs: Tensor, position: int, sentences: Integers, history: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        constraints.apply(log_probs, position, sentences, history)
        wished = log_probs[:, 0]
        if history is not None and options.penalises:
            wished = penalise_repetition(
                wished, history, options.repetition_penalty, options.repetition_window
            )
        uniform = torch.tensor([draws[sentence][position] for sentence in sentences], device=log_probs.device)
        symbols = draw(wished, uniform.to(torch.float64), options)[:, None]
        return symbols, log_probs[:, 0].gather(1, symbols)

    job = Job(source_lengths, bos, eos, alignment)
    trail = follow(model, state, job, choose, history=constraints.needs_history or options.penalises)
    return [found[0] for found in trail.hypotheses(lengths, constraints.caps.tolist())]
