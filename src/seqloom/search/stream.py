"""Sampling without an end: symbols given one by one as they are drawn, for whoever shows them at once."""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from seqloom.base.randomness import numpy_generator
from seqloom.models.state import SearchableModel, State
from seqloom.search.constraints import ban_repeated_ngrams, penalise_repetition
from seqloom.search.options import SamplingOptions
from seqloom.search.sample import draw
from seqloom.search.scoring import Job, on_host, refuse_broken, score_next

HISTORY = 4096  # symbols back to which repetitions are looked for: a step then costs the same however long it goes on


@torch.no_grad()
def stream(
    model: SearchableModel,
    state: State,
    token: int,
    device: torch.device,
    options: SamplingOptions = SamplingOptions(),  # noqa: B008 - frozen
    *,
    number: int = 0,
    history: Sequence[int] = (),
    bos: int = 2,
    pad: int = 0,
) -> Iterator[int]:
    """Draw one symbol after the other, without end: no symbol is an end, and of the options only lengths don't count.

    state    of one row, before `token`, the last symbol that is known
    number   of this text among several: with options.seed it fixes what is drawn
    history  what was written before, for repetitions
    Raises   DamagedModelError for scores that are not numbers
    What is drawn is what `sample` draws up to its end.
    """
    generator = numpy_generator(options.seed, "sample", number)
    written = deque(history, maxlen=HISTORY)
    banned = torch.tensor(sorted({bos, pad, *options.banned}), device=device)
    job = Job(torch.ones(1, dtype=torch.int64, device=device), bos, -1, alignment=False)
    rows = np.zeros(1, np.int64)
    position = 0
    while True:
        scored = score_next(model, np.array([[token]]), state, job)
        refuse_broken(on_host(scored.broken)[0], rows, position)
        log_probs = scored.log_probs[0].index_fill(1, banned, -torch.inf)
        log_probs = _without_repetition(log_probs, written, options)
        uniform = torch.tensor([generator.random()], dtype=torch.float64, device=device)
        token, state = int(draw(log_probs, uniform, options)), scored.state
        written.append(token)
        position += 1
        yield token


def _without_repetition(log_probs: Tensor, written: deque[int], options: SamplingOptions) -> Tensor:
    """log_probs (1, V), less of what was written before, as the options want it."""
    if not written or not (options.penalises or options.no_repeat_ngram):
        return log_probs
    history = torch.tensor([list(written)], device=log_probs.device)
    if options.no_repeat_ngram:
        free = log_probs.clone()
        ban_repeated_ngrams(free, history, options.no_repeat_ngram)
        if bool((free > -torch.inf).any()):  # otherwise every symbol would repeat something
            log_probs = free
    if options.penalises:
        log_probs = penalise_repetition(
            log_probs, history, options.repetition_penalty, options.repetition_window
        )
    return log_probs
