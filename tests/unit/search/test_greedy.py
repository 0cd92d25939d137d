import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.base.errors import DamagedModelError, ShapeError, UsageError
from seqloom.search.constraints import IMPOSSIBLE
from seqloom.search.forced import force
from seqloom.search.greedy import greedy_search
from seqloom.search.options import SearchOptions

EOS = 3


def argmax_by_hand(toy, sentence: int, cap: int) -> list[int]:
    """The likeliest of UNK, EOS and the rest at each step, by scoring every continuation anew."""
    tokens: list[int] = []
    while len(tokens) < cap:
        nats = {
            symbol: toy.nats(sentence, [*tokens, symbol])[0][len(tokens)]
            if symbol != EOS
            else toy.nats(sentence, tokens)[0][-1]
            for symbol in (1, 3, 4, 5)
        }
        symbol = max(nats, key=nats.__getitem__)
        if symbol == EOS:
            break
        tokens.append(symbol)
    return tokens


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_greedy_takes_the_likeliest_symbol_each_time(toys, seed: int) -> None:
    toy = toys.make(seed, sentences=3)
    options = SearchOptions(max_length=6, length_penalty=0.6, coverage_penalty=0.2)
    found = greedy_search(toy, toy.start(), toy.source_lengths, options, alignment=True)
    for sentence, hypothesis in enumerate(found):
        assert hypothesis.tokens == argmax_by_hand(toy, sentence, 6)
        assert hypothesis.finished == (len(hypothesis.tokens) < 6)
    forced = force(toy, toy.start(), toy.source_lengths, [h.tokens for h in found], options, alignment=True)
    for ours, theirs in zip(found, forced, strict=True):
        assert ours.score == theirs.score
        assert ours.token_log_probabilities == theirs.token_log_probabilities
        np.testing.assert_array_equal(ours.alignment, theirs.alignment)


def test_ties_go_to_the_lower_symbol(toys) -> None:
    toy = toys.Model(torch.zeros(1, 7, 6, dtype=torch.float64), None, [4])
    [found] = greedy_search(toy, toy.start(), toy.source_lengths, SearchOptions(max_length=3))
    assert found.tokens == [1, 1, 1]  # padding and BOS are never written
    [found] = greedy_search(toy, toy.start(), toy.source_lengths, SearchOptions(max_length=3, banned=(1,)))
    assert found.tokens == []


def test_finished_sentences_leave_the_batch(toys) -> None:
    toy = toys.make(5, sentences=3)
    toy.tables[1, :, EOS] = 50.0
    toy.tables[[0, 2], :, EOS] = -50.0
    greedy_search(toy, toy.start(), toy.source_lengths, SearchOptions(max_length=3))
    assert toy.steps == [3, 2, 2, 2]


def test_the_cap_counts_a_sentence_s_own_source(toys) -> None:
    toy = toys.make(6, sentences=3)
    toy.tables[:, :, EOS] = -50.0
    toy.source_lengths = torch.tensor([1, 4, 2])
    options = SearchOptions(max_length_factor=2, max_length_extra=1)
    found = greedy_search(toy, toy.start(), toy.source_lengths, options)
    assert [len(hypothesis.tokens) for hypothesis in found] == [3, 9, 5]
    assert not any(hypothesis.finished for hypothesis in found)


def test_a_prefix_is_written_first_and_scored_like_the_rest(toys) -> None:
    toy = toys.make(7, sentences=2)
    prefixes = [[5, 5], []]
    found = greedy_search(toy, toy.start(), toy.source_lengths, prefixes=prefixes)
    free = greedy_search(toy, toy.start(), toy.source_lengths)
    assert found[0].tokens[:2] == [5, 5]
    toys.same(found[1], free[1])
    forced = force(toy, toy.start(), toy.source_lengths, [hypothesis.tokens for hypothesis in found])
    assert [hypothesis.score for hypothesis in found] == [hypothesis.score for hypothesis in forced]


def test_a_row_that_may_write_nothing_ends(toys) -> None:
    toy = toys.make(8, sentences=1)
    options = SearchOptions(min_length=9, no_repeat_ngram=1)
    [found] = greedy_search(toy, toy.start(), torch.tensor([8]), options)
    assert sorted(found.tokens) == [1, 4, 5]
    assert not found.finished
    [forced] = force(toy, toy.start(), torch.tensor([8]), [found.tokens])
    assert found.score == forced.score


def test_a_model_that_never_ends_is_ended_with_a_finite_score(toys) -> None:
    toy = toys.make(9, sentences=1)
    toy.tables[:, :, EOS] = -torch.inf
    [found] = greedy_search(toy, toy.start(), toy.source_lengths, SearchOptions(max_length=4))
    assert len(found.tokens) == 4
    assert found.token_log_probabilities[-1] == IMPOSSIBLE
    assert IMPOSSIBLE < found.score < 0


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_scores_that_are_not_numbers_are_refused_by_name(toys, bad: float) -> None:
    toy = toys.make(10, sentences=3)
    toy.tables[:, :, EOS] = -50.0
    toy.tables[2, (3 * 0 + 2 + 1) % 7, 4] = 60.0  # BOS leads to 4 ...
    toy.tables[2, (3 * 3 + 4 + 1) % 7, 0] = bad  # ... and 4 to a score that is none
    with pytest.raises(
        DamagedModelError, match=r"symbol 1 of sentence 2 of the batch .* not numbers.*earlier checkpoint"
    ):
        greedy_search(toy, toy.start(), toy.source_lengths)


def test_a_model_without_attention(toys) -> None:
    toy = toys.make(11, attention=False)
    assert greedy_search(toy, toy.start(), toy.source_lengths, alignment=True)[0].alignment is None
    with pytest.raises(
        UsageError, match="coverage penalty needs a model with attention; set coverage_penalty = 0"
    ):
        greedy_search(toy, toy.start(), toy.source_lengths, SearchOptions(coverage_penalty=0.1))


def test_a_state_of_other_size_than_the_batch_is_a_shape_error(toys) -> None:
    toy = toys.make(12)
    step = toy.step
    toy.step = lambda tokens, state, **_: step(tokens[:1], state.reorder(torch.tensor([0])))
    with pytest.raises(ShapeError, match=r"the scores of model.step has 1 along N"):
        greedy_search(toy, toy.start(), toy.source_lengths)


def test_an_empty_batch_and_empty_sources(toys) -> None:
    toy = toys.make(13, sentences=1)
    assert greedy_search(toy, toy.start(), torch.zeros(0, dtype=torch.int64)) == []
    options = SearchOptions(max_length_extra=0)
    [found] = greedy_search(toy, toy.start(), torch.tensor([0]), options)
    assert found.tokens == []


def test_nothing_is_kept_for_a_backward_pass(toys) -> None:
    toy = toys.make(14)
    toy.tables.requires_grad_()
    seen = []
    step = toy.step
    toy.step = lambda tokens, state, alignment: (
        seen.append(step(tokens, state, alignment=alignment)) or seen[-1]
    )
    greedy_search(toy, toy.start(), toy.source_lengths)
    assert seen
    assert not any(result.scores.requires_grad for result in seen)
