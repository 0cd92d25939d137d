"""What CTC alone says: against all paths, written out one by one."""

import itertools

import numpy as np
import pytest

from seqloom.search.ctc import Span, align, greedy_path, prefix_beam


def scores(positions: int = 4, symbols: int = 4, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0, 1.5, (positions, symbols))
    return drawn - np.logaddexp.reduce(drawn, axis=1, keepdims=True)


def spelt(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)


def texts(log_probs: np.ndarray) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        nats = float(log_probs[np.arange(len(path)), path].sum())
        found[spelt(path)] = float(np.logaddexp(found.get(spelt(path), -np.inf), nats))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_as_wide_as_the_space_ranks_every_text(seed: int) -> None:
    log_probs = scores(seed=seed)
    expected = texts(log_probs)
    found = prefix_beam(log_probs, 10_000)
    assert set(found) == set(expected)
    assert [expected[text] for text in found] == sorted(expected.values(), reverse=True)
    assert prefix_beam(log_probs, 8)[0] == found[0]
    assert len(prefix_beam(log_probs, 3)) == 3


def test_the_best_path_joins_repetitions_and_counts_every_position_once() -> None:
    path = (0, 2, 2, 0, 2, 1, 0)
    log_probs = np.full((7, 3), np.log(0.1))
    log_probs[np.arange(7), path] = np.log([0.8, 0.7, 0.6, 0.5, 0.9, 0.75, 0.85])
    found = greedy_path(log_probs)
    assert tuple(found.tokens) == spelt(path) == (2, 2, 1)
    shares = [np.log([0.7, 0.6, 0.5]).sum(), np.log(0.9), np.log([0.75, 0.85]).sum(), np.log(0.8)]
    assert found.token_log_probabilities == pytest.approx(shares)
    assert found.log_probability == pytest.approx(sum(shares))
    silent = greedy_path(np.log(np.array([[0.9, 0.1], [0.8, 0.2]])))
    assert (silent.tokens, silent.log_probability) == ([], pytest.approx(np.log(0.72)))


@pytest.mark.parametrize("tokens", [(1,), (1, 2), (2, 2), (3, 1, 3)])
def test_the_alignment_is_that_of_the_likeliest_path(tokens: tuple[int, ...]) -> None:
    log_probs = scores(6)
    paths = [path for path in itertools.product(range(4), repeat=6) if spelt(path) == tokens]
    best = max(paths, key=lambda path: log_probs[np.arange(6), path].sum())
    runs = [(symbol, len(list(group))) for symbol, group in itertools.groupby(best)]
    starts = np.cumsum([0, *(length for _, length in runs)])
    expected = [
        Span(int(start), int(start) + length)
        for (symbol, length), start in zip(runs, starts, strict=False)
        if symbol
    ]
    assert align(log_probs, tokens) == expected


def test_too_many_symbols_are_spread_and_none_have_no_place() -> None:
    assert align(scores(3), ()) == []
    spans = align(scores(2), (1, 1, 1, 1))
    assert len(spans) == 4
    assert all(0 <= span.start < span.stop <= 2 for span in spans)
