"""Positions: sinusoids against the formula, learned rows, and rotations that see distances only."""

import re

import numpy as np
import pytest
import torch

import equations
from agreement import arrays, assert_close, assert_gradients, random_tensor, randomise
from seqloom.base.errors import ShapeError
from seqloom.layers.positions import (
    LearnedPositions,
    NoPositions,
    SinusoidalPositions,
    positions,
    rotate,
    sinusoids,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("width", [2, 7, 8])
@pytest.mark.parametrize("start", [0, 3, 500])
def test_sinusoids_are_the_formula(width: int, start: int) -> None:
    found = sinusoids(start, 6, width, CPU)
    assert found.shape == (6, width)
    assert found.dtype == torch.float32
    expected = [
        [equations.sinusoid(start + place, column, width) for column in range(width)] for place in range(6)
    ]
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-4 if start else 1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_sinusoids_are_added(dtype: torch.dtype) -> None:
    inputs = torch.ones(2, 3, 4, dtype=dtype)
    found = SinusoidalPositions(4)(inputs, 5)
    assert_close(found, inputs + sinusoids(5, 3, 4, CPU).to(dtype))


def test_learned_positions_are_rows_of_a_table() -> None:
    layer = randomise(LearnedPositions(4, 6))
    inputs = random_tensor(2, 3, 4, seed=1)
    table = torch.tensor(arrays(layer)["table"])
    assert_close(layer(inputs), inputs + table[:3])
    assert_close(layer(inputs, 3), inputs + table[3:])
    assert_gradients(lambda: layer(inputs, 2), [inputs, *layer.parameters()])


@pytest.mark.parametrize(("start", "last"), [(0, 7), (4, 11), (6, 13)])
def test_beyond_the_learned_positions_is_an_error_with_advice(start: int, last: int) -> None:
    message = (
        f"position {last} is beyond the 6 learned positions (max_positions); shorten the input, or train with "
        "sinusoidal or rotary positions."
    )
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        LearnedPositions(4, 6)(torch.zeros(2, 7, 4), start)


def test_no_positions_add_nothing() -> None:
    inputs = torch.ones(2, 3, 4)
    assert NoPositions()(inputs, 5) is inputs


def test_positions_by_name() -> None:
    kinds = {"sinusoidal": SinusoidalPositions, "learned": LearnedPositions, "rotary": NoPositions}
    assert {name: type(positions(name, 4, 6)) for name in kinds} == kinds
    with pytest.raises(
        ValueError, match=r'^unknown positions "sine"; expected sinusoidal, learned or rotary\.$'
    ):
        positions("sine", 4, 6)


# Rotary


@pytest.mark.parametrize("start", [0, 7])
def test_rotation_turns_pairs_as_complex_numbers(start: int) -> None:
    vectors = random_tensor(2, 3, 5, 6, seed=1).detach()
    found = rotate(vectors, start)
    for row, head, place in np.ndindex(2, 3, 5):
        expected = equations.turn(vectors[row, head, place].numpy(), start + place)
        np.testing.assert_allclose(found[row, head, place].numpy(), expected, rtol=0, atol=1e-5)


def test_rotated_products_depend_on_the_distance_only() -> None:
    query, key = random_tensor(1, 1, 1, 8, seed=1).detach(), random_tensor(1, 1, 1, 8, seed=2).detach()
    products = torch.tensor(
        [[(rotate(query, at) * rotate(key, place)).sum() for place in range(12)] for at in range(12)]
    ).double()
    by_distance = {
        distance: products.diagonal(distance) for distance in range(-11, 12)
    }  # at - place is the same along a diagonal
    for diagonal in by_distance.values():
        assert (diagonal - diagonal[0]).abs().max() < 1e-5
    firsts = torch.stack([diagonal[0] for diagonal in by_distance.values()])
    assert len(set(firsts.tolist())) == 23  # and every distance is another product
    assert abs(by_distance[0][0] - (query * key).sum()) < 1e-6


def test_rotation_keeps_lengths_and_the_first_position() -> None:
    vectors = random_tensor(2, 3, 5, 6, seed=1).detach()
    found = rotate(vectors)
    assert_close(found.norm(dim=-1), vectors.norm(dim=-1), 1e-6)
    assert_close(found[:, :, 0], vectors[:, :, 0], 1e-7)
    assert (found[:, :, 1:] - vectors[:, :, 1:]).abs().max() > 0.1


def test_rotation_in_pieces_is_rotation_of_the_whole() -> None:
    vectors = random_tensor(2, 3, 5, 6, seed=1)
    pieces = [rotate(vectors[:, :, :2]), rotate(vectors[:, :, 2:], 2)]
    assert_close(torch.cat(pieces, 2), rotate(vectors))


def test_gradients_of_rotation() -> None:
    vectors = random_tensor(1, 2, 3, 4, seed=1)
    assert_gradients(lambda: rotate(vectors, 2), [vectors])
