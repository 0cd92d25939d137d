"""Beam search over a whole batch at once.

A sentence has W places. A step writes every symbol after every hypothesis that still writes; the W best of these
continuations (by log-probability) and the hypotheses that have ended compete for the places by score, each at the
length it has. A hypothesis that ended therefore takes a place from those that go on, until enough better ones push it
out. (To let it keep the place for good, as dl4mt did, ends a search early when a few poor hypotheses end early; to
give it none, and stop after W ends, has the same fault. Ended and unended ones compete in the same way in
TensorFlow's BeamSearchDecoder.) Coverage counts once a hypothesis has ended, as until then it may still read the rest.

When a hypothesis stops. One that still writes is dropped as soon as it can't beat the n-th best that has ended, where
n = options.n_best. Its log-probability can only fall and the length penalty can only grow up to the cap, so the best
score it may still reach is

    log P(so far) / lp(cap + 1)

(a coverage penalty, never above 0, is taken to be 0). This is sound: it drops nothing that could have won. It is
quick without a length penalty, when it drops nearly all as the best hypothesis ends. With one it is loose, as a
hypothesis might go on to the cap with certainty; then the places end the search: mostly the W - 1 rivals of the best
end within a few steps of it, and no place is left. A sentence is over when none of its hypotheses writes, and leaves
the batch. The cap bounds both.

Ties are broken towards the hypothesis that ended, then the better parent, then the lower symbol.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqloom.models.state import SearchableModel, State
from seqloom.search.constraints import IMPOSSIBLE, Constraints
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions
from seqloom.search.penalties import length_penalty
from seqloom.search.scoring import Job, refuse_broken, score_next
from seqloom.search.selection import best, best_continuations
from seqloom.search.trail import Ended, Integers, Looked, Trail, Written


@dataclass(frozen=True)
class Beams:
    """The hypotheses that still write, side by side: w of them for each of n sentences, w at most W.

    sentences   (n,)           their numbers in the batch, rising; on the host
    lengths     (n,)           of their sources
    largest     (n, 1)         the length penalty at their caps, which bounds the score they may reach
    tokens      (n, w)         the symbol last written
    total       (n, w)         nats so far, falling along w; -inf where fewer than w write
    history     (n * w, T)     what was written, if anybody asks
    coverage    (n, w, S)      attention so far, if it counts
    ended       places of the hypotheses that have ended, (n, W)
    """

    sentences: Integers
    lengths: Tensor
    largest: Tensor
    tokens: Tensor
    total: Tensor
    history: Tensor | None
    coverage: Tensor | None
    ended: Ended


class Continued(NamedTuple):
    """What goes on after a step, best first: (n, W) each; garbage where `writes` is False.

    writes     bool
    parents    int64, the place continued
    tokens     int64, the symbol written
    log_probs  nats, of that symbol
    total      nats so far
    """

    writes: Tensor
    parents: Tensor
    tokens: Tensor
    log_probs: Tensor
    total: Tensor


@torch.no_grad()
def beam_search(
    model: SearchableModel,
    state: State,
    source_lengths: Tensor,
    options: SearchOptions = SearchOptions(),  # noqa: B008 - frozen
    *,
    prefixes: Sequence[Sequence[int]] | None = None,
    alignment: bool = False,
    bos: int = 2,
    eos: int = 3,
    pad: int = 0,
) -> list[list[Hypothesis]]:
    """Find the n best hypotheses for each sentence, best first: one at least, fewer than n if there are no more.

    state           model.start(memory), one row a sentence
    source_lengths  (B,) as in a batch, on the model's device
    prefixes        what each output must start with
    alignment       whether to keep what each step looked at
    Raises          UsageError for a symbol the model doesn't have; DamagedModelError for scores that are not numbers
    """
    lengths = source_lengths.tolist()
    constraints = Constraints(options, lengths, prefixes, bos=bos, eos=eos, pad=pad)
    job = Job(source_lengths, bos, eos, alignment, options.length_penalty, options.coverage_penalty)
    trail = Trail()
    beams = _start(job, options, constraints)
    position = 0
    while len(beams.sentences):
        scored = score_next(model, beams.tokens, state, job)
        if alignment and scored.alignment is not None:
            trail.looked.append(Looked(beams.sentences, scored.alignment))
        beams = replace(beams, coverage=job.covered(beams.coverage, scored.alignment))
        last_resort = scored.log_probs[:, :, eos].clamp(min=IMPOSSIBLE)
        constraints.apply(scored.log_probs, position, beams.sentences, beams.history)
        continued, ended = _compete(scored.log_probs, beams, position, job, options)
        counts = [continued.writes.sum(dim=1), (ended.score > -torch.inf).sum(dim=1), scored.broken]
        writing, finished, broken = torch.stack(counts).cpu().numpy()  # the one wait for the GPU
        refuse_broken(broken, beams.sentences, position)
        stuck = np.flatnonzero((writing == 0) & (finished == 0))
        if len(stuck):
            trail.stuck.update(beams.sentences[stuck].tolist())
            ended = _give_up(stuck, last_resort, beams, ended, position, job)
        state, beams = _go_on(scored.state, beams, continued, ended, writing, trail)
        position += 1
    return trail.hypotheses(lengths, constraints.caps.tolist(), options.n_best)


def _start(job: Job, options: SearchOptions, constraints: Constraints) -> Beams:
    """One hypothesis a sentence, BOS; the first step widens the beam."""
    tokens = torch.full_like(job.source_lengths, job.bos, dtype=torch.int64)[:, None]
    total = torch.zeros_like(tokens, dtype=torch.float32)
    # A little more than the penalty, so that rounding can't drop a hypothesis that would have won.
    largest = [1.000001 * length_penalty(int(cap) + 1, job.alpha) for cap in constraints.caps]
    empty = total.new_full((len(tokens), options.beam), -torch.inf)
    zero = torch.zeros_like(empty, dtype=torch.int64)
    return Beams(
        sentences=np.arange(len(tokens)),
        lengths=job.source_lengths,
        largest=total.new_tensor(largest).reshape(total.shape),
        tokens=tokens,
        total=total,
        history=tokens[:, :0] if constraints.needs_history else None,
        coverage=None,
        ended=Ended(empty, empty, empty, zero, zero),
    )


def _compete(
    log_probs: Tensor, beams: Beams, position: int, job: Job, options: SearchOptions
) -> tuple[Continued, Ended]:
    """Give the places to the best of the continuations and of what has ended; log_probs (n, w, V)."""
    places, vocabulary = options.beam, log_probs.shape[2]
    total, index = best_continuations(log_probs, beams.total, min(places, log_probs[0].numel()))
    parents, tokens = index // vocabulary, index % vocabulary
    nats = log_probs.flatten(1).gather(1, index)
    ends = tokens == job.eos
    score = job.normalised(total, position + 1)
    if beams.coverage is not None:
        score = score + job.unread(beams.lengths, beams.coverage).gather(1, parents) * ends

    before = beams.ended
    scores, order = best(torch.cat([before.score, score], dim=1), places)
    fresh = (order - places).clamp(min=0)  # which continuation holds the place, if one does
    over = (order < places) | ends.gather(1, fresh)

    def merged(old: Tensor, new: Tensor) -> Tensor:
        return torch.cat([old, new], dim=1).gather(1, order)

    ended = Ended(
        scores.masked_fill(~over, -torch.inf),
        merged(before.log_probability, total),
        merged(before.last, nats),
        merged(before.position, torch.full_like(parents, position)),
        merged(before.row, parents),
    )
    nth = ended.score.topk(options.n_best, dim=1).values[:, -1:]
    reach = total.gather(1, fresh) / beams.largest
    writes = ~over & (scores > -torch.inf) & (reach > nth)
    writes, front = writes.to(torch.uint8).sort(dim=1, descending=True, stable=True)
    fresh = fresh.gather(1, front)
    continued = (field.gather(1, fresh) for field in (parents, tokens, nats, total))
    return Continued(writes.to(torch.bool), *continued), ended


def _give_up(
    stuck: Integers, last_resort: Tensor, beams: Beams, ended: Ended, position: int, job: Job
) -> Ended:
    """End the hypotheses of sentences that may write nothing and have nothing to show, where they stand.

    stuck        which of the n sentences; on the host
    last_resort  (n, w) nats, of EOS
    """
    total = beams.total + last_resort
    score = job.normalised(total, position + 1)
    if beams.coverage is not None:
        score = score + job.unread(beams.lengths, beams.coverage)
    places = torch.arange(total.shape[1], device=total.device).expand_as(total)
    standing = Ended(score, total, last_resort, torch.full_like(places, position), places)
    rows = torch.from_numpy(stuck).to(total.device)
    for field, value in zip(ended, standing, strict=True):
        field[rows, : total.shape[1]] = value.index_select(0, rows)
    return ended


def _go_on(
    state: State, beams: Beams, continued: Continued, ended: Ended, writing: Integers, trail: Trail
) -> tuple[State, Beams]:
    """Reorder the state to the hypotheses that write; sentences that have none leave the batch.

    writing  (n,) how many hypotheses of each sentence write
    """
    gone, kept = np.flatnonzero(writing == 0), np.flatnonzero(writing)
    sentences = beams.sentences[kept]
    if len(gone):
        trail.ended.append((beams.sentences[gone], ended.of(torch.from_numpy(gone).to(ended.score.device))))
    if not len(kept):
        return state, replace(beams, sentences=sentences)
    index = torch.from_numpy(kept).to(ended.score.device)
    lengths, largest = beams.lengths, beams.largest
    if len(gone):
        continued = Continued(*(field.index_select(0, index) for field in continued))
        ended, lengths, largest = (
            ended.of(index),
            lengths.index_select(0, index),
            largest.index_select(0, index),
        )
    # Blocks of equal width, as wide as the widest: a missing hypothesis is a copy of the first that never wins.
    writes, parents, tokens, nats, total = (field[:, : writing.max()] for field in continued)
    parents, tokens = torch.where(writes, parents, parents[:, :1]), torch.where(writes, tokens, tokens[:, :1])
    rows = (index[:, None] * beams.tokens.shape[1] + parents).flatten()
    history, coverage = beams.history, beams.coverage
    if history is not None:
        history = torch.cat([history.index_select(0, rows), tokens.view(-1, 1)], dim=1)
    if coverage is not None:
        coverage = coverage.flatten(0, 1).index_select(0, rows).view(*tokens.shape, -1)
    trail.written.append(Written(sentences, tokens, parents, nats))
    total = total.masked_fill(~writes, -torch.inf)
    return state.reorder(rows), Beams(sentences, lengths, largest, tokens, total, history, coverage, ended)
