import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.base.errors import DamagedModelError, UsageError
from seqloom.search.beam import Competed, Fate, beam_search
from seqloom.search.constraints import IMPOSSIBLE
from seqloom.search.forced import force
from seqloom.search.greedy import greedy_search
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions

EOS = 3

penalties = st.fixed_dictionaries(
    {
        "length_penalty": st.sampled_from([0.0, 0.6, 1.0, 2.0]),
        "coverage_penalty": st.sampled_from([0.0, 0.2, 1.0]),
    }
)
limits = st.fixed_dictionaries(
    {
        "max_length": st.integers(1, 4),
        "max_length_factor": st.sampled_from([0.5, 1.0]),
        "max_length_extra": st.integers(0, 4),
        "min_length": st.integers(0, 1),
        "no_repeat_ngram": st.integers(0, 2),
        "banned": st.sampled_from([(), (1,)]),
    }
)
seeds = st.integers(0, 10_000)


def search(toy, options: SearchOptions, **asked) -> list[list[Hypothesis]]:
    return beam_search(toy, toy.start(), toy.source_lengths, options, **asked)


@settings(max_examples=20)
@given(
    seed=seeds, penalties=penalties, limits=limits, prefix=st.lists(st.sampled_from([1, 4, 5]), max_size=2)
)
def test_a_beam_of_one_is_greedy_search(
    toys, seed: int, penalties: dict, limits: dict, prefix: list[int]
) -> None:
    toy = toys.make(seed, sentences=3)
    options = SearchOptions(beam=1, **penalties, **limits)
    asked = {"prefixes": [[], prefix, []], "alignment": True}
    greedy = greedy_search(toy, toy.start(), toy.source_lengths, options, **asked)
    for [found], expected in zip(search(toy, options, **asked), greedy, strict=True):
        toys.same(found, expected)


@settings(max_examples=20)
@given(
    seed=seeds, penalties=penalties, limits=limits, prefix=st.lists(st.sampled_from([1, 4, 5]), max_size=2)
)
def test_a_beam_as_wide_as_the_space_finds_what_trying_everything_finds(
    toys, seed: int, penalties: dict, limits: dict, prefix: list[int]
) -> None:
    toy = toys.make(seed, sentences=2)
    options = SearchOptions(beam=130, n_best=4, **penalties, **limits)
    found = search(toy, options, prefixes=[[], prefix])
    for sentence, start in enumerate([[], prefix]):
        cap = max(options.cap(int(toy.source_lengths[sentence])), len(start))
        outputs = list(toys.outputs(6, cap, options, start))
        scores = sorted((toys.score(toy, sentence, output, options) for output in outputs), reverse=True)
        if not outputs:  # min_length and the bans leave nothing: see the tests of what ends where it stands
            assert len(found[sentence]) >= 1
            continue
        assert [h.score for h in found[sentence]] == pytest.approx(scores[: options.n_best])
        for hypothesis in found[sentence]:
            assert tuple(hypothesis.tokens) in outputs
            assert hypothesis.score == pytest.approx(toys.score(toy, sentence, hypothesis.tokens, options))
            assert hypothesis.finished == (len(hypothesis.tokens) < cap)


@settings(max_examples=20)
@given(
    seed=seeds, penalties=penalties, beam=st.integers(1, 6), ngram=st.integers(0, 3), double=st.booleans(),
    sharpness=st.sampled_from([0.5, 2.0, 6.0]),
)  # fmt: skip
def test_what_is_found_has_the_score_that_forced_scoring_gives(
    toys, seed: int, penalties: dict, beam: int, ngram: int, double: bool, sharpness: float
) -> None:
    toy = toys.make(seed, sentences=4, sharpness=sharpness)
    toy.tables = toy.tables.to(torch.float64 if double else torch.float32)
    options = SearchOptions(beam=beam, n_best=beam, no_repeat_ngram=ngram, max_length=9, **penalties)
    found = search(toy, options, alignment=True)
    for sentence, hypotheses in enumerate(found):
        assert 1 <= len(hypotheses) <= beam
        scores = [h.score for h in hypotheses]
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(h.tokens) for h in hypotheses}) == len(hypotheses)
        rows = toy.part([sentence] * len(hypotheses))
        # rows of one sentence are told apart by nothing, so each is scored in a batch of its own copies
        forced = force(
            rows, rows.start(), rows.source_lengths, [h.tokens for h in hypotheses], options, alignment=True
        )
        for ours, theirs in zip(hypotheses, forced, strict=True):
            assert not toys.repeats(ours.tokens, ngram)
            assert math.isfinite(ours.score)
            assert ours.score == pytest.approx(theirs.score, rel=1e-5)
            assert ours.token_log_probabilities == pytest.approx(theirs.token_log_probabilities, rel=1e-5)
            assert sum(ours.token_log_probabilities) == pytest.approx(ours.log_probability, rel=1e-5)
            np.testing.assert_allclose(ours.alignment, theirs.alignment)


