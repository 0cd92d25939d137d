import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.base.errors import UsageError
from seqloom.search.forced import force
from seqloom.search.greedy import greedy_search
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.search.sample import draw, sample

EOS = 3


def draw_by_hand(log_probs: list[float], uniform: float, options: SamplingOptions) -> int:
    """The same by loops: the likeliest first if cut, and the first whose cumulative sum passes the threshold."""
    symbols = [symbol for symbol, nats in enumerate(log_probs) if nats > -math.inf]
    weights = {symbol: math.exp(log_probs[symbol] / options.temperature) for symbol in symbols}
    if 0 < options.top_k < len(log_probs) or options.top_p < 1:
        symbols.sort(key=lambda symbol: (-weights[symbol], symbol))
    if options.top_k:
        symbols = symbols[: options.top_k]
    total = sum(weights[symbol] for symbol in symbols)
    kept, mass = [], 0.0
    for symbol in symbols:
        if mass < options.top_p:
            kept.append(symbol)
        mass += weights[symbol] / total
    threshold = uniform * sum(weights[symbol] for symbol in kept)
    passed = 0.0
    for symbol in kept:
        passed += weights[symbol]
        if passed > threshold:
            return symbol
    raise AssertionError


@given(
    seed=st.integers(0, 10_000),
    uniform=st.floats(0, 0.999),
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    top_k=st.sampled_from([0, 1, 3, 50]),
    top_p=st.sampled_from([0.2, 0.7, 1.0]),
)
def test_a_draw_is_what_loops_draw(
    seed: int, uniform: float, temperature: float, top_k: int, top_p: float
) -> None:
    log_probs = torch.log_softmax(torch.from_numpy(np.random.default_rng(seed).normal(0, 1, (3, 9))), dim=-1)
    log_probs[:, 2] = -torch.inf
    options = SamplingOptions(temperature=temperature, top_k=top_k, top_p=top_p)
    drawn = draw(log_probs, torch.tensor([uniform, 0.0, 1 - 2**-53], dtype=torch.float64), options).tolist()
    assert drawn[0] == draw_by_hand(log_probs[0].tolist(), uniform, options)
    assert drawn[1] == draw_by_hand(log_probs[1].tolist(), 0.0, options)
    assert log_probs[2, drawn[2]] > -torch.inf


def test_draws_have_the_model_s_distribution() -> None:
    log_probs = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().expand(20_000, 4)
    uniform = torch.from_numpy(np.random.default_rng(0).random(20_000))
    counts = Counter(draw(log_probs, uniform, SamplingOptions()).tolist())
    assert [counts[symbol] / 20_000 for symbol in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.015)


def test_no_temperature_is_too_low() -> None:
    log_probs = torch.tensor([[-1.0, -0.5, -3.0]])
    assert draw(log_probs, torch.tensor([0.5]), SamplingOptions(temperature=1e-300)).tolist() == [1]


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    top_k=st.sampled_from([0, 2]),
    top_p=st.sampled_from([0.8, 1.0]),
    data=st.data(),
)
def test_a_sentence_draws_the_same_alone_and_in_any_batch(
    toys, seed: int, top_k: int, top_p: float, data
) -> None:
    toy = toys.make(seed, sentences=5)
    options = SamplingOptions(seed=seed, top_k=top_k, top_p=top_p, max_length=8)
    together = sample(toy, toy.start(), toy.source_lengths, options, alignment=True)
    sentences = data.draw(st.lists(st.sampled_from(range(5)), unique=True, min_size=1, max_size=3))
    part = toy.part(sentences)
    found = sample(part, part.start(), part.source_lengths, options, numbers=sentences, alignment=True)
    for sentence, ours in zip(sentences, found, strict=True):
        toys.same(ours, together[sentence])


def test_a_sample_is_scored_by_the_model_itself_whatever_the_temperature(toys) -> None:
    toy = toys.make(1, sentences=3)
    options = SamplingOptions(temperature=3.0, seed=4, max_length=6)
    found = sample(toy, toy.start(), toy.source_lengths, options)
    targets = [hypothesis.tokens for hypothesis in found]
    forced = force(toy, toy.start(), toy.source_lengths, targets, SearchOptions(length_penalty=0.0))
    for ours, theirs in zip(found, forced, strict=True):
        assert ours.score == ours.log_probability == theirs.log_probability
        assert ours.token_log_probabilities == theirs.token_log_probabilities


def test_seeds_and_sentences_draw_differently(toys) -> None:
    toy = toys.make(2, sentences=1, sharpness=0.1)
    toy.tables[:, :, EOS] = -50.0
    rows = toy.part([0] * 8)
    first = sample(rows, rows.start(), rows.source_lengths, SamplingOptions(seed=1, max_length=9))
    second = sample(rows, rows.start(), rows.source_lengths, SamplingOptions(seed=2, max_length=9))
    assert len({tuple(hypothesis.tokens) for hypothesis in [*first, *second]}) == 16


def test_the_likeliest_alone_is_greedy_search(toys) -> None:
    toy = toys.make(3, sentences=4)
    options = {"max_length": 7, "no_repeat_ngram": 2, "min_length": 1, "banned": (1,)}
    prefixes = [[], [5], [1, 4], []]
    greedy = greedy_search(toy, toy.start(), toy.source_lengths, SearchOptions(**options), prefixes=prefixes)
    sampling = SamplingOptions(top_k=1, **options)
    found = sample(toy, toy.start(), toy.source_lengths, sampling, prefixes=prefixes)
    assert [hypothesis.tokens for hypothesis in found] == [hypothesis.tokens for hypothesis in greedy]
    assert [hypothesis.finished for hypothesis in found] == [hypothesis.finished for hypothesis in greedy]


def test_what_may_not_be_written_is_not_drawn_and_nothing_left_ends_the_row(toys) -> None:
    toy = toys.make(4, sentences=3, sharpness=0.5)
    options = SamplingOptions(no_repeat_ngram=1, min_length=9, temperature=5.0)
    for hypothesis in sample(toy, toy.start(), torch.tensor([8, 8, 8]), options):
        assert sorted(hypothesis.tokens) == [1, 4, 5]
        assert not hypothesis.finished


def test_one_number_a_sentence(toys) -> None:
    toy = toys.make(5)
    with pytest.raises(UsageError, match="There are 1 numbers for 2 sentences; expected one each"):
        sample(toy, toy.start(), toy.source_lengths, numbers=[7])
