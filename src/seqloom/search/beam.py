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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqloom.models.state import SearchableModel, State
from seqloom.search.constraints import IMPOSSIBLE, Constraints
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions
from seqloom.search.penalties import length_penalty
from seqloom.search.scoring import Job, on_device, on_host, refuse_broken, score_next
from seqloom.search.selection import best_continuations
from seqloom.search.trail import Ended, Floats, Integers, Looked, Trail, Written

Truths = npt.NDArray[np.bool_]
RIVALS = 3  # continuations beyond the beam's width that a watcher is told of, at each step


@dataclass(frozen=True)
class Beams:
    """The hypotheses that still write, side by side: w of them for each of n sentences, w at most W.

    On the host, where so few numbers are quicker to handle, but for what stands beside scores and attention:

    sentences   (n,)           their numbers in the batch, rising
    largest     (n, 1)         the length penalty at their caps, which bounds the score they may reach
    tokens      (n, w)         the symbol last written
    total       (n, w)         nats so far, falling along w; -inf where fewer than w write
    ended       places of the hypotheses that have ended, (n, W)
    lengths     (n,)           of their sources, on the device
    history     (n * w, T)     what was written, if anybody asks, on the device
    coverage    (n, w, S)      attention so far, if it counts, on the device
    """

    sentences: Integers
    largest: Floats
    tokens: Integers
    total: Floats
    ended: Ended
    lengths: Tensor
    history: Tensor | None
    coverage: Tensor | None


class Continuations(NamedTuple):
    """The best continuations of each sentence, best first: (n, c) each, c at most W.

    parents    the place continued
    tokens     the symbol written
    log_probs  nats, of that symbol
    total      nats so far
    """

    parents: Integers
    tokens: Integers
    log_probs: Floats
    total: Floats

    def at(self, rows: Integers, places: Integers | slice) -> "Continuations":
        """Those of the sentences at the places."""
        parents, tokens, log_probs, total = self
        at = (rows, places)
        return Continuations(parents[at], tokens[at], log_probs[at], total[at])


class Fate(IntEnum):
    """What became of a continuation."""

    PUSHED_OUT = 0  # better ones hold the places
    GOES_ON = 1
    ENDED = 2  # it wrote EOS, and holds a place as long as no better ones push it out
    HOPELESS = 3  # it can't beat the n-th best that has ended any more


class Competed(NamedTuple):
    """One step of a search, told to whoever watches: which continuations there were and what became of them.

    sentences      (n,)    their numbers in the batch
    continuations  (n, c)  the best ones of each, best first; -inf in total where there are fewer. Those beyond the W
                           best are RIVALS of them, which are told but don't compete
    scores         (n, c)  what they compete by, at the length they have
    fates          (n, c)  as Fate
    places         for each sentence the continuations that hold its places after the step, in the order of these
    ended          (n, W)  what has ended and holds a place after the step
    """

    sentences: Integers
    continuations: Continuations
    scores: Floats
    fates: Integers
    places: list[list[int]]
    ended: Ended


Watch = Callable[[Competed], None]


