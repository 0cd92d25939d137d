"""What CTC alone says: the likeliest path, the likeliest text by a prefix beam, and where each symbol stands.

All read log-probabilities (S, V) of one recording on the host; the blank is the symbol `blank`.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.search.hypothesis import Hypothesis

Scores = NDArray[np.floating[Any]]


class Span(NamedTuple):
    """The positions of a symbol, stop excluded."""

    start: int
    stop: int


def greedy_path(log_probs: Scores, blank: int = 0) -> Hypothesis:
    """The likeliest symbol at each position, repetitions joined and blanks left out (Graves et al. 2006, 3.2).

    The log-probability is that of this one path: each symbol counts the positions from its own to the next one's,
    the end those before the first.
    """
    path = log_probs.argmax(axis=1)
    nats = log_probs[np.arange(len(path)), path]
    starts = [
        place
        for place, symbol in enumerate(path.tolist())
        if symbol != blank and (place == 0 or path[place - 1] != symbol)
    ]
    edges = [*starts, len(path)]
    shares = [float(nats[one:other].sum()) for one, other in itertools.pairwise(edges)]
    shares.append(float(nats[: edges[0]].sum()))
    total = float(nats.sum())
    return Hypothesis([int(path[place]) for place in starts], total, total, shares, None, True)


def prefix_beam(log_probs: Scores, beam: int, blank: int = 0) -> list[tuple[int, ...]]:
    """The likeliest texts, best first, at most `beam`: all paths of a text count together.

    Ties go to what was there before, then to the better parent, then to the lower symbol.
    Source   Graves and Jaitly 2014, algorithm 1; Hannun et al. 2014, algorithm 1, without its language model
    """
    prefixes: list[tuple[int, ...]] = [()]
    symbol, blanks = (
        np.array([-np.inf]),
        np.array([0.0]),
    )  # (W,): how likely each is, ending with a symbol or a blank
    symbols = log_probs.shape[1]
    for frame in np.asarray(log_probs, np.float64):
        last = np.array([prefix[-1] if prefix else blank for prefix in prefixes])
        places = np.arange(len(prefixes))
        total = np.logaddexp(symbol, blanks)
        longer = total[:, None] + frame  # (W, V)
        longer[places, last] = blanks + frame[last]  # the same symbol again needs a blank between
        longer[:, blank] = -np.inf
        stays_symbol = np.where(last == blank, -np.inf, symbol + frame[last])
        stays_blank = total + frame[blank]
        index = {prefix: place for place, prefix in enumerate(prefixes)}
        for place, prefix in enumerate(prefixes):
            parent = index.get(prefix[:-1]) if prefix else None
            if parent is not None:  # written again from its own parent
                at = (parent, prefix[-1])
                stays_symbol[place] = np.logaddexp(stays_symbol[place], longer[at])
                longer[at] = -np.inf
        scores = np.concatenate([np.logaddexp(stays_symbol, stays_blank), longer.ravel()])
        best = np.argsort(-scores, kind="stable")[:beam]
        best = best[scores[best] > -np.inf]
        kept: list[tuple[int, ...]] = []
        now_symbol, now_blank = np.full(len(best), -np.inf), np.full(len(best), -np.inf)
        for place, chosen in enumerate(best.tolist()):
            if chosen < len(prefixes):
                kept.append(prefixes[chosen])
                now_symbol[place], now_blank[place] = stays_symbol[chosen], stays_blank[chosen]
            else:
                parent, written = divmod(chosen - len(prefixes), symbols)
                kept.append((*prefixes[parent], written))
                now_symbol[place] = longer[parent, written]
        prefixes, symbol, blanks = kept, now_symbol, now_blank
    order = np.argsort(-np.logaddexp(symbol, blanks), kind="stable")
    return [prefixes[place] for place in order]


def align(log_probs: Scores, tokens: Sequence[int], blank: int = 0) -> list[Span]:
    """Where each symbol stands on the likeliest path that spells all of them (Viterbi).

    Symbols that a recording has too few positions for are spread evenly over what there is.
    """
    if not len(tokens):
        return []
    states = np.full(2 * len(tokens) + 1, blank)
    states[1::2] = tokens
    frames = np.asarray(log_probs, np.float64)[:, states]  # (S, states)
    may_skip = np.zeros(len(states), bool)  # from the symbol before, over the blank between
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    score = np.full(len(states), -np.inf)
    score[:2] = frames[0, :2]
    came = np.zeros(frames.shape, np.int8)
    for position in range(1, len(frames)):
        stay = score
        step = np.concatenate([[-np.inf], score[:-1]])
        skip = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], score[:-2]]), -np.inf)
        options = np.stack([stay, step, skip])
        came[position] = options.argmax(axis=0)
        score = options.max(axis=0) + frames[position]
    state = len(states) - 1 if score[-1] >= score[-2] else len(states) - 2
    if score[state] == -np.inf:
        return _evenly(len(tokens), len(frames))
    path = np.empty(len(frames), np.int64)
    for position in range(len(frames) - 1, -1, -1):
        path[position] = state
        state -= int(came[position, state])
    places = [np.flatnonzero(path == 2 * number + 1) for number in range(len(tokens))]
    return [Span(int(found[0]), int(found[-1]) + 1) for found in places]


def _evenly(symbols: int, positions: int) -> list[Span]:
    edges = [round(number * positions / symbols) for number in range(symbols + 1)]
    return [
        Span(min(one, positions - 1), max(other, min(one, positions - 1) + 1))
        for one, other in itertools.pairwise(edges)
    ]
