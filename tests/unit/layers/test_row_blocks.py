"""Linear maps in blocks of rows: as functional.linear, gradients included, in few shapes."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from agreement import assert_agree, assert_close, random_tensor
from seqloom.layers.linear import Linear, linear
from seqloom.layers.row_blocks import LARGE, MANY_ROWS, ROWS, BlockedLinear, Blocks, filled_up, pays

WIDE = (256, 256)  # a weight of LARGE numbers


def test_rows_are_filled_up_to_few_numbers() -> None:
    assert [filled_up(rows) for rows in (0, 1, ROWS, ROWS + 1)] == [0, ROWS, ROWS, 2 * ROWS]
    assert len({filled_up(rows) for rows in range(1, 2049)}) == 2048 // ROWS


@pytest.mark.parametrize("rows", [1, ROWS - 1, ROWS + 1, 3 * ROWS])
def test_blocks_multiply_as_the_rows_do(rows: int) -> None:
    left, right = (random_tensor(rows, size, seed=size).detach() for size in (5, 3))
    matrix = random_tensor(5, 4, seed=1).detach()
    blocks = Blocks.of(left)
    assert len(blocks.whole) % ROWS == 0
    assert len(blocks.rest) == ROWS
    assert_close(blocks.times(matrix, (rows, 4)), left @ matrix)
    assert_close(blocks.across(Blocks.of(right)), left.T @ right)


@pytest.mark.parametrize("bias", [False, True], ids=["no bias", "bias"])
@pytest.mark.parametrize("autocast", [False, True], ids=["float64", "bfloat16"])
def test_a_map_in_blocks_is_torch_s(autocast: bool, bias: bool) -> None:
    dtype = torch.float32 if autocast else torch.float64
    leaves = {
        "inputs": random_tensor(3, 50, 12, seed=1, dtype=dtype),
        "weight": random_tensor(7, 12, seed=2, dtype=dtype),
    }
    if bias:
        leaves["bias"] = random_tensor(7, seed=3, dtype=dtype)

    def blocked() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            outputs: Tensor = BlockedLinear.apply(leaves["inputs"], leaves["weight"], leaves.get("bias"))
        return outputs

    def whole() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            return functional.linear(leaves["inputs"], leaves["weight"], leaves.get("bias"))

    assert_agree(blocked, whole, leaves, 0.2 if autocast else 1e-10)


def test_only_what_has_a_gradient_is_computed() -> None:
    inputs, weight = random_tensor(150, 4, seed=1).detach(), random_tensor(3, 4, seed=2)
    (gradient,) = torch.autograd.grad(BlockedLinear.apply(inputs, weight, None).sum(), weight)
    assert_close(gradient, inputs.sum(0).expand(3, 4))


def test_what_comes_out_may_be_changed_in_place() -> None:
    layer, inputs = nn.Linear(*WIDE), torch.randn(3, 201, WIDE[1])
    assert pays(inputs, layer.weight)
    blocked = torch.relu_(linear(inputs, layer.weight, layer.bias))
    assert_close(blocked, torch.relu(layer(inputs)), 1e-5)


def test_blocks_are_for_the_large_maps_of_a_training() -> None:
    weight = nn.Parameter(torch.randn(WIDE))
    assert weight.numel() == LARGE
    assert pays(torch.randn(MANY_ROWS + 1, 256), weight)
    assert not pays(torch.randn(MANY_ROWS - 1, 256), weight)
    assert not pays(torch.randn(MANY_ROWS + ROWS, 256), weight)  # a multiple as it is
    assert not pays(torch.randn(MANY_ROWS + 1, 256), weight[1:])
    with torch.no_grad():
        assert not pays(torch.randn(MANY_ROWS + 1, 256), weight)


def test_a_layer_in_training_is_the_layer_in_a_search() -> None:
    layer, inputs = Linear(*WIDE), torch.randn(MANY_ROWS + 1, 256)
    trained = layer(inputs)
    with torch.no_grad():
        assert_close(trained, layer(inputs), 1e-5)
