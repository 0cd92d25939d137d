import math
import re

import numpy as np
import pytest
import torch

from seqloom.base.errors import UsageError
from seqloom.search.constraints import IMPOSSIBLE
from seqloom.search.forced import force
from seqloom.search.options import SearchOptions

TARGETS = [[4, 5, 5], [], [1, 4, 4, 4, 5]]
OPTIONS = SearchOptions(length_penalty=0.8, coverage_penalty=0.3)


def test_a_target_has_the_score_that_loops_give_it(toys) -> None:
    toy = toys.make(1, sentences=3)
    for sentence, found in enumerate(
        force(toy, toy.start(), toy.source_lengths, TARGETS, OPTIONS, alignment=True)
    ):
        nats, looked = toy.nats(sentence, TARGETS[sentence])
        assert found.tokens == TARGETS[sentence]
        assert found.finished
        np.testing.assert_allclose(found.token_log_probabilities, nats)
        assert found.log_probability == pytest.approx(sum(nats))
        assert found.score == pytest.approx(toys.score(toy, sentence, TARGETS[sentence], OPTIONS))
        assert found.alignment.dtype == np.float32
        np.testing.assert_allclose(found.alignment, looked, rtol=1e-6)


def test_a_sentence_is_scored_alone_as_in_a_batch_and_leaves_it_when_done(toys) -> None:
    toy = toys.make(2, sentences=3)
    together = force(toy, toy.start(), toy.source_lengths, TARGETS, OPTIONS, alignment=True)
    assert toy.steps == [3, 2, 2, 2, 1, 1]
    for sentence in range(3):
        part = toy.part([sentence])
        [alone] = force(part, part.start(), part.source_lengths, [TARGETS[sentence]], OPTIONS, alignment=True)
        toys.same(together[sentence], alone)


def test_an_impossible_symbol_costs_much_but_not_everything(toys) -> None:
    toy = toys.make(3, sentences=1, attention=False)
    toy.tables[:, :, 4] = -torch.inf
    [found] = force(toy, toy.start(), toy.source_lengths, [[4]])
    assert found.token_log_probabilities[0] == IMPOSSIBLE
    assert math.isfinite(found.score)
    assert found.alignment is None


def test_no_sentences_no_hypotheses(toys) -> None:
    toy = toys.make(0, sentences=1)
    assert force(toy, toy.start(), torch.zeros(0, dtype=torch.int64), []) == []


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[4]], "There are 1 targets for 2 sentences; expected one each."),
        ([[4], [4, 3]], "Target 1 (counted from 0) holds EOS (3), which is added here; take it out."),
        ([[4], [4, 6]], "Target 1 (counted from 0) holds symbol 6; the model scores 0 to 5."),
        ([[-1], [4]], "Target 0 (counted from 0) holds symbol -1; the model scores 0 to 5."),
    ],
)
def test_targets_that_can_not_be_scored_are_refused(toys, targets: list[list[int]], message: str) -> None:
    toy = toys.make(0)
    with pytest.raises(UsageError, match=re.escape(message)):
        force(toy, toy.start(), toy.source_lengths, targets)
