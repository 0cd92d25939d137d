"""Pooling, against loops over positions; padding is invisible."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agreement import arrays, assert_close, random_tensor, randomise
from seqloom.base.errors import EmptyMemoryError
from seqloom.layers.pooling import AttentionPooling, FinalState, LastPosition, MaxPooling, MeanPooling

ROWS, POSITIONS, WIDTH = 3, 5, 4
LENGTHS = (3, 5, 1)
KINDS = {
    "last": LastPosition,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": lambda: AttentionPooling(WIDTH, 6),
}


def visible() -> Tensor:
    return torch.arange(POSITIONS) < torch.tensor(LENGTHS)[:, None]


def values() -> Tensor:
    return random_tensor(ROWS, POSITIONS, WIDTH, seed=1)


def pooling(kind: str) -> nn.Module:
    return randomise(KINDS[kind](), seed=2)


def looped(kind: str, module: nn.Module, rows: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Row by row from the definitions, position by position."""
    weights = arrays(module)
    pooled, shares = np.zeros((ROWS, WIDTH)), np.zeros((ROWS, POSITIONS))
    for row, length in enumerate(LENGTHS):
        seen = rows.detach().numpy()[row, :length]
        if kind == "last":
            pooled[row] = seen[-1]
        elif kind == "mean":
            pooled[row], shares[row, :length] = sum(seen) / length, 1 / length
        elif kind == "max":
            for column in range(WIDTH):
                place = max(range(length), key=lambda position: seen[position, column])
                pooled[row, column] = seen[place, column]
                shares[row, place] += 1 / WIDTH
        else:
            scores = [
                math.exp(
                    weights["score_vector"]
                    @ np.tanh(weights["key_layer.weight"] @ vector + weights["key_layer.bias"])
                )
                for vector in seen
            ]
            shares[row, :length] = np.array(scores) / sum(scores)
            pooled[row] = sum(
                share * vector for share, vector in zip(shares[row, :length], seen, strict=True)
            )
    return pooled, shares


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_a_loop_over_positions_gives(kind: str):
    module, rows = pooling(kind), values()
    found = module(rows, visible(), torch.zeros(ROWS, WIDTH))
    pooled, shares = looped(kind, module, rows)
    assert_close(found.vector, torch.from_numpy(pooled), 1e-12)
    if kind == "last":
        assert found.weights is None
    else:
        assert_close(found.weights, torch.from_numpy(shares), 1e-12)
        assert_close(found.weights.sum(1), torch.ones(ROWS, dtype=torch.float64), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_right(kind: str):
    module = pooling(kind)
    assert torch.autograd.gradcheck(lambda rows: module(rows, visible(), rows[:, 0]).vector, values())


@pytest.mark.parametrize("kind", KINDS)
def test_padding_is_invisible(kind: str):
    module, rows = pooling(kind), values().detach()
    other = torch.where(visible()[:, :, None], rows, 1e6)
    plain, changed = (module(each, visible(), each[:, 0]) for each in (rows, other))
    assert_close((changed.vector, changed.weights), (plain.vector, plain.weights), 1e-12)
    for row, length in enumerate(LENGTHS):
        alone = module(rows[row : row + 1, :length], torch.ones(1, length, dtype=torch.bool), rows[:1, 0])
        assert_close(alone.vector[0], plain.vector[row], 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_with_nothing_to_see_is_refused(kind: str):
    nothing = torch.zeros(ROWS, POSITIONS, dtype=torch.bool)
    with pytest.raises(EmptyMemoryError, match="row 0 of the memory has no visible position"):
        pooling(kind)(values(), nothing, torch.zeros(ROWS, WIDTH))


def test_the_final_state_is_the_summary():
    summary = random_tensor(ROWS, WIDTH, seed=3)
    found = FinalState()(values(), visible(), summary)
    assert found.vector is summary
    assert found.weights is None