@settings(max_examples=20)
@given(seed=seeds, penalties=penalties, beam=st.integers(1, 5), data=st.data())
def test_a_sentence_has_the_same_result_alone_and_in_any_batch(
    toys, seed: int, penalties: dict, beam: int, data
) -> None:
    toy = toys.make(seed, sentences=5)
    options = SearchOptions(beam=beam, n_best=beam, max_length_extra=4, **penalties)
    together = search(toy, options, alignment=True)
    sentences = data.draw(st.lists(st.sampled_from(range(5)), unique=True, min_size=1, max_size=3))
    for sentence, found in zip(sentences, search(toy.part(sentences), options, alignment=True), strict=True):
        for ours, theirs in zip(found, together[sentence], strict=True):
            toys.same(ours, theirs)


def test_scores_of_whole_numbers_are_the_same_in_any_batch_to_the_bit(toys) -> None:
    """Every table row holds 1 symbol in 2, or 1 in 4, so that ties abound and log-probabilities are exact multiples."""
    generator = np.random.default_rng(0)
    tables = torch.full((6, 7, 8), -torch.inf, dtype=torch.float64)
    for sentence, row in itertools.product(range(6), range(7)):
        choices = generator.choice([1, 3, 4, 5, 6, 7], size=generator.choice([2, 4]), replace=False)
        tables[sentence, row, choices] = 0.0
    toy = toys.Model(tables, None, [2, 5, 3, 1, 4, 2])
    options = SearchOptions(beam=3, n_best=3, length_penalty=0.0)
    together = search(toy, options)
    for sentence in range(6):
        [alone] = search(toy.part([sentence]), options)
        assert alone == together[sentence]
        nats = [
            hypothesis.log_probability / math.log(2)
            for hypothesis in alone
            if hypothesis.score > IMPOSSIBLE / 2
        ]
        assert nats == pytest.approx([round(bits) for bits in nats])


def test_ties_go_to_the_better_parent_then_to_the_lower_symbol(toys) -> None:
    toy = toys.Model(torch.zeros(1, 7, 6, dtype=torch.float64), None, [9])
    found = search(toy, SearchOptions(beam=3, n_best=3, length_penalty=0.0))
    assert [hypothesis.tokens for hypothesis in found[0]] == [[], [1], [1] * 28]  # 1 before EOS
    found = search(toy, SearchOptions(beam=3, n_best=3, min_length=2, max_length=2))
    assert [hypothesis.tokens for hypothesis in found[0]] == [[1, 1], [1, 4], [1, 5]]


def test_the_first_step_reads_each_sentence_once_and_blocks_shrink_with_the_batch(toys) -> None:
    toy = toys.make(20, sentences=4, vocabulary=12)
    toy.tables[:, :, EOS] = -50.0
    toy.source_lengths = torch.tensor([1, 2, 2, 4])
    search(toy, SearchOptions(beam=5, max_length_factor=1, max_length_extra=0))
    assert toy.steps == [4, 20, 15, 5, 5]


def test_the_search_stops_once_nothing_can_win(toys) -> None:
    """Without a length penalty the first to end wins if it is the likeliest; the cap is far away."""
    toy = toys.Model(torch.zeros(1, 7, 6, dtype=torch.float64), None, [30])
    toy.tables[:, :, EOS] = 3.0
    search(toy, SearchOptions(beam=4, length_penalty=0.0))
    assert len(toy.steps) == 1
    # with one, what ended takes the places: four end within a few steps of one another
    search(toy, SearchOptions(beam=4, length_penalty=1.0))
    assert len(toy.steps) - 1 <= 4


