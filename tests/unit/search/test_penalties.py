import math

import pytest
import torch

from seqloom.search.penalties import UNSEEN, coverage_penalty, length_penalty


@pytest.mark.parametrize(
    ("length", "alpha", "expected"),
    [(1, 0.7, 1.0), (7, 1.0, 2.0), (7, 0.0, 1.0), (19, 0.5, 2.0), (31, 2.0, 36.0)],
)
def test_length_penalty_is_that_of_the_paper(length: int, alpha: float, expected: float) -> None:
    assert length_penalty(length, alpha) == pytest.approx(expected)


def test_coverage_penalty_is_that_of_the_paper() -> None:
    coverage = torch.tensor([[0.5, 2.0, 0.25], [1.0, 1.0, 1.0]])
    visible = torch.ones(2, 3, dtype=torch.bool)
    expected = [0.2 * (math.log(0.5) + math.log(0.25)), 0.0]
    assert coverage_penalty(coverage, visible, 0.2).tolist() == pytest.approx(expected)


def test_padding_needs_no_reading() -> None:
    coverage = torch.tensor([0.5, 1.0, 0.0, 0.0])
    visible = torch.tensor([True, True, False, False])
    assert coverage_penalty(coverage, visible, 1.0).item() == pytest.approx(math.log(0.5))


def test_a_position_never_looked_at_costs_much_but_not_everything() -> None:
    penalty = coverage_penalty(torch.tensor([0.0]), torch.tensor([True]), 1.0)
    assert penalty.item() == pytest.approx(math.log(UNSEEN))
