"""Searching for many sentences: batches of like lengths, answers in the order of the questions."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from kinds import model_of
from seqloom.data.batch import Batch
from seqloom.models.seq2seq import Seq2Seq
from seqloom.search.beam import beam_search
from seqloom.search.greedy import greedy_search
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.many import batches_by_length, force_many, search_many
from seqloom.search.options import SamplingOptions, SearchOptions

SOURCES = [[4, 5], [6], [7, 8, 9, 10, 4], [], [9, 9, 9], [5, 12]]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    return model_of("gru-bi-1", "gru-between-additive", torch.float64)


def search(
    model: Seq2Seq, sources: Sequence[Sequence[int]], options: SearchOptions | SamplingOptions, **more: Any
) -> list[Any]:
    return search_many(model, sources, options, **{"batch_sentences": 64, "device": CPU, **more})


def plain(found: list[list[Hypothesis]]) -> list[list[list[int]]]:
    return [[hypothesis.tokens for hypothesis in each] for each in found]


@pytest.mark.parametrize("options", [SearchOptions(beam=1), SearchOptions(beam=3, n_best=2)])
def test_every_sentence_gets_what_it_gets_alone(model: Seq2Seq, options: SearchOptions) -> None:
    together = search(model, SOURCES, options)
    alone = [search(model, [source], options)[0] for source in SOURCES]
    assert plain(together) == plain(alone)
    assert len({str(tokens) for tokens in plain(together)}) > 1  # the order can be told
    assert [len(found) for found in together] == [options.n_best] * len(SOURCES)
    for ours, theirs in zip(together, alone, strict=True):
        scores = [[hypothesis.score for hypothesis in each] for each in (ours, theirs)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-9)


@pytest.mark.parametrize("size", [1, 2, 4, 64])
def test_batches_are_of_like_lengths_and_no_larger_than_asked(
    model: Seq2Seq, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    encode = model.encode

    def noted(batch: Batch) -> Any:
        seen.append(batch.source_lengths.tolist())
        return encode(batch)

    monkeypatch.setattr(model, "encode", noted)
    found = search(model, SOURCES, SearchOptions(beam=1), batch_sentences=size)
    lengths = [length for batch in seen for length in batch]
    assert lengths == [6, 4, 3, 3, 2, 1]  # end symbols counted, the longest first
    assert [len(batch) for batch in seen] == [min(size, 6 - start) for start in range(0, 6, size)]
    monkeypatch.undo()
    assert plain(found) == plain(search(model, SOURCES, SearchOptions(beam=1)))


def test_a_beam_of_one_is_greedy_and_a_wider_one_is_not(
    model: Seq2Seq, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def noted(name: str, function: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            called.append(name)
            return function(*arguments, **options)

        return call

    monkeypatch.setattr("seqloom.search.many.greedy_search", noted("greedy", greedy_search))
    monkeypatch.setattr("seqloom.search.many.beam_search", noted("beam", beam_search))
    search(model, SOURCES[:1], SearchOptions(beam=1))
    search(model, SOURCES[:1], SearchOptions(beam=2))
    assert called == ["greedy", "beam"]


@pytest.mark.parametrize("beam", [1, 3])
def test_each_output_begins_with_its_own_prefix(model: Seq2Seq, beam: int) -> None:
    prefixes = [[number, 4] for number in range(5, 5 + len(SOURCES))]
    found = search(model, SOURCES, SearchOptions(beam=beam), batch_sentences=2, prefixes=prefixes)
    assert [each[0].tokens[:2] for each in found] == prefixes


@pytest.mark.parametrize("size", [1, 4, 64])
def test_a_sample_is_fixed_by_seed_and_number_whatever_it_is_drawn_beside(model: Seq2Seq, size: int) -> None:
    options = SamplingOptions(seed=3, temperature=2.0)
    whole = plain(search(model, SOURCES, options))
    assert [len(each) for each in whole] == [1] * len(SOURCES)
    assert plain(search(model, SOURCES, options, batch_sentences=size)) == whole
    numbers = [4, 2, 0]
    some = search(model, [SOURCES[number] for number in numbers], options, numbers=numbers)
    assert plain(some) == [whole[number] for number in numbers]
    assert plain(search(model, SOURCES, options, numbers=range(7, 13))) != whole
    assert plain(search(model, SOURCES, SamplingOptions(seed=4, temperature=2.0))) != whole


@pytest.mark.parametrize("size", [1, 2, 64])
def test_targets_are_scored_each_for_its_source_as_sampling_scored_them(model: Seq2Seq, size: int) -> None:
    drawn = search(model, SOURCES, SamplingOptions(seed=3, max_length_extra=100))
    found = [each for (each,) in drawn]
    assert all(each.finished for each in found)
    assert len({len(each.tokens) for each in found}) > 1
    forced = force_many(model, SOURCES, [each.tokens for each in found], batch_sentences=size, device=CPU)
    for ours, theirs in zip(forced, found, strict=True):
        assert ours.tokens == theirs.tokens
        assert ours.log_probability == pytest.approx(theirs.log_probability, rel=1e-9)
        assert ours.token_log_probabilities == pytest.approx(theirs.token_log_probabilities, rel=1e-9)


def test_nothing_is_scored_for_nothing(model: Seq2Seq) -> None:
    assert force_many(model, [], [], batch_sentences=4, device=CPU) == []


def test_batches_take_the_longest_first_and_equals_in_order() -> None:
    assert list(batches_by_length([2, 5, 2, 0, 5, 3], 4)) == [[1, 4, 5, 0], [2, 3]]
    assert list(batches_by_length([], 4)) == []


def test_nothing_is_found_for_nothing(model: Seq2Seq) -> None:
    assert search(model, [], SearchOptions()) == []
    assert search(model, [], SearchOptions(), prefixes=[]) == []


def test_searching_records_no_gradients(model: Seq2Seq, monkeypatch: pytest.MonkeyPatch) -> None:
    recording: list[bool] = []
    start = model.start

    def noted(memory: Any) -> Any:
        recording.append(torch.is_grad_enabled() or memory.values.requires_grad)
        return start(memory)

    monkeypatch.setattr(model, "start", noted)
    search(model, SOURCES[:2], SearchOptions())
    assert recording == [False]