def test_a_better_hypothesis_pushes_out_one_that_ended_early(toys) -> None:
    """Beam of two: [] ends with 0.3, but [4, 5] scores more at its length, takes the place, and goes on to win."""
    tables = torch.full((1, 13, 6), 0.25, dtype=torch.float64)
    tables[0, 3] = torch.tensor([0, 0, 0, 0.3, 0.5, 0.2])  # after BOS
    tables[0, 1] = torch.tensor([0, 0, 0, 0, 0.6, 0.4])  # after 4
    tables[0, 9] = torch.tensor([0, 0, 0, 0, 1.0, 0])  # after 4 5
    tables[0, 6] = torch.tensor([0, 0, 0, 1.0, 0, 0])  # after 4 5 4
    toy = toys.Model(tables.log(), None, [9])
    [[found]] = search(toy, SearchOptions(beam=2, length_penalty=2.0))
    assert found.tokens == [4, 5, 4]
    assert found.score == pytest.approx(math.log(0.5 * 0.4) / 1.5**2)


def test_coverage_counts_once_a_hypothesis_has_ended(toys) -> None:
    """Beam of two: [5] ends having read all; [4, 4, 4] and [4, 4, 5], of which the second reads the rest at its end."""
    tables, looks = torch.full((1, 13, 6), 0.25, dtype=torch.float64), torch.zeros(1, 13, 2)
    tables[0, 3] = torch.tensor([0, 0, 0, 0, 0.5, 0.5])  # after BOS
    tables[0, 1] = torch.tensor([0, 0, 0, 0, 0.9, 0.1])  # after 4
    tables[0, 2] = torch.tensor([0, 0, 0, 0.5, 0.25, 0.25])  # after 5
    tables[0, 8] = torch.tensor([0, 0, 0, 0, 0.55, 0.45])  # after 4 4
    tables[0, 4] = torch.tensor([0, 0, 0, 1.0, 0, 0])  # after 4 4 5
    looks[0, :, 0] = 1.0
    looks[0, [2, 4]] = torch.tensor([0.0, 1.0])
    toy = toys.Model(tables.log(), looks, [2])
    options = SearchOptions(beam=2, length_penalty=2.0, coverage_penalty=0.5, max_length=3)
    [[found]] = search(toy, options)
    assert found.tokens == [4, 4, 5]
    assert found.score == pytest.approx(math.log(0.5 * 0.9 * 0.45) / 1.5**2)


def test_a_hypothesis_that_can_still_win_at_the_very_cap_goes_on(toys) -> None:
    tables = torch.zeros(1, 7, 6, dtype=torch.float64)
    tables[0, 3] = torch.tensor([0, 0, 0, 0.40, 0.32, 0.28])  # after BOS: EOS is the likeliest
    tables[0, 0] = torch.tensor([0, 0, 0, 0, 1.0, 0])  # after 4
    tables[0, 5] = torch.tensor([0, 0, 0, 1.0, 0, 0])  # after 4 4
    toy = toys.Model(tables.log(), None, [9])
    assert (3 * 3 + 4 + 1) % 7 == 0
    assert (3 * 0 + 4 + 1) % 7 == 5
    [[found]] = search(toy, SearchOptions(beam=2, max_length=2))
    assert found.tokens == [4, 4]
    assert found.score == pytest.approx(math.log(0.32) / (8 / 6))
    assert found.score > math.log(0.40)


@pytest.mark.parametrize("n_best", [1, 3])
@pytest.mark.parametrize("sure", [1, 3, 4])
def test_a_model_that_is_certain(toys, sure: int, n_best: int) -> None:
    toy = toys.Model(torch.full((2, 7, 6), -torch.inf, dtype=torch.float64), None, [1, 3])
    toy.tables[:, :, sure] = 0.0
    options = SearchOptions(beam=3, n_best=n_best, max_length_factor=1, max_length_extra=0)
    for cap, [found] in zip([1, 3], search(toy, options), strict=True):
        assert found.tokens == ([] if sure == EOS else [sure] * cap)
        assert found.log_probability == (0.0 if sure == EOS else IMPOSSIBLE)
        assert found.finished == (sure == EOS)


def test_a_model_that_is_only_certain_of_what_is_banned(toys) -> None:
    toy = toys.Model(torch.full((1, 7, 6), -torch.inf, dtype=torch.float64), None, [3])
    toy.tables[:, :, 2] = 0.0
    [[found]] = search(toy, SearchOptions(beam=3))
    assert (found.tokens, found.log_probability, found.finished) == ([], IMPOSSIBLE, False)