@torch.no_grad()
def beam_search(
    model: SearchableModel,
    state: State,
    source_lengths: Tensor,
    options: SearchOptions = SearchOptions(),  # noqa: B008 - frozen
    *,
    prefixes: Sequence[Sequence[int]] | None = None,
    alignment: bool = False,
    watch: Watch | None = None,
    bos: int = 2,
    eos: int = 3,
    pad: int = 0,
) -> list[list[Hypothesis]]:
    """Find the n best hypotheses for each sentence, best first: one at least, fewer than n if there are no more.

    state           model.start(memory), one row a sentence
    source_lengths  (B,) as in a batch, on the model's device
    prefixes        what each output must start with
    alignment       whether to keep what each step looked at
    watch           told of each step, while the search goes on as it would without
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
        found = _continue(scored.log_probs, beams, options.beam + (RIVALS if watch else 0))
        (broken,) = on_host(scored.broken)
        refuse_broken(broken, beams.sentences, position)
        unread = None if beams.coverage is None else on_host(job.unread(beams.lengths, beams.coverage))[0]
        writes, continued, ended = _compete(found, beams, unread, position, job, options, watch)
        writing = writes.sum(axis=1)
        stuck = np.flatnonzero((writing == 0) & (ended.score == -np.inf).all(axis=1))
        if len(stuck):
            trail.stuck.update(beams.sentences[stuck].tolist())
            _give_up(stuck, on_host(last_resort)[0], beams, unread, ended, position, job)
        state, beams = _go_on(scored.state, beams, writes, continued, ended, trail)
        position += 1
    return trail.hypotheses(lengths, constraints.caps.tolist(), options.n_best)


def _start(job: Job, options: SearchOptions, constraints: Constraints) -> Beams:
    """One hypothesis a sentence, BOS; the first step widens the beam."""
    sentences = len(job.source_lengths)
    # A little more than the penalty, so that rounding can't drop a hypothesis that would have won.
    largest = [1.000001 * length_penalty(int(cap) + 1, job.alpha) for cap in constraints.caps]
    empty = np.full((sentences, options.beam), -np.inf, dtype=np.float32)
    zero = np.zeros_like(empty, dtype=np.int64)
    history = job.source_lengths.new_zeros((sentences, 0), dtype=torch.int64)
    return Beams(
        sentences=np.arange(sentences),
        largest=np.array(largest, dtype=np.float32)[:, None],
        tokens=np.full((sentences, 1), job.bos, dtype=np.int64),
        total=np.zeros((sentences, 1), dtype=np.float32),
        ended=Ended(empty, empty, empty, zero, zero),
        lengths=job.source_lengths,
        history=history if constraints.needs_history else None,
        coverage=None,
    )


def _continue(log_probs: Tensor, beams: Beams, most: int) -> Continuations:
    """So many of the best continuations, if there are as many; log_probs (n, w, V)."""
    _, beam, vocabulary = log_probs.shape
    so_far = on_device(beams.total, log_probs.device)
    total, index = best_continuations(log_probs, so_far, min(most, beam * vocabulary))
    nats = log_probs.flatten(1).gather(1, index)
    nats_here, total_here, index_here = on_host(nats, total, index)  # the one wait for the GPU
    return Continuations(index_here // vocabulary, index_here % vocabulary, nats_here, total_here)


def _compete(
    told: Continuations,
    beams: Beams,
    unread: Floats | None,
    position: int,
    job: Job,
    options: SearchOptions,
    watch: Watch | None = None,
) -> tuple[Truths, Continuations, Ended]:
    """Give the places to the best of the W best continuations and of what has ended.

    told     the continuations, and where somebody watches rivals of the W best
    unread   (n, w) coverage penalties, if they count
    watch    told which continuation got which place
    Returns  writes (n, W), what goes on in its places, best first, garbage where `writes` is False; what has ended
    """
    places, before = options.beam, beams.ended
    rows = np.arange(len(told.total))[:, None]
    told_score = job.normalised(told.total, position + 1)
    if unread is not None:
        told_score = told_score + unread[rows, told.parents] * (told.tokens == job.eos)
    found, score = told.at(rows[:, 0], slice(places)), told_score[:, :places]
    ends = found.tokens == job.eos

    scores = np.concatenate([before.score, score], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :places]
    scores = scores[rows, order]
    fresh = np.maximum(order - places, 0)  # which continuation holds the place, if one does
    over = (order < places) | ends[rows, fresh]

    def merged(old: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.concatenate([old, new], axis=1)[rows, order]

    ended = Ended(
        np.where(over, scores, -np.inf),
        merged(before.log_probability, found.total),
        merged(before.last, found.log_probs),
        merged(before.position, np.full_like(found.parents, position)),
        merged(before.row, found.parents),
    )
    nth = np.sort(ended.score, axis=1)[:, -options.n_best, None]
    reach = found.total[rows, fresh] / beams.largest
    writes = ~over & (scores > -np.inf) & (reach > nth)
    front = np.argsort(~writes, axis=1, kind="stable")
    if watch:
        fates = np.full(told_score.shape, Fate.PUSHED_OUT)
        sentence, place = np.nonzero((order >= places) & (scores > -np.inf))
        kept = fresh[sentence, place]
        going = np.where(writes[sentence, place], Fate.GOES_ON, Fate.HOPELESS)
        fates[sentence, kept] = np.where(ends[sentence, kept], Fate.ENDED, going)
        after = [
            row[: int(writing.sum())].tolist()
            for row, writing in zip(fresh[rows, front], writes, strict=True)
        ]
        watch(Competed(beams.sentences, told, told_score, fates, after, ended))
    return writes[rows, front], found.at(rows, fresh[rows, front]), ended


def _give_up(
    stuck: Integers,
    last_resort: Floats,
    beams: Beams,
    unread: Floats | None,
    ended: Ended,
    position: int,
    job: Job,
) -> None:
    """End the hypotheses of sentences that may write nothing and have nothing to show, where they stand, in place.

    stuck        which of the n sentences
    last_resort  (n, w) nats, of EOS
    unread       (n, w) coverage penalties, if they count
    """
    total = beams.total + last_resort
    score = job.normalised(total, position + 1)
    if unread is not None:
        score = score + unread
    places = np.broadcast_to(np.arange(total.shape[1]), total.shape)
    standing = Ended(score, total, last_resort, np.full_like(places, position), places)
    for field, value in zip(ended, standing, strict=True):
        field[stuck, : total.shape[1]] = value[stuck]


def _go_on(
    state: State, beams: Beams, writes: Truths, continued: Continuations, ended: Ended, trail: Trail
) -> tuple[State, Beams]:
    """Reorder the state to the hypotheses that write, (n, W) of them; sentences that have none leave the batch."""
    writing = writes.sum(axis=1)
    gone, kept = np.flatnonzero(writing == 0), np.flatnonzero(writing)
    if len(gone):
        trail.ended.append((beams.sentences[gone], ended.of(gone)))
    if not len(kept):
        return state, replace(beams, sentences=beams.sentences[kept])
    # Blocks of equal width, as wide as the widest: a missing hypothesis is a copy of the first that never wins.
    width = writing.max()
    writes = writes[kept, :width]
    parents, tokens, nats, total = continued.at(kept, slice(width))
    parents, tokens = np.where(writes, parents, parents[:, :1]), np.where(writes, tokens, tokens[:, :1])
    sentences = beams.sentences[kept]
    trail.written.append(Written(sentences, tokens, parents, nats))
    device = beams.lengths.device
    rows = on_device((kept[:, None] * beams.tokens.shape[1] + parents).ravel(), device)
    history, coverage, lengths = beams.history, beams.coverage, beams.lengths
    if history is not None:
        history = torch.cat([history.index_select(0, rows), on_device(tokens, device).view(-1, 1)], dim=1)
    if coverage is not None:
        coverage = coverage.flatten(0, 1).index_select(0, rows).view(*tokens.shape, -1)
        lengths = lengths.index_select(0, on_device(kept, device))
    total = np.where(writes, total, -np.inf)
    following = Beams(
        sentences, beams.largest[kept], tokens, total, ended.of(kept), lengths, history, coverage
    )
    return state.reorder(rows), following
