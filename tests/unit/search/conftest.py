"""Toy models whose every score is known, and searches written out by hand over them."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from seqloom.models.state import Step
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import Limits, SearchOptions

PAD, UNK, BOS, EOS = 0, 1, 2, 3


@dataclass(frozen=True)
class ToyState:
    """Each row's tables, what it has read, and the sentence it belongs to."""

    tables: Tensor  # (N, M, V) scores of the next symbol
    looks: Tensor  # (N, M, S) alignment
    hidden: Tensor  # (N,) in 0 .. M - 1
    sentence: Tensor  # (N,)

    def reorder(self, rows: Tensor) -> "ToyState":
        assert rows.dtype == torch.int64
        sentence = self.sentence[rows]
        kept, counts = torch.unique_consecutive(sentence, return_counts=True)
        assert (kept[1:] > kept[:-1]).all(), "rows must lie sentence by sentence"
        assert (counts == counts[0]).all(), "every sentence must have as many rows"
        return ToyState(self.tables[rows], self.looks[rows], self.hidden[rows], sentence)


class ToyModel:
    """Scores depend on the sentence and on all that was written, through a hash of it."""

    def __init__(self, tables: Tensor, looks: Tensor | None, source_lengths: Sequence[int]) -> None:
        self.tables = tables
        self.looks = looks
        self.source_lengths = torch.tensor(source_lengths)
        self.steps: list[int] = []  # rows of each step

    def start(self) -> ToyState:
        sentences = len(self.tables)
        looks = self.tables[:, :, :1] if self.looks is None else self.looks
        hidden = torch.zeros(sentences, dtype=torch.int64)
        return ToyState(self.tables, looks, hidden, torch.arange(sentences))

    def step(self, tokens: Tensor, state: ToyState, *, alignment: bool = False) -> Step:
        self.steps.append(len(tokens))
        hidden = (3 * state.hidden + tokens + 1) % self.tables.shape[1]
        rows = torch.arange(len(tokens))
        looked = state.looks[rows, hidden] if alignment and self.looks is not None else None
        return Step(state.tables[rows, hidden], looked, replace(state, hidden=hidden))

    def part(self, sentences: Sequence[int]) -> "ToyModel":
        """The model of these sentences alone; their padding is cut."""
        index = torch.tensor(sentences)
        lengths = self.source_lengths[index].tolist()
        looks = None if self.looks is None else self.looks[index, :, : max(lengths)]
        return ToyModel(self.tables[index], looks, lengths)

    def nats(self, sentence: int, tokens: Sequence[int]) -> tuple[list[float], np.ndarray | None]:
        """log-probabilities of the tokens and of EOS, and the alignment, by plain loops."""
        hidden, nats, looked = 0, [], []
        for before, after in itertools.pairwise([BOS, *tokens, EOS]):
            hidden = (3 * hidden + before + 1) % self.tables.shape[1]
            row = self.tables[sentence, hidden].tolist()
            largest = max(row)
            nats.append(row[after] - largest - math.log(sum(math.exp(score - largest) for score in row)))
            if self.looks is not None:
                looked.append(self.looks[sentence, hidden, : self.source_lengths[sentence]].numpy())
        return nats, np.array(looked) if looked else None


def make_toy(
    seed: int,
    sentences: int = 2,
    *,
    vocabulary: int = 6,
    hashes: int = 7,
    sharpness: float = 2.0,
    attention: bool = True,
) -> ToyModel:
    """A toy with random float64 tables and random source lengths."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 5, sentences).tolist()
    tables = torch.from_numpy(generator.normal(0, sharpness, (sentences, hashes, vocabulary)))
    looks = generator.exponential(1.0, (sentences, hashes, max(lengths)))
    looks *= np.arange(max(lengths)) < np.array(lengths)[:, None, None]
    looks /= looks.sum(-1, keepdims=True)
    return ToyModel(tables, torch.from_numpy(looks) if attention else None, lengths)


def score_by_hand(toy: ToyModel, sentence: int, tokens: Sequence[int], options: SearchOptions) -> float:
    """Wu et al. 2016, section 7, written out."""
    nats, looked = toy.nats(sentence, tokens)
    score = sum(nats) / ((5 + len(nats)) / 6) ** options.length_penalty
    if options.coverage_penalty:
        assert looked is not None
        for position in range(int(toy.source_lengths[sentence])):
            attention = sum(row[position] for row in looked)
            score += options.coverage_penalty * math.log(min(max(attention, 1e-6), 1.0))
    return score


def repeats(tokens: Sequence[int], n: int) -> bool:
    """Whether a run of n symbols occurs twice."""
    runs = [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]
    return n > 0 and len(set(runs)) < len(runs)


def all_outputs(
    vocabulary: int, cap: int, limits: Limits, prefix: Sequence[int] = ()
) -> Iterator[tuple[int, ...]]:
    """Every output that the limits allow."""
    free = [symbol for symbol in range(vocabulary) if symbol not in {PAD, BOS, EOS, *limits.banned}]
    for length in range(max(limits.min_length, len(prefix)), cap + 1):
        for rest in itertools.product(free, repeat=length - len(prefix)):
            if not repeats((*prefix, *rest), limits.no_repeat_ngram):
                yield (*prefix, *rest)


def same(ours: Hypothesis, theirs: Hypothesis, exact: bool = True) -> None:
    """Compare two hypotheses in everything they hold."""
    assert ours.tokens == theirs.tokens
    assert ours.finished == theirs.finished
    tolerance = 0.0 if exact else 1e-5
    numbers = [[h.score, h.log_probability, *h.token_log_probabilities] for h in (ours, theirs)]
    np.testing.assert_allclose(*numbers, rtol=tolerance, atol=tolerance)
    assert (ours.alignment is None) == (theirs.alignment is None)
    if ours.alignment is not None:
        np.testing.assert_allclose(ours.alignment, theirs.alignment, rtol=tolerance, atol=tolerance)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Toys are too small to share among threads, and threads that wait for a busy machine are slow."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def toys() -> SimpleNamespace:
    return SimpleNamespace(
        make=make_toy, Model=ToyModel, score=score_by_hand, outputs=all_outputs, same=same, repeats=repeats
    )