def test_hypotheses_that_may_write_nothing_end_where_they_stand(toys) -> None:
    toy = toys.make(21, sentences=2)
    options = SearchOptions(beam=4, n_best=4, min_length=9, no_repeat_ngram=1, coverage_penalty=0.3)
    found = search(toy, options, alignment=True)
    for sentence, hypotheses in enumerate(found):
        assert len(hypotheses) == 4
        for hypothesis in hypotheses:
            assert sorted(hypothesis.tokens) == [1, 4, 5]
            assert not hypothesis.finished
            assert hypothesis.score == pytest.approx(toys.score(toy, sentence, hypothesis.tokens, options))


def test_a_model_that_never_ends_is_ended_at_the_cap(toys) -> None:
    toy = toys.make(22, sentences=2)
    toy.tables[:, :, EOS] = -torch.inf
    for hypotheses in search(toy, SearchOptions(beam=3, n_best=3, max_length=5)):
        assert [len(hypothesis.tokens) for hypothesis in hypotheses] == [5, 5, 5]
        assert all(IMPOSSIBLE < hypothesis.score < 0 for hypothesis in hypotheses)
        assert not any(hypothesis.finished for hypothesis in hypotheses)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_scores_that_are_not_numbers_are_refused_by_name(toys, bad: float) -> None:
    toy = toys.make(23, sentences=3)
    toy.tables[1, :, 5] = bad
    with pytest.raises(DamagedModelError, match=r"symbol 0 of sentence 1 of the batch .* not numbers"):
        search(toy, SearchOptions())


def test_a_model_without_attention(toys) -> None:
    toy = toys.make(24, attention=False)
    assert search(toy, SearchOptions(), alignment=True)[0][0].alignment is None
    with pytest.raises(UsageError, match="coverage penalty needs a model with attention"):
        search(toy, SearchOptions(coverage_penalty=0.1))


def test_an_empty_batch(toys) -> None:
    toy = toys.make(25, sentences=1)
    assert beam_search(toy, toy.start(), torch.zeros(0, dtype=torch.int64)) == []


def test_a_large_vocabulary_in_single_precision_finds_what_sorting_everything_finds(
    toys, monkeypatch
) -> None:
    toy = toys.make(26, sentences=3, vocabulary=3000)
    toy.tables = toy.tables.float()
    options = SearchOptions(beam=4, n_best=4, max_length=6)
    fast = search(toy, options)

    def plainly(log_probs: torch.Tensor, so_far: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        values, indices = (
            (log_probs + so_far[:, :, None]).flatten(1).sort(dim=1, descending=True, stable=True)
        )
        return values[:, :k], indices[:, :k]

    monkeypatch.setattr("seqloom.search.beam.best_continuations", plainly)
    assert search(toy, options) == fast


@settings(max_examples=20)
@given(seed=seeds, penalties=penalties, limits=limits)
def test_watching_tells_every_step_and_changes_nothing(
    toys, seed: int, penalties: dict, limits: dict
) -> None:
    toy = toys.make(seed, sentences=3)
    options = SearchOptions(beam=3, n_best=2, **penalties, **limits)
    steps: list[Competed] = []
    watched = search(toy, options, watch=steps.append)
    for found, expected in zip(watched, search(toy, options), strict=True):
        for one, other in zip(found, expected, strict=True):
            toys.same(one, other)
    assert len(steps) == len(toy.steps) // 2
    written: list[list[list[int]]] = [[[]] for _ in range(3)]  # what stands in each place of each sentence
    ended: list[list[list[int]]] = [[], [], []]
    for step in steps:
        for row, sentence in enumerate(step.sentences.tolist()):
            parents, tokens, _, total = (part[row] for part in step.continuations)
            continued = [
                [*written[sentence][parent], token] for parent, token in zip(parents, tokens, strict=True)
            ]
            fates = step.fates[row]
            assert (fates[total == -np.inf] == Fate.PUSHED_OUT).all()
            assert sorted(step.places[row]) == np.flatnonzero(fates == Fate.GOES_ON).tolist()
            for place in np.flatnonzero(total > -np.inf):
                nats, _ = toy.nats(sentence, continued[place][:-1])
                if tokens[place] == EOS:
                    assert total[place] == pytest.approx(sum(nats), rel=1e-4, abs=1e-4)
                    assert fates[place] in (Fate.ENDED, Fate.PUSHED_OUT)
            ended[sentence] += [continued[place][:-1] for place in np.flatnonzero(fates == Fate.ENDED)]
            written[sentence] = [continued[place] for place in step.places[row]]
    for sentence, found in enumerate(watched):
        for hypothesis in found:
            assert hypothesis.tokens in ended[sentence] or not hypothesis.finished
