"""The linear recurrence: position by position, by doubling, and with gradients of its own."""

import pytest
import torch
from torch import Tensor

from agreement import assert_agree, assert_close, assert_gradients, random_tensor
from seqloom.layers.scan import scan, scan_by_doubling, scan_by_steps

WAYS = {"scan": scan, "doubling": scan_by_doubling}


def parts(positions: int, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    return {
        "decay": random_tensor(2, positions, 3, seed=1, dtype=dtype),
        "added": random_tensor(2, positions, 3, seed=2, dtype=dtype),
        "start": random_tensor(2, 3, seed=3, dtype=dtype),
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("positions", [1, 2, 3, 7, 8, 9, 33])
def test_all_positions_at_once_are_one_after_the_other(way: str, positions: int) -> None:
    given = parts(positions)
    assert_agree(lambda: WAYS[way](**given), lambda: scan_by_steps(**given), given)


@pytest.mark.parametrize("way", WAYS)
def test_gradients(way: str) -> None:
    given = parts(5)
    assert_gradients(lambda: WAYS[way](**given), given.values())


def test_the_numbers_of_a_small_case() -> None:
    decay = torch.tensor([[[0.5], [2.0], [0.0]]])
    added = torch.tensor([[[1.0], [-1.0], [7.0]]])
    assert_close(scan(decay, added, torch.tensor([[4.0]])), torch.tensor([[[3.0], [5.0], [7.0]]]))


def test_only_what_needs_a_gradient_gets_one() -> None:
    given = {name: tensor.detach() for name, tensor in parts(4).items()}
    given["start"].requires_grad_()
    scan(**given).sum().backward()
    assert given["start"].grad is not None
    assert given["decay"].grad is None
