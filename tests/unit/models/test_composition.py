"""A weighted sum of models is to a search what a model is."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from seqloom.models.composition import Composition, Part, WithoutMemory
from seqloom.models.state import Memory, Step
from seqloom.search.beam import beam_search
from seqloom.search.greedy import greedy_search
from seqloom.search.options import SearchOptions
from seqloom.text.vocabulary import BOS, EOS


class Rows(NamedTuple):
    """last: the symbol before, (N,)."""

    last: Tensor

    def reorder(self, rows: Tensor) -> "Rows":
        return Rows(self.last[rows])


class Bigrams:
    """P(symbol | the one before), from a table of scores (V, V); it reads no source."""

    def __init__(self, seed: int) -> None:
        self.table = torch.randn(6, 6, generator=torch.Generator().manual_seed(seed))

    def start(self, rows: int) -> Rows:
        return Rows(torch.zeros(rows, dtype=torch.int64))

    def step(self, tokens: Tensor, state: Rows, *, alignment: bool = False) -> Step:  # noqa: ARG002
        assert BOS not in tokens  # text begins where a line before it would have ended
        return Step(self.table[tokens], None, Rows(tokens))


def memory(rows: int) -> Memory:
    return Memory(torch.zeros(rows, 3, 2), torch.ones(rows, 3, dtype=torch.bool), torch.zeros(rows, 2))


def test_scores_are_the_weighted_sum_of_log_probabilities_and_states_go_along() -> None:
    one, other = Bigrams(1), Bigrams(2)
    model = Composition([Part(WithoutMemory(one), 0.75), Part(WithoutMemory(other), 0.5)])
    step = model.step(torch.tensor([BOS, 4]), model.start(memory(2)))
    expected = 0.75 * one.table.log_softmax(-1) + 0.5 * other.table.log_softmax(-1)
    assert torch.allclose(step.scores, expected[[EOS, 4]])
    assert step.final
    assert [state.last.tolist() for state in step.state.reorder(torch.tensor([1, 1, 0])).states] == [
        [4, 4, EOS]
    ] * 2
    again = Composition(
        [Part(model, 2.0), Part(WithoutMemory(one), 1.0)]
    )  # a sum within a sum is added up as it is
    deeper = again.step(torch.tensor([BOS, 4]), again.start(memory(2))).scores
    assert torch.allclose(deeper, (2 * expected + one.table.log_softmax(-1))[[EOS, 4]])


def test_a_search_adds_the_scores_up_as_they_are() -> None:
    one, other = Bigrams(1), Bigrams(2)
    model = Composition([Part(WithoutMemory(one), 0.75), Part(WithoutMemory(other), 0.5)])
    options = SearchOptions(beam=300, length_penalty=0.0, max_length=3)
    lengths = torch.tensor([3, 3])
    (found, again) = beam_search(model, model.start(memory(2)), lengths, options)
    assert found[0].tokens == again[0].tokens
    table = (0.75 * one.table.log_softmax(-1) + 0.5 * other.table.log_softmax(-1)).tolist()

    def best(last: int, left: int) -> float:
        goes_on = [table[last][symbol] + best(symbol, left - 1) for symbol in (1, 4, 5)] if left else []
        return max([table[last][EOS], *goes_on])

    assert found[0].log_probability == pytest.approx(best(EOS, 3), abs=1e-5)
    greedy = greedy_search(model, model.start(memory(2)), lengths, options)
    assert greedy[0].log_probability == pytest.approx(
        beam_search(
            model, model.start(memory(2)), lengths, SearchOptions(beam=1, length_penalty=0.0, max_length=3)
        )[0][0].log_probability
    )


def test_weights_are_above_0() -> None:
    for parts in ([], [Part(WithoutMemory(Bigrams(1)), 0.0)]):
        with pytest.raises(ValueError, match="each with a weight above 0"):
            Composition(parts)
